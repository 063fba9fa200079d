"""The ladder: what a clock does when its next mark comes. Who answers on which of its five rungs: `rungs`.

A stage that runs out climbs exactly one rung per expiry on the chain of the *place*; the work stays with the units.
On each rung the node's person in charge (块) is asked to get it moving and a seat of the late unit (条) is called.
At the district there is nowhere to climb: a numbered supervision order (督办单), reminders (催办), a notice (通报).
"""

from dispatch.domain import clocks, involved, requests
from dispatch.domain.calendar import WorkCalendar
from dispatch.domain.case import LOCAL, RAISED, Case, Clock
from dispatch.domain.clocks import (
    DISPATCH,
    DUE,
    HOLD,
    LAST_RUNG,
    NOTICE,
    REMIND,
    RULING,
    TOTAL,
    WARN,
    StagePolicy,
    after,
    length,
)
from dispatch.domain.counterparts import called, counterpart_unit, held
from dispatch.domain.effects import Event, LedgerRow
from dispatch.domain.involved import CLERK_POST
from dispatch.domain.rungs import STREET, answering, next_rung
from dispatch.domain.turn import Turn
from dispatch.domain.units import node_seat, unit_seat


def fire(case: Case, clock: Clock, turn: Turn) -> Event:
    """The clock's next mark has come: log it once, tell whom it concerns, set the mark after it.

    The caller has made sure, under the lock, that `clock.fires_at` is not after `turn.now`.
    """
    assert clock.fires_at is not None
    mark, was_due = clock.mark, clock.fires_at
    policy = StagePolicy.of(clock)
    match mark:
        case "warn":
            event = _warn(case, clock, turn)
        case "due":
            event = _overdue(case, clock, turn) if not policy.start else _climb(case, clock, turn, policy)
        case "review":
            event = _review(case, clock, turn)
        case "remind":
            event = _remind(case, clock, turn, policy)
        case _:
            event = _notice(case, clock, turn, policy)
    if clock.rung and clock.open:
        clocks.recounted(case, clock, turn.calendar(clock.calendar))
        clocks.waiting(case, clock, turn.district_calendar)
    rung, nth = (clock.rung, event.data.get("nth", 0)) if mark != WARN else (0, 0)
    case.ledger.append(LedgerRow(clock.id, clock.run, rung, mark or DUE, nth, was_due, event.id))
    case.fired_clocks.add((clock.stage, clock.unit))
    return event


def _base(clock: Clock) -> dict[str, object]:
    return {
        "clock": str(clock.id),
        "stage": clock.stage,
        "unit": clock.unit,
        "run": clock.run,
        "due_at": clock.due_at.isoformat() if clock.due_at else None,
    }


def owner_seats(case: Case, clock: Clock, turn: Turn) -> list[str]:
    """Whose act the stage waits for."""
    if clock.stage == RULING:
        return [_ruler(case, clock)]
    if clock.unit:
        return [unit_seat(clock.unit, "liaison")]
    if clock.stage in ("verification", "answering", HOLD):
        return [involved.street_seat(case)]
    if clock.stage == "handling" and case.lead:
        return [unit_seat(case.lead, "liaison")]
    if clock.stage == TOTAL:
        return []
    return [involved.desk_seat(case)]


def _ruler(case: Case, clock: Clock) -> str:
    """Who decides on what was asked."""
    kind, unit = requests.kind_of(clock)
    rule, asked = requests.REQUESTS[kind], case.pending(kind, unit)
    if kind == HOLD:
        return involved.leader_seat(case)
    if rule.decided_by == requests.SECRETARY:
        return involved.secretary_seat(case)
    if rule.decided_by == requests.TARGET and asked is not None:
        return node_seat(str(asked.data["to"]), CLERK_POST)
    return involved.desk_seat(case)


def _warn(case: Case, clock: Clock, turn: Turn) -> Event:
    event = turn.event(case, "clock.warned", **_base(clock))
    for seat in owner_seats(case, clock, turn):
        turn.tell(case, event, seat, "warned", urgent=case.emergency)
    clock.mark, clock.fires_at = DUE, clock.due_at
    return event


def _overdue(case: Case, clock: Clock, turn: Turn) -> Event:
    """The total clock runs out: it is counted, and climbs nowhere."""
    event = turn.event(case, "clock.overdue", **_base(clock))
    clock.mark, clock.fires_at = None, None
    return event


def _review(case: Case, clock: Clock, turn: Turn) -> Event:
    """The review date of a hold: it comes back by itself (the step resumes the resting clocks).

    The lead, the street's clerk and whoever signed for it are told.
    """
    event = turn.event(case, "hold.lapsed", **_base(clock))
    signed = [row.data.get("seat") for row in case.requests if (row.kind, row.status) == (HOLD, "granted")][-1:]
    lead = [unit_seat(case.lead, "liaison")] if case.lead else []
    for seat in dict.fromkeys([*lead, *owner_seats(case, clock, turn), *filter(None, signed)]):
        turn.tell(case, event, seat, "hold-lapsed", urgent=case.emergency)
    clock.mark, clock.fires_at = None, None
    return event


def orders_due(case: Case, turn: Turn) -> int:
    """How many supervision orders the clocks that are due now will need."""
    return sum(
        1
        for clock in case.open_clocks()
        if clock.mark == DUE
        and clock.fires_at is not None
        and clock.fires_at <= turn.now
        and clock.parked is None
        and (policy := StagePolicy.of(clock)).start
        and next_rung(case, clock, turn, policy) == LAST_RUNG
    )


def _climb(case: Case, clock: Clock, turn: Turn, policy: StagePolicy) -> Event:
    target = next_rung(case, clock, turn, policy)
    below = case.status == LOCAL
    informed = list(range(1, target)) if clock.rung == 0 and not below else []
    block = _block(case, turn, target)
    unit = counterpart_unit(case, clock)
    seats, vacant = called(case, turn, unit, target) if unit else ([], [])
    order = turn.next_order() if target == LAST_RUNG and turn.next_order else None
    clock.rung, clock.nth = target, 0
    _arm_next(clock, turn, policy)
    event = turn.event(
        case,
        "clock.climbed",
        **_base(clock),
        rung=target,
        **block,
        counterpart=[{"seat": seat, "person": turn.holder(seat)} for seat in seats] or None,
        unit_vacant=vacant or None,
        informed=_informed(case, turn, informed) or None,
        order=order,
        next_at=clock.fires_at.isoformat() if clock.fires_at else None,
    )
    _tell_climb(case, clock, turn, event, target, informed, seats)
    if below and target >= STREET:  # it is the street's now, and becomes a whistle
        clocks.answer(case, clock.stage, None, turn.now)
        clocks.start(
            case, DISPATCH, None, turn.now, turn.stage_policy(case, DISPATCH), turn.district_calendar, turn.new_id()
        )
        case.status = RAISED
    return event


def _block(case: Case, turn: Turn, rung: int) -> dict[str, object]:
    """The person in charge of the rung's node; a vacant seat passes upward and says so."""
    node, passed = answering(case, turn, rung)
    vacant = [node_seat(one.code) for one in passed] or None
    if node is None:
        return {"node": None, "seat": None, "person": None, "vacant": vacant}
    seat = involved.rung_seat(case, node.code, rung)
    return {"node": node.code, "seat": seat, "person": turn.holder(seat), "vacant": vacant}


def _informed(case: Case, turn: Turn, rungs: list[int]) -> list[dict[str, object]]:
    """The rungs below the start: informed, or logged as unknown (地点不明) or as kept out of it (保密), so that none is
    skipped silently."""
    if case.facts.sealed:
        return [{"rung": rung, "sealed": True} for rung in rungs]
    nodes = [(rung, turn.rung_node(case, rung)) for rung in rungs]
    return [{"rung": rung} | ({"seat": node_seat(node.code)} if node else {"unknown": True}) for rung, node in nodes]


def _tell_climb(
    case: Case, clock: Clock, turn: Turn, event: Event, target: int, informed: list[int], seats: list[str]
) -> None:
    seat = event.data.get("seat")
    kind = "supervision" if target == LAST_RUNG else "local" if case.status == LOCAL else "climbed"
    if isinstance(seat, str):
        turn.tell(case, event, seat, kind, urgent=case.emergency)
    if target == LAST_RUNG:
        turn.tell(case, event, involved.desk_seat(case), kind, urgent=case.emergency)
    for counterpart in seats:
        turn.tell(case, event, counterpart, "called", urgent=case.emergency)
    if clock.stage == RULING or (clock.unit is None and clock.stage != "handling"):
        for owner in owner_seats(case, clock, turn):
            turn.tell(case, event, owner, "called", urgent=case.emergency)
    for rung in () if case.facts.sealed else informed:
        node = turn.rung_node(case, rung)
        if node is not None:
            turn.tell(case, event, node_seat(node.code), "informed", urgent=case.emergency)


def _arm_next(clock: Clock, turn: Turn, policy: StagePolicy) -> None:
    """The mark after a climb: the next rung, or at the district reminders and the notice."""
    district: WorkCalendar = turn.district_calendar
    if clock.rung < LAST_RUNG:
        clock.fires_at = after(clock, policy.waits[clock.rung], turn.now, district)
        clock.mark = DUE
        return
    clock.fires_at = after(clock, policy.remind, turn.now, district)
    clock.mark, clock.nth = (REMIND if reminders_before_notice(policy, district) else NOTICE), 1


def _remind(case: Case, clock: Clock, turn: Turn, policy: StagePolicy) -> Event:
    nth = clock.nth
    event = turn.event(case, "clock.reminded", **_base(clock), rung=clock.rung, nth=nth)
    for seat in _head_seats(case, clock, turn):
        turn.tell(case, event, seat, "reminded", urgent=case.emergency)
    before_notice = reminders_before_notice(policy, turn.district_calendar)
    if nth == before_notice and not explained(case, clock):
        clock.mark, clock.nth, wait = NOTICE, 1, policy.remind
    else:
        clock.mark, clock.nth = REMIND, nth + 1
        wait = policy.remind if nth < before_notice else policy.notice
    clock.fires_at = after(clock, wait, turn.now, turn.district_calendar)
    return event


def _head_seats(case: Case, clock: Clock, turn: Turn) -> list[str]:
    """Who answers at the district: the late unit's head (nobody there: the desk), else whose act it waits for."""
    unit = counterpart_unit(case, clock)
    if unit is None:
        return owner_seats(case, clock, turn)
    return held(turn, unit, ("principal",))[0] or [involved.desk_seat(case)]


def _notice(case: Case, clock: Clock, turn: Turn, policy: StagePolicy) -> Event:
    """Five working days without a written explanation: 通报. Reminders go on, at the notice's own distance."""
    nth = clock.nth
    event = turn.event(case, "clock.noticed", **_base(clock), rung=clock.rung, nth=nth)
    for seat in _head_seats(case, clock, turn):
        turn.tell(case, event, seat, "noticed", urgent=case.emergency)
    clock.mark, clock.nth = REMIND, reminders_before_notice(policy, turn.district_calendar) + 1
    clock.fires_at = after(clock, policy.notice, turn.now, turn.district_calendar)
    return event


def reminders_before_notice(policy: StagePolicy, district: WorkCalendar) -> int:
    """How many reminders fit in before the notice is due; the notice takes the place of the next one."""
    return max(int(length(policy.notice, district) / length(policy.remind, district)) - 1, 0)


def explained(case: Case, clock: Clock) -> bool:
    """Whether the unit has explained itself in writing in this run, since the supervision order."""
    return any(
        request.kind == "explanation"
        and request.data.get("clock") == str(clock.id)
        and request.data.get("run") == clock.run
        for request in case.requests
    )


__all__ = ["explained", "fire", "orders_due", "owner_seats", "reminders_before_notice"]
