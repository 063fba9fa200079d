"""The audit: state, parts, clocks, requests, ledger and who is accountable, built anew from each whistle's log.

Whistle by whistle from one snapshot, batch after batch, so that memory stays flat however many there are; nothing is
locked and nothing is written.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from dispatch.domain.case import Assignment, Clock, Request
from dispatch.domain.effects import LedgerRow
from dispatch.domain.reference import Reference
from dispatch.steps import earlier
from dispatch.steps.read_files import build_reference
from dispatch.steps.rebuild import Rebuilt, is_made, rebuild
from dispatch.store import archives, references
from dispatch.store import audit as store
from dispatch.store.archives import Archived
from dispatch.store.audit import Standing
from dispatch.store.connection import Connection
from dispatch.store.database import Database

BATCH = 250

STATE = ("status", "version", "seq", "gen", "rung", "outcome", "lead", "rework", "status_version", "last_at")
#: what steps may change of what was said
FACTS = ("kind", "danger", "category", "place", "street", "sealed", "hidden_from", "merged_into")
#: why a clock could not be taken is told where it stands, not in the log
UNTOLD = frozenset({"parked"})
#: the fields of what a whistle has several of
NAMES = {kind: tuple(one.name for one in fields(kind)) for kind in (Assignment, Clock, Request, LedgerRow)}
#: keys under which a fact names a text
TEXTS = ("text", "note", "reply", "reason")


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a stored row is not what the log amounts to. `field` names the row too where a whistle has several."""

    number: int
    whistle: UUID
    table: str
    field: str
    stored: Any
    rebuilt: Any


class Editions:
    """The rules as they stood at each edition of a district's documents; each is read and built once."""

    def __init__(self) -> None:
        self._built: dict[tuple[str, int], Reference] = {}

    async def ready(self, connection: Connection, standings: list[Standing]) -> None:
        """Have those that these logs name."""
        for standing in standings:
            district = standing.case.facts.district
            for edition in {entry.data.get("rules", 0) for entry in standing.log}:
                if (district, edition) not in self._built:
                    documents, versions = await references.at(connection, district, edition or 1 << 30)
                    built = await asyncio.to_thread(build_reference, documents, versions)
                    known = await earlier.every(connection, district)
                    self._built[district, edition] = replace(built, earlier=known)

    def of(self, district: str) -> Callable[[int], Reference]:
        """The rules of a district by edition. The edition must have been made ready."""
        return lambda edition: self._built[district, edition]


async def audit(
    database: Database,
    *,
    since: datetime | None = None,
    limit: int | None = None,
    told: Callable[[int, int], None] = lambda _done, _of: None,
    aside: Callable[[int], None] = lambda _count: None,
) -> AsyncIterator[Difference]:
    """Every difference, of whistles with an event `since`, at most `limit` of them, oldest first.

    `told` hears how many were looked at, and of how many; `aside` how many of them were left out because part of their
    log stands in a file. Raises `Unavailable`.
    """
    async with store.snapshot(database) as connection:
        total = await store.count(connection, since)
        total = total if limit is None else min(total, limit)
        told(0, total)
        done = 0
        async for found, count, without in _batches(connection, since, store.FIRST, store.LAST, total):
            for difference in found:
                yield difference
            done += count
            told(done, total)
            aside(without)


async def audit_share(
    database: Database, name: str, since: datetime | None, after: UUID, upto: UUID, count: int
) -> tuple[list[Difference], int]:
    """Every difference of `count` whistles between two ids, at the moment exported as `name`, and how many were left
    out. Raises `Unavailable`."""
    differences, aside = list[Difference](), 0
    async with store.snapshot(database, name) as connection:
        async for found, _, without in _batches(connection, since, after, upto, count):
            differences += found
            aside += without
    return differences, aside


def in_file(standing: Standing, months: Sequence[Archived]) -> bool:
    """Whether what this log lacks stands in a file: it has gaps, and a month that left lies within its time."""
    facts, last_at = standing.case.facts, standing.case.last_at
    gaps = len({entry.seq for entry in standing.log}) < standing.case.seq
    return gaps and bool(archives.reaching(months, facts.received_at, last_at))


async def _batches(
    connection: Connection, since: datetime | None, after: UUID, upto: UUID, total: int
) -> AsyncIterator[tuple[list[Difference], int, int]]:
    """What differs, batch after batch, how many whistles each had, and how many of those were left out."""
    editions, done = Editions(), 0
    months = await archives.archived(connection)
    while done < total:
        ids = await store.ids(connection, after, since, min(BATCH, total - done), upto)
        if not ids:
            return
        standings = [one for one in await store.read(connection, ids) if not in_file(one, months)]
        await editions.ready(connection, standings)
        yield (
            [
                difference
                for standing in standings
                for difference in compare(standing, editions.of(standing.case.facts.district))
            ],
            len(ids),
            len(ids) - len(standings),
        )
        after, done = ids[-1], done + len(ids)


def compare(standing: Standing, reference: Callable[[int], Reference]) -> Iterator[Difference]:
    """What of one whistle is not as its log has it."""
    facts = standing.case.facts

    def differ(table: str, name: str, stored: Any, rebuilt: Any) -> Difference:
        return Difference(facts.number, facts.id, table, name, stored, rebuilt)

    made = rebuild(facts, standing.log, reference)
    for found in made.contradictions:
        yield differ("whistle_event", found.field, found.stored, found.rebuilt)
    if made.case is not None:
        for table, name, stored, rebuilt in (
            *_plain("whistle_state", "", standing.case, made.case, STATE),
            *_plain("whistle", "", facts, made.case.facts, FACTS),
            *_parts(standing, made),
            *_clocks(standing, made),
            *_requests(standing, made),
            *_ledger(standing, made),
            *_texts(standing),
        ):
            yield differ(table, name, stored, rebuilt)


Found = tuple[str, str, Any, Any]


def _plain(table: str, row: str, stored: Any, rebuilt: Any, names: tuple[str, ...]) -> Iterator[Found]:
    for name in names:
        if getattr(stored, name) != getattr(rebuilt, name):
            yield table, f"{row}{name}", getattr(stored, name), getattr(rebuilt, name)


def _rows(
    table: str, stored: Mapping[Any, Any], rebuilt: Mapping[Any, Any], untold: frozenset[str] = frozenset()
) -> Iterator[Found]:
    """Rows by key: those only here, those only there, and the fields of those in both."""
    different = [key for key in stored.keys() | rebuilt.keys() if stored.get(key) != rebuilt.get(key)]
    for key in sorted(different, key=str):
        here, there = stored.get(key), rebuilt.get(key)
        row = "[" + " ".join(str(part) for part in key if part is not None) + "]"
        if here is None or there is None:
            yield table, row, "missing" if here is None else "there", "missing" if there is None else "there"
            continue
        names = tuple(name for name in NAMES[type(here)] if name not in untold)
        if is_made(getattr(there, "id", UUID(int=1 << 64))):
            names = tuple(name for name in names if name != "id")
        yield from _plain(table, f"{row}.", here, there, names)


def _parts(standing: Standing, made: Rebuilt) -> Iterator[Found]:
    assert made.case is not None
    live = {(part.gen, part.unit): part for part in made.case.assignments.values()}
    yield from _rows("assignment", standing.parts, {**made.parts, **live})


def _clocks(standing: Standing, made: Rebuilt) -> Iterator[Found]:
    assert made.case is not None
    stored, rebuilt = dict(standing.clocks), made.case.clocks
    for key in stored.keys() & rebuilt.keys():
        if stored[key].waits_on == "":  # it waits since before this was kept
            stored[key] = replace(stored[key], waits_on=rebuilt[key].waits_on)
    yield from _rows("whistle_clock", stored, rebuilt, UNTOLD)


def _requests(standing: Standing, made: Rebuilt) -> Iterator[Found]:
    assert made.case is not None

    def key(request: Request) -> tuple[Any, ...]:
        return request.kind, request.unit, request.asked_at.isoformat(), request.data.get("clock")

    yield from _rows(
        "request", {key(one): one for one in standing.requests}, {key(one): one for one in made.case.requests}
    )


def _ledger(standing: Standing, made: Rebuilt) -> Iterator[Found]:
    moments = {entry.id: entry.at for entry in standing.log}
    steps = {(row.clock, row.run, row.rung, row.mark, row.nth): row for row in made.ledger}
    stored = {(row.clock, row.run, row.rung, row.mark, row.nth): row for row, _ in standing.ledger}
    yield from _rows("escalation", stored, steps)
    for row, at in standing.ledger:
        if moments.get(row.event, at) != at:
            yield "escalation", f"[{row.clock} {row.run} {row.rung} {row.mark} {row.nth}].at", at, moments[row.event]


def _texts(standing: Standing) -> Iterator[Found]:
    """Each text that the log names is there, and no other."""
    named = {
        found
        for entry in standing.log
        if "of" not in entry.data  # its answer is the text of the whistle it was merged into
        for key in TEXTS
        if (found := _id(entry.data.get(key))) is not None
    }
    for text in sorted(named ^ standing.texts):
        here = text in standing.texts
        yield "whistle_text", f"[{text}]", "there" if here else "missing", "missing" if here else "named in the log"


def _id(value: Any) -> UUID | None:
    if not isinstance(value, str) or len(value) != 36:
        return None
    try:
        return UUID(value)
    except ValueError:
        return None
