"""From a plain description of hours to a `WorkCalendar`, and from a district's file to descriptions.

Nothing is read here: days come in as `DayKinds`, files as the mappings that YAML yields. Errors name the path inside
the document (`calendars/0/seasons/1/sessions`), so that the loader can add file and line.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from dispatch.domain.calendar import Day, Season, Session, WorkCalendar
from dispatch.domain.holidays import DayKinds

ROUND_THE_CLOCK = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Deviation:
    """A date on which the district does not keep the usual calendar, and why.

    `kind`: `off` (nobody works), `work` (an ordinary working day), `hours` (other sessions), and, for a year that
    the library does not have yet, `holiday` and `makeup` with the holiday's name as reason.
    """

    on: date
    kind: Literal["off", "work", "hours", "holiday", "makeup"]
    reason: str
    sessions: tuple[Session, ...] = ()


@dataclass(frozen=True, slots=True)
class Hours:
    """The plain description that a calendar is built from. No seasons means round the clock.

    `first`, `last`: years covered, both included. `day`: length of a working day, needed only where the seasons'
    sessions add up differently. `every_day`: weekends and holidays count too. `published`: years that the
    deviations make complete.
    """

    code: str
    zone: str = "Asia/Shanghai"
    seasons: tuple[Season, ...] = ()
    first: int = 2010
    last: int = 2040
    day: timedelta | None = None
    every_day: bool = False
    deviations: tuple[Deviation, ...] = ()
    published: frozenset[int] = field(default_factory=frozenset)


def build(hours: Hours, kinds: DayKinds) -> WorkCalendar:
    """The calendar of a description. Pure: the same description and days give the same revision."""
    zone = ZoneInfo(hours.zone)
    if not hours.seasons:
        revision = _revision(hours.code, hours.zone, ROUND_THE_CLOCK, [])
        return WorkCalendar(hours.code, zone, ROUND_THE_CLOCK, date.min, (), frozenset(), revision)
    deviations = {deviation.on: deviation for deviation in hours.deviations}
    first, last = date(hours.first, 1, 1), date(hours.last, 12, 31)
    seasons = sorted(hours.seasons, key=lambda season: season.first)
    days: list[Day] = []
    made: dict[tuple[str, tuple[Session, ...], str], Day] = {}
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        on = date.fromordinal(ordinal)
        season = _season(seasons, on)
        reason, sessions = _day(on, season, deviations.get(on), kinds, hours.every_day)
        key = (reason, sessions, season.name)
        days.append(made.setdefault(key, Day(reason, sessions, season)))  # a handful of objects, not thousands
    length = hours.day or sum((timedelta(minutes=b - a) for a, b in seasons[0].sessions), timedelta())
    years = frozenset(range(hours.first, hours.last + 1))
    unpublished = frozenset() if hours.every_day else years - kinds.published - hours.published
    content = (f"{on.reason}{on.sessions}{on.season}" for on in days)
    revision = _revision(hours.code, hours.zone, length, [str(first), *content, str(sorted(unpublished))])
    return WorkCalendar(hours.code, zone, length, first, days, unpublished, revision)


def _season(seasons: list[Season], on: date) -> Season:
    begun = [season for season in seasons if season.first <= (on.month, on.day)]
    return (begun or seasons)[-1]  # before the first one of the year, the last one of the year before goes on


def _day(
    on: date, season: Season, deviation: Deviation | None, kinds: DayKinds, every_day: bool
) -> tuple[str, tuple[Session, ...]]:
    """(reason, sessions) of a date; what the district decided goes before what the State Council published."""
    if deviation is not None:
        match deviation.kind:
            case "off" | "holiday":
                return f"{deviation.kind}:{deviation.reason}", ()
            case "hours":
                return f"hours:{deviation.reason}", deviation.sessions
            case kind:
                return f"{'workday' if kind == 'work' else kind}:{deviation.reason}", season.sessions
    if every_day:
        return "work", season.sessions
    special = kinds.special.get(on)
    if special is not None:
        return special, () if special.startswith("holiday:") else season.sessions
    return ("weekend", ()) if on.weekday() >= 5 else ("work", season.sessions)


def _revision(code: str, zone: str, day: timedelta, content: Iterable[str]) -> str:
    digest = hashlib.sha256(f"{code}\n{zone}\n{day}\n".encode())
    for line in content:
        digest.update(f"{line}\n".encode())
    return digest.hexdigest()[:12]
