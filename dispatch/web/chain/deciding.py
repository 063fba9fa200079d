"""等您定: requests that the person in charge rules on, each with its reason and both answers."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from dispatch.domain import whistle
from dispatch.domain.case import Actor
from dispatch.domain.turn import Turn
from dispatch.steps.deciding import Asked
from dispatch.web import words
from dispatch.web.chain.page import PATH
from dispatch.web.common import times
from dispatch.web.desk.deciding import ASKED
from dispatch.web.desk.panes import ended, pane
from dispatch.web.i18n import _
from dispatch.web.lists.rows import title_of
from dispatch.web.models.desk import DeskItem, DeskPane
from dispatch.web.models.parts import ActionButton, spans


def deciding(asked: Sequence[Asked], actor: Actor, turn: Turn) -> DeskPane | None:
    """The pane; None where nothing waits."""
    items = [_item(one, actor, turn) for one in asked]
    return pane("deciding", _("等您定"), _("没定之前，原来的钟照走"), items, whole=True) if items else None


def _item(one: Asked, actor: Actor, turn: Turn) -> DeskItem:
    item, request = one.decision.item, one.decision.request
    kind, data = request["kind"], request["data"]
    unit = turn.reference.units.get(request["unit"] or "")
    late = _("，临期才申请") if data.get("late") else ""
    said = _("理由：%(reason)s", reason=ended(data.get("reason")))
    return DeskItem(
        title=f"{unit.name if unit else item.street_name} {_(ASKED[kind])}{late}",
        url=f"/w/{item.number}",
        text=spans(title_of(item), _("。"), said, _until(data, turn)),
        lamp=times.lamp_of(item.clock),
        time=times.time_of(item.clock, turn, due=()),
        actions=_answers(one, kind, actor, turn),
        open=True,
    )


def _until(data: dict[str, Any], turn: Turn) -> str:
    """Until when it is asked for."""
    if data.get("until"):
        return _("延到 %(at)s。", at=times.moment(datetime.fromisoformat(data["until"]), turn.now))
    if data.get("review_on"):
        day = date.fromisoformat(str(data["review_on"])[:10])
        return _("复查日 %(day)s。", day=f"{day.month}/{day.day}")
    return ""


def _answers(one: Asked, kind: str, actor: Actor, turn: Turn) -> tuple[ActionButton, ...]:
    action = f"decide-{kind}"
    if not whistle.possible(one.case, actor, action, turn):
        return ()
    url, which = f"/w/{one.decision.item.number}/do/{action}", f"next={PATH}&request={one.decision.request['id']}"
    return tuple(
        ActionButton(action, words.button(action, said), f"{url}-{said}?{which}", needs_fields=True)
        for said in ("yes", "no")
    )
