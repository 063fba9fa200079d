"""Leave and cover: who of a unit is on duty at a moment, and what happens when nobody is.

Within a unit's hours its liaison is on duty, else the deputy; beyond them whoever has the turn on its rota. A unit that
is on duty round the clock (`duty` in units.yaml) has no hours beyond.
"""

from collections.abc import Collection
from datetime import datetime, time, timedelta

from dispatch.domain.calendar import WorkCalendar
from dispatch.domain.case import LEAD, Case, Clock, Request
from dispatch.domain.clocks import HANDLING, REPORTED
from dispatch.domain.effects import Event
from dispatch.domain.involved import desk_seat
from dispatch.domain.parts import SIGNED, WAITING
from dispatch.domain.reference import Reference
from dispatch.domain.turn import ZONE, Turn
from dispatch.domain.units import Shift, unit_seat

#: the kind of request that a flag is kept as, so that one run of a clock is flagged once
COVER = "cover"
#: whose turn it is to be told when nobody of a unit is on duty, lowest first
ABOVE = ("section", "leader", "principal")
_MOMENT = timedelta(seconds=1)
#: a rest between two stretches of work that is no longer than this is no end of the day: somebody can be reached
LUNCH = timedelta(hours=3)

#: first and last o'clock, as in `Shift`
Span = tuple[time, time]


def on_shift(shift: Shift, at: datetime) -> tuple[str, ...]:
    """Who of a shift is on, the one whose turn it is first; empty outside the shift."""
    local = at.astimezone(ZONE)
    day, now = local.date(), local.time()
    if not _within((shift.first, shift.last), now):
        return ()
    if now < shift.last <= shift.first:
        day -= timedelta(days=1)
    n = (day - shift.since).days % len(shift.people)
    return (*shift.people[n:], *shift.people[:n])


def meet(one: Span, other: Span) -> bool:
    """Whether two shifts of a rota have any time of the day in common. They may not: one person is on duty at a time,
    and who is of the later one would never be called while the two meet."""
    return _within(one, other[0]) or _within(other, one[0])


def _within(span: Span, at: time) -> bool:
    first, last = span
    return first <= at < last if first < last else at >= first or at < last


def on_duty(reference: Reference, unit: str, at: datetime, away: Collection[str] = ()) -> str | None:
    """The person of the unit who is on duty; None: nobody. `away` are the persons on leave at that moment."""
    day = at.astimezone(ZONE).date()
    if _open(reference, unit, at):
        for post in ("liaison", "deputy"):
            person = reference.people.holder(unit_seat(unit, post), day)
            if person is not None and person.code not in away:
                return person.code
    for shift in reference.rota:
        if shift.unit == unit:
            for code in on_shift(shift, at):
                if code not in away:
                    return code
    return None


def expected(reference: Reference, unit: str, at: datetime) -> bool:
    """Whether somebody of the unit should be on duty: within its hours, round the clock, or in a shift of its rota."""
    return _open(reference, unit, at) or any(shift.unit == unit and on_shift(shift, at) for shift in reference.rota)


def _open(reference: Reference, unit: str, at: datetime) -> bool:
    known, calendar = reference.units.get(unit), reference.calendar_of(unit)
    return (known is not None and known.duty) or calendar.always or _in_hours(calendar, at)


def _in_hours(calendar: WorkCalendar, at: datetime) -> bool:
    if calendar.worked(at, at + _MOMENT):
        return True
    return bool(calendar.worked(at - LUNCH, at)) and bool(calendar.worked(at, at + LUNCH))


def next_seat(reference: Reference, unit: str, at: datetime, away: Collection[str] = ()) -> str | None:
    """The lowest seat above the liaison with somebody in it who is not away."""
    day = at.astimezone(ZONE).date()
    for post in ABOVE:
        person = reference.people.holder(unit_seat(unit, post), day)
        if person is not None and person.code not in away:
            return unit_seat(unit, post)
    return None


def stands_in(reference: Reference, seat: str, at: datetime, away: Collection[str] = (), *, emergency: bool) -> str:
    """The seat that a notice to a unit's liaison goes to at this moment; every other seat stays as it is.

    In an emergency whoever of the unit is on duty, by the rota beyond its hours. Otherwise the deputy while the liaison
    is on leave, or the seat is vacant. Nobody there: the liaison's own seat.
    """
    scope, _colon, rest = seat.partition(":")
    unit, _colon, post = rest.rpartition(":")
    if (scope, post) != ("unit", "liaison"):
        return seat
    day = at.astimezone(ZONE).date()
    person = on_duty(reference, unit, at, away) if emergency else None
    if person is not None:
        held = [one.code for one in reference.people.seats_of(person, day) if one.unit == unit]
        return next((own for own in (seat, *held) if own in held), seat)
    for stand in (seat, unit_seat(unit, "deputy")):
        holder = reference.people.holder(stand, day)
        if holder is not None and holder.code not in away:
            return stand
    return seat


def running(case: Case, unit: str) -> Clock | None:
    """The clock for which somebody of a unit must be on duty: its own until it has come, then as the lead handling.
    None where it does not run, or the unit is on site: there somebody is."""
    part = case.unit(unit)
    if part is None or part.status not in (WAITING, SIGNED):
        return None
    wanted = (case.clock(REPORTED, unit), case.clock(HANDLING) if part.role == LEAD else None)
    return next((clock for clock in wanted if clock is not None and clock.open and clock.running), None)


def flagged(case: Case, unit: str) -> bool:
    """Whether this run of the unit's clock was flagged already."""
    clock = running(case, unit)
    return clock is not None and any(
        one.kind == COVER
        and one.unit == unit
        and one.data.get("clock") == str(clock.id)
        and one.data["run"] == clock.run
        for one in case.requests
    )


def missing(case: Case, unit: str, seat: str | None, turn: Turn) -> Event:
    """Nobody of the unit is on duty while its clock runs: the desk and the next seat (if any is held) are told now."""
    clock = running(case, unit)
    assert clock is not None
    made = Request(turn.new_id(), case.gen, COVER, unit, "granted", None, turn.now)
    made.data = {"clock": str(clock.id), "run": clock.run}
    case.touch_request(made)
    event = turn.event(
        case,
        "cover.missing",
        request=str(made.id),
        clock=str(clock.id),
        stage=clock.stage,
        unit=unit,
        run=clock.run,
        due_at=clock.due_at.isoformat() if clock.due_at else None,
        next_seat=seat,
    )
    turn.tell(case, event, desk_seat(case), "uncovered", urgent=True)
    if seat is not None:
        turn.tell(case, event, seat, "uncovered", urgent=True)
    return event
