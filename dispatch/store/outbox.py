"""What waits to travel: outbox rows, and what happens to a row in the end.

Rows are written in the transaction of the step that made them and deleted once the broker has them. How they are read
in order: `outbox_reader`; how the relay is woken: `waker`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dispatch.store.connection import Connection

#: at or below this id nothing is left but what the relay would not look for: it keeps the mark beside the snapshots
MARK = "coalesce((SELECT (data ->> 'id')::bigint FROM snapshot WHERE name = 'outbox-mark'), 0)"


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One record to be. `urgent` rows overtake the others, so it must be the same for every row of a key on a topic:
    it follows the kind a whistle had at intake, never a later one."""

    topic: str
    key: str
    headers: dict[str, str]
    payload: bytes
    urgent: bool = False


async def delete(connection: Connection, ids: Sequence[int]) -> None:
    """The broker has these rows. By ids, never by a range: ids are committed out of order."""
    await connection.execute("DELETE FROM outbox WHERE id = ANY($1)", ids)


async def park(connection: Connection, id: int, reason: str) -> None:
    """The broker refuses this row for itself; its key waits behind it."""
    await connection.execute("UPDATE outbox SET parked = $2 WHERE id = $1", id, reason)


async def unpark(connection: Connection, ids: Sequence[int]) -> list[int]:
    """Try parked rows again, those behind them too; the relay finds them within a minute. Returns those that were."""
    rows = await connection.fetch(
        "UPDATE outbox SET parked = NULL WHERE id = ANY($1) AND parked IS NOT NULL RETURNING id", ids
    )
    return [row["id"] for row in rows]


@dataclass(frozen=True, slots=True)
class Parked:
    """A row that the broker refuses for itself. `behind`: later rows of its key, which wait for it."""

    id: int
    topic: str
    key: str
    bytes: int
    at: datetime
    why: str
    behind: int


async def parked(connection: Connection, topic: str | None = None) -> list[Parked]:
    """Every parked row (of a topic), the oldest first."""
    rows = await connection.fetch(
        """SELECT id, topic, key, octet_length(payload), created_at, parked,
                  (SELECT count(*) FROM outbox l
                   WHERE l.topic = o.topic AND l.key = o.key AND l.id > o.id AND l.parked IS NULL)
           FROM outbox o WHERE parked IS NOT NULL AND ($1::text IS NULL OR topic = $1) ORDER BY id""",
        topic,
    )
    return [Parked(*row) for row in rows]


async def parked_keys(connection: Connection) -> dict[int, tuple[str, bytes]]:
    """id → (topic, key) of every parked row."""
    rows = await connection.fetch("SELECT id, topic, key FROM outbox WHERE parked IS NOT NULL")
    return {row[0]: (row[1], row[2].encode()) for row in rows}


async def mark(connection: Connection) -> int:
    """Where a relay may begin to read. 0 where the ids began anew since, or this account may not see them."""
    found: int = await connection.fetchval(
        f"""SELECT CASE WHEN {MARK} <= pg_sequence_last_value(pg_get_serial_sequence('outbox', 'id')::regclass)
                   THEN {MARK} ELSE 0 END"""
    )
    return found


async def set_mark(connection: Connection, id: int) -> None:
    """At or below this id nothing is left, and no transaction that could still insert."""
    await connection.execute(
        """INSERT INTO snapshot AS s (name, at, data)
           VALUES ('outbox-mark', clock_timestamp(), jsonb_build_object('id', $1::bigint))
           ON CONFLICT (name) DO UPDATE SET at = EXCLUDED.at, data = EXCLUDED.data""",
        id,
    )


async def oldest(connection: Connection) -> datetime | None:
    """When the first row that still waits was written; None: nothing waits."""
    found: datetime | None = await connection.fetchval(
        f"SELECT created_at FROM outbox WHERE id > {MARK} AND parked IS NULL ORDER BY id LIMIT 1"
    )
    return found


@dataclass(frozen=True, slots=True)
class Backlog:
    """What has not left yet: rows waiting, rows parked, and when the oldest waiting one was written."""

    waiting: int
    parked: int
    oldest: datetime | None


async def backlog(connection: Connection, at_most: int = 100_000) -> Backlog:
    """Count up to `at_most` rows, so that it costs the same with a million waiting."""
    row = await connection.fetchrow(
        f"""SELECT count(*) FILTER (WHERE parked IS NULL), count(*) FILTER (WHERE parked IS NOT NULL),
                  min(created_at) FILTER (WHERE parked IS NULL)
           FROM (SELECT parked, created_at FROM outbox WHERE id > {MARK} ORDER BY id LIMIT $1) AS first""",
        at_most,
    )
    assert row is not None
    return Backlog(row[0], row[1], row[2])
