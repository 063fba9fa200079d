"""Calendars that are no longer in force, and that clocks may still count on: built from the stored documents."""

import asyncio
from collections.abc import Collection, Mapping
from functools import lru_cache

import orjson

from dispatch.domain.calendar import WorkCalendar
from dispatch.steps.read_files import build_calendars
from dispatch.store import references
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


@lru_cache(maxsize=16)
def _built(document: bytes) -> dict[str, WorkCalendar]:
    """The calendars of a stored document, by name: a year of them takes longer to build than to keep."""
    return {one.name: one for one in build_calendars(orjson.loads(document)).values()}
