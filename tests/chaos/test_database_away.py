"""PostgreSQL away for minutes while much waits on every topic: the worker waits, and ends neither itself nor a record.

Three minutes, longer than a silence that counts as a stall; `CHAOS_AWAY` is another number of minutes.
"""

import asyncio
import os
import signal
from pathlib import Path
from random import Random

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer

from dispatch.bus.ahead import BATCH
from dispatch.bus.producer import connector
from dispatch.bus.relay import Relay
from dispatch.bus.topics import ensure
from dispatch.domain.case import Actor
from dispatch.steps.prepare import NewWhistle
from dispatch.store.waker import Waker
from schemas import topics
from tests.chaos.faults import back, processes, send
from tests.chaos.fleet import Fleet
from tests.chaos.test_chaos import drained
from tests.chaos.test_poison import records
from tests.factories import BUILDING, CLERK, DISTRICT, STREET, World, demo_template, open_world
from tests.kafka_node import Kafka
from tests.servers import TestPostgres

pytestmark = [pytest.mark.chaos, pytest.mark.kafka, pytest.mark.timeout(0)]

AWAY = float(os.environ.get("CHAOS_AWAY", "3")) * 60
#: on each topic: a batch at work, and so much behind it that nobody polls any more
EACH = 3 * BATCH


async def raise_many(world: World) -> None:
    """As many of either lane."""
    clerk = Actor("street-clerk", "p", CLERK, node=STREET, district=DISTRICT, principal="person:p")
    async with asyncio.TaskGroup() as going:
        for nth in range(2 * EACH):
            text = f"天沟渗水，三户漏水（{nth}）"
            new = NewWhistle(STREET, text, f"a{nth}", text.encode(), place=BUILDING, danger=nth % 2 == 0)
            going.create_task(world.intake.raise_(clerk, new))


async def lie_there(world: World, url: str, kafka: str) -> None:
    """So many records on each topic that a worker reads."""
    await ensure(kafka, replication=1, within=60)
    await raise_many(world)
    relay = Relay(world.database, connector(kafka), Waker())
    going = asyncio.create_task(relay.run())
    await drained(url, 120, routed=False)
    await relay.stop()
    await going
    async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all", linger_ms=5) as producer:
        sent = [
            await producer.send(topics.INBOUND, value, key, headers=headers)
            for key, value, headers in records(EACH, 0, Random(1))
        ]
        await asyncio.gather(*sent)


async def held(url: str) -> asyncpg.Connection:
    """A session that lets nobody at any whistle."""
    holder = await asyncpg.connect(url)
    await holder.execute("BEGIN; LOCK TABLE whistle_state")
    return holder


async def at_work(holder: asyncpg.Connection) -> None:
    """Until a batch waits for the holder; the others are read while the database is away."""
    waiting = """SELECT EXISTS (SELECT FROM pg_locks JOIN pg_stat_activity USING (pid)
                 WHERE NOT granted AND application_name = 'dispatch-worker')"""
    async with asyncio.timeout(120):
        while not await holder.fetchval(waiting):
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("how", ["stopped", "frozen"])
async def test_a_worker_waits_for_a_database_that_is_away(how: str, tmp_path: Path) -> None:
    with TestPostgres(synchronous_commit="on") as server, Kafka() as kafka:
        await demo_template(server, "away")
        url = server.url("away")
        world = await open_world(url)
        await lie_there(world, url, kafka.address)
        await world.close()
        holder = await held(url)
        async with Fleet(tmp_path, url, kafka.address, ("worker",)) as fleet:
            (worker,) = fleet.members
            await at_work(holder)
            family = processes(server)
            if how == "frozen":
                send(family, signal.SIGSTOP)
            else:
                await asyncio.to_thread(server.server.stop)
            holder.terminate()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(asyncio.to_thread(worker.process.wait, AWAY + 5), AWAY)
            send(family, signal.SIGCONT)
            await back(server)
            await routed(url, 3 * EACH)
            assert worker.process.poll() is None, fleet.tail(worker)
            assert "task.ended" not in (tmp_path / "worker-1.log").read_text()


async def routed(url: str, count: int, within: float = 180.0) -> None:
    """Until so many whistles are routed, each once; no record became a dead letter."""
    connection = await asyncpg.connect(url)
    try:
        async with asyncio.timeout(within):
            while await connection.fetchval("SELECT count(*) FROM whistle_event WHERE type = 'routed'") < count:
                assert await connection.fetchval("SELECT count(*) FROM dead_letter") == 0
                await asyncio.sleep(0.5)
        once = "SELECT count(DISTINCT whistle), count(*) FROM whistle_event WHERE type = 'routed'"
        assert tuple(await connection.fetchrow(once)) == (count, count)
        assert await connection.fetchval("SELECT count(*) FROM whistle") == count
        assert await connection.fetchval("SELECT count(*) FROM dead_letter") == 0
    finally:
        await connection.close()
