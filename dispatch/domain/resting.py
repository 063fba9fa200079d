"""A clock's rests, and what is taken up again: put to rest, resumed, restored where its answer falls away, reopened.

What it has used stays used, and what was left is left to it.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from dispatch.domain.calendar import WorkCalendar
from dispatch.domain.case import Case, Clock
from dispatch.domain.clocks import (
    DUE,
    LAST_RUNG,
    REMIND,
    TOTAL,
    WARN,
    limit_of,
    mark_units,
    recounted,
    waiting,
    warning,
)
from dispatch.domain.deadlines import between, due, shift
from dispatch.domain.stage_policy import StagePolicy, parse


def rest(case: Case, clock: Clock, now: datetime, calendar: WorkCalendar, district: WorkCalendar) -> None:
    """Stop counting; keep to the microsecond what was left, to the deadline and to the next mark.

    `calendar` and `district` are those that it was counted on, whichever are in force by now.
    """
    if not clock.running or not clock.open:
        return
    assert clock.running_since is not None
    assert clock.due_at is not None
    policy = StagePolicy.of(clock)
    limit = limit_of(policy)
    clock.used += between(limit, clock.running_since, now, calendar)
    clock.remaining = between(limit, now, clock.due_at, calendar)
    clock.fires_in = None
    if clock.fires_at is not None:
        unit, counted_on = mark_units(clock, policy, limit, calendar, district)
        clock.fires_in = max(between(unit, now, clock.fires_at, counted_on), timedelta())
    clock.running_since = clock.fires_at = clock.waits_on = None
    if clock.remaining > timedelta():
        clock.due_at = None
    case.touch_clock(clock)


def resume(case: Case, clock: Clock, now: datetime, calendar: WorkCalendar, district: WorkCalendar) -> None:
    """Count on with exactly what was left; a clock that was already late stays late by its old deadline.

    Where another calendar counts the rest of its time, the time used is carried over into a fresh run.
    """
    if clock.running or not clock.open or clock.remaining is None:
        return
    policy = StagePolicy.of(clock)
    limit = limit_of(policy)
    if clock.due_at is None:
        clock.due_at = shift(limit, now, clock.remaining, calendar)
        clock.provisional = limit.working and calendar.is_provisional(now, clock.due_at)
        if limit.working and clock.calendar != calendar.name:  # another was loaded meanwhile: no run counts on two
            clock.calendar = calendar.name
            clock.run, clock.started_at = clock.run + 1, now
    else:
        recounted(case, clock, calendar)
    if clock.fires_in is not None:
        unit, counted_on = mark_units(clock, policy, limit, calendar, district)
        clock.fires_at = shift(unit, now, clock.fires_in, counted_on)
        if clock.mark == DUE and clock.rung == 0:
            clock.fires_at = clock.due_at
    waiting(case, clock, district)
    clock.running_since = now
    clock.remaining = clock.fires_in = None
    case.touch_clock(clock)


def restore(
    case: Case, clock: Clock, now: datetime, counted: WorkCalendar, calendar: WorkCalendar, district: WorkCalendar
) -> None:
    """An answer turns out not to have happened (未到场): the same run counts on as if it never had; what was answered
    while it rested has rested until now. `counted` is the calendar that it was counted on, `calendar` the one in force.

    One that had climbed stays on its rung, and what comes next there gets its full time again.
    """
    if clock.answered_at is None:
        return
    policy, answered_at, clock.answered_at = StagePolicy.of(clock), clock.answered_at, None
    if clock.remaining is not None:
        resume(case, clock, now, calendar, district)
    else:
        _as_never_answered(clock, answered_at, counted)
    assert clock.due_at is not None
    if clock.rung == 0:
        clock.mark, clock.fires_at = DUE, max(clock.due_at, now)
    elif clock.rung < LAST_RUNG:
        clock.mark, clock.fires_at = DUE, due(parse(policy.waits[clock.rung]), now, district)
    else:
        clock.mark = clock.mark or REMIND
        clock.fires_at = due(parse(policy.remind), now, district)
    waiting(case, clock, district)
    case.touch_clock(clock)


def _as_never_answered(clock: Clock, answered_at: datetime, calendar: WorkCalendar) -> None:
    assert clock.due_at is not None
    clock.running_since, limit = clock.started_at, limit_of(StagePolicy.of(clock))
    full = limit.length(calendar.day)
    if not clock.used and between(limit, clock.started_at, clock.due_at, calendar) <= full:
        return
    # it has rested before, and nothing but what was left tells what it counted
    clock.running_since = min(answered_at, clock.due_at)
    if clock.used > full:  # it last rested past its end, which no rest moves: what was left tells nothing
        clock.running_since = answered_at
    else:
        clock.used = full - between(limit, clock.running_since, clock.due_at, calendar)


def reopen_total(case: Case, now: datetime, counted: Callable[[str], WorkCalendar]) -> None:
    """Reopening never restarts the total: what was used before stays used, and a mark not reached when it was closed is
    still told, at once where its moment is over. `counted`: the calendar by the name that a clock keeps."""
    clock = case.clock(TOTAL)
    if clock is None or clock.answered_at is None or clock.due_at is None:
        return
    policy, met_at = StagePolicy.of(clock), clock.answered_at
    warn_at = warning(policy, limit_of(policy), counted(clock.calendar), clock.started_at, clock.due_at)
    clock.gen = case.gen
    clock.answered_at, clock.running_since = None, clock.started_at
    if warn_at is not None and met_at < warn_at:
        clock.mark, clock.fires_at = WARN, max(warn_at, now)
    elif met_at < clock.due_at:
        clock.mark, clock.fires_at = DUE, max(clock.due_at, now)
    case.touch_clock(clock)
