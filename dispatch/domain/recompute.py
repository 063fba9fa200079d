"""Deadlines computed anew: under another policy by explicit choice, under another calendar when one is loaded.

Time used stays used, and nothing is late before the rule that makes it so was applied: where more was used than a
shorter limit allows, it is due at once. A clock that has climbed, or is late when a calendar is loaded, answers as it
stands; a moment that a person granted stands, too. A clock at rest gets another policy's limit as well: what is left to
it is computed as if it went on this moment. What must be known of the calendar before is measured first and kept with
the fact, so that the log alone tells it all.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from dispatch.domain import clocks, resting
from dispatch.domain.calendar import WorkCalendar
from dispatch.domain.case import Case, Clock
from dispatch.domain.clocks import DUE, HANDLING, HOLD, REPORTED, TOTAL, WARN, StagePolicy
from dispatch.domain.deadlines import Limit, between, earlier, shift
from dispatch.domain.effects import Event
from dispatch.domain.turn import Turn

Cause = Literal["policy", "calendar"]
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Measured:
    """An open clock as its old calendar counts it, all in microseconds of counted time.

    `used` so far in this run and before, `left` until its deadline, `full` the length of its limit; `wait` until its
    next climb, reminder or notice where it has climbed. `carried`: the new calendar counts what is past differently,
    so that the time used is carried over into a fresh run.
    """

    used: int
    left: int
    full: int
    wait: int | None = None
    carried: bool = False

    @staticmethod
    def of(data: Mapping[str, object]) -> "Measured":
        """As the fact has it."""
        return Measured(**{name: data[name] for name in ("used", "left", "full", "wait", "carried") if name in data})  # type: ignore[arg-type]


def measure(clock: Clock, now: datetime, old: WorkCalendar, new: WorkCalendar, district: WorkCalendar) -> Measured:
    """`old` and `new` are the clock's calendar before and after, `district` the district's before."""
    policy = StagePolicy.of(clock)
    limit = clocks.limit_of(policy)
    wait, used, left = None, clock.used, clock.remaining
    if clock.rung and clock.fires_at is not None:
        unit, counted_on = clocks.mark_units(clock, policy, limit, old, district)
        wait = between(unit, now, clock.fires_at, counted_on) // _MICROSECOND
    past = limit.working and between(limit, clock.started_at, now, old) != between(limit, clock.started_at, now, new)
    if clock.running_since is not None and clock.due_at is not None:
        used += between(limit, clock.running_since, now, old)
        left = between(limit, now, clock.due_at, old)
    assert left is not None
    return Measured(
        used // _MICROSECOND,
        left // _MICROSECOND,
        limit.length(old.day) // _MICROSECOND,
        wait,
        past,
    )


def concerned(case: Case, clock: Clock, turn: Turn, cause: Cause) -> bool:
    """Whether a clock could have another deadline (or next mark). One at rest takes up a calendar when it goes on."""
    counts = clock.due_at is not None if clock.running else cause == "policy" and clock.remaining is not None
    if not clock.open or not counts or clock.stage == HOLD or clock.mark is None:
        return False
    if cause == "calendar":
        waits_anew = bool(clock.waits_on) and clock.waits_on != turn.district_calendar.name
        return waits_anew or turn.calendar(clock.calendar).name != clock.calendar
    before, after = StagePolicy.of(clock), policy_now(case, clock, turn)
    return clock.rung == 0 and replace(after, version=before.version).snapshot() != before.snapshot()


def policy_now(case: Case, clock: Clock, turn: Turn) -> StagePolicy:
    """How a run of this clock would be timed if it began today."""
    duty = turn.reference.duties.get(case.facts.category) if case.facts.category else None
    policy = turn.stage_policy(case, clock.stage)
    if clock.stage == REPORTED and duty is not None and duty.report_limit is not None:
        return clocks.with_limit(policy, str(duty.report_limit))
    if clock.stage == HANDLING:
        return clocks.with_limit(policy, str(duty.limit) if duty else policy.limit or "15d")
    return policy


def apply(case: Case, clock: Clock, turn: Turn, measured: Measured, cause: Cause) -> Event:
    """Compute it anew; one event with the old and the new deadline."""
    old_due, old_fires, counted_on, overtaken = clock.due_at, clock.fires_at, clock.calendar, False
    calendar, rests = turn.calendar(clock.calendar), not clock.running
    clock.calendar = calendar.name
    if rests:
        _as_if_it_went_on(clock, turn, measured, calendar)
    if clock.rung:
        _next_mark(case, clock, turn, measured, calendar)
    else:
        overtaken = _deadline(case, clock, turn, measured, policy_now(case, clock, turn) if cause == "policy" else None)
    if rests:
        _and_rests(case, clock, turn, calendar)
    case.touch_clock(clock)
    return turn.event(
        case,
        "clock.recomputed",
        clock=str(clock.id),
        stage=clock.stage,
        unit=clock.unit,
        run=clock.run,
        cause=cause,
        counted_on=counted_on,
        old_due=old_due.isoformat() if old_due else None,
        due_at=clock.due_at.isoformat() if clock.due_at else None,
        old_fires=old_fires.isoformat() if old_fires else None,
        next_at=clock.fires_at.isoformat() if clock.fires_at else None,
        provisional=clock.provisional or None,
        overtaken=overtaken or None,
        remaining=_micros(clock.remaining),
        next_in=_micros(clock.fires_in),
        **asdict(measured),
    )


def _micros(time: timedelta | None) -> int | None:
    return None if time is None else time // _MICROSECOND


def _as_if_it_went_on(clock: Clock, turn: Turn, measured: Measured, calendar: WorkCalendar) -> None:
    left = timedelta(microseconds=measured.left)
    clock.due_at = clock.due_at or shift(clocks.limit_of(StagePolicy.of(clock)), turn.now, left, calendar)
    clock.running_since = turn.now


def _and_rests(case: Case, clock: Clock, turn: Turn, calendar: WorkCalendar) -> None:
    """What is used up by now is due when it goes on: nobody becomes late at rest. What was late is late as it was."""
    late_by = clock.remaining
    resting.rest(case, clock, turn.now, calendar, turn.district_calendar)
    if clock.due_at == turn.now:
        clock.due_at = None
    elif clock.due_at is not None:
        clock.remaining = late_by


def _next_mark(case: Case, clock: Clock, turn: Turn, measured: Measured, calendar: WorkCalendar) -> None:
    """It is late by the deadline it had: only the way to its next climb, reminder or notice counts on anew."""
    if measured.wait is None or clock.fires_at is None:
        return
    policy = StagePolicy.of(clock)
    unit, counted_on = clocks.mark_units(clock, policy, clocks.limit_of(policy), calendar, turn.district_calendar)
    clock.fires_at = shift(unit, turn.now, timedelta(microseconds=measured.wait), counted_on)
    clocks.waiting(case, clock, turn.district_calendar)


def _deadline(case: Case, clock: Clock, turn: Turn, measured: Measured, policy: StagePolicy | None) -> bool:
    """Whether more was used by now than the limit allows."""
    before = StagePolicy.of(clock)
    after = policy or before
    calendar = turn.calendar(clock.calendar)
    old, new = clocks.limit_of(before), clocks.limit_of(after)
    used, left, full = (timedelta(microseconds=one) for one in (measured.used, measured.left, measured.full))
    if policy is None and left <= timedelta():  # a day declared off afterwards moves no end that was over
        return False
    assert clock.due_at is not None
    other_units, wanted = old.working != new.working, new.length(calendar.day)
    # an extension: the moment that a person granted stands; there is none where it rests
    granted = used + left > full and left > timedelta() and not (other_units and clock.remaining is not None)
    if other_units:  # what is used of the limit stays the same share of it, and so does what is left
        share = wanted * (left / full)
        used, left = wanted * (used / full) if used + left > full else wanted - share, share
    clock.policy, overtaken = after.snapshot(), False
    late = left <= timedelta() and clock.due_at < turn.now
    if late and (by := _later(used, left, wanted, wanted if other_units else full)) is not None:
        clock.due_at = shift(new, clock.due_at, by, calendar)
        clock.remaining = None if clock.remaining is None else left + by
        overtaken = wanted < full and not other_units
    elif not granted:
        if not other_units:  # one that rested past its end has less left, by the end it had, than it has not used
            left = wanted - used if left <= timedelta() else left + wanted - full
        overtaken = _ends(
            case, clock, turn, new, left, _capped(case, clock, turn, measured, left, wanted - used - left)
        )
    if measured.carried or other_units:
        clock.used = used
        clock.run, clock.nth = clock.run + 1, 0
        clock.started_at = clock.running_since = turn.now
    clock.provisional = new.working and calendar.is_provisional(turn.now, max(clock.due_at, turn.now))
    _arm(clock, turn, after, new, used)
    return overtaken


def _later(used: timedelta, left: timedelta, wanted: timedelta, full: timedelta) -> timedelta | None:
    """By how much a late clock ran out later under the new limit; None where it is not late by that one, or where it
    has rested since its end, so that nothing tells when the longer one was used up."""
    allowed = max(full, used + left)
    if wanted > used or (wanted > allowed and used + left < full):
        return None
    return max(wanted - allowed, timedelta())


def _ends(case: Case, clock: Clock, turn: Turn, limit: Limit, left: timedelta, end: datetime) -> bool:
    """Whether that `end` is over before anything could make it so: then it is due as soon as that can be."""
    assert clock.due_at is not None
    counted_back = shift(limit, turn.now, left, turn.calendar(clock.calendar))
    earliest = min(clock.due_at, turn.now)
    if clock.running_since and earliest < end == counted_back < clock.running_since:
        earliest = clock.running_since  # within its last rest, or before it: no moment that the log would bear out
    clock.due_at = max(end, earliest)
    return end < earliest


def _capped(case: Case, clock: Clock, turn: Turn, measured: Measured, left: timedelta, short: timedelta) -> datetime:
    """Where `left` ends, or the source's own deadline, which still comes first where it did: `short` is what it took
    from the limit. What it left was settled when the clock began, and rests have moved it since: it takes no more.
    """
    calendar, limit = turn.calendar(clock.calendar), clocks.limit_of(StagePolicy.of(clock))
    end, source = shift(limit, turn.now, left, calendar), case.facts.source_due_at
    if source is None or clock.stage not in (HANDLING, TOTAL):
        return end
    assert clock.due_at is not None
    alone = shift(limit, end, max(short, timedelta()), calendar)  # what the policy alone would give
    if clock.due_at > source:  # only rests bring it there
        had = shift(limit, turn.now, timedelta(microseconds=measured.left), calendar)
        return min(alone, had) if short > timedelta() else end
    capped = earlier(alone, source, turn.policy(case).source_margin, clock.started_at, calendar)
    return max(capped, min(alone, clock.due_at))


def _arm(clock: Clock, turn: Turn, policy: StagePolicy, limit: Limit, used: timedelta) -> None:
    """The next mark; a warning that was given in this run is not given again."""
    assert clock.due_at is not None
    fresh = clock.mark == WARN or clock.started_at == turn.now
    clock.mark, clock.fires_at = DUE, clock.due_at
    if not fresh or not policy.warn:
        return
    calendar = turn.calendar(clock.calendar)
    left = between(limit, turn.now, clock.due_at, calendar)
    to_warning = (used + left) * policy.warn / 100 - used
    if timedelta() < to_warning < left:
        clock.mark, clock.fires_at = WARN, shift(limit, turn.now, to_warning, calendar)


def answered(clock: Clock, counted: WorkCalendar, calendar: WorkCalendar) -> None:
    """An answered clock that is about to count on, where its calendar was replaced since: what was left when it was
    answered counts on `calendar`, in a run of its own. One that had climbed, or was late then, is late as it was.

    Open clocks were computed anew when that calendar was loaded; nobody knew that this one would be open again.
    """
    limit, at = clocks.limit_of(StagePolicy.of(clock)), clock.answered_at
    if clock.rung or at is None or clock.due_at is None or clock.calendar == calendar.name:
        return
    left = between(limit, at, clock.due_at, counted)
    if left <= timedelta():
        return
    clock.calendar = calendar.name
    if limit.working:
        clock.used = limit.length(counted.day) - left
        clock.due_at = shift(limit, at, left, calendar)
        clock.provisional = calendar.is_provisional(at, clock.due_at)
        clock.run, clock.started_at = clock.run + 1, at


Find = Callable[[str], WorkCalendar]
"""A calendar by the `code@revision` that a clock keeps; raises KeyError for one that nobody has any more."""


def again(case: Case, turn: Turn, cause: Cause, find: Find) -> int:
    """Every clock of the case that is concerned. How many were."""
    done = 0
    for clock in sorted(case.open_clocks(), key=lambda one: (one.stage, one.unit or "")):
        if not concerned(case, clock, turn, cause):
            continue
        old, new = find(clock.calendar), turn.calendar(clock.calendar)
        names, told = (clock.calendar, clock.waits_on), _told(clock)
        measured = measure(clock, turn.now, old, new, _district(turn.district_calendar, find, clock))
        apply(case, clock, turn, measured, cause)
        if told == _told(clock):
            clock.calendar, clock.waits_on = names  # nothing to tell, so nothing changes
            case.events.pop()
            continue
        done += 1
    return done


def _told(clock: Clock) -> tuple[object, ...]:
    return clock.policy, clock.due_at, clock.fires_at, clock.run, clock.remaining


def _district(now: WorkCalendar, find: Find, clock: Clock) -> WorkCalendar:
    """The district's calendar that its wait is counted on."""
    if clock.waits_on:
        return find(clock.waits_on)
    return find(clock.calendar) if clock.calendar.split("@", 1)[0] == now.code else now
