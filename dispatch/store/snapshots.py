"""What is counted about the whole deployment, at a cost that does not grow with it.

Whistles by status and queues by unit are kept as differences by every statement that changes them (`tally_change`,
written by triggers) and added up here. The rest is probed through indexes and counted up to a limit.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from dispatch.store import outbox
from dispatch.store.connection import Connection
from dispatch.store.database import Database
from dispatch.store.outbox import Backlog

#: differences added up in one transaction
CHUNK = 50_000
#: nothing is counted further than this
MOST = 10_000
#: a clock that is due may wait so long before it counts as not taken
TAKEN_WITHIN = timedelta(seconds=30)

_FOLD = """
WITH gone AS (
    DELETE FROM tally_change WHERE ctid = ANY (ARRAY(SELECT ctid FROM tally_change LIMIT $1)) RETURNING name, a, b, n
), added AS (
    INSERT INTO tally AS t (name, a, b, n)
    SELECT name, a, b, sum(n) FROM gone GROUP BY name, a, b ORDER BY name, a, b
    ON CONFLICT (name, a, b) DO UPDATE SET n = t.n + EXCLUDED.n
)
SELECT count(*) FROM gone"""

_QUEUES = """
SELECT t.a AS unit, t.n, first.assigned_at FROM tally t
LEFT JOIN LATERAL (
    SELECT assigned_at FROM assignment WHERE unit = t.a AND active ORDER BY assigned_at LIMIT 1
) first ON true
WHERE t.name = 'queue'"""

_CLOCKS = """
SELECT (SELECT count(*) FROM (
            SELECT FROM whistle_clock WHERE fires_at < $1 AND parked IS NULL LIMIT $2) due) AS due,
       (SELECT min(fires_at) FROM whistle_clock WHERE fires_at < $1 AND parked IS NULL) AS first,
       (SELECT count(*) FROM (SELECT FROM whistle_clock WHERE parked IS NOT NULL LIMIT $2) parked) AS parked"""

_DEAD = """
SELECT reason, count(*) AS n FROM (
    SELECT reason FROM dead_letter WHERE status = 'waiting' LIMIT $1) waiting GROUP BY reason"""

_NOTICES = """
SELECT u.urgent, pending.n, pending.first FROM (VALUES (true), (false)) AS u (urgent)
CROSS JOIN LATERAL (
    SELECT count(*) AS n, min(next_try_at) AS first FROM (
        SELECT next_try_at FROM notice WHERE status = 'pending' AND urgent = u.urgent
        ORDER BY urgent DESC, next_try_at LIMIT $1) few
) pending"""

_COUNTED = """
SELECT 'status' AS name, district AS a, status AS b, count(*) AS n FROM whistle_state GROUP BY district, status
UNION ALL SELECT 'queue', unit, '', count(*) FROM assignment WHERE active GROUP BY unit"""

_MISCOUNTED = f"""
SELECT name, a, b, coalesce(kept.n, 0) AS kept, coalesce(counted.n, 0) AS counted FROM (
    SELECT name, a, b, sum(n)::bigint AS n
    FROM (TABLE tally UNION ALL SELECT name, a, b, n FROM tally_change) every GROUP BY name, a, b
) kept FULL JOIN ({_COUNTED}) counted USING (name, a, b)
WHERE coalesce(kept.n, 0) <> coalesce(counted.n, 0) ORDER BY name, a, b"""

_FAILED = "SELECT count(*) FROM (SELECT FROM notice WHERE status = 'failed' LIMIT $1) failed"


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts at one moment; a count that reaches `MOST` means "at least"."""

    at: datetime
    #: (district, status) → whistles
    statuses: dict[tuple[str, str], int]
    #: unit → parts in its queue, when the oldest was assigned
    queues: dict[str, tuple[int, datetime | None]]
    outbox: Backlog
    #: reason → waiting
    dead_letters: dict[str, int]
    clocks_due: int
    clocks_first: datetime | None
    clocks_parked: int
    #: urgent → waiting, since when the first is due
    notices: dict[bool, tuple[int, datetime | None]] = field(default_factory=dict)
    notices_failed: int = 0


async def fold(database: Database, chunk: int = CHUNK) -> int:
    """Add up the differences that stand now; returns how many. Exact, also beside another that does the same."""
    total = 0
    while True:
        async with database.transaction() as uow:
            done: int = await uow.connection.fetchval(_FOLD, chunk)
        total += done
        if done < chunk:
            return total


async def count(database: Database) -> Figures:
    """What stands now; `fold` first. Raises `Unavailable`."""
    now = await database.now()
    async with database.acquire() as connection:
        statuses = await connection.fetch("SELECT a, b, n FROM tally WHERE name = 'status'")
        queues = await connection.fetch(_QUEUES)
        clocks = await connection.fetchrow(_CLOCKS, now - TAKEN_WITHIN, MOST)
        dead = await connection.fetch(_DEAD, MOST)
        notices = await connection.fetch(_NOTICES, MOST)
        failed = await connection.fetchval(_FAILED, MOST)
        backlog = await outbox.backlog(connection)
    assert clocks is not None
    return Figures(
        at=now,
        statuses={(row["a"], row["b"]): row["n"] for row in statuses},
        queues={row["unit"]: (row["n"], row["assigned_at"]) for row in queues},
        outbox=backlog,
        dead_letters={row["reason"]: row["n"] for row in dead},
        clocks_due=clocks["due"],
        clocks_first=clocks["first"],
        clocks_parked=clocks["parked"],
        notices={row["urgent"]: (row["n"], row["first"]) for row in notices},
        notices_failed=failed,
    )


@dataclass(frozen=True, slots=True)
class Miscount:
    """A count that is not what stands: `name` is status (`a` the district, `b` the status) or queue (`a` the unit)."""

    name: str
    a: str
    b: str
    kept: int
    counted: int


async def miscounted(database: Database) -> list[Miscount]:
    """Counts that differ from what stands at this moment. Reads whole tables; nobody waits."""
    async with database.transaction() as uow:
        await uow.connection.execute("SET LOCAL statement_timeout = 0")
        return [Miscount(*row.values()) for row in await uow.connection.fetch(_MISCOUNTED)]


async def recount(database: Database) -> list[Miscount]:
    """Count everything anew (a table was changed behind the triggers' back). Writers of whistles wait meanwhile.

    Returns what had been wrong.
    """
    async with database.transaction() as uow:
        await uow.connection.execute("LOCK TABLE whistle_state, assignment IN SHARE ROW EXCLUSIVE MODE")
        await uow.connection.execute("SET LOCAL statement_timeout = 0")
        wrong = [Miscount(*row.values()) for row in await uow.connection.fetch(_MISCOUNTED)]
        await uow.connection.execute("DELETE FROM tally_change")
        await uow.connection.execute("DELETE FROM tally")
        await uow.connection.execute(f"INSERT INTO tally {_COUNTED}")
    return wrong


async def keep(database: Database, name: str, at: datetime, data: Any) -> None:
    """Keep one snapshot under a name; the newest wins."""
    async with database.transaction() as uow:
        await uow.connection.execute(
            """INSERT INTO snapshot AS s (name, at, data) VALUES ($1, $2, $3::jsonb)
               ON CONFLICT (name) DO UPDATE SET at = EXCLUDED.at, data = EXCLUDED.data WHERE s.at <= EXCLUDED.at""",
            name,
            at,
            orjson.dumps(data).decode(),
        )


async def read(connection: Connection, name: str, now: datetime | None = None) -> tuple[Any, float] | None:
    """What was kept and how many seconds old it is; None: nothing yet."""
    row = await connection.fetchrow(
        """SELECT data, greatest(extract(epoch FROM coalesce($2, clock_timestamp()) - at), 0)::float8 AS age
           FROM snapshot WHERE name = $1""",
        name,
        now,
    )
    return (orjson.loads(row["data"]), row["age"]) if row else None
