"""After a restore to an earlier time: no number is given out twice; receipts that the database forgot are named.

Other systems, and people with a slip in their hands, know whistles that came after the moment restored to. Their
numbers stand on the topics: the blocks are moved past all of them, and past a margin for receipts that never left.
Whistles that stand, but whose log went back, are named: other systems have seen facts of theirs that never were
(deploy/decisions/0025).
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from dispatch.steps.service import year_of
from dispatch.store import numbers
from dispatch.store.database import Database
from schemas.event import Event
from schemas.lifecycle import FactV1
from schemas.whistle import WhistleRaisedV1

#: numbers left out beyond the last seen: receipts that were given out and had not left when the database was lost
MARGIN = 10_000
#: ids looked up at once
BATCH = 5000


@dataclass(frozen=True, slots=True)
class Lost:
    """A receipt that was given out and that the database no longer knows."""

    whistle: UUID
    number: int
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Behind:
    """A whistle whose log ends at place `ends`, and of which facts up to place `seen` are on the topics."""

    whistle: UUID
    number: int
    ends: int
    seen: int


@dataclass(slots=True)
class Restored:
    """What was found and done. `next`: (kind, year) → the place that the next block begins at."""

    events: int = 0
    lost: list[Lost] = field(default_factory=list)
    behind: list[Behind] = field(default_factory=list)
    next: dict[tuple[str, int], int] = field(default_factory=dict)


async def restored(database: Database, seen: AsyncIterator[Event], margin: int = MARGIN) -> Restored:
    """Move number blocks past everything in `seen`, find what is lost. Safe to run again."""
    done = Restored()
    whistles: dict[UUID, Lost] = {}
    highest: dict[tuple[str, int], int] = {}
    places: dict[UUID, int] = {}
    async for event in seen:
        done.events += 1
        body = event.body
        if not isinstance(body, FactV1 | WhistleRaisedV1):
            continue
        before = whistles.setdefault(body.whistle, Lost(body.whistle, body.number, event.time))
        if before.at and event.time and event.time < before.at:  # partitions are read in any order
            whistles[body.whistle] = Lost(body.whistle, body.number, event.time)
        places[body.whistle] = max(places.get(body.whistle, 1), body.sequence if isinstance(body, FactV1) else 1)
        year, place = numbers.place_of(body.number)
        highest["whistle", year] = max(highest.get(("whistle", year), 0), place)
        order = body.detail.get("order") if isinstance(body, FactV1) else None
        if isinstance(order, int) and isinstance(body, FactV1):
            series = ("supervision", year_of(body.at))
            highest[series] = max(highest.get(series, 0), order)
    known: dict[UUID, int] = {}
    ids = list(whistles)
    async with database.acquire() as connection:
        for first in range(0, len(ids), BATCH):
            known |= await numbers.known(connection, ids[first : first + BATCH])
    done.lost = sorted((one for id, one in whistles.items() if id not in known), key=lambda one: one.number)
    behind = (Behind(id, whistles[id].number, ends, places[id]) for id, ends in known.items() if ends < places[id])
    done.behind = sorted(behind, key=lambda one: one.number)
    async with database.transaction() as uow:
        for (kind, year), place in highest.items():
            # orders are counted without gaps: only those that were really given out are passed
            beyond = margin if kind == "whistle" and done.lost else 0
            done.next[kind, year] = await numbers.move_past(uow, kind, year, place + beyond)
    return done
