"""A district's calendar file (`calendars.yaml`, as the mapping that YAML yields) into calendars by code.

years: [2010, 2040]          # both included
zone: Asia/Shanghai
calendars:
  - code: district
    seasons:
      - {name: 夏令, from: "05-01", sessions: ["08:30-12:00", "14:30-18:00"]}
  - {code: always, always: true}
exceptions:                  # for all calendars with hours, unless they name some: calendars: [district]
  - {date: 2026-07-21, hours: ["08:30-12:00"], reason: …}
  - {date: 2026-07-22, to: 2026-07-23, day: off, reason: …}     # off, work; holiday, makeup
published: [2027]            # years that the exceptions above make complete
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dispatch.domain.calendar import Season, Session, WorkCalendar
from dispatch.domain.holidays import DayKinds
from dispatch.domain.timetable import Deviation, Hours, build

Path = tuple[str | int, ...]

_SESSION = re.compile(r"(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})")  # people type either dash
_MONTH_DAY = re.compile(r"(\d{1,2})-(\d{1,2})")


class CalendarFileError(ValueError):
    """Something in the file cannot be used. `path` leads to it, `str()` says what is wrong and what to write."""

    def __init__(self, path: Path, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(f"{'/'.join(map(str, path))}: {problem}")


def calendars(document: Mapping[str, Any], kinds: DayKinds) -> dict[str, WorkCalendar]:
    """Every calendar of the file, by code. Raises CalendarFileError; a file is taken whole or not at all."""
    return {hours.code: build(hours, kinds) for hours in describe(document)}


def describe(document: Mapping[str, Any]) -> list[Hours]:
    """The plain descriptions in the file, checked."""
    _known(document, (), {"version", "years", "zone", "calendars", "exceptions", "published"})
    first, last = _years(document.get("years", [2010, 2040]))
    zone = _zone(document.get("zone", "Asia/Shanghai"))
    entries = document.get("calendars")
    if not isinstance(entries, list) or not entries:
        raise CalendarFileError(("calendars",), "must be a list with at least one calendar")
    codes = [_text(entry, "code", ("calendars", i)) for i, entry in enumerate(entries)]
    if len(set(codes)) < len(codes):
        raise CalendarFileError(("calendars",), f"every code once only, not {', '.join(codes)}")
    exceptions = list(_exceptions(document.get("exceptions") or [], codes, first, last))
    published = document.get("published") or []
    if not isinstance(published, list) or not all(isinstance(year, int) for year in published):
        raise CalendarFileError(("published",), f"must be a list of years, not {published!r}")
    return [
        _hours(entry, ("calendars", i), code, zone, (first, last), frozenset(published),
               tuple(deviation for names, deviation in exceptions if code in names))
        for i, (entry, code) in enumerate(zip(entries, codes, strict=True))
    ]  # fmt: skip


def _hours(
    entry: Mapping[str, Any],
    path: Path,
    code: str,
    zone: str,
    years: tuple[int, int],
    published: frozenset[int],
    deviations: tuple[Deviation, ...],
) -> Hours:
    _known(entry, path, {"code", "name", "always", "every_day", "seasons", "day_hours"})
    if entry.get("always") is True:
        if "seasons" in entry:
            raise CalendarFileError(path, "either `always: true` or seasons, not both")
        return Hours(code, zone)
    listed = entry.get("seasons")
    if not isinstance(listed, list) or not listed:
        raise CalendarFileError((*path, "seasons"), "must be a list of seasons, or write `always: true`")
    seasons = tuple(_season(season, (*path, "seasons", i)) for i, season in enumerate(listed))
    if len({season.first for season in seasons}) < len(seasons):
        raise CalendarFileError((*path, "seasons"), "two seasons begin on the same day")
    lengths = {sum(b - a for a, b in season.sessions) for season in seasons}
    day = _day_hours(entry, path)
    if day is None and len(lengths) > 1:
        raise CalendarFileError(path, "the seasons' days differ in length: say how long one is, e.g. `day_hours: 7`")
    return Hours(code, zone, seasons, *years, day, entry.get("every_day") is True, deviations, published)


def _day_hours(entry: Mapping[str, Any], path: Path) -> timedelta | None:
    value = entry.get("day_hours")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 24:
        raise CalendarFileError((*path, "day_hours"), f"must be hours between 0 and 24, not {value!r}")
    return timedelta(hours=value)


def _season(entry: Any, path: Path) -> Season:
    _known(entry, path, {"name", "from", "sessions"})
    start = _text(entry, "from", path)
    found = _MONTH_DAY.fullmatch(start)
    try:
        first = date(2000, int(found[1]), int(found[2])) if found else None
    except ValueError:
        first = None
    if first is None:
        raise CalendarFileError((*path, "from"), f'must be month and day like "05-01", not {start!r}')
    sessions = _sessions(entry.get("sessions"), (*path, "sessions"))
    return Season(_text(entry, "name", path), (first.month, first.day), sessions)


def _sessions(value: Any, path: Path) -> tuple[Session, ...]:
    if not isinstance(value, list) or not value:
        raise CalendarFileError(path, 'must be a list like ["08:30-12:00", "14:30-18:00"]')
    sessions: list[Session] = []
    for i, text in enumerate(value):
        found = _SESSION.fullmatch(text) if isinstance(text, str) else None
        numbers = [int(part) for part in found.groups()] if found else [0, 60, 0, 0]
        start, end = numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3]
        if max(numbers[1], numbers[3]) > 59 or not start < end <= 1440:
            raise CalendarFileError((*path, i), f'must be from-to within one day like "08:30-12:00", not {text!r}')
        if sessions and start <= sessions[-1][1]:
            raise CalendarFileError((*path, i), f"{text!r} must begin after the session before it ends")
        sessions.append((start, end))
    return tuple(sessions)


def _exceptions(entries: Any, codes: list[str], first: int, last: int) -> Iterator[tuple[list[str], Deviation]]:
    """(calendars concerned, deviation), one for each date."""
    if not isinstance(entries, list):
        raise CalendarFileError(("exceptions",), "must be a list")
    seen: set[tuple[str, date]] = set()
    for i, entry in enumerate(entries):
        path: Path = ("exceptions", i)
        _known(entry, path, {"date", "to", "day", "hours", "reason", "calendars"})
        concerned = entry.get("calendars", codes)
        if not isinstance(concerned, list) or not set(concerned) <= set(codes):
            problem = f"must be calendars of this file ({', '.join(codes)}), not {concerned!r}"
            raise CalendarFileError((*path, "calendars"), problem)
        start = _date(entry.get("date"), (*path, "date"))
        end = _date(entry.get("to", start), (*path, "to"))
        if not (first <= start.year and start <= end and end.year <= last):
            raise CalendarFileError((*path, "date"), f"{start} to {end} must run forwards and lie in {first}–{last}")
        for ordinal in range(start.toordinal(), end.toordinal() + 1):
            on = date.fromordinal(ordinal)
            if any((code, on) in seen for code in concerned):
                raise CalendarFileError(path, f"{on} already has an exception; put what holds in one entry")
            seen.update((code, on) for code in concerned)
            yield concerned, _deviation(entry, path, on)


def _deviation(entry: Mapping[str, Any], path: Path, on: date) -> Deviation:
    reason = _text(entry, "reason", path)
    if ("hours" in entry) == ("day" in entry):
        raise CalendarFileError(path, "write either `day: off` (work, holiday, makeup) or `hours: [...]`")
    if "hours" in entry:
        return Deviation(on, "hours", reason, _sessions(entry["hours"], (*path, "hours")))
    match entry["day"]:
        case False:  # YAML 1.1 reads a bare `off` as false
            return Deviation(on, "off", reason)
        case "off" | "work" | "holiday" | "makeup" as kind:
            return Deviation(on, kind, reason)
        case other:
            raise CalendarFileError((*path, "day"), f"must be off, work, holiday or makeup, not {other!r}")


def _years(value: Any) -> tuple[int, int]:
    match value:
        case [int(first), int(last)] if 1970 <= first <= last <= 2200:
            return first, last
    raise CalendarFileError(("years",), f"must be two years like [2010, 2040], not {value!r}")


def _zone(value: Any) -> str:
    try:
        return ZoneInfo(str(value)).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CalendarFileError(("zone",), f"must be a time zone like Asia/Shanghai, not {value!r}") from None


def _date(value: Any, path: Path) -> date:
    if type(value) is date:
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise CalendarFileError(path, f"must be a date like 2026-07-21, not {value!r}") from None


def _text(entry: Any, key: str, path: Path) -> str:
    value = entry.get(key) if isinstance(entry, Mapping) else None
    if not isinstance(value, str) or not value.strip():
        raise CalendarFileError((*path, key), f"must be text, not {value!r}")
    return value.strip()


def _known(entry: Any, path: Path, keys: set[str]) -> None:
    if not isinstance(entry, Mapping):
        raise CalendarFileError(path, f"must be a mapping, not {entry!r}")
    for key in entry:
        if key not in keys:
            raise CalendarFileError((*path, str(key)), f"unknown; known are {', '.join(sorted(keys))}")
