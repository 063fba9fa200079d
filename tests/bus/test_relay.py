"""The relay on a real broker and a real PostgreSQL: nothing lost, and no first occurrence out of order."""

import asyncio
import sys

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer

from dispatch.bus import lane
from dispatch.bus import relay as relay_module
from dispatch.bus.producer import MAX_RECORD_BYTES, connector
from dispatch.store import outbox, outbox_reader
from dispatch.store import waker as waker_module
from dispatch.store.database import Database
from dispatch.store.outbox import OutboxRow
from dispatch.store.waker import Waker
from tests.bus.rig import (
    Post,
    firsts_in_order,
    flaky,
    left,
    make_topic,
    mute,
    number,
    read,
    read_numbers,
    relaying,
    rows,
    until,
    write,
)


async def test_rows_arrive_whole_and_leave_the_table(db: Database, broker: str) -> None:
    topic = await make_topic(broker)
    await write(db, OutboxRow(topic, "案", {"ce_type": "t.v1", "说": "好"}, b"1 payload"))
    async with relaying(db, connector(broker)):
        (record,) = await read_numbers(broker, topic, 1)
        assert record.key == "案".encode()
        assert dict(record.headers) == {"ce_type": b"t.v1", "说": "好".encode()}
        assert record.value == b"1 payload"
        await until(lambda: left_none(db))


async def left_none(db: Database) -> bool:
    return await left(db) == 0


async def test_order_per_key_survives_failing_batches(db: Database, broker: str) -> None:
    topic = await make_topic(broker)
    await write(db, *rows(topic, 1500, size=100))
    async with relaying(db, flaky(broker)) as relay:
        await until(lambda: left_none(db))
        assert relay.counts.failures > 0
    records = await read_numbers(broker, topic, 1500)
    assert len(records) > 1500, "the rig failed no send after it arrived, so this test proved nothing"
    assert firsts_in_order(records)


async def test_a_producer_that_never_answers_is_replaced(
    db: Database, broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While rows wait for it, however many: it says nothing at all, so only the silence tells."""
    monkeypatch.setattr(relay_module, "STALLED", 0.5)
    monkeypatch.setattr(relay_module, "POLL", 0.1)
    monkeypatch.setattr(lane, "REQUEST_TIMEOUT_MS", 500)
    topic, connects = await make_topic(broker), iter([mute(broker), mute(broker), connector(broker)])
    await write(db, *rows(topic, 100))

    async def connect() -> AIOKafkaProducer:
        return await next(connects)()

    async with relaying(db, connect) as relay:
        await until(lambda: relay.stalled_for() > 0.2)
        await until(lambda: left_none(db))
        assert relay.stalled_for() == 0, "nothing waits"
        assert relay.counts.producers == 3
    assert firsts_in_order(await read_numbers(broker, topic, 100))


async def test_a_row_too_large_is_parked_and_only_its_key_waits(
    db: Database, broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "RECHECK", 0.2)
    topic = await make_topic(broker, partitions=1)
    large = OutboxRow(topic, "stuck", {}, b"0 " + b"x" * MAX_RECORD_BYTES)
    await write(db, large, OutboxRow(topic, "stuck", {}, b"1 "), *rows(topic, 100, start=2))
    await write(db, OutboxRow(topic, "stuck", {}, b"102 "))
    async with relaying(db, connector(broker)) as relay:
        passed = await read_numbers(broker, topic, 100)
        assert {number(record) for record in passed} == set(range(2, 102))
        await write(db, OutboxRow(topic, "stuck", {}, b"103 "), OutboxRow(topic, "other", {}, b"104 "))
        passed = await read_numbers(broker, topic, 101)
        assert {number(record) for record in passed} == {*range(2, 102), 104}
        async with db.acquire() as connection:
            parked = await connection.fetch("SELECT id, parked FROM outbox WHERE parked IS NOT NULL")
            assert len(parked) == 1
            assert "larger than" in parked[0]["parked"]
            assert relay.counts.parked == 1
            await connection.execute("UPDATE outbox SET payload = '0 small' WHERE id = $1", parked[0]["id"])
            assert await outbox.unpark(connection, [parked[0]["id"]]) == [parked[0]["id"]]
        everything = await read_numbers(broker, topic, 105)
    stuck = [number(record) for record in everything if record.key == b"stuck"]
    assert stuck == [0, 1, 102, 103]


async def test_while_rows_keep_coming_it_looks_by_itself(
    db: Database, broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "POLL", 60.0)
    monkeypatch.setattr(relay_module, "AWAKE", 60.0)
    topic = await make_topic(broker)
    await write(db, *rows(topic, 1))
    async with relaying(db, connector(broker)):
        await read_numbers(broker, topic, 1)
        await write(db, *rows(topic, 1, start=1))  # and nobody says so
        await read_numbers(broker, topic, 2)


def test_it_stays_awake_until_the_next_notify_may_come() -> None:
    assert relay_module.AWAKE > 2 * waker_module.DEBOUNCE


def waking(db: Database) -> Waker:
    """Woken at every commit."""
    waker = Waker()
    db.on_outbox = waker.wake
    return waker


async def until_parked(db: Database) -> int:
    """The id of the one row that is parked in the end."""
    async with db.acquire() as connection:
        await until(lambda: outbox.parked_keys(connection))
        return (await outbox.parked(connection))[0].id


@pytest.fixture
def few_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a partition that is away two rows are kept."""
    for module in (lane, relay_module):
        monkeypatch.setattr(module, "KEPT_WHILE_AWAY", 2)
    monkeypatch.setattr(relay_module, "RECHECK", 0.05)
    monkeypatch.setattr(relay_module, "POLL", 0.05)


@pytest.mark.usefixtures("few_at_hand")
async def test_a_refusal_of_all_that_is_at_hand_does_not_end_the_sending(db: Database, broker: str) -> None:
    """The partition was away, so the others are put off; what is left at hand is of the refused key alone."""
    topic = await make_topic(broker, partitions=1)
    post = Post(broker, ["fails", "fails", "fails", "refused", "refused"])
    await write(db, *rows(topic, 1))
    async with relaying(db, post.connect, waking(db)) as relay:
        await until(lambda: relay.counts.failures)
        await write(db, *(OutboxRow(topic, "k0", {}, b"%d " % n) for n in (1, 2)), *rows(topic, 3, start=3, keys=3))
        records = await read_numbers(broker, topic, 2)
    assert {number(record) for record in records} == {4, 5}


@pytest.mark.usefixtures("few_at_hand")
async def test_what_was_put_off_before_its_key_was_freed_does_not_overtake(db: Database, broker: str) -> None:
    topic = await make_topic(broker, partitions=1)
    post = Post(broker, ["fails", "fails", "fails", "refused", "refused", "fails", "fails", "fails"])
    await write(db, OutboxRow(topic, "stuck", {}, b"0 "), OutboxRow(topic, "other", {}, b"1 "))
    async with relaying(db, post.connect, waking(db)) as relay:
        await until(lambda: relay.counts.failures)
        await write(db, OutboxRow(topic, "stuck", {}, b"2 "), OutboxRow(topic, "stuck", {}, b"3 "))
        parked = await until_parked(db)
        async with db.acquire() as connection:
            await outbox.unpark(connection, [parked])
        records = await read_numbers(broker, topic, 4)
    assert [number(record) for record in records if record.key == b"stuck"] == [0, 2, 3]


async def test_a_row_committed_late_is_not_lost(db: Database, database: str, broker: str) -> None:
    topic = await make_topic(broker)
    late = await asyncpg.connect(database)
    try:
        held = late.transaction()
        await held.start()
        await late.execute(
            "INSERT INTO outbox (topic, key, headers, payload, urgent, created_at)"
            " VALUES ($1, 'late', '{}', '0 ', false, clock_timestamp())",
            topic,
        )
        async with relaying(db, connector(broker)):
            await write(db, *rows(topic, 10, start=1))
            await read_numbers(broker, topic, 10)
            await until(lambda: only(db, 0))
            await held.commit()
            records = await read_numbers(broker, topic, 11)
        assert number(records[-1]) == 0 or 0 in map(number, records)
    finally:
        await late.close()


async def only(db: Database, count: int) -> bool:
    return await left(db) == count


async def test_the_floor_waits_for_open_transactions(db: Database, database: str) -> None:
    writer = await asyncpg.connect(database)
    lease = outbox_reader.Lease(await db.connect_alone(), db)
    reader = await lease.reader(set())
    held = writer.transaction()
    await held.start()
    await writer.execute(
        "INSERT INTO outbox (topic, key, headers, payload, urgent, created_at)"
        " VALUES ('t', 'k', '{}', 'late', false, clock_timestamp())"
    )
    await write(db, *rows("t", 3))
    assert len(await reader.newest(10)) == 3
    for _ in range(3):
        assert await reader.newest(10) == []
    assert reader.floor == 0, "a transaction that may still insert below was not waited for"
    await held.commit()
    assert [row.payload for row in await reader.newest(10)] == [b"late"]
    for _ in range(2):
        await reader.newest(10)
    assert reader.floor == reader.top
    await lease.close()
    await writer.close()


async def test_what_was_committed_late_goes_before_what_came_after_it(db: Database, database: str) -> None:
    """Somebody else's row above hides it from one look; the next sees it together with its whistle's later row."""
    add = (
        "INSERT INTO outbox (topic, key, headers, payload, urgent, created_at)"
        " VALUES ('t', $1, '{}', $2, false, clock_timestamp())"
    )
    writer = await asyncpg.connect(database)
    try:
        async with db.acquire() as connection:
            reader = outbox_reader.Reader(connection, set())
            held = writer.transaction()
            await held.start()
            await writer.execute(add, "whistle", b"17")
            await connection.execute(add, "other", b"x")
            assert [row.payload for row in await reader.newest(10)] == [b"x"]
            await held.commit()
            await writer.execute(add, "whistle", b"18")
            assert [row.payload for row in await reader.newest(10)] == [b"17", b"18"]
    finally:
        await writer.close()


async def test_a_transaction_that_began_after_the_one_read_is_waited_for(db: Database, database: str) -> None:
    """No snapshot names it: it is later than any that has ended. Yet it took its id before what is read."""
    add = (
        "INSERT INTO outbox (topic, key, headers, payload, urgent, created_at)"
        " VALUES ('t', 'k', '{}', $1, false, clock_timestamp())"
    )
    first, second = await asyncpg.connect(database), await asyncpg.connect(database)
    try:
        async with db.acquire() as connection:
            reader = outbox_reader.Reader(connection, set())
            of_first, of_second = first.transaction(), second.transaction()
            await of_first.start()
            await first.execute("SELECT pg_current_xact_id()")
            await of_second.start()
            await second.execute(add, b"low")
            await first.execute(add, b"high")
            await of_first.commit()
            assert [row.payload for row in await reader.newest(10)] == [b"high"]
            for _ in range(3):
                assert await reader.newest(10) == []
            await of_second.commit()
            assert [row.payload for row in await reader.newest(10)] == [b"low"]
            for _ in range(3):
                assert await reader.newest(10) == []
            assert reader.floor == reader.top
    finally:
        await first.close()
        await second.close()


async def test_urgent_rows_overtake_a_backlog(db: Database) -> None:
    await write(db, *rows("t", 500))
    await write(db, OutboxRow("t.urgent", "e", {}, b"urgent", urgent=True))
    lease = outbox_reader.Lease(await db.connect_alone(), db)
    reader = await lease.reader(set())
    assert [row.payload for row in await reader.urgent(100)] == [b"urgent"]
    assert await reader.urgent(100) == []
    seen = []
    while batch := await reader.newest(100):
        seen += batch
    assert len(seen) == 500, "the urgent row was handed out twice, or another one lost"
    await lease.close()


async def test_a_killed_relay_is_followed_by_another(db: Database, database: str, broker: str) -> None:
    topic = await make_topic(broker)
    await write(db, *rows(topic, 12000, size=200))
    killed = 0
    while await left(db) > 0:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.bus.relay_process", database, broker
        )
        goal = await left(db) - 300 if killed < 3 else 1
        await until(lambda goal=goal: fewer(db, goal))
        process.kill()
        await process.wait()
        killed += 1
    assert killed >= 3
    records = await read_numbers(broker, topic, 12000)
    assert firsts_in_order(records)


async def fewer(db: Database, than: int) -> bool:
    return await left(db) < max(than, 1)


async def test_only_one_relay_holds(db: Database, broker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_module, "LOCK_WAIT", 60.0)  # so the second hears of it, and does not find it by itself
    topic = await make_topic(broker)
    async with relaying(db, connector(broker)) as first:
        await until(lambda: first.holding)
        async with relaying(db, connector(broker)) as second:
            await write(db, *rows(topic, 50))
            await read_numbers(broker, topic, 50)
            assert not second.holding
            await first.stop()
            await until(lambda: second.holding)
            await write(db, *rows(topic, 50, start=50))
            await read_numbers(broker, topic, 100)


async def test_a_silent_holder_loses_the_lock(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_reader, "IDLE_LIMIT", "300")
    async with outbox_reader.lease(db) as frozen, outbox_reader.lease(db) as waiting:
        assert await frozen.try_lock()
        assert not await waiting.try_lock()
        await until(waiting.try_lock, patience=10)


async def test_another_process_wakes_the_relay(db: Database, broker: str) -> None:
    topic = await make_topic(broker)
    elsewhere = Waker()
    notifying = asyncio.create_task(elsewhere.run(db))
    relay_module_poll, relay_module.POLL = relay_module.POLL, 20.0
    try:
        async with relaying(db, connector(broker)) as relay:
            await until(lambda: relay.holding)
            await write(db, *rows(topic, 1))
            elsewhere.wake()
            async with asyncio.timeout(10):
                await read_numbers(broker, topic, 1)
    finally:
        relay_module.POLL = relay_module_poll
        notifying.cancel()


async def test_a_missing_topic_holds_up_nobody_else(db: Database, broker: str) -> None:
    topic = await make_topic(broker)
    await write(db, OutboxRow("no such topic/really", "k", {}, b"0 "), *rows(topic, 20))
    async with relaying(db, connector(broker)):
        await read_numbers(broker, topic, 20)
        await until(lambda: only(db, 1))


async def test_backlog_counts_and_ages(db: Database) -> None:
    await write(db, *rows("t", 7))
    async with db.acquire() as connection:
        await outbox.park(connection, await connection.fetchval("SELECT min(id) FROM outbox"), "why")
        found = await outbox.backlog(connection)
    assert (found.waiting, found.parked) == (6, 1)
    assert found.oldest is not None


__all__ = ["read"]


async def test_urgent_rows_among_many_do_not_end_the_reading(
    db: Database, broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An urgent row is read before the others; the read that finds it missing was full all the same."""
    monkeypatch.setattr(relay_module, "POLL", 3600.0)
    topic = await make_topic(broker)
    many = rows(topic, 60)
    await write(db, *many[:5], OutboxRow(topic, "now", {}, b"60 ", urgent=True), *many[5:])
    task_relay = relay_module.Relay(db, connector(broker), Waker(), read=10)
    task = asyncio.create_task(task_relay.run())
    try:
        await until(lambda: left_none(db))
    finally:
        await task_relay.stop()
        await task
