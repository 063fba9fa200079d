"""Whistles with all that stands under them, for comparing with their logs: one consistent snapshot, no locks."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from dispatch.domain.case import Assignment, Case, Clock, LedgerRow, Request
from dispatch.store import cases
from dispatch.store.connection import Connection
from dispatch.store.database import Database

_IDS = """
SELECT id FROM whistle_state WHERE id > $1 AND ($2::timestamptz IS NULL OR last_at >= $2) ORDER BY id LIMIT $3"""

_LOG = """
SELECT whistle, seq, at, id, type, person, seat, data FROM whistle_event
WHERE whistle = ANY($1::uuid[]) ORDER BY whistle, seq, at"""

_LEDGER = """
SELECT whistle, clock, run, rung, mark, nth, due_at, event, at FROM escalation
WHERE whistle = ANY($1::uuid[]) ORDER BY at, clock, run, rung, mark, nth"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log."""

    seq: int
    at: datetime
    id: UUID
    type: str
    person: str | None
    seat: str | None
    data: dict[str, Any]


@dataclass(slots=True)
class Standing:
    """A whistle as stored. `parts` are of every generation; `ledger` comes with the moment of each step."""

    case: Case
    log: list[Entry] = field(default_factory=list)
    parts: dict[tuple[int, str], Assignment] = field(default_factory=dict)
    clocks: dict[tuple[str, str | None], Clock] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    ledger: list[tuple[LedgerRow, datetime]] = field(default_factory=list)
    texts: set[UUID] = field(default_factory=set)


@asynccontextmanager
async def snapshot(database: Database) -> AsyncIterator[Connection]:
    """A connection that sees one moment for the whole block, and can write nothing. Raises `Unavailable`."""
    async with database.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        # between two reads a batch is rebuilt, which may take longer than a step may
        await connection.execute("SET LOCAL idle_in_transaction_session_timeout = '120s'")
        yield connection


async def count(connection: Connection, since: datetime | None) -> int:
    """How many whistles there are, or have an event since then."""
    return int(
        await connection.fetchval(
            "SELECT count(*) FROM whistle_state WHERE $1::timestamptz IS NULL OR last_at >= $1", since
        )
    )


async def ids(connection: Connection, after: UUID, since: datetime | None, limit: int) -> list[UUID]:
    """The next whistles in order of id."""
    return [row["id"] for row in await connection.fetch(_IDS, after, since, limit)]


async def read(connection: Connection, whistles: Sequence[UUID]) -> list[Standing]:
    """These whistles with everything under them."""
    wanted = list(whistles)
    found = {case.id: Standing(case) for case in await cases.many(connection, wanted)}
    for row in await connection.fetch(_LOG, wanted):
        values = list(row.values())
        values[-1] = orjson.loads(values[-1])
        found[row["whistle"]].log.append(Entry(*values[1:]))
    for part_of, part in await cases.parts(connection, wanted):
        found[part_of].parts[(part.gen, part.unit)] = part
    for row in await connection.fetch(_LEDGER, wanted):
        *step, at = tuple(row.values())[1:]
        found[row["whistle"]].ledger.append((LedgerRow(*step), at))
    for row in await connection.fetch("SELECT whistle, id FROM whistle_text WHERE whistle = ANY($1)", wanted):
        found[row["whistle"]].texts.add(row["id"])
    for standing in found.values():
        standing.clocks, standing.requests = standing.case.clocks, standing.case.requests
    return list(found.values())
