"""A stage's clock: started, answered, extended; and when it next has something to say. Its rests: `resting`.

Every moment is handed in. A clock counts in the units of its own limit (elapsed, or working time of its calendar);
the waits between rungs count in the units of the policy, on the district's calendar, because the people of the
place's chain are the ones who are asked.
"""

from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID

from dispatch.domain.calendar import WorkCalendar
from dispatch.domain.case import Case, Clock
from dispatch.domain.deadlines import Limit, between, due, earlier, shift
from dispatch.domain.stage_policy import StagePolicy, parse, with_limit

WARN, DUE, REVIEW, REMIND, NOTICE = "warn", "due", "review", "remind", "notice"
DISPATCH, REPORTED, HANDLING, VERIFICATION = "dispatch", "reported", "handling", "verification"
ANSWERING, RULING, HOLD, TOTAL = "answering", "ruling", "hold", "total"
STAGES = (DISPATCH, REPORTED, HANDLING, VERIFICATION, ANSWERING, RULING, HOLD, TOTAL)

#: late by no more than this (or a tenth of the wait): the next rung counts from when it was due, not from now
ON_TIME = timedelta(minutes=5)
LAST_RUNG = 5


#: a moment fixed by hand (a review date) counts as elapsed time
_FIXED = Limit(1, "m")


def limit_of(policy: StagePolicy) -> Limit:
    """What the stage has; without a limit, the units in which a moment fixed by hand is counted."""
    return parse(policy.limit) if policy.limit else _FIXED


def start(
    case: Case,
    stage: str,
    unit: str | None,
    now: datetime,
    policy: StagePolicy,
    calendar: WorkCalendar,
    new_id: UUID,
    *,
    fixed: datetime | None = None,
    source: tuple[datetime | None, Limit] | None = None,
) -> Clock:
    """Start a fresh run of a stage's clock (the row is reused, `run` goes up).

    `fixed` is a moment given by hand; `source` the source's own deadline with the policy's margin: the earlier holds.
    """
    before = case.clock(stage, unit)
    due_at, warn_at, provisional = _run(policy, calendar, now)
    theirs, margin = source or (None, None)
    if fixed is not None or theirs is not None:
        limit, due_at = limit_of(policy), fixed or due_at
        if theirs is not None and margin is not None:
            due_at = earlier(due_at, theirs, margin, now, calendar)
        warn_at, provisional = _before(policy, limit, calendar, now, due_at)
    clock = Clock(
        id=before.id if before else new_id,
        stage=stage,
        unit=unit,
        gen=case.gen,
        run=before.run + 1 if before else 1,
        started_at=now,
        policy=policy.snapshot(),
        calendar=calendar.name,
        due_at=due_at,
        running_since=now,
        provisional=provisional,
    )
    _arm(clock, warn_at)
    case.touch_clock(clock)
    return clock


@lru_cache(maxsize=2048)
def _run(policy: StagePolicy, calendar: WorkCalendar, now: datetime) -> tuple[datetime, datetime | None, bool]:
    """End, warning and whether they are provisional, of a run from `now` on: the same for a whole batch of cases."""
    limit = limit_of(policy)
    due_at = due(limit, now, calendar)
    return due_at, *_before(policy, limit, calendar, now, due_at)


def _before(
    policy: StagePolicy, limit: Limit, calendar: WorkCalendar, now: datetime, due_at: datetime
) -> tuple[datetime | None, bool]:
    """The warning of an end, and whether it is provisional."""
    return warning(policy, limit, calendar, now, due_at), limit.working and calendar.is_provisional(now, due_at)


def warning(
    policy: StagePolicy, limit: Limit, calendar: WorkCalendar, now: datetime, due_at: datetime
) -> datetime | None:
    """When most of the time is used; None where that is no moment of its own."""
    if not policy.warn or not policy.limit:
        return None
    counted = between(limit, now, due_at, calendar)
    warn_at = shift(limit, now, counted * policy.warn / 100, calendar)
    return warn_at if now < warn_at < due_at else None


def _arm(clock: Clock, warn_at: datetime | None) -> None:
    """Set the first mark of a run: the warning, or, where that is past, the end."""
    if clock.stage == HOLD:
        clock.mark, clock.fires_at = REVIEW, clock.due_at
    elif warn_at is not None:
        clock.mark, clock.fires_at = WARN, warn_at
    else:
        clock.mark, clock.fires_at = DUE, clock.due_at


def answer(case: Case, stage: str, unit: str | None, now: datetime) -> Clock | None:
    """The act that this stage waits for has happened: nothing fires any more in this run."""
    clock = case.clock(stage, unit)
    if clock is None or not clock.open:
        return None
    clock.answered_at = now
    clock.fires_at = clock.parked = clock.waits_on = None
    if clock.rung < LAST_RUNG:  # at the district it says whether a reminder or the notice is next, should it count on
        clock.mark = None
    clock.running_since = clock.fires_in = None
    case.touch_clock(clock)
    return clock


def mark_units(
    clock: Clock, policy: StagePolicy, limit: Limit, calendar: WorkCalendar, district: WorkCalendar
) -> tuple[Limit, WorkCalendar]:
    """In which units, on which calendar, the way to the next mark is counted."""
    if clock.mark == REMIND:
        return parse(policy.remind), district
    if clock.mark == NOTICE:
        return parse(policy.notice), district
    if clock.mark == DUE and clock.rung > 0:
        return parse(policy.waits[min(clock.rung, LAST_RUNG - 1)]), district
    return limit, calendar


def length(text: str, calendar: WorkCalendar) -> timedelta:
    """A limit's text as a length of counted time."""
    return parse(text).length(calendar.day)


def after(clock: Clock, wait: str, now: datetime, district: WorkCalendar) -> datetime:
    """When the next mark comes: `wait` after this one was due, or after now where we come late (full time again)."""
    assert clock.fires_at is not None
    limit = parse(wait)
    counted = limit.length(district.day)
    late = now - clock.fires_at
    origin = clock.fires_at if late <= min(ON_TIME, counted / 10) else now
    return shift(limit, origin, counted, district)


def recounted(case: Case, clock: Clock, calendar: WorkCalendar) -> None:
    """Past its end, what comes next counts on `calendar`. Which one its end was counted on stays with the fact."""
    if clock.calendar != calendar.name:
        case.stood_by.setdefault(str(clock.id), clock.calendar)
        clock.calendar = calendar.name
        case.touch_clock(clock)


def waiting(case: Case, clock: Clock, district: WorkCalendar) -> None:
    """Its next mark was set just now: keep which of the district's calendars the wait counts on, if it has climbed and
    its own calendar does not tell."""
    own = clock.calendar == district.name or clock.calendar.split("@", 1)[0] == district.code
    waits_on = None if own or not clock.rung or clock.fires_at is None else district.name
    if clock.waits_on != waits_on:
        clock.waits_on = waits_on
        case.touch_clock(clock)


def extend(
    case: Case, clock: Clock, until: datetime, now: datetime, counted: WorkCalendar, calendar: WorkCalendar
) -> None:
    """An extension granted: a new run on `calendar` with a later end, keeping the time used (as `counted` has it)."""
    policy = StagePolicy.of(clock)
    limit = limit_of(policy)
    if clock.running_since is not None:
        clock.used += between(limit, clock.running_since, now, counted)
    clock.run += 1
    clock.rung, clock.nth, clock.parked, clock.waits_on = 0, 0, None, None
    clock.started_at = clock.running_since = now
    clock.calendar = calendar.name
    clock.due_at, clock.remaining, clock.fires_in = until, None, None
    clock.provisional = limit.working and calendar.is_provisional(now, until)
    _arm(clock, warning(policy, limit, calendar, now, until))
    case.touch_clock(clock)


def seconds_between(policy: StagePolicy, start_at: datetime, end: datetime, calendar: WorkCalendar) -> float:
    """Counted seconds from one moment to another, in the units of the policy's limit."""
    return between(limit_of(policy), start_at, end, calendar).total_seconds()


def seconds_left(clock: Clock, now: datetime, calendar: WorkCalendar) -> float:
    """Counted seconds until the clock runs out, negative when late (working time where its limit is)."""
    if clock.remaining is not None:
        return clock.remaining.total_seconds()
    if clock.due_at is None:
        return 0.0
    limit = limit_of(StagePolicy.of(clock))
    return between(limit, now, clock.due_at, calendar).total_seconds()


__all__ = [
    "StagePolicy",
    "after",
    "answer",
    "due",
    "extend",
    "length",
    "limit_of",
    "parse",
    "seconds_between",
    "seconds_left",
    "start",
    "warning",
    "with_limit",
]
