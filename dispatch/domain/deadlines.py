"""Limits and deadlines: when time is up, how much of it is used, what is left after a rest, and why.

Working hours and days (`wh`, `wd`) count on a calendar; minutes, hours and days elapse day and night. All amounts are
kept to the microsecond.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal, get_args

from dispatch.domain.calendar import Stretch, WorkCalendar

Unit = Literal["s", "m", "h", "d", "wh", "wd"]

_LIMIT = re.compile(rf"([0-9]{{1,5}})({'|'.join(get_args(Unit))})")
_ELAPSED = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


@dataclass(frozen=True, slots=True)
class Limit:
    """An amount of time as rules name it: `30m`, `24h`, `7d` elapse; `4wh`, `2wd` are working hours and days.

    Seconds (`15s`) are for the one-minute demonstration.
    """

    amount: int
    unit: Unit

    @classmethod
    def parse(cls, text: str) -> Limit:
        """From `4wh`. Raises ValueError naming the text and what may be written."""
        found = _LIMIT.fullmatch(text) if isinstance(text, str) else None
        if found is None:
            raise ValueError(f"limit {text!r} must be a whole number and one of {', '.join(get_args(Unit))}, like 4wh")
        return cls(int(found[1]), found[2])  # type: ignore[arg-type]  # the pattern admits no other

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}"

    @property
    def working(self) -> bool:
        """Counts working time."""
        return self.unit in ("wh", "wd")

    def length(self, day: timedelta) -> timedelta:
        """As counted time; `day` is the length of the calendar's working day."""
        match self.unit:
            case "wd":
                return day * self.amount
            case "wh":
                return timedelta(hours=self.amount)
            case unit:
                return _ELAPSED[unit] * self.amount


def shift(limit: Limit, t: datetime, by: timedelta, calendar: WorkCalendar) -> datetime:
    """`t` moved by an amount counted in the limit's own kind of time; backwards if `by` is negative."""
    if not limit.working:
        return t.astimezone(UTC) + by
    return calendar.back(t, -by) if by < timedelta() else calendar.add(t, by)


def between(limit: Limit, t: datetime, u: datetime, calendar: WorkCalendar) -> timedelta:
    """Time from `t` to `u` in the limit's own kind of time; negative where `u` is before `t`."""
    if not limit.working:
        return u - t
    return -calendar.worked(u, t) if u < t else calendar.worked(t, u)


def due(limit: Limit, start: datetime, calendar: WorkCalendar) -> datetime:
    """When a limit that runs from `start` without rest is up."""
    return shift(limit, start, limit.length(calendar.day), calendar)


def earlier(
    policy_due: datetime, source_due: datetime | None, margin: Limit, start: datetime, calendar: WorkCalendar
) -> datetime:
    """The earlier of the policy's deadline and the source's less a margin.

    The margin never takes more than half of the time that the source leaves, so that a tight order is not late at
    birth; an order that came late is due at once.
    """
    if source_due is None:
        return policy_due
    if source_due <= start:
        return min(policy_due, start)
    available = between(margin, start, source_due, calendar)
    if not available:  # the source gives a night or a weekend only
        return min(policy_due, source_due)
    wanted = max(available - margin.length(calendar.day), available / 2)
    return min(policy_due, shift(margin, start, wanted, calendar))


def explain(
    limit: Limit,
    start: datetime,
    pauses: Sequence[tuple[datetime, datetime | None, str]],
    calendar: WorkCalendar,
    until: datetime,
) -> list[Stretch]:
    """Every stretch from `start` to `until`, counted or left out, with its reason; nothing missing, nothing twice.

    `pauses` are (from, to or None while it lasts, by whom); they go before the calendar's reasons. With the deadline
    as `until`, the counted stretches add up to the limit exactly (to what was granted, where it was extended).
    """
    if until < start:
        raise ValueError(f"interval runs backwards: {start.isoformat()} to {until.isoformat()}")
    found: list[Stretch] = []
    at = start.astimezone(UTC)
    for begin, end, who in sorted(pauses, key=lambda pause: pause[0]):
        rest, on = max(begin.astimezone(UTC), at), min(until, end or until).astimezone(UTC)
        if rest >= on:
            continue
        found += _running(limit, at, rest, calendar)
        found.append(Stretch(rest, on, False, f"paused:{who}"))
        at = on
    return found + _running(limit, at, until.astimezone(UTC), calendar)


def _running(limit: Limit, start: datetime, end: datetime, calendar: WorkCalendar) -> list[Stretch]:
    if start >= end:
        return []
    return calendar.stretches(start, end) if limit.working else [Stretch(start, end, True, "elapsed")]


def overtaken(stretches: Iterable[Stretch], limit: timedelta) -> Iterator[Stretch]:
    """The same stretches, nothing of which counts once they have counted `limit`: what is beyond is `overtaken`."""
    room = limit
    for one in stretches:
        if not one.counted or one.length <= room:
            room -= one.length if one.counted else timedelta()
            yield one
            continue
        if room:
            yield replace(one, end=one.start + room)
        yield replace(one, start=one.start + room, counted=False, reason="overtaken")
        room = timedelta()


def total(stretches: Iterable[Stretch]) -> timedelta:
    """What the counted stretches add up to."""
    return sum((stretch.length for stretch in stretches if stretch.counted), timedelta())
