"""异常消息: records that could not be handled; nothing is lost, somebody looks at them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from dispatch.domain.masking import mask
from dispatch.domain.turn import ZONE
from dispatch.steps.letters import Retold
from dispatch.store.dead_letters import (
    DISCARDED,
    FORBIDDEN_SOURCE,
    NEWER_VERSION,
    RAISED,
    REJECTED,
    REPLAYED,
    UNDECODABLE,
    UNKNOWN_TYPE,
    WAITING,
    Kept,
)
from dispatch.web import say
from dispatch.web.desk.panes import pane
from dispatch.web.i18n import N_, _
from dispatch.web.models.desk import DeskItem, DeskPane
from dispatch.web.models.frame import Frame
from dispatch.web.models.letters import LetterPage, Told
from dispatch.web.models.parts import ActionButton, Field, FieldError, Option, spans

REASONS: Mapping[str, str] = {
    UNDECODABLE: N_("读不出来"),
    UNKNOWN_TYPE: N_("类型不认识"),
    NEWER_VERSION: N_("版本比我们的新"),
    FORBIDDEN_SOURCE: N_("来源不能在那里吹哨"),
    REJECTED: N_("内容不合规则"),
}
ENDED: Mapping[str, str] = {
    WAITING: N_("等人看"),
    REPLAYED: N_("已重放"),
    DISCARDED: N_("不要了"),
    RAISED: N_("已另吹一哨"),
}
#: what is done with one letter or with many, in the order of the buttons
DOABLE = ("replay", "raise", "discard")
LABELS: Mapping[str, str] = {"replay": N_("重放"), "raise": N_("另吹一哨"), "discard": N_("不要了")}
PATH = "/desk/dead"
#: where a value would stand in a sentence
_GAP = re.compile(r"\{[a-z_]+\}")
#: in a record of another system
_REPORTER = re.compile(r'("reporter"\s*:\s*)\{[^{}]*\}')


def reason(said: str) -> str:
    """Why a record was refused: the code in words, then what the step said of it."""
    code, mark, detail = said.partition(": ")
    return f"{_(REASONS[code])}{_('：')}{fault(detail)}" if mark and code in REASONS else fault(said)


def fault(error: str) -> str:
    """What a step said of a record, in the reader's language; … where a value stood, which is not kept."""
    field, mark, message = error.partition(": ")
    plain = message if mark else error
    told = _GAP.sub("…", _(plain)) if plain else ""
    return f"{field}{_('：')}{told}" if mark else told


def letters(rows: Sequence[Mapping[str, Any]], count: int, *, whole: bool = False) -> DeskPane:
    """The pane: topic, reason, how often it was tried. On its own page (`whole`) many can be settled at once."""
    items = [_letter(row, whole) for row in rows]
    made = pane("dead", _("异常消息"), _("没丢，等人看"), items, count, whole=whole)
    if not whole or not items:
        return made
    older = f"{PATH}?after={rows[-1]['id']}" if count > len(items) else ""
    bulk = tuple(Option(each, _(LABELS[each])) for each in DOABLE)
    return replace(made, bulk=bulk, bulk_url=f"{PATH}/many", older=older)


def _letter(row: Mapping[str, Any], whole: bool) -> DeskItem:
    said = _(
        "主题 %(topic)s，%(why)s・已重试 %(n)s 次",
        topic=row["topic"],
        why=_(REASONS.get(row["reason"], row["reason"])),
        n=row["tries"],
    )
    look = ActionButton("letter", _("打开"), f"{PATH}/{row['id']}", method="get")
    where = _("分区 %(partition)s・位移 %(offset)s", partition=row["partition"], offset=row["position"])
    detail = spans(where, _("："), fault(str(row["error"]))[:200]) if whole else ()
    return DeskItem("", note=said, text=detail, actions=(look,), pick=str(row["id"]) if whole else "")


def letter_page(
    frame: Frame, kept: Kept, now: datetime, told: Retold, errors: Mapping[str, str] | None = None, why: str = ""
) -> LetterPage:
    """One letter whole, and what can be done with it while it waits."""
    found = errors or {}
    waiting = kept.status == WAITING
    url = f"{PATH}/{kept.letter.id}"
    return LetterPage(
        frame=frame,
        heading=_("异常消息"),
        state=_(ENDED.get(kept.status, kept.status)),
        told=tuple(_told(kept, now)),
        value=_value(kept),
        url=url if waiting else "",
        why=Field(
            "why", _("为什么"), "text", why, _("和您的名字一起留下来。"), error=found.get("why", ""), required=True
        ),
        words=(
            Field("body", _("什么事"), "textarea", told.body, error=found.get("body", ""), rows=5),
            Field("title", _("标题"), "text", told.title, _("不写就按内容来。"), error=found.get("title", "")),
            Field("place", _("在哪里（代码）"), "place", told.place, error=found.get("place", ""), source="/places"),
        ),
        errors=tuple(FieldError(name, said) for name, said in found.items()),
    )


def _told(kept: Kept, now: datetime) -> list[Told]:
    letter = kept.letter
    told = [
        Told(_("主题・分区・位移"), f"{letter.topic}・{letter.partition}・{letter.offset}"),
        Told(_("什么时候来的"), say.moment(letter.time, now, ZONE)),
        Told(_("为什么在这里"), f"{_(REASONS.get(letter.reason, letter.reason))}{_('：')}{fault(letter.error)}"),
        Told(_("已重试"), _("%(n)s 次", n=letter.tries)),
    ]
    if kept.next_try_at:
        told.append(Told(_("下次自动重试"), say.moment(kept.next_try_at, now, ZONE)))
    if kept.decided_at:
        told.append(Told(_("谁处理的"), f"{kept.decided_by}・{say.moment(kept.decided_at, now, ZONE)}"))
        told.append(Told(_("为什么"), kept.why or "–"))
    if kept.number:
        told.append(Told(_("吹成了"), str(kept.number), f"/w/{kept.number}"))
    return told + [
        Told(name, "–" if value is None else value.decode(errors="backslashreplace")) for name, value in letter.headers
    ]


def _value(kept: Kept) -> str:
    """The record as it came, without who told it and without telephone numbers: nobody needs them to decide."""
    if kept.letter.value is None:
        return _("原文已按期限清除。")
    said = kept.letter.value.decode(errors="backslashreplace")
    return mask(_REPORTER.sub(r"\1{…}", said))[0]
