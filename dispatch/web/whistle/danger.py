"""What was answered to 现在有危险吗, who was phoned before, and who is told at once where no rule fits."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from dispatch.domain.turn import Turn
from dispatch.steps.view import WhistleView
from dispatch.web.common.paths import head_of
from dispatch.web.common.units import full_names
from dispatch.web.i18n import N_, _

ANSWERS: Mapping[str, str] = {"yes": N_("有危险"), "no": N_("没有危险"), "none": N_("没有回答")}
_PHONED = re.compile(r"\n（(?:([\d:]+) )?已先打电话：([^（）\n]+)）$")


def phoned_line(called: Sequence[str], at: str) -> str:
    """The last line of a form's text: whom its writer had phoned, and when ("": not said)."""
    return f"（{at + ' ' if at else ''}已先打电话：{'、'.join(called)}）"


def answered(view: WhistleView, data: Mapping[str, Any]) -> list[str]:
    """Of an event `raised`: the answer about danger, and who was phoned; empty where nobody was asked."""
    answer = data.get("danger_answer") or ("yes" if data.get("danger") else "")
    said = [_("现在有危险吗：%(answer)s", answer=_(ANSWERS[answer]))] if answer in ANSWERS else []
    if found := _PHONED.search(view.body):
        at, called = found.groups()
        who = _("、").join(_(one) for one in called.split("、"))
        said.append(_("%(at)s 已先打电话：%(who)s", at=at or "", who=who).strip())
    return said


def told_at_once(data: Mapping[str, Any], turn: Turn) -> list[str]:
    """Of an event `routed`: who else was told of an emergency that went to the desk."""
    if data.get("outcome") != "unmatched":
        return []
    duty = full_names(data.get("inform") or (), turn)
    seats = _seats(data.get("notify") or (), turn)
    said = [_("已转应急值班（%(unit)s）", unit=duty)] if duty else []
    return [*said, _("已通知 %(who)s", who=seats)] if seats else said


def told_then(inform: Sequence[str], seats: Sequence[str], turn: Turn) -> str:
    """The same of one that is still to be raised."""
    duty, who = full_names(inform, turn), _seats(seats, turn)
    said = [_("马上转应急值班（%(unit)s）", unit=duty)] if duty else []
    return _("；").join([*said, _("马上通知 %(who)s", who=who)] if who else said)


def _seats(codes: Sequence[str], turn: Turn) -> str:
    reference = turn.reference
    found = [reference.people.seats.get(code) for code in codes]
    nodes = [(seat, reference.tree.get(seat.node)) for seat in found if seat is not None and seat.node]
    return _("、").join(head_of(node, seat.position) for seat, node in nodes if node is not None)


__all__ = ["ANSWERS", "answered", "phoned_line", "told_at_once", "told_then"]
