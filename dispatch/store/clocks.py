"""Which clocks have something to say, and which could not be taken."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from dispatch.store.connection import Connection

# the clock is read in the same round trip, once; the limit is part of the text, so that the plan is made once too
_DUE = """
SELECT whistle FROM whistle_clock
WHERE fires_at <= (SELECT coalesce($1::timestamptz, clock_timestamp())) AND parked IS NULL {but}
ORDER BY fires_at LIMIT {limit:d}"""


@dataclass(frozen=True, slots=True)
class Parked:
    """A clock that could not be taken, and why; its next mark was due at `since`."""

    number: int
    title: str
    sealed: bool
    stage: str
    unit: str | None
    since: datetime
    reason: str


async def due(connection: Connection, now: datetime | None, limit: int, but: Collection[UUID] = ()) -> list[UUID]:
    """Whistles (`but` these) with a clock among the first `limit` that are due, the longest due first; no locks.

    `now` None: by the database's clock.
    """
    sql = _DUE.format(but="AND whistle <> ALL($2::uuid[])" if but else "", limit=limit)
    rows = await (connection.fetch(sql, now, list(but)) if but else connection.fetch(sql, now))
    return list(dict.fromkeys(row["whistle"] for row in rows))


async def next_due(connection: Connection) -> datetime | None:
    """When the next mark of any clock comes."""
    found: datetime | None = await connection.fetchval(
        "SELECT min(fires_at) FROM whistle_clock WHERE fires_at IS NOT NULL AND parked IS NULL"
    )
    return found


async def park(connection: Connection, whistle: UUID, now: datetime, reason: str) -> None:
    """Set a whistle's due clocks aside, with why, so that they stop nobody else."""
    await connection.execute(
        "UPDATE whistle_clock SET parked = $3 WHERE whistle = $1 AND fires_at <= $2", whistle, now, reason[:500]
    )


async def parked(connection: Connection, district: str, limit: int = 100) -> list[Parked]:
    """A district's clocks that are set aside, the longest due first."""
    rows = await connection.fetch(
        """SELECT w.number, w.title, w.sealed, c.stage, c.unit, c.fires_at, c.parked
           FROM whistle_clock c JOIN whistle w ON w.id = c.whistle
           WHERE c.parked IS NOT NULL AND w.district = $1 ORDER BY c.fires_at LIMIT $2""",
        district,
        limit,
    )
    return [Parked(*row.values()) for row in rows]


async def unpark(connection: Connection, limit: int) -> list[UUID]:
    """Take parked clocks up again; returns their whistles."""
    rows = await connection.fetch(
        """UPDATE whistle_clock SET parked = NULL WHERE id IN (
               SELECT id FROM whistle_clock WHERE parked IS NOT NULL LIMIT $1 FOR UPDATE SKIP LOCKED
           ) RETURNING whistle""",
        limit,
    )
    return [row["whistle"] for row in rows]
