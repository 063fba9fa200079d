"""The relay beside transactions that stay open: what was sent is not waded through, and nobody's row is lost."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from dispatch.bus import relay as relay_module
from dispatch.bus.producer import connector
from dispatch.store import outbox, outbox_reader
from dispatch.store.database import Database
from dispatch.store.outbox_reader import Lease, Reader
from tests.bus.rig import make_topic, number, read_numbers, relaying, rows, until, write

ADD = """INSERT INTO outbox (topic, key, headers, payload, urgent, created_at)
VALUES ('t', $1, '{}', $2, false, clock_timestamp())"""
PUT = """INSERT INTO outbox (id, topic, key, headers, payload, urgent, created_at) OVERRIDING SYSTEM VALUE
VALUES ($1, 't', 'k', '{}', $2, false, clock_timestamp())"""

MANY = """INSERT INTO outbox (topic, key, headers, payload, urgent, created_at)
SELECT 't', n::text, '{}', decode(repeat('ab', 500), 'hex'), false, clock_timestamp() FROM generate_series(1, 9000) n"""
#: rows of the outbox that this connection has taken from the table
FETCHED = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'outbox'"


@asynccontextmanager
async def leased(db: Database) -> AsyncIterator[Lease]:
    """A relay's connection, without its lock."""
    lease = Lease(await db.connect_alone(), db)
    try:
        yield lease
    finally:
        await lease.close()


async def send_all(lease: Lease, reader: Reader, known: set[int]) -> list[bytes]:
    """What is new, read and deleted."""
    found = await reader.newest(10_000)
    await lease.delete([row.id for row in found])
    known.difference_update(row.id for row in found)
    return [row.payload for row in found]


async def raised(reader: Reader) -> None:
    """The floor as far up as it may go: a look that takes a number, and one that nobody from before it runs in."""
    for _ in range(3):
        await reader.newest(10)


async def test_a_held_snapshot_costs_the_relay_nothing(db: Database, database: str) -> None:
    """A backup's snapshot keeps every row that was sent meanwhile on the pages: none of them is waded through."""
    backup = await asyncpg.connect(database)
    held = backup.transaction(isolation="repeatable_read", readonly=True)
    await held.start()
    await backup.fetchval("SELECT count(*) FROM outbox")
    lease = Lease(await db.connect_alone(), db)
    known: set[int] = set()
    reader = await lease.reader(known)
    for round_ in range(10):
        await write(db, *rows("t", 300, start=round_ * 300))
        sent = [row.id for row in await reader.newest(1000)]
        await lease.delete(sent)
        known.difference_update(sent)
    await raised(reader)
    async with db.acquire() as connection:
        await connection.execute("VACUUM outbox")
        kept = await connection.fetchval("SELECT pg_relation_size('outbox')")
    assert kept > 3000 * 50, "the snapshot keeps them"
    assert reader.floor == reader.top == 3000, "and nobody looks at them again"
    await lease.close()
    await held.rollback()
    await backup.close()


async def test_the_next_relay_begins_where_the_last_one_left_nothing(
    db: Database, broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("POLL", "MARK"):
        monkeypatch.setattr(relay_module, name, 0.02)
    topic = await make_topic(broker)
    await write(db, *rows(topic, 50))
    async with relaying(db, connector(broker)), db.acquire() as connection:
        await until(lambda: outbox.mark(connection))
    async with leased(db) as lease:
        next_one = await lease.reader(set())
    async with db.acquire() as connection:
        assert next_one.top == next_one.floor == await outbox.mark(connection) == 50
    await write(db, *rows(topic, 10, start=50))
    async with relaying(db, connector(broker)):
        assert {number(record) for record in await read_numbers(broker, topic, 60)} == set(range(60))


async def test_the_mark_passes_nothing_that_is_left(db: Database) -> None:
    """What is at hand, what is parked, and what was freed and not yet looked at."""
    async with leased(db) as lease, db.acquire() as connection:
        known: set[int] = set()
        reader = await lease.reader(known)
        await write(db, *rows("t", 30))
        first, second, *others = await reader.newest(100)
        await raised(reader)
        assert reader.floor == reader.top == 30
        assert reader.mark() == 0
        await lease.delete([row.id for row in (first, *others)])
        known.difference_update(row.id for row in (first, *others))
        assert reader.mark() == second.id - 1 == 1
        await lease.park(second.id, "why")
        known.discard(second.id)
        assert await reader.freed() == []
        assert reader.mark() == 1
        await outbox.unpark(connection, [second.id])
        assert reader.mark() == 1, "a relay that begins above it never finds it"
        assert [row.id for row in await reader.freed()] == [2]
        assert reader.mark() == 1
        known.clear()
        assert reader.mark() == 30


async def test_what_is_counted_begins_at_the_mark(db: Database) -> None:
    await write(db, *rows("t", 5))
    async with db.acquire() as connection:
        await outbox.set_mark(connection, 3)
        assert (await outbox.backlog(connection)).waiting == 2
        await outbox.set_mark(connection, 5)
        assert await outbox.oldest(connection) is None


async def test_a_mark_above_ids_that_began_anew_is_none(db: Database) -> None:
    await write(db, *rows("t", 5))
    async with db.acquire() as connection:
        await outbox.set_mark(connection, 5)
        assert await outbox.mark(connection) == 5
        await connection.execute("TRUNCATE outbox RESTART IDENTITY")
        assert await outbox.mark(connection) == 0
        await write(db, *rows("t", 1))
        assert await outbox.mark(connection) == 0


async def test_a_transaction_that_stays_open_does_not_hold_the_floor(
    db: Database, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hours of writing keep no relay at what was sent meanwhile; what it wrote is found when it ends, in its order."""
    monkeypatch.setattr(outbox_reader, "FAR", 100)
    slow, quick = await asyncpg.connect(database), await asyncpg.connect(database)
    try:
        async with leased(db) as lease:
            known: set[int] = set()
            reader = await lease.reader(known)
            await write(db, *rows("t", 10))
            await send_all(lease, reader, known)
            await raised(reader)
            assert reader.floor == 10
            open_one = slow.transaction()
            await open_one.start()
            await slow.execute(ADD, "whistle", b"first")
            for nth in range(5):
                await write(db, *rows("t", 80, start=nth * 80))
                await send_all(lease, reader, known)
            await raised(reader)
            assert reader.floor == reader.top == 411
            assert reader.mark() == 10, "what it wrote is yet to come"
            await open_one.commit()
            await quick.execute(ADD, "whistle", b"second")
            assert await send_all(lease, reader, known) == [b"first", b"second"]
            await raised(reader)
            assert reader.mark() == 412
    finally:
        await slow.close()
        await quick.close()


async def test_everything_is_looked_at_again_a_few_pages_at_a_time(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that somebody put back by hand, far below."""
    monkeypatch.setattr(outbox_reader, "PAGES", 2)
    await write(db, *rows("t", 300, size=200))
    async with leased(db) as lease, db.acquire() as connection:
        known: set[int] = set()
        reader = await lease.reader(known)
        await send_all(lease, reader, known)
        await raised(reader)
        assert reader.floor == reader.top == 300
        for id in (-5, 2):
            await connection.execute(PUT, id, b"%d" % id)
        assert await send_all(lease, reader, known) == []
        found, looks = [], 0
        while looks == 0 or reader.page:
            found += await reader.recheck()
            looks += 1
        assert sorted(row.payload for row in found) == [b"-5", b"2"]
        assert looks > 3
        assert await reader.recheck() == [], "they are known by now"


async def test_a_relay_looks_at_all_of_it(db: Database, broker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also below the mark that it began at."""
    monkeypatch.setattr(relay_module, "PAUSE", 0.01)
    monkeypatch.setattr(relay_module, "POLL", 0.01)
    monkeypatch.setattr(outbox_reader, "PAGES", 1)
    topic = await make_topic(broker)
    await write(db, *rows(topic, 100, size=200))
    async with db.acquire() as connection:
        await outbox.set_mark(connection, 100)
    async with relaying(db, connector(broker)):
        assert len(await read_numbers(broker, topic, 100)) == 100


async def test_a_backlog_of_a_table_that_was_empty_is_read_by_its_ids(db: Database, database: str) -> None:
    """PostgreSQL takes the table for empty until it looks again; the next rows are fetched, and not all of them."""
    backup = await asyncpg.connect(database)
    async with (
        backup.transaction(isolation="repeatable_read", readonly=True),
        outbox_reader.lease(db) as lease,
        db.acquire() as connection,
    ):
        await backup.fetchval("SELECT count(*) FROM outbox")
        known: set[int] = set()
        reader = await lease.reader(known)
        for _ in range(2):
            await connection.execute(MANY)
            await connection.execute("ANALYZE outbox")
            await send_all(lease, reader, known)
            await connection.execute("ANALYZE outbox")
        await connection.execute(MANY)
        before = await reader._connection.fetchval(FETCHED)
        assert len(await reader.newest(10)) == 10
        assert await reader._connection.fetchval(FETCHED) - before < 20
    await backup.close()
