"""What happened, as the timeline says it: in the words on the buttons, else in a sentence of its own."""

from collections.abc import Callable, Mapping
from typing import Any

from dispatch.domain.case import Case
from dispatch.domain.turn import Turn
from dispatch.steps.told import Told
from dispatch.web import words
from dispatch.web.common.units import full_name, full_names
from dispatch.web.i18n import N_, _

#: event → what somebody did, in the words on the buttons
_DID: Mapping[str, str] = {
    "raised": "raise",
    "reported-in": "report-in",
    "arrived": "arrive",
    "left": "leave",
    "noted": "note",
    "resolved": "resolve",
    "hand-back.asked": "hand-back",
    "extension.asked": "request-extension",
    "hold.asked": "request-hold",
    "hold.ended": "resume",
    "explained": "explain",
    "instruction.signed": "sign-instruction",
    "objected": "object",
    "kept": "keep",
    "verified": "verify-yes",
    "answered": "feedback",
    "called-back": "callback",
    "closed": "close",
    "cancelled": "cancel",
    "cancel.asked": "request-cancel",
    "transfer.declined": "decline-transfer",
    "transfer.accepted": "accept-transfer",
    "urged": "urge",
    "instructed": "instruct",
    "taken-over": "take-over",
    "sent-down": "send-down",
    "sent-up": "send-up",
    "consulted": "consult",
    "minuted": "minutes",
    "merged": "merge",
}
_DECIDED: Mapping[str, str] = {
    "extension.decided": "decide-extension",
    "hold.decided": "decide-hold",
    "cancel.decided": "decide-cancel",
    "objection.decided": "decide-objection",
    "review.decided": "decide-review",
    "consult.decided": "decide-consult",
}
_ASKED: Mapping[str, str] = {
    "extension.decided": N_("延期"),
    "hold.decided": N_("挂账"),
    "cancel.decided": N_("撤哨"),
    "review.decided": N_("（区复核）"),
    "consult.decided": N_("会商"),
}


def deed(one: Told, case: Case, turn: Turn) -> str:
    """What happened; an event that has no words is said by its type."""
    if one.type == "clock.climbed":
        return _climbed(one.data, case, turn)
    if one.type in _SAID:
        return _SAID[one.type](one.data, turn)
    if one.type in _DECIDED:
        yes = "yes" if one.data.get("granted") else "no"
        asked = _ASKED.get(one.type)
        return f"{words.button(_DECIDED[one.type], yes)}{_(asked) if asked else ''}"
    return words.button(_DID[one.type]) if one.type in _DID else one.type


def _stage(data: Mapping[str, Any], turn: Turn) -> str:
    name = words.stage(str(data.get("stage")))
    return f"{full_name(data['unit'], turn)} {name}" if data.get("unit") and ":" not in str(data["unit"]) else name


def _climbed(data: Mapping[str, Any], case: Case, turn: Turn) -> str:
    level = int(data["rung"])
    node = turn.rung_node(case, level)
    lane = node is not None and node.kind in ("grid", "lane", "point")
    return _("%(stage)s逾期，%(word)s", stage=_stage(data, turn), word=words.climbed(level, lane=lane))


def _recomputed(data: Mapping[str, Any], turn: Turn) -> str:
    stage = _stage(data, turn)
    if data.get("cause") != "policy":
        return _("%(stage)s：按新日历重算时限", stage=stage)
    if not data.get("overtaken") or (data.get("due_at") and data["due_at"] == data.get("old_due")):
        return _("%(stage)s：按新政策重算时限", stage=stage)
    if "remaining" in data:
        return _("%(stage)s：新政策的时限更短，已经用完，恢复办理时到期", stage=stage)
    return _("%(stage)s：新政策的时限更短，已经用完，即刻到期", stage=stage)


def _ruled(data: Mapping[str, Any], turn: Turn) -> str:
    if data.get("upheld"):
        return _("同意退单，改派 %(unit)s", unit=full_name(data.get("to"), turn))
    return words.button("rule", "no")


_SAID: Mapping[str, Callable[[Mapping[str, Any], Turn], str]] = {
    "routed": lambda d, t: _("自动派单") if d.get("outcome") == "dispatch" else words.outcome(str(d.get("outcome"))),
    "assigned": lambda d, t: _("派给 %(units)s", units=full_names([d.get("lead"), *(d.get("assist") or ())], t)),
    "called": lambda d, t: _(
        "追加 %(unit)s（%(role)s）", unit=full_name(d["unit"], t), role=words.role(str(d["role"]))
    ),
    "rejected": lambda d, t: _("退回重办（第 %(n)s 次）", n=d.get("rework", 1)),
    "evaluated": lambda d, t: (
        _("评价 %(unit)s（异议成立，已作废）", unit=full_name(d.get("unit"), t))
        if d.get("struck")
        else _("评价 %(unit)s", unit=full_name(d.get("unit"), t))
    ),
    "arrival.denied": lambda d, t: _("答复「未到场」：%(unit)s", unit=full_name(d.get("unit"), t)),
    "transfer.asked": lambda d, t: _("请 %(street)s 接收", street=t.reference.tree.label(str(d.get("to")))),
    "hand-back.ruled": _ruled,
    "withdrawn": lambda _d, _t: _("撤回申请"),
    "unmerged": lambda d, t: (
        _("%(number)s 号撤哨，恢复单独办理", number=d.get("number")) if d.get("of") else words.button("unmerge")
    ),
    "reopened": lambda d, t: (
        _("随 %(number)s 号重新办理", number=d.get("number")) if d.get("of") else words.button("reopen")
    ),
    "hold.lapsed": lambda _d, _t: _("到了复查日，恢复办理"),
    "clock.warned": lambda d, t: _("%(stage)s：用了八成时间，临期", stage=_stage(d, t)),
    "clock.overdue": lambda d, t: _("%(stage)s：超过时限", stage=_stage(d, t)),
    "clock.reminded": lambda d, t: _("%(stage)s：第 %(n)s 次催办", stage=_stage(d, t), n=d.get("nth", 1)),
    "clock.noticed": lambda d, t: _("%(stage)s：通报", stage=_stage(d, t)),
    "clock.recomputed": _recomputed,
    "cover.missing": lambda d, t: _("%(unit)s没人在岗，已告知区调度台", unit=full_name(d.get("unit"), t)),
}


__all__ = ["deed"]
