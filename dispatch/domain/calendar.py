"""Working time: how much of it lies between two moments, and when a given amount of it has passed.

A `WorkCalendar` is a sorted row of working sessions with prefix sums, so that both questions are one binary search
over integers (microseconds since 1970), however long the interval. `dispatch.domain.timetable` builds one.

A moment *ends working time* if work went on just before it: 18:00 does where the day ends at 18:00, 8:30 does not.
For every such `u` at or after `t`: `add(t, worked(t, u)) == u`. A deadline therefore falls at the end of the
afternoon, never at the start of the next morning.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
FOREVER = (
    (datetime.min.replace(tzinfo=UTC) - EPOCH) // MICROSECOND,
    (datetime.max.replace(tzinfo=UTC) - EPOCH) // MICROSECOND,
)

Session = tuple[int, int]
"""From, to: minutes since the day's midnight, at most 1440."""


class OutOfCalendarError(ValueError):
    """A moment, or an answer, lies outside the years that the calendar was built for."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time that counts towards a limit, or does not, and why.

    `reason` is a code, with a name after the colon where there is one. Counted: `work`, `makeup:<holiday>`,
    `workday:<why>` and `hours:<why>` (the district's exceptions), `elapsed` (limits that run day and night).
    Left out: `lunch`, `night`, `weekend`, `holiday:<name>`, `off:<why>` (the district's exceptions),
    `paused:<by whom>`, `overtaken` (beyond a shorter limit that was applied when more had been used).
    """

    start: datetime
    end: datetime
    counted: bool
    reason: str

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Season:
    """The sessions of an ordinary working day from `first` (month, day) until the next season begins."""

    name: str
    first: tuple[int, int]
    sessions: tuple[Session, ...]


@dataclass(frozen=True, slots=True)
class Day:
    """What one date is: the reason it counts or not, its sessions, and what they would have been."""

    reason: str
    sessions: tuple[Session, ...]
    season: Season

    def pieces(self) -> Iterator[tuple[int, int, bool, str]]:
        """(from, to, counted, reason) in minutes since midnight, covering the whole day."""
        if not self.sessions:
            yield 0, 1440, False, self.reason
            return
        usual = self.season.sessions
        edges = sorted({0, 1440, *(edge for session in (*self.sessions, *usual) for edge in session)})
        inside = [edge for edge in edges if 0 < edge < 1440] or [0]
        for start, end in pairwise(edges):
            if _within(start, self.sessions):
                yield start, end, True, self.reason
            elif _within(start, usual):
                yield start, end, False, f"off:{self.reason.partition(':')[2]}"
            else:
                yield start, end, False, "lunch" if inside[0] <= start and end <= inside[-1] else "night"


def _within(minute: int, sessions: tuple[Session, ...]) -> bool:
    return any(start <= minute < end for start, end in sessions)


def instant(day: date, minute: int, zone: ZoneInfo) -> int:
    """Microseconds since 1970 of a minute (0 to 1440) of a local day."""
    extra, rest = divmod(minute, 1440)
    local = datetime(day.year, day.month, day.day, rest // 60, rest % 60, tzinfo=zone) + timedelta(days=extra)
    return (local.astimezone(UTC) - EPOCH) // MICROSECOND


def moment(micros: int) -> datetime:
    """The UTC datetime of microseconds since 1970."""
    return EPOCH + timedelta(microseconds=micros)


class WorkCalendar:
    """The working time of a district or a unit over a span of years. Immutable; safe to share between threads.

    `code` names it, `revision` is a hash of its content (kept with every clock that was reckoned by it), `day` is the
    length of one working day (7 h; 24 h round the clock), `always` says that it never rests, `zone` is local time.
    `name` is `code@revision`, as clocks keep it.
    """

    __slots__ = ("_after", "_days", "_ends", "_first", "_span", "_starts", "_unpublished",
                 "always", "code", "day", "name", "revision", "zone")  # fmt: skip

    def __init__(
        self,
        code: str,
        zone: ZoneInfo,
        day: timedelta,
        first: date,
        days: Sequence[Day],
        unpublished: frozenset[int],
        revision: str,
    ) -> None:
        """Made by `timetable.build`: one `Day` for each date from `first` on; none at all means round the clock."""
        self.code, self.zone, self.day, self.revision = code, zone, day, revision
        self.name = f"{code}@{revision}"
        self.always = not days
        self._first, self._days, self._unpublished = first, tuple(days), unpublished
        if self.always:
            sessions = [FOREVER]
            self._span = FOREVER
        else:
            dates = [date.fromordinal(first.toordinal() + i) for i in range(len(days))]
            sessions = [
                (instant(on, start, zone), instant(on, end, zone))
                for on, what in zip(dates, days, strict=True)
                for start, end in what.sessions
            ]
            self._span = instant(dates[0], 0, zone), instant(dates[-1], 1440, zone)
        self._starts = tuple(start for start, _ in sessions)
        self._ends = tuple(end for _, end in sessions)
        # worked time up to the end of each session
        self._after = tuple(accumulate(end - start for start, end in sessions))

    def __repr__(self) -> str:
        return f"WorkCalendar({self.code!r}, revision={self.revision!r})"

    def add(self, t: datetime, worked: timedelta) -> datetime:
        """The earliest moment by which `worked` has been worked from `t` on.

        `add(t, 0)` is `t` itself, working or not. Monotone in both arguments; `add(add(t, a), b) == add(t, a + b)`.
        Raises ValueError for negative time, OutOfCalendarError beyond the last year.
        """
        amount = worked // MICROSECOND
        if amount <= 0:
            if amount:
                raise ValueError(f"working time to add must not be negative: {worked}; see back()")
            return t.astimezone(UTC)
        return self._at(self._done(self._micros(t)) + amount, t)

    def back(self, t: datetime, worked: timedelta) -> datetime:
        """The moment from which `worked` has been worked until `t`: `worked(back(t, w), t) == w`, `back(t, 0)` is `t`.

        Raises ValueError for negative time, OutOfCalendarError before the first year.
        """
        amount = worked // MICROSECOND
        if amount <= 0:
            if amount:
                raise ValueError(f"working time to go back must not be negative: {worked}; see add()")
            return t.astimezone(UTC)
        return self._at(self._done(self._micros(t)) - amount, t)

    def worked(self, t: datetime, u: datetime) -> timedelta:
        """Working time between `t` and `u`; additive. Raises ValueError if `u` is before `t`."""
        start, end = self._micros(t), self._micros(u)
        if end < start:
            raise ValueError(f"interval runs backwards: {t.isoformat()} to {u.isoformat()}")
        return timedelta(microseconds=self._done(end) - self._done(start))

    def is_provisional(self, t: datetime, due: datetime) -> bool:
        """Whether the way from `t` to `due` touches a year whose holidays are not published yet."""
        if self.always or not self._unpublished:
            return False
        first, last = self.local(t).year, self.local(due).year
        return any(year in self._unpublished for year in range(first, last + 1))

    def stretches(self, t: datetime, u: datetime) -> list[Stretch]:
        """All time from `t` to `u`, cut into what counts and what does not; what counts adds up to `worked(t, u)`."""
        start, end = self._micros(t), self._micros(u)
        if end < start:
            raise ValueError(f"interval runs backwards: {t.isoformat()} to {u.isoformat()}")
        if self.always:
            return [Stretch(moment(start), moment(end), True, "work")] if start < end else []
        cut: list[tuple[int, int, bool, str]] = []
        day = self.local(t).date()
        while (midnight := instant(day, 0, self.zone)) < end:
            for first, last, counted, reason in self.on(day).pieces():
                a = max(start, midnight if not first else instant(day, first, self.zone))
                b = min(end, instant(day, last, self.zone))
                if a >= b:
                    continue
                if cut and cut[-1][1:] == (a, counted, reason):
                    a = cut.pop()[0]
                cut.append((a, b, counted, reason))
            day += timedelta(days=1)
        return [Stretch(moment(a), moment(b), counted, reason) for a, b, counted, reason in cut]

    def on(self, day: date) -> Day:
        """What a date is. Raises OutOfCalendarError outside the years, and round the clock, where no date differs."""
        index = day.toordinal() - self._first.toordinal()
        if not 0 <= index < len(self._days):
            raise OutOfCalendarError(f"calendar {self.code} does not cover {day}; extend its years")
        return self._days[index]

    def local(self, t: datetime) -> datetime:
        """`t` in the calendar's zone."""
        return t.astimezone(self.zone)

    def first_difference(self, other: WorkCalendar) -> datetime | None:
        """From when on two calendars count differently: only deadlines after it change when one replaces the other.

        None if they never do within the years that both cover.
        """
        if self.always or other.always:
            return None if self.always and other.always else moment(FOREVER[0])
        lo, hi = max(self._span[0], other._span[0]), min(self._span[1], other._span[1])
        mine, theirs = self._sessions(lo, hi), other._sessions(lo, hi)
        different = mine ^ theirs
        return moment(min(start for start, _ in different)) if different else None

    def _sessions(self, lo: int, hi: int) -> set[Session]:
        return {(a, b) for a, b in zip(self._starts, self._ends, strict=True) if lo <= a < hi}

    def _micros(self, t: datetime) -> int:
        micros = (t - EPOCH) // MICROSECOND
        if not self._span[0] <= micros <= self._span[1]:
            raise OutOfCalendarError(f"calendar {self.code} does not cover {t.isoformat()}; extend its years")
        return micros

    def _done(self, micros: int) -> int:
        """Microseconds worked from the calendar's beginning."""
        i = bisect_right(self._starts, micros) - 1
        return 0 if i < 0 else self._after[i] - max(0, self._ends[i] - micros)

    def _at(self, done: int, t: datetime) -> datetime:
        """The earliest moment by which so much was worked from the calendar's beginning."""
        i = bisect_left(self._after, done)
        if done < 0 or i == len(self._after):
            raise OutOfCalendarError(f"time counted from {t.isoformat()} leaves calendar {self.code}; extend its years")
        return moment(self._ends[i] - self._after[i] + done)
