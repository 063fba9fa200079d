"""Units' parts in a case: assigned, released, and what the queue shows of them."""

from datetime import UTC, datetime

from dispatch.domain import clocks, resting
from dispatch.domain.case import ASSIST, AT_DESK, INFORM, LEAD, Assignment, Case, Clock
from dispatch.domain.clocks import HANDLING, REPORTED, RULING
from dispatch.domain.turn import Turn

WAITING, SIGNED, ON_SITE, DONE, RELEASED = "assigned", "reported-in", "on-site", "done", "released"
#: a queue is in the order of deadlines: where what nobody has yet stands, before every one of them
AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)


def assign(case: Case, turn: Turn, unit: str, role: str, *, report: bool = True) -> Assignment:
    """Give a unit its part; its report-in clock starts unless `report` is False or it is only informed."""
    duty = turn.reference.duties.get(case.facts.category) if case.facts.category else None
    on_site = case.emergency or (duty is not None and duty.report_in == "on-site")
    part = Assignment(
        gen=case.gen,
        unit=unit,
        role=role,
        status=WAITING if report and role != INFORM else SIGNED,
        assigned_at=turn.now,
        on_site=on_site and role != INFORM,
        active=role != INFORM,
    )
    before = case.assignments.get(unit)
    if before is not None and before.gen == case.gen:
        part.handed_back = before.handed_back
    case.touch(part)
    if report and role != INFORM:
        policy = turn.stage_policy(case, REPORTED)
        if duty is not None and duty.report_limit is not None:
            policy = clocks.with_limit(policy, str(duty.report_limit))
        begin(case, turn, REPORTED, unit, policy)
    if role == LEAD:
        case.lead = unit
    return part


def begin(case: Case, turn: Turn, stage: str, unit: str | None, policy: clocks.StagePolicy) -> Clock:
    """Start a stage's clock on the calendar of whoever it waits for."""
    calendar = turn.reference.calendar_of(unit or (case.lead if stage == HANDLING else None))
    source = (case.facts.source_due_at, turn.policy(case).source_margin) if stage == HANDLING else None
    return clocks.start(case, stage, unit, turn.now, policy, calendar, turn.new_id(), source=source)


def begin_stage(case: Case, turn: Turn, stage: str, unit: str | None = None) -> Clock:
    """Start a stage's clock by today's policy."""
    return begin(case, turn, stage, unit, turn.stage_policy(case, stage))


def begin_handling(case: Case, turn: Turn) -> Clock:
    """The lead's clock: the duty's own limit, else the policy's."""
    duty = turn.reference.duties.get(case.facts.category) if case.facts.category else None
    policy = turn.stage_policy(case, HANDLING)
    return begin(
        case,
        turn,
        HANDLING,
        None,
        clocks.with_limit(policy, str(duty.limit) if duty else policy.limit or "15d"),
    )


def nobody_has(case: Case) -> bool:
    """An emergency that no unit has: the desk is still to assign it, whoever is informed goes after it meanwhile."""
    return case.emergency and case.status == AT_DESK


def release(case: Case, turn: Turn, part: Assignment) -> None:
    """Take a unit's part away; its report-in clock has nothing to wait for any more."""
    part.status, part.active, part.done_at = RELEASED, False, turn.now
    case.touch(part)
    clocks.answer(case, REPORTED, part.unit, turn.now)
    if case.lead == part.unit:
        case.lead = None


def awaited(case: Case, part: Assignment) -> bool:
    """Whether the unit has still to report in: its clock waits, for an arrival where the report-in is on site."""
    clock = case.clock(REPORTED, part.unit)
    return part.status == WAITING or (clock is not None and clock.open)


def started(case: Case) -> bool:
    """Whether any unit has begun to work."""
    return any(part.started for part in case.parts(LEAD, ASSIST))


def rest_all(case: Case, turn: Turn, *stages: str) -> None:
    """Put every running clock of `stages` to rest."""
    for clock in list(case.open_clocks()):
        if clock.stage in stages and clock.running:
            counted, district = turn.counted(clock.calendar), turn.district_counted(clock)
            resting.rest(case, clock, turn.now, counted, district)


def resume_all(case: Case, turn: Turn, *stages: str) -> None:
    """Let every resting clock of `stages` count on."""
    for clock in list(case.open_clocks()):
        if clock.stage in stages and not clock.running:
            resting.resume(case, clock, turn.now, turn.calendar(clock.calendar), turn.district_calendar)


def answer_all(case: Case, turn: Turn) -> None:
    """The case is over: nothing fires any more but the rulings that are still owed (`requests.lapse` ends the rest)."""
    for clock in list(case.open_clocks()):
        if clock.stage != RULING:
            clocks.answer(case, clock.stage, clock.unit, turn.now)


def _due(clock: Clock) -> datetime:
    assert clock.due_at is not None
    return clock.due_at


def nearest(case: Case, part: Assignment) -> tuple[str | None, datetime | None]:
    """The clock that orders a unit's queue: its own report-in, else the lead's handling."""
    own = case.clock(REPORTED, part.unit)
    candidates = [own] if own is not None and own.open else []
    handling = case.clock(HANDLING)
    if handling is not None and handling.open and part.role in (LEAD, ASSIST):
        candidates.append(handling)
    dated = [clock for clock in candidates if clock.due_at is not None]
    if dated:
        first = min(dated, key=_due)
        return first.stage, first.due_at
    return (candidates[0].stage, None) if candidates else (None, None)


__all__ = ["assign", "begin", "begin_handling", "begin_stage", "nearest", "release"]
