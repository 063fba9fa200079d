"""What each outcome of routing does with a case: units, clocks, status, and who is told."""

from dispatch.domain import clocks, parts
from dispatch.domain.case import ASSIGNED, AT_DESK, HANDLING, INFORM, LEAD, VERIFIED, Assignment, Case
from dispatch.domain.clocks import ANSWERING, DISPATCH
from dispatch.domain.effects import Event
from dispatch.domain.involved import desk_seat
from dispatch.domain.routing import Routing
from dispatch.domain.turn import Turn
from dispatch.domain.units import node_seat, unit_seat


def apply(case: Case, routing: Routing, turn: Turn, origin: dict[str, object] | None = None) -> Event:
    """Carry out a routing on a case that is still `raised`; one event, `whistle.routed`.

    `origin` (topic, partition, offset, record time) reaches the log with it.
    """
    facts = case.facts
    if routing.duty and not facts.category:
        facts.category = routing.duty
        case.facts_touched = True
    if (routing.sealed or routing.hidden_from) and not facts.sealed:
        facts.sealed, case.facts_touched = True, True
    hidden = [code for code in routing.hidden_from if code not in facts.hidden_from]
    if hidden:
        facts.hidden_from.extend(hidden)
        case.facts_touched = True
    case.outcome = routing.outcome
    match routing.outcome:
        case "dispatch":
            _dispatch(case, routing, turn)
        case "self":
            _lead_only(case, routing, turn, HANDLING)
        case "answer" | "relay":
            _lead_only(case, routing, turn, HANDLING)
        case "statutory":
            clocks.answer(case, DISPATCH, None, turn.now)
            parts.begin_stage(case, turn, ANSWERING)
            case.status = VERIFIED
        case _:
            case.status = AT_DESK
    for unit in routing.inform:
        part = case.unit(unit)
        if part is None or part.status == parts.RELEASED:  # released when another street took it over
            _inform(case, turn, unit)
    event = _event(case, routing, turn, origin)
    _tell(case, routing, turn, event)
    return event


def _dispatch(case: Case, routing: Routing, turn: Turn) -> None:
    assert routing.lead is not None
    clocks.answer(case, DISPATCH, None, turn.now)
    parts.assign(case, turn, routing.lead, LEAD)
    for unit in routing.assist:
        parts.assign(case, turn, unit, "assist")
    parts.begin_handling(case, turn)
    case.status = ASSIGNED


def _lead_only(case: Case, routing: Routing, turn: Turn, status: str) -> None:
    """One unit, no report-in: the street's own squad, or a unit that only replies."""
    assert routing.lead is not None
    clocks.answer(case, DISPATCH, None, turn.now)
    parts.assign(case, turn, routing.lead, LEAD, report=False)
    parts.begin_handling(case, turn)
    case.status = status


def _inform(case: Case, turn: Turn, unit: str) -> None:
    case.touch(
        Assignment(gen=case.gen, unit=unit, role=INFORM, status="reported-in", assigned_at=turn.now, active=False)
    )


def _event(case: Case, routing: Routing, turn: Turn, origin: dict[str, object] | None) -> Event:
    facts = case.facts
    return turn.event(
        case,
        "routed",
        outcome=routing.outcome,
        lead=routing.lead,
        assist=list(routing.assist),
        inform=list(routing.inform),
        notify=list(routing.notify) or None,
        on_call=list(routing.on_call) or None,
        rule=routing.rule,
        reason=routing.reason.as_json(),
        note=turn.text(case, "naming", routing.reason.note) if routing.reason.note else None,
        duty_list_version=turn.reference.versions.get("duties", routing.reason.version),
        category=facts.category,
        sealed=facts.sealed or None,
        hidden_from=list(facts.hidden_from) or None,
        origin=origin,
    )


def _tell(case: Case, routing: Routing, turn: Turn, event: Event) -> None:
    urgent = case.emergency
    for part in case.parts():
        kind = "informed" if part.role == INFORM else "assigned"
        turn.tell(case, event, unit_seat(part.unit, "liaison"), kind, urgent=urgent)
    for seat in routing.notify:
        turn.tell(case, event, seat, "duty", urgent=True)
    if case.status == AT_DESK:
        turn.tell(case, event, desk_seat(case), "unmatched", urgent=urgent)
    if urgent and case.status != AT_DESK and not case.facts.sealed:
        for rung in (1, 2):
            node = turn.rung_node(case, rung)
            if node is not None:
                turn.tell(case, event, node_seat(node.code), "informed", urgent=True)
