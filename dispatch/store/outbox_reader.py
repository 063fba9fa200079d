"""Unsent rows in order, for the one relay: its lock, its connection, and the reading that loses none.

Ids come from a sequence, so rows become visible out of order: reading "id > last seen" would lose some (see `Reader`).
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson

from dispatch.store import outbox, waker
from dispatch.store.database import Database
from dispatch.store.errors import translated

#: the advisory lock of the one relay that may read, send and delete
RELAY_LOCK = 0x6469_7370_6F75_7462
#: a relay that says nothing for so long has lost its lock (milliseconds); it says something every second
IDLE_LIMIT = "10000"
#: `NOTIFY` on this channel: the lock is free
FREE = "dispatch_relay_free"


class Waiting:
    """An outbox row as the relay holds it, until the broker has it. `headers` stay JSON until the row is sent:
    thousands of small objects at hand would cost more in garbage collection than the rows themselves."""

    __slots__ = ("headers", "id", "key", "payload", "topic")

    def __init__(self, record: Iterable[Any]) -> None:
        self.id: int
        self.topic: str
        self.headers: str
        self.payload: bytes
        self.id, self.topic, key, self.headers, self.payload = record
        self.key: bytes = key.encode()

    def record_headers(self) -> list[tuple[str, bytes]]:
        """As the broker wants them."""
        return [(name, value.encode()) for name, value in orjson.loads(self.headers).items()]

    def traceparent(self) -> str | None:
        """The trace it belongs to; None: not traced."""
        found: str | None = orjson.loads(self.headers).get("traceparent")
        return found


#: pages of one look of the recheck (8 MiB)
PAGES = 1024
#: so many ids above the floor, a transaction that holds it is let go of: short ones hold it for fewer
FAR = 20_000
_COLUMNS = "id, topic, key, headers, payload"
#: fresh rows, and one row without an id that says who runs, the number of this look, and what stands between the marks
_NEWEST = f"""
SELECT *, NULL::bigint[], NULL::bigint, NULL::bigint[]
FROM (SELECT {_COLUMNS} FROM outbox WHERE id > $2 AND parked IS NULL ORDER BY id LIMIT $4) fresh
UNION ALL
SELECT NULL, NULL, NULL, NULL, NULL,
       ARRAY(SELECT x::text::bigint FROM pg_snapshot_xip(pg_current_snapshot()) AS x),
       CASE WHEN $3 THEN pg_current_xact_id()::text::bigint END,
       ARRAY(SELECT id FROM outbox WHERE id > $1 AND id <= $2 AND parked IS NULL)"""


class Reader:
    """Unsent rows in the order of their ids, without losing one that was committed late.

    A transaction that took a low id may commit after one with a higher id was read. So there are two marks: `top`,
    the highest id read, and `floor`, below which no transaction is left that could still insert. `newest` reads above
    `top` and looks for newcomers between the two, and `recheck` below both, for whatever a manual repair put there, a
    few pages at a time. Without the floor, each look would wade through the dead rows that an old snapshot keeps from
    being cleaned away. Rows of one whistle are written under its lock, so for one key ids *are* in order.

    A transaction that stays open does not hold the floor for good: it is `slow`, and what it wrote is looked for when
    it has ended.

    `known` is the relay's own: ids it holds; they are never read twice. `mark`: where to begin (`outbox.mark`).
    """

    def __init__(self, connection: asyncpg.Connection, known: set[int], mark: int = 0) -> None:
        self._connection = connection
        self._known = known
        self.top = mark
        self.floor = mark
        #: whether `newest` was stopped by its limit (rows that `urgent` took before are not among what it returns)
        self.more = False
        #: id → (topic, key) of rows that the broker refuses, as last looked at
        self.parked: dict[int, tuple[str, bytes]] = {}
        #: the page of the table that `recheck` goes on from; 0: it has seen them all
        self.page = 0
        self._urgent_top = 0
        #: the `top` of a look, and the transaction id of that look
        self._candidate: tuple[int, int] | None = None
        #: transaction → the floor when it was let go of
        self._slow: dict[int, int] = {}

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

    async def newest(self, limit: int) -> list[Waiting]:
        """The next rows above `top`, and those between `floor` and `top` that were not visible before, by id.

        One statement, that is one snapshot: where it shows a row of a whistle, it shows those before it. Moves `top`,
        and `floor` where that is safe; `more` says whether there may be further ones.
        """
        records = await self._connection.fetch(_NEWEST, self.floor, self.top, self._wants_number(), limit)
        look = next(record for record in records if record[0] is None)
        rows = [record[:5] for record in records if record[0] is not None]
        running, own, ids = set(look[5]), look[6], look[7]
        if ended := self._slow.keys() - running:
            ids += await self._ids("id > $1 AND id <= $2", min(self._slow.pop(each) for each in ended), self.floor)
        late = await self._unknown(ids)
        if rows:
            self.top = max(row[0] for row in rows)
        self.more = len(rows) >= limit
        self._raise_floor(running, own)
        return in_order([*self._take(rows), *late])

    def _wants_number(self) -> bool:
        """Whether this look is to take a transaction id, to be told later from those that ran before it."""
        return self._candidate is None and self.floor < self.top

    def _raise_floor(self, running: set[int], own: int | None) -> None:
        """To the `top` of a former look, once whoever ran then has ended or is let go of as slow.

        Whoever ran then: each has a lower transaction id than that look, which took one for it (`own`). A snapshot
        alone does not say: it does not name those that began after the last that had ended.
        """
        if self._candidate is not None:
            top, before = self._candidate
            holding = {each for each in running if each < before} - self._slow.keys()
            if self.top - self.floor > FAR:
                self._slow |= dict.fromkeys(holding, self.floor)
                holding = set()
            if not holding:
                self.floor, self._candidate = top, None
        if self._candidate is None and own is not None and self.floor < self.top:
            self._candidate = (self.top, own)

    def mark(self) -> int:
        """Where another relay may begin: nothing is left up to there, and nobody who could still insert."""
        left = (min(each, default=self.floor + 1) - 1 for each in (self._known, self.parked))
        return min(self.floor, *self._slow.values(), *left)

    async def recheck(self) -> list[Waiting]:
        """Rows anywhere up to `top` that are not known, on the next pages of the table; `page` says where it stands.

        By pages and not by ids: so much takes some milliseconds, whatever an old snapshot keeps there.
        """
        looked = await self._connection.fetchrow(
            """SELECT pg_relation_size('outbox') / current_setting('block_size')::bigint,
                      ARRAY(SELECT id FROM outbox
                            WHERE ctid >= $1 AND ctid < $2 AND id + 0 <= $3 AND parked IS NULL)""",
            (self.page, 0),
            (self.page + PAGES, 0),
            self.top,
        )
        assert looked is not None
        self.page = self.page + PAGES if self.page + PAGES < looked[0] else 0
        return await self._unknown(looked[1])

    async def freed(self) -> list[Waiting]:
        """Look at what is parked; rows that were and are no longer."""
        before, self.parked = self.parked, await outbox.parked_keys(self._connection)
        return await self._unknown(list(before.keys() - self.parked.keys()))

    async def again(self, ids: Sequence[int]) -> list[Waiting]:
        """Rows read before, whose payload was let go."""
        rows = await self._connection.fetch(
            f"SELECT {_COLUMNS} FROM outbox WHERE id = ANY($1) AND parked IS NULL ORDER BY id", ids
        )
        return [Waiting(row) for row in rows]

    async def _unknown(self, ids: Sequence[int]) -> list[Waiting]:
        """Those of these rows that the relay does not hold."""
        missing = [id for id in ids if id not in self._known]
        if not missing:
            return []
        rows = await self._connection.fetch(
            f"SELECT {_COLUMNS} FROM outbox WHERE id = ANY($1) AND parked IS NULL ORDER BY id", missing
        )
        return self._take(rows)

    async def _ids(self, where: str, *arguments: int) -> list[int]:
        rows = await self._connection.fetch(f"SELECT id FROM outbox WHERE {where} AND parked IS NULL", *arguments)
        return [row[0] for row in rows]

    def _take(self, rows: Iterable[Any]) -> list[Waiting]:
        taken = [Waiting(row) for row in rows if row[0] not in self._known]
        self._known.update(row.id for row in taken)
        return taken


def in_order(rows: Iterable[Waiting]) -> list[Waiting]:
    """By id: the order in which rows of one key were written."""
    return sorted(rows, key=lambda row: row.id)


class Lease:
    """The relay's own connection, which holds the lock, reads and deletes. Its end is the end of the lease."""

    def __init__(self, connection: asyncpg.Connection, database: Database) -> None:
        self._connection = connection
        self._database = database
        self._listener: asyncpg.Connection | None = None
        self._locked = False

    async def try_lock(self) -> bool:
        """Become the one relay, for as long as this connection lives."""
        self._locked = bool(await self._connection.fetchval("SELECT pg_try_advisory_lock($1)", RELAY_LOCK))
        return self._locked

    async def on_free(self, free: Callable[[], None]) -> None:
        """Call `free` when a holder has let go of the lock. One that dies cannot say it."""
        await self._connection.add_listener(FREE, lambda *_: free())

    async def listen(self, woken: Callable[[], None]) -> None:
        """Call `woken` when another process has committed rows. A connection of its own, and its loss is no harm:
        the relay looks every second."""
        self._listener = await self._database.connect_alone()
        await self._listener.add_listener(waker.CHANNEL, lambda *_: woken())

    @property
    def listening(self) -> bool:
        """Whether the listening connection still stands."""
        return self._listener is not None and not self._listener.is_closed()

    async def reader(self, known: set[int]) -> Reader:
        """A fresh reader on this connection, which begins where the last relay's left nothing."""
        made = Reader(self._connection, known, await outbox.mark(self._connection))
        await made.freed()
        return made

    async def set_mark(self, mark: int) -> None:
        """Up to this id nothing is left."""
        await outbox.set_mark(self._connection, mark)

    async def delete(self, ids: Sequence[int]) -> None:
        """The broker has these rows."""
        await outbox.delete(self._connection, ids)

    async def park(self, id: int, reason: str) -> None:
        """The broker refuses this row for itself."""
        await outbox.park(self._connection, id, reason)

    async def close(self) -> None:
        """Let go of the lock, and say so to whoever waits for it."""
        if self._locked:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(2):
                    await self._connection.execute(f"SELECT pg_advisory_unlock({RELAY_LOCK}); NOTIFY {FREE}")
        for connection in (self._listener, self._connection):
            if connection is not None:
                with contextlib.suppress(Exception):
                    async with asyncio.timeout(2):
                        await connection.close()
                connection.terminate()


@asynccontextmanager
async def lease(database: Database) -> AsyncIterator[Lease]:
    """A connection for the relay, closed at the end; driver errors come out as the store's own."""
    with translated():
        connection = await database.connect_alone(
            application_name=f"dispatch-relay {os.getpid()}",
            idle_session_timeout=IDLE_LIMIT,
            statement_timeout="30000",
            lock_timeout="5000",
            # PostgreSQL may have seen the table empty when a backlog begins; until it looks again it would fetch and
            # sort the whole backlog for each lot of rows, not the next ones by their ids (decision 0029)
            enable_seqscan="off",
            enable_bitmapscan="off",
            tcp_keepalives_idle="5",
            tcp_keepalives_interval="2",
            tcp_keepalives_count="3",
        )
        made = Lease(connection, database)
        try:
            yield made
        finally:
            await made.close()
