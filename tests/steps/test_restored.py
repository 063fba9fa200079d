"""After a restore: numbers seen on the topics are not given out again, lost receipts are named."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from dispatch.bus.producer import connector
from dispatch.bus.seen import events
from dispatch.bus.topics import TopicsUnfit, ensure
from dispatch.steps.restored import MARGIN, Behind, restored
from dispatch.store import numbers
from schemas.event import Event
from schemas.topics import LIFECYCLE, RAISED, TOPICS
from tests.bus.rig import left, relaying, until
from tests.factories import TAMPERING, World
from tests.servers import TestBroker


async def test_a_database_restored_to_an_earlier_time(world: World) -> None:
    broker = TestBroker()
    try:
        await ensure(address := broker.start(), replication=1)
        kept, lost = await world.whistle(), await world.whistle()
        async with relaying(world.database, connector(address)):
            await until(lambda: _empty(world))
        async with world.database.transaction() as uow:  # the restore: neither the whistle nor its number ever were
            await uow.connection.execute(TAMPERING)
            for table, column in (("whistle_event", "whistle"), ("whistle_state", "id"), ("whistle", "id")):
                await uow.connection.execute(f"DELETE FROM {table} WHERE {column} = $1", UUID(lost["id"]))
            await uow.connection.execute("UPDATE number_block SET next = 1")
        done = await restored(world.database, events(address))
        assert [(one.whistle, one.number) for one in done.lost] == [(UUID(lost["id"]), lost["number"])]
        year, place = numbers.place_of(lost["number"])
        assert done.next["whistle", year] == place + MARGIN + 1
        assert numbers.number(year, place) == lost["number"]
        again = await restored(world.database, events(address))
        assert (again.lost, again.next) == (done.lost, done.next)
        assert kept["number"] < lost["number"]
    finally:
        broker.stop()


async def test_a_whistle_whose_log_went_back_is_named(world: World) -> None:
    """It stands, and other systems have seen facts of it that the database does not know."""
    broker = TestBroker()
    try:
        await ensure(address := broker.start(), replication=1)
        back, _whole = await world.whistle(), await world.whistle()
        async with relaying(world.database, connector(address)):
            await until(lambda: _empty(world))
        id = UUID(back["id"])
        async with world.database.transaction() as uow:  # the restore: it was raised, and nothing else had happened
            seen = await uow.connection.fetchval("SELECT seq FROM whistle_state WHERE id = $1", id)
            await uow.connection.execute(TAMPERING)
            await uow.connection.execute("DELETE FROM whistle_event WHERE whistle = $1 AND seq > 1", id)
            await uow.connection.execute("UPDATE whistle_state SET seq = 1 WHERE id = $1", id)
        assert seen > 1
        done = await restored(world.database, events(address))
        assert (done.lost, done.behind) == ([], [Behind(id, back["number"], 1, seen)])
        async with world.database.acquire() as connection:
            assert await numbers.known(connection, [id]) == {id: 1}, "it is told, and left as it is"
    finally:
        broker.stop()


async def _empty(world: World) -> bool:
    return await left(world.database) == 0


async def test_nothing_lost_moves_nothing_back(world: World) -> None:
    async def none() -> AsyncIterator[Event]:
        return
        yield

    await world.whistle()
    done = await restored(world.database, none())
    assert (done.events, done.lost, done.next) == (0, [], {})


async def test_read_from_the_beginning_or_a_moment_again_and_again(world: World) -> None:
    broker = TestBroker()
    try:
        await ensure(address := broker.start(), replication=1)
        raised = {(await world.whistle())["id"] for _ in range(3)}
        async with relaying(world.database, connector(address)):
            await until(lambda: _empty(world))
        sent = datetime.now(UTC)
        for since in (None, sent - timedelta(minutes=1)) * 5:
            seen = [event async for event in events(address, since=since)]
            assert {event.key for event in seen} == raised
    finally:
        broker.stop()


async def test_a_kafka_without_the_topics_is_not_read_as_an_empty_one() -> None:
    broker = TestBroker()
    try:
        await ensure(address := broker.start(), replication=1, topics=[TOPICS[RAISED], TOPICS[LIFECYCLE]])
        with pytest.raises(TopicsUnfit, match=r"no topic whistles\.raised\.urgent .* dispatch topics apply"):
            [event async for event in events(address)]
    finally:
        broker.stop()
