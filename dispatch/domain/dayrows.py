"""The stretches of a deadline drawn up by day: what the page 「为什么是这个时限」 shows, as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from dispatch.domain.calendar import Stretch, WorkCalendar

BarKind = Literal["used", "left", "out"]
MINUTE = timedelta(minutes=1)
PLAIN = ("work", "elapsed")


@dataclass(frozen=True, slots=True)
class Bar:
    """A piece of a local day, in seconds since its midnight (0 to 86400): counted and used, still to come, left out."""

    start: int
    end: int
    kind: BarKind


@dataclass(frozen=True, slots=True)
class DayRow:
    """One local day, or several in a row that are left out whole for the same reason.

    `counted` is used and to come together, `to_come` the part still ahead. `left_out` sums each reason in order of
    appearance; `remarks` are the reasons of counted time that is not ordinary (a make-up day, other hours).
    """

    dates: tuple[date, date]
    bars: tuple[Bar, ...]
    counted: timedelta
    to_come: timedelta
    left_out: tuple[tuple[str, timedelta], ...]
    remarks: tuple[str, ...] = ()

    @property
    def days(self) -> int:
        """How many days share the row."""
        return (self.dates[1] - self.dates[0]).days + 1


def by_day(stretches: Iterable[Stretch], now: datetime, zone: ZoneInfo) -> list[DayRow]:
    """The rows of the table; their `counted` adds up to what the stretches count."""
    local_now = now.astimezone(zone).replace(tzinfo=None)
    rows: list[DayRow] = []
    today: list[Stretch] = []
    for piece in _split(stretches, zone):
        if today and today[0].start.date() != piece.start.date():
            _append(rows, _row(today, local_now))
            today = []
        today.append(piece)
    if today:
        _append(rows, _row(today, local_now))
    return rows


def in_minutes(rows: Iterable[DayRow], *, up: bool = False) -> list[timedelta]:
    """What each row counts, in whole minutes that add up to the whole of all, cut to the minute (or rounded `up`)."""
    whole, shown, found = timedelta(), timedelta(), []
    for row in rows:
        whole += row.counted
        until = (-(-whole // MINUTE) if up else whole // MINUTE) * MINUTE
        found.append(until - shown)
        shown = until
    return found


def ticks(rows: Sequence[DayRow], calendar: WorkCalendar | None) -> tuple[int, ...]:
    """The hours marked on the axis, in minutes since midnight; the first and last are its ends.

    Those of the season in which the deadline begins, widened where something is counted outside them; the whole day
    round the clock and for limits that elapse (`calendar` None).
    """
    if calendar is None or calendar.always or not rows:
        return (0, 720, 1440)
    edges = {edge for session in calendar.on(rows[0].dates[0]).season.sessions for edge in session}
    counted = [bar for row in rows for bar in row.bars if bar.kind != "out"]
    first = min([*(bar.start // 60 for bar in counted), *edges])
    last = max([*(-(-bar.end // 60) for bar in counted), *edges])
    return tuple(sorted({*edges, first, last}))


def _split(stretches: Iterable[Stretch], zone: ZoneInfo) -> Iterator[Stretch]:
    """Cut at local midnights; the times become local ones without zone, the end of a day its 24:00."""
    for stretch in stretches:
        start, end = (t.astimezone(zone).replace(tzinfo=None) for t in (stretch.start, stretch.end))
        while start < end:
            midnight = datetime.combine(start.date() + timedelta(days=1), time())
            yield replace(stretch, start=start, end=min(end, midnight))
            start = midnight


def _row(pieces: list[Stretch], now: datetime) -> DayRow:
    bars: list[Bar] = []
    counted = to_come = timedelta()
    left_out: dict[str, timedelta] = {}
    remarks: dict[str, None] = {}
    midnight = datetime.combine(pieces[0].start.date(), time())
    for piece in pieces:
        if not piece.counted:
            bars.append(_bar(midnight, piece.start, piece.end, "out"))
            left_out[piece.reason] = left_out.get(piece.reason, timedelta()) + piece.length
            continue
        counted += piece.length
        until = min(max(now, piece.start), piece.end)
        to_come += piece.end - until
        bars += [_bar(midnight, a, b, kind) for a, b, kind in _used_and_left(piece, until) if a < b]
        if piece.reason not in PLAIN:
            remarks[piece.reason] = None
    on = midnight.date()
    return DayRow((on, on), tuple(bars), counted, to_come, tuple(left_out.items()), tuple(remarks))


def _used_and_left(piece: Stretch, until: datetime) -> tuple[tuple[datetime, datetime, BarKind], ...]:
    return (piece.start, until, "used"), (until, piece.end, "left")


def _bar(midnight: datetime, start: datetime, end: datetime, kind: BarKind) -> Bar:
    return Bar(int((start - midnight).total_seconds()), int((end - midnight).total_seconds()), kind)


def _append(rows: list[DayRow], row: DayRow) -> None:
    """Add a row, or let it share the one before where both are left out whole for the same reason."""
    if rows:
        before = rows[-1]
        (reason, length), *more = before.left_out or (("", timedelta()),)
        whole = before.bars == row.bars == (Bar(0, 86400, "out"),) and not more
        if whole and row.left_out[0][0] == reason:
            together = ((reason, length + row.left_out[0][1]),)
            rows[-1] = replace(before, dates=(before.dates[0], row.dates[1]), left_out=together)
            return
    rows.append(row)
