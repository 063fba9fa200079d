"""What the people of the place's chain do: urge, instruct, take over, send up and down.

None of it answers a clock; a take-over changes who is accountable, not the deadline.
"""

from collections.abc import Mapping
from typing import Any

from dispatch.domain import acts_local, involved, parts
from dispatch.domain.acts_street import unit_code
from dispatch.domain.asking import need
from dispatch.domain.case import ASSIST, DONE, LEAD, LOCAL, RESOLVED, Actor, Case, Clock, Request
from dispatch.domain.clocks import DUE, HANDLING, LAST_RUNG
from dispatch.domain.refusals import Invalid, NotNow
from dispatch.domain.rungs import STREET, answering
from dispatch.domain.turn import Turn
from dispatch.domain.units import node_seat, unit_seat

Fields = Mapping[str, Any]
#: the units have done their part, and the street checks, answers, closes
FOLLOWED = DONE | {RESOLVED}


def _rung(actor: Actor, turn: Turn) -> int:
    node = turn.reference.tree.get(actor.node) if actor.node else None
    return node.level if node else LAST_RUNG


def urge(case: Case, actor: Actor, fields: Fields, turn: Turn) -> str | None:
    """催办: the units at work are told, or one that is named; where no unit has it (any more), whoever has it now."""
    text = turn.text(case, "urge", str(fields["text"])) if fields.get("text") else None
    passed_on = case.status in FOLLOWED and not fields.get("unit")
    unit = None if passed_on else fields.get("unit") or case.lead
    event = turn.event(case, "urged", unit=unit, node=actor.node, text=text)
    at_work = () if passed_on else case.parts(LEAD, ASSIST)
    seats = [unit_seat(one.unit, "liaison") for one in at_work if unit in (None, one.unit)]
    if not seats and unit is None:
        keeper = _keeper(case, turn)[1]
        seats = [keeper] if keeper != actor.seat else []
    for seat in seats:
        turn.tell(case, event, seat, "urged", urgent=case.emergency)
    return None


def instruct(case: Case, actor: Actor, fields: Fields, turn: Turn) -> str | None:
    """批示: the unit must sign for it, for each by itself; where no unit has it, whoever has it now."""
    text = turn.text(case, "instruction", need(fields, "text", "写上批示内容"))
    unit = unit_code(case, turn, fields["unit"], "unit") if fields.get("unit") else case.lead
    node, seat = (None, unit_seat(unit, "liaison")) if unit else _keeper(case, turn)
    made = Request(turn.new_id(), case.gen, "instruction", unit, "pending", actor.person, turn.now)
    made.data = {"text": text} | ({"node": node} if node else {})
    case.touch_request(made)
    event = turn.event(case, "instructed", node=actor.node, unit=unit, signs=node, request=str(made.id), text=text)
    turn.tell(case, event, seat, "instructed", urgent=case.emergency)
    return None


def _keeper(case: Case, turn: Turn) -> tuple[str, str]:
    """Who has a case that no unit leads: who is asked below the street, the street's clerk, the desk; node and seat."""
    clock = case.clock(HANDLING)
    node = acts_local.asked(case, clock, turn) if case.status == LOCAL and clock is not None else None
    if node is not None and node.level < STREET and not case.facts.sealed:
        return node.code, node_seat(node.code)
    if case.status in (LOCAL, *FOLLOWED) and not involved.stands_in(case):
        return case.facts.street, involved.street_seat(case)
    return case.facts.district, involved.desk_seat(case)


def can_instruct(case: Case, _actor: Actor, fields: Fields, turn: Turn) -> None:
    """A unit that is named has a part here, so that it can sign."""
    unit = unit_code(case, turn, fields["unit"], "unit") if fields.get("unit") else None
    part = case.unit(unit)
    if unit is not None and (part is None or part.status == parts.RELEASED):
        raise Invalid("{unit}没有办这件，签收不了批示", field="unit", value=unit, unit=turn.unit_name(unit))


def taken(case: Case, actor: Actor, _fields: Fields) -> bool:
    request = case.pending("take-over")
    return request is not None and request.data.get("node") == actor.node


def take_over(case: Case, actor: Actor, _fields: Fields, turn: Turn) -> str | None:
    before = case.pending("take-over")
    rung = _rung(actor, turn)
    if before is not None:
        if int(before.data["rung"]) >= rung:
            raise NotNow("上一级已经提级办理")
        before.status, before.decided_at = "withdrawn", turn.now
        case.touch_request(before)
    made = Request(turn.new_id(), case.gen, "take-over", None, "pending", actor.person, turn.now)
    made.data = {"rung": rung, "node": actor.node}
    case.touch_request(made)
    event = turn.event(case, "taken-over", node=actor.node, rung=rung)
    for part in case.parts(LEAD):
        turn.tell(case, event, unit_seat(part.unit, "liaison"), "taken-over")
    return None


def is_taken(case: Case, actor: Actor, _fields: Fields, _turn: Turn) -> None:
    """Taken over by oneself, except for the desk."""
    request = case.pending("take-over")
    if request is None or (actor.role != "desk" and request.data.get("node") != actor.node):
        raise NotNow("没有由您提级办理")


def send_down(case: Case, actor: Actor, _fields: Fields, turn: Turn) -> str | None:
    request = case.pending("take-over")
    assert request is not None
    request.status, request.decided_by, request.decided_at = "withdrawn", actor.person, turn.now
    case.touch_request(request)
    turn.event(case, "sent-down", node=actor.node)
    return None


def can_send_up(case: Case, actor: Actor, _fields: Fields, turn: Turn) -> None:
    """A clock has climbed to one's own rung, or to a vacant one below."""
    if not any(_mine(case, clock, actor, turn) for clock in case.open_clocks()):
        raise NotNow("这件现在不在您这一级")


def _mine(case: Case, clock: Clock, actor: Actor, turn: Turn) -> bool:
    """Whether a clock waits on the actor's rung; a vacant seat's clocks are those of the next seat above.

    What was raised below the street is first the raiser's own.
    """
    if case.status == LOCAL and clock.stage == HANDLING:
        asked = acts_local.asked(case, clock, turn)
        return asked is not None and asked.code == actor.node
    if not clock.rung or clock.mark != DUE:
        return False
    node, _vacant = answering(case, turn, clock.rung)
    return node is not None and node.code == actor.node


def send_up(case: Case, actor: Actor, fields: Fields, turn: Turn) -> str | None:
    """This level cannot solve it: the next one is asked now instead of when the wait is over."""
    rung = _rung(actor, turn)
    reason = turn.text(case, "reason", str(fields["reason"])) if fields.get("reason") else None
    for clock in list(case.open_clocks()):
        if clock.fires_at is not None and _mine(case, clock, actor, turn):
            if clock.rung == 0:  # its own time is given up
                clock.mark, clock.due_at = DUE, turn.now
            clock.fires_at = min(clock.fires_at, turn.now)
            case.touch_clock(clock)
    turn.event(case, "sent-up", node=actor.node, rung=rung, reason=reason)
    return None
