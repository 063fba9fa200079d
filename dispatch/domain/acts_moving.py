"""A whistle leaves the street's hands or comes back: cancelled, transferred to another street, reopened."""

from collections.abc import Mapping
from typing import Any

from dispatch.domain import acts_local, clocks, parts, resting
from dispatch.domain.asking import ask, decide, need
from dispatch.domain.case import (
    ASSIGNED,
    ASSIST,
    CANCELLED,
    HANDLING,
    LEAD,
    RAISED,
    Actor,
    Case,
)
from dispatch.domain.clocks import DISPATCH
from dispatch.domain.involved import CLERK_POST, desk_seat, street_seat
from dispatch.domain.refusals import Invalid, NotNow
from dispatch.domain.turn import Turn
from dispatch.domain.units import node_seat, unit_seat

Fields = Mapping[str, Any]


def can_cancel(case: Case, actor: Actor, _fields: Fields, turn: Turn) -> None:
    """No unit has begun to work, except for the desk; below the street: it is not a whistle yet."""
    if acts_local.is_below(actor, turn):
        acts_local.can_keep(case)
    if actor.role != "desk" and parts.started(case):
        raise NotNow("单位已经到场办理；请改为申请撤哨")


def cancel(case: Case, _actor: Actor, fields: Fields, turn: Turn) -> str | None:
    reason = need(fields, "reason", "写上为什么撤哨")
    parts.answer_all(case, turn)
    event = turn.event(case, "cancelled", reason=turn.text(case, "reason", reason))
    for part in case.parts(LEAD, ASSIST):
        turn.tell(case, event, unit_seat(part.unit, "liaison"), "cancelled")
    return CANCELLED


def can_request_cancel(case: Case, _actor: Actor, _fields: Fields, _turn: Turn) -> None:
    """A unit has begun to work: until then the street cancels it by itself."""
    if not parts.started(case):
        raise NotNow("单位还没动手；请直接撤哨")


def request_cancel(case: Case, actor: Actor, fields: Fields, turn: Turn) -> str | None:
    reason = turn.text(case, "reason", need(fields, "reason", "写上为什么撤哨"))
    made = ask(case, actor, turn, "cancel", {"reason": reason})
    event = turn.event(case, "cancel.asked", request=str(made.id), reason=reason)
    turn.tell(case, event, desk_seat(case), "cancel")
    return None


def can_transfer(case: Case, _actor: Actor, fields: Fields, turn: Turn) -> None:
    """To another street, before any unit has begun to work."""
    node = turn.reference.tree.get(str(fields.get("to")))
    if node is None or node.level != 4 or node.code == case.facts.street:
        raise Invalid("写上转给哪个街道（代码）", field="to", value=fields.get("to"))
    if node.code in case.facts.hidden_from:
        raise Invalid(
            "这件反映的就是{street}，要对它回避；请转给别的街道", field="to", value=node.code, street=node.name
        )
    if parts.started(case):
        raise NotNow("单位已经开始办理，不能转街道")


def transfer(case: Case, actor: Actor, fields: Fields, turn: Turn) -> str | None:
    made = ask(case, actor, turn, "transfer", {"to": str(fields["to"])})
    event = turn.event(case, "transfer.asked", request=str(made.id), to=str(fields["to"]))
    turn.tell(case, event, node_seat(str(fields["to"]), CLERK_POST), "transfer", urgent=case.emergency)
    return None


def has_transfer(case: Case, _actor: Actor, _fields: Fields, _turn: Turn) -> None:
    """A transfer waits for its answer."""
    if case.pending("transfer") is None:
        raise NotNow("没有等接收的转办")


def accept_transfer(case: Case, actor: Actor, _fields: Fields, turn: Turn) -> str | None:
    """The other street takes it: it is theirs now, and is routed anew for their place."""
    request = case.pending("transfer")
    assert request is not None
    decide(case, actor, turn, request, "granted")
    for part in list(case.parts()):
        parts.release(case, turn, part)
    clocks.answer(case, "handling", None, turn.now)
    case.facts.street, case.facts_touched = str(request.data["to"]), True
    if case.facts.place is None or not _inside(case, turn):
        case.facts.place = case.facts.street
    parts.begin_stage(case, turn, DISPATCH)
    turn.event(case, "transfer.accepted", request=str(request.id), to=case.facts.street)
    return RAISED


def _inside(case: Case, turn: Turn) -> bool:
    return any(node is not None and node.code == case.facts.street for node in turn.chain(case.facts.place))


def decline_transfer(case: Case, actor: Actor, _fields: Fields, turn: Turn) -> str | None:
    request = case.pending("transfer")
    assert request is not None
    decide(case, actor, turn, request, "refused")
    event = turn.event(case, "transfer.declined", request=str(request.id), to=str(request.data["to"]))
    turn.tell(case, event, street_seat(case), "transfer-declined")
    return None


def reopen(case: Case, _actor: Actor, fields: Fields, turn: Turn) -> str | None:
    """A resident is not content: a new generation with the same units; the total clock goes on."""
    reason = turn.text(case, "reason", need(fields, "reason", "写上为什么重新办理"))
    before = [(part.unit, part.role) for part in case.parts(LEAD, ASSIST)]
    for clock in list(case.open_clocks()):
        if clock.stage not in (clocks.TOTAL, clocks.RULING):  # what was asked is still owed an answer
            clocks.answer(case, clock.stage, clock.unit, turn.now)
    case.gen += 1
    case.rework = 0
    for unit, role in before:
        parts.assign(case, turn, unit, role, report=case.outcome == "dispatch")
    resting.reopen_total(case, turn.now, turn.counted)
    if before:
        parts.begin_handling(case, turn)
    else:
        parts.begin_stage(case, turn, DISPATCH)
    event = turn.event(case, "reopened", gen=case.gen, reason=reason, units=[unit for unit, _ in before])
    for unit, _role in before:
        turn.tell(case, event, unit_seat(unit, "liaison"), "assigned", urgent=case.emergency)
    if not before:
        return RAISED
    return ASSIGNED if case.outcome == "dispatch" else HANDLING
