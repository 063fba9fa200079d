"""经过: each event of the log as a sentence, newest first, with the words that were said and the photos."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dispatch.domain.turn import ZONE, Turn
from dispatch.steps.told import Told
from dispatch.steps.view import WhistleView
from dispatch.web import say
from dispatch.web.common.paths import head_of
from dispatch.web.common.units import full_name
from dispatch.web.i18n import _
from dispatch.web.models.parts import Photo, Text, spans
from dispatch.web.models.whistle import TimelineItem
from dispatch.web.whistle.deeds import deed
from dispatch.web.whistle.details import details


def timeline(view: WhistleView, turn: Turn) -> tuple[TimelineItem, ...]:
    """The whole log, newest first; what was archived is said, not passed over."""
    told = _("这个月的经过已经归档，不在这里显示"), spans(_("办理结果没有变。要看，请管理员把归档放回来。"))
    gone = tuple(TimelineItem(month, *told) for month in reversed(view.archived))
    return (*(item(one, view, turn) for one in reversed(view.timeline)), *gone)


def sentence(one: Told, view: WhistleView, turn: Turn) -> str:
    """Who did what."""
    return f"{_who(one, turn)} {deed(one, view.case, turn)}".strip()


def item(one: Told, view: WhistleView, turn: Turn) -> TimelineItem:
    """One fact as it stands among 经过."""
    return TimelineItem(at(one.at, turn), sentence(one, view, turn), _note(one, view, turn), _photos(one, view, turn))


def _who(one: Told, turn: Turn) -> str:
    """消防救援大队 · 东柳街道 · 广泰社区社区书记; the service itself has no name."""
    if one.by is None:
        return ""
    if one.by.get("unit"):
        return full_name(one.by["unit"], turn)
    position = str(one.by.get("position") or "")
    node = turn.reference.tree.get(one.by["node"]) if one.by.get("node") else None
    if node is None:
        return position
    if node.level == 4 and str(one.by.get("seat", "")).endswith(":clerk"):
        return node.name
    return position if node.level == 5 else head_of(node, position)


def at(moment: datetime, turn: Turn) -> str:
    """A moment as the log says it."""
    return say.moment(moment, turn.now, ZONE)


def _note(one: Told, view: WhistleView, turn: Turn) -> Text:
    parts = details(one, view, turn)
    for member in ("reply", "text", "note", "reason"):
        said = one.data.get(member)
        if isinstance(said, str) and said and not (member == "reason" and one.type in ("routed", "rejected")):
            parts.append(_("「%(words)s」", words=said))
        elif member in one.data and said is None and one.type != "routed":
            parts.append(_("（文字已按规定清除）"))
    return spans(*parts[:1], *(f"  {one}" for one in parts[1:])) if parts else ()


def _photos(one: Told, view: WhistleView, turn: Turn) -> tuple[Photo, ...]:
    if one.type == "raised":
        return photos_of(view, turn, "raised")
    named = [one.data.get("photo"), *(one.data.get("photos") or ())]
    wanted = {str(photo) for photo in named if photo}
    return tuple(_photo(row, turn) for row in view.photos if row["id"] in wanted and row["event"] == one.type)


def photos_of(view: WhistleView, turn: Turn, *events: str) -> tuple[Photo, ...]:
    """The photos that came with these events."""
    return tuple(_photo(row, turn) for row in view.photos if row["event"] in events)


def _photo(row: Mapping[str, Any], turn: Turn) -> Photo:
    by = row.get("by") or {}
    unit = by.get("unit") if isinstance(by, Mapping) else None
    caption = full_name(unit, turn) if unit else str(by.get("position") or "") if isinstance(by, Mapping) else ""
    return Photo(caption, at(row["at"], turn) if row.get("at") else "", row["url"], row["url"])


__all__ = ["at", "item", "photos_of", "sentence", "timeline"]
