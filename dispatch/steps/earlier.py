"""Calendars that are no longer in force, and that clocks may still count on: built from the stored documents."""

import asyncio
from collections.abc import Collection, Mapping
from functools import lru_cache
from uuid import UUID

import orjson

from dispatch.domain.calendar import WorkCalendar
from dispatch.domain.reference import Reference
from dispatch.steps.read_files import build_calendars
from dispatch.store import recomputing, references
from dispatch.store.connection import Connection


async def named(connection: Connection, district: str, names: Collection[str]) -> dict[str, WorkCalendar]:
    """Those of these names (`code@revision`), the newest version looked at first; one never stored is left out."""
    missing, found = set(names), dict[str, WorkCalendar]()
    if not missing:
        return found
    for document in reversed(await references.every(connection, district, "calendars")):
        made = await asyncio.to_thread(_built, orjson.dumps(document, option=orjson.OPT_SORT_KEYS))
        found |= {name: made[name] for name in missing & made.keys()}
        missing -= made.keys()
        if not missing:
            break
    return found


async def every(connection: Connection, district: str) -> Mapping[str, WorkCalendar]:
    """All that a district ever had."""
    found: dict[str, WorkCalendar] = {}
    for document in await references.every(connection, district, "calendars"):
        found |= await asyncio.to_thread(_built, orjson.dumps(document, option=orjson.OPT_SORT_KEYS))
    return found


async def waits(
    connection: Connection, reference: Reference, district: str, whistles: Collection[UUID]
) -> dict[UUID, dict[UUID, WorkCalendar]]:
    """By whistle and clock, for clocks that have climbed and count on a unit's calendar: the district's calendar that
    their waits count on, where another is in force by now. The log tells under which rules each wait began."""
    now, known = reference.calendars["district"], dict[int, WorkCalendar]()
    found: dict[UUID, dict[UUID, WorkCalendar]] = {}
    for one in await recomputing.armed(connection, whistles):
        if one.edition not in known:
            document = await references.one_at(connection, district, "calendars", one.edition)
            made = await asyncio.to_thread(_built, orjson.dumps(document, option=orjson.OPT_SORT_KEYS))
            known[one.edition] = next(calendar for calendar in made.values() if calendar.code == now.code)
        if known[one.edition].name != now.name:
            found.setdefault(one.whistle, {})[one.clock] = known[one.edition]
    return found


@lru_cache(maxsize=16)
def _built(document: bytes) -> dict[str, WorkCalendar]:
    """The calendars of a stored document, by name: a year of them takes longer to build than to keep."""
    return {one.name: one for one in build_calendars(orjson.loads(document)).values()}
