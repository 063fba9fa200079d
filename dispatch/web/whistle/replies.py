"""Replies: beginnings with what is known filled in, and the whole answer as the city's hotline takes it.

One reply to many whistles keeps its variables (〔事项〕) until each is sent: then every one gets its own values.

What a resident reads is Chinese in every language of the page. What nobody but the writer knows stays a gap in
brackets, and a reply with a gap left is refused.
"""

import re
from collections.abc import Mapping
from typing import Any

from dispatch.domain.case import HANDLING, ON_HOLD
from dispatch.domain.refusals import Invalid
from dispatch.domain.turn import ZONE, Turn
from dispatch.steps.shown import ClockView
from dispatch.steps.view import WhistleView
from dispatch.web.i18n import N_, _
from dispatch.web.models.parts import Option

#: what stands in a reply to many whistles, by what is put in its place for each
VARIABLES: Mapping[str, str] = {
    "title": "〔事项〕",
    "received": "〔收到时间〕",
    "measures": "〔办理情况〕",
    "limit": "〔时限〕",
}
#: the channel of the city's hotline, which takes the answer back
HOTLINE = "12345"
#: a gap to be filled in
GAP = re.compile(r"【[^】]*】")
_BEGIN = "您好，您反映的「{title}」，我们于{received}收到，"
#: code, label, text
_STARTS = (
    ("done", N_("办好了"), "已与【谁】联系。{measures}，现已办好。还有问题，请再告诉我们。"),
    ("under-way", N_("还要些时间"), "已与【谁】联系。{measures}，预计{limit}前办好。"),
    ("not-possible", N_("现在办不了"), "已与【谁】联系。{measures}。现在还办不了，因为【原因】；下一步【怎么办】。"),
    ("explained", N_("政策解释"), "已与【谁】联系，说明如下：【依据和解释】。"),
)


#: where it was passed on, the answer begins with where to
_PASSED = {
    "relay": "这件属市级职责，已由{unit}转给【市级哪个单位】办理，由他们答复您。",
    "statutory": "这件要走法定途径：{say}",
}


def _passed_on(view: WhistleView, turn: Turn) -> tuple[tuple[str, str, str], ...]:
    text = _PASSED.get(view.outcome or "")
    if text is None:
        return ()
    duty = turn.reference.duties.get(view.category) if view.category else None
    unit = turn.unit_name(view.case.lead) if view.case.lead else "【谁】"
    say = (duty.say if duty else "") or "请到【法院、仲裁、复议或信访，哪一家】办理。"
    return (("passed-on", N_("转到哪里"), text.format(unit=unit, say=say.replace("{", "").replace("}", ""))),)


def starts(view: WhistleView, turn: Turn) -> tuple[Option, ...]:
    """The beginnings: code, label, and the text with its variables filled in; first, where it was passed on to."""
    known = {**_known(view), "measures": measures(view) or "【做了什么】", "limit": _limit(view) or "【哪一天】"}
    beginnings = (*_passed_on(view, turn), *_STARTS)
    return tuple(Option(code, _(label), (_BEGIN + text).format_map(known)) for code, label, text in beginnings)


def starts_for_many() -> tuple[Option, ...]:
    """The beginnings of a reply to many, the variables still in it."""
    return tuple(Option(code, _(label), (_BEGIN + text).format_map(VARIABLES)) for code, label, text in _STARTS)


def fill(reply: str, view: WhistleView) -> str:
    """A reply to many as it goes out for one of them. Raises `Invalid` where a variable has no value here."""
    known = {**_known(view), "measures": measures(view), "limit": _limit(view)}
    for name, variable in VARIABLES.items():
        if variable in reply and not known[name]:
            raise Invalid("这一件填不出{value}；请打开它单独报结", field="reply", value=variable)
        reply = reply.replace(variable, known[name])
    return reply


def _known(view: WhistleView) -> dict[str, str]:
    return {"title": view.title, "received": f"{view.received_at.astimezone(ZONE):%-m月%-d日%H:%M}"}


def measures(view: WhistleView) -> str:
    """What was done, in the words of those who did it: the last result, else the notes of the work."""
    results = [one.data.get("reply") for one in view.timeline if one.type == "resolved"]
    notes = [one.data.get("text") for one in view.timeline if one.type == "noted"]
    said = [text.strip("。；，\n ") for text in (results[-1:] or notes) if text]
    return "；".join(said)


def _limit(view: WhistleView) -> str:
    clock: ClockView | None = next((one for one in view.clocks if one.stage in ("handling", "answering")), None)
    return f"{clock.due_at.astimezone(ZONE):%-m月%-d日}" if clock and clock.due_at else ""


def complete(fields: Mapping[str, Any]) -> None:
    """Whether a reply can go out. Raises `Invalid` for one with a gap left."""
    found = GAP.search(str(fields.get("reply") or ""))
    if found:
        raise Invalid("还有一处没填：{value}，填好或删掉再发", field="reply", value=found[0])


def latest(view: WhistleView) -> str:
    """The answer as it stands: what the resident was told, else what the units reported; "" where there is none.

    While it is worked on (again) none stands: what was sent back is told in the course of things only.
    """
    if view.status in ("assigned", HANDLING, ON_HOLD):
        return ""
    said = [one.data.get("reply") for one in view.timeline if one.type in ("resolved", "answered")]
    return next((text for text in reversed(said) if text), "")


def for_hotline(view: WhistleView, turn: Turn) -> str:
    """The answer with what the hotline's form asks for, ready to be pasted; "" where it did not come from there."""
    source = view.source or {}
    if HOTLINE not in str(source.get("channel") or ""):
        return ""
    units = [one.unit_name for one in view.assignments if one.role != "inform" and one.status != "released"]
    rows = (
        ("工单编号", str(source.get("number") or view.number)),
        ("受理时间", f"{view.received_at.astimezone(ZONE):%Y-%m-%d %H:%M}"),
        ("承办单位", "、".join(units)),
        ("办理结果", latest(view)),
    )
    return "\n".join(f"{name}：{value}" for name, value in rows if value)


__all__ = ["VARIABLES", "complete", "fill", "for_hotline", "latest", "measures", "starts", "starts_for_many"]
