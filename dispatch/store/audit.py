"""Whistles with all that stands under them, for comparing with their logs: one consistent snapshot, no locks."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from dispatch.domain.case import Assignment, Case, Clock, Request
from dispatch.domain.effects import LedgerRow
from dispatch.store import cases
from dispatch.store.connection import Connection
from dispatch.store.database import Database

_IDS = """
SELECT id FROM whistle_state WHERE id > $1 AND id <= $2 AND ($3::timestamptz IS NULL OR last_at >= $3)
ORDER BY id LIMIT $4"""

_SHARES = """
SELECT id, n FROM (
    SELECT id, row_number() OVER w AS n, lead(id) OVER w IS NULL AS last FROM (
        SELECT id FROM whistle_state WHERE $1::timestamptz IS NULL OR last_at >= $1 ORDER BY id LIMIT $2
    ) wanted WINDOW w AS (ORDER BY id)
) numbered WHERE last OR n % $3 = 0 ORDER BY n"""

#: before every id, and after every id
FIRST, LAST = UUID(int=0), UUID(int=(1 << 128) - 1)

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
async def snapshot(database: Database, name: str | None = None) -> AsyncIterator[Connection]:
    """A connection that sees one moment for the whole block, and can write nothing. Raises `Unavailable`.

    `name`: the moment that another one sees, as `exported` there.
    """
    async with database.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        if name is not None:
            await connection.execute(f"SET TRANSACTION SNAPSHOT '{name}'")
        # between two reads a batch is rebuilt, which may take longer than a step may
        await connection.execute("SET LOCAL idle_in_transaction_session_timeout = '120s'")
        yield connection


async def exported(connection: Connection) -> str:
    """The name of the moment that this snapshot sees, for others; it holds as long as this block."""
    await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")  # it waits for the others
    return str(await connection.fetchval("SELECT pg_export_snapshot()"))


async def shares(
    connection: Connection, since: datetime | None, limit: int | None, size: int
) -> list[tuple[UUID, UUID, int]]:
    """The whistles in shares of `size`: after which id, up to which, how many."""
    ends = [(row["id"], row["n"]) for row in await connection.fetch(_SHARES, since, limit, size)]
    begins = [(FIRST, 0), *ends]
    return [(after, upto, n - before) for (after, before), (upto, n) in zip(begins, ends, strict=False)]


async def count(connection: Connection, since: datetime | None) -> int:
    """How many whistles there are, or have an event since then."""
    return int(
        await connection.fetchval(
            "SELECT count(*) FROM whistle_state WHERE $1::timestamptz IS NULL OR last_at >= $1", since
        )
    )


async def ids(connection: Connection, after: UUID, since: datetime | None, limit: int, upto: UUID = LAST) -> list[UUID]:
    """The next whistles in order of id."""
    return [row["id"] for row in await connection.fetch(_IDS, after, upto, since, limit)]


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
