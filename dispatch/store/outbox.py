"""What waits to travel: outbox rows, how they are read in order, and how the relay is woken.

Rows are written in the transaction of the step that made them and deleted once the broker has them. Their ids come
from a sequence, so they become visible out of order: reading "id > last seen" would lose rows (see `Reader`).
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
import orjson

#: `NOTIFY` on this channel: rows were committed
CHANNEL = "dispatch_outbox"
#: the advisory lock of the one relay that may read, send and delete
RELAY_LOCK = 0x6469_7370_6F75_7462


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One record to be. `urgent` rows overtake the others, so it must be the same for every row of a key on a topic:
    it follows the kind a whistle had at intake, never a later one."""

    topic: str
    key: str
    headers: dict[str, str]
    payload: bytes
    urgent: bool = False


class Waiting:
    """An outbox row as the relay holds it, until the broker has it."""

    __slots__ = ("headers", "id", "key", "payload", "topic", "urgent")

    def __init__(self, id: int, topic: str, key: bytes, headers: Any, payload: bytes, urgent: bool) -> None:
        self.id = id
        self.topic = topic
        self.key = key
        self.headers: list[tuple[str, bytes]] = headers
        self.payload = payload
        self.urgent = urgent


class Waker:
    """Tells the relay that rows were committed: at once in this process, elsewhere by one debounced `NOTIFY`.

    `wake()` is cheap and may be called after every commit. While a `NOTIFY` is under way, all further calls become
    the next one, so a busy process sends one after another and never one per commit. It is never sent inside a
    step's transaction: that would serialise the commits of the whole database.
    """

    def __init__(self) -> None:
        self.event = asyncio.Event()
        #: set while the relay of this very process holds the lock: nobody else needs to be told
        self.local = False
        self._dirty = asyncio.Event()

    def wake(self) -> None:
        """Rows were committed. Called in the event loop's thread."""
        self.event.set()
        if not self.local:
            self._dirty.set()

    async def run(self, notify: Callable[[], Awaitable[None]]) -> None:
        """Send the `NOTIFY`s until cancelled. One that fails is forgotten: the relay also looks by itself."""
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            with contextlib.suppress(Exception):
                await notify()


async def notify(connection: asyncpg.Connection) -> None:
    """Tell listening relays, on a connection that is in no transaction."""
    await connection.execute(f"NOTIFY {CHANNEL}")


_COLUMNS = "id, topic, key, headers, payload, urgent"


def _waiting(record: asyncpg.Record) -> Waiting:
    headers = [(name, value.encode()) for name, value in orjson.loads(record[3]).items()]
    return Waiting(record[0], record[1], record[2].encode(), headers, record[4], record[5])


class Reader:
    """Unsent rows in the order of their ids, without losing one that was committed late.

    A transaction that took a low id may commit after one with a higher id was read. So there are two marks: `top`,
    the highest id read, and `floor`, below which no transaction is left that could still insert. `fresh` reads above
    `top`, `late` looks for newcomers between the two, and `recheck` (once a minute) below both, for whatever a
    manual repair put there. Without the floor, each look would wade through the dead rows that an old snapshot keeps
    from being cleaned away. Rows of one whistle are written under its lock, so for one key ids *are* in order.

    `known` is the relay's own: ids it holds; they are never read twice.
    """

    def __init__(self, connection: asyncpg.Connection, known: set[int]) -> None:
        self._connection = connection
        self._known = known
        self.top = 0
        self.floor = 0
        self._urgent_top = 0
        self._candidate: tuple[int, int] | None = None

    async def urgent(self, limit: int) -> list[Waiting]:
        """Urgent rows standing above `top`: they overtake whatever piles up before them."""
        rows = await self._connection.fetch(
            f"""SELECT {_COLUMNS} FROM outbox WHERE urgent AND parked IS NULL AND id > $1
                ORDER BY id LIMIT $2""",
            max(self.top, self._urgent_top),
            limit,
        )
        if rows:
            self._urgent_top = rows[-1][0]
        return self._take(rows)

    async def fresh(self, limit: int) -> list[Waiting]:
        """The next rows above `top`; moves `top`."""
        rows = await self._connection.fetch(
            f"SELECT {_COLUMNS} FROM outbox WHERE id > $1 AND parked IS NULL ORDER BY id LIMIT $2", self.top, limit
        )
        if rows:
            self.top = rows[-1][0]
        return self._take(rows)

    async def late(self) -> list[Waiting]:
        """Rows between `floor` and `top` that were not visible before; moves `floor` where that is safe."""
        if self.floor >= self.top:
            return []
        snapshot = await self._connection.fetchrow(
            """SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint
               FROM pg_current_snapshot() AS s"""
        )
        assert snapshot is not None
        oldest, newest = snapshot
        found = await self._between(self.floor, self.top)
        if self._candidate and oldest >= self._candidate[1]:
            self.floor = self._candidate[0]
            self._candidate = None
        if self._candidate is None and self.floor < self.top:
            self._candidate = (self.top, newest)
        return found

    async def recheck(self) -> list[Waiting]:
        """Rows anywhere up to `top` that are not known: the safety net, once a minute."""
        return await self._between(0, self.top)

    async def _between(self, above: int, upto: int) -> list[Waiting]:
        ids = await self._connection.fetch(
            "SELECT id FROM outbox WHERE id > $1 AND id <= $2 AND parked IS NULL", above, upto
        )
        missing = [row[0] for row in ids if row[0] not in self._known]
        if not missing:
            return []
        return self._take(
            await self._connection.fetch(f"SELECT {_COLUMNS} FROM outbox WHERE id = ANY($1) ORDER BY id", missing)
        )

    def _take(self, rows: Sequence[asyncpg.Record]) -> list[Waiting]:
        taken = [_waiting(row) for row in rows if row[0] not in self._known]
        self._known.update(row.id for row in taken)
        return taken


async def delete(connection: asyncpg.Connection, ids: Sequence[int]) -> None:
    """The broker has these rows. By ids, never by a range: ids are committed out of order."""
    await connection.execute("DELETE FROM outbox WHERE id = ANY($1)", ids)


async def park(connection: asyncpg.Connection, id: int, reason: str) -> None:
    """The broker refuses this row for itself; its key waits behind it."""
    await connection.execute("UPDATE outbox SET parked = $2 WHERE id = $1", id, reason)


async def unpark(connection: asyncpg.Connection, id: int) -> None:
    """Try a parked row again; the relay finds it within a minute."""
    await connection.execute("UPDATE outbox SET parked = NULL WHERE id = $1", id)


async def parked_keys(connection: asyncpg.Connection) -> set[tuple[str, bytes]]:
    """(topic, key) of every parked row."""
    rows = await connection.fetch("SELECT DISTINCT topic, key FROM outbox WHERE parked IS NOT NULL")
    return {(row[0], row[1].encode()) for row in rows}


@dataclass(frozen=True, slots=True)
class Backlog:
    """What has not left yet: rows waiting, rows parked, and when the oldest waiting one was written."""

    waiting: int
    parked: int
    oldest: datetime | None


async def backlog(connection: asyncpg.Connection, at_most: int = 100_000) -> Backlog:
    """Count up to `at_most` rows, so that it costs the same with a million waiting."""
    row = await connection.fetchrow(
        """SELECT count(*) FILTER (WHERE parked IS NULL), count(*) FILTER (WHERE parked IS NOT NULL),
                  min(created_at) FILTER (WHERE parked IS NULL)
           FROM (SELECT parked, created_at FROM outbox ORDER BY id LIMIT $1) AS first""",
        at_most,
    )
    assert row is not None
    return Backlog(row[0], row[1], row[2])


async def try_lock(connection: asyncpg.Connection) -> bool:
    """Become the one relay, for as long as this connection lives."""
    return bool(await connection.fetchval("SELECT pg_try_advisory_lock($1)", RELAY_LOCK))


def in_order(rows: Iterable[Waiting]) -> list[Waiting]:
    """By id: the order in which rows of one key were written."""
    return sorted(rows, key=lambda row: row.id)
