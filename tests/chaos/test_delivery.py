"""Receipt ⇒ exactly one effect, in order per whistle, whatever happens to Kafka or a relay.

Each test is one kind of fault under load, on Apache Kafka; what the clients were told is then compared with log, ledger
and topics by the checker.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from dispatch.bus.topics import ensure
from dispatch.steps.audit import audit
from dispatch.store.database import Database
from schemas import topics
from tests.chaos import checker
from tests.chaos.crowd import Crowd
from tests.chaos.district import WAITS
from tests.chaos.evidence import Evidence, read
from tests.chaos.fleet import ROLES, Fleet, Member
from tests.chaos.on_topics import look
from tests.chaos.test_chaos import Phases, at_rest, now_of, tokens_of
from tests.kafka_node import Kafka

pytestmark = [pytest.mark.chaos, pytest.mark.kafka, pytest.mark.timeout(900)]

SEED = 20261126
#: seconds for which every broker is gone
GONE = float(os.environ.get("GONE_SECONDS", "45"))


@pytest.fixture
async def one_node() -> AsyncIterator[Kafka]:
    """A node of this test's own, to be shot at."""
    node = Kafka()
    await asyncio.to_thread(node.start)
    yield node
    await asyncio.to_thread(node.stop)


@pytest.fixture
async def three_nodes() -> AsyncIterator[Kafka]:
    """A cluster of this test's own: three copies, two in sync."""
    cluster = Kafka(3)
    await asyncio.to_thread(cluster.start)
    yield cluster
    await asyncio.to_thread(cluster.stop)


async def under(
    url: str,
    folder: Path,
    kafka: str,
    seed: int,
    seconds: float,
    torment: Callable[[Fleet], Awaitable[None]],
    *,
    roles: tuple[str, ...] = ROLES,
    copies: int = 1,
) -> tuple[Evidence, Crowd, Fleet]:
    """People at work for so long while `torment` goes on; the evidence is read while everybody still runs, once all
    is settled."""
    phases = Phases()
    tokens = await tokens_of(url, folder)
    await ensure(kafka, replication=copies)
    since = await now_of(url)
    async with Fleet(folder, url, kafka, roles, copies) as fleet:
        phases.end("start")
        crowd = Crowd(fleet, tokens, seed)
        async with asyncio.TaskGroup() as going:
            working = going.create_task(crowd.work(seconds))
            await torment(fleet)
            # clients insist: in the end everybody must be up again, or they would insist for ever
            await fleet.whole()
            await working
        phases.end("rage")
        until = await at_rest(url, fleet, phases, within=120)
    phases.end("stop")
    evidence = await read(url, crowd.journal, WAITS)
    evidence.since, evidence.until = since, until
    await look(kafka, evidence)
    phases.end("read")
    print(phases)
    return evidence, crowd, fleet


async def trial(
    url: str,
    folder: Path,
    kafka: Kafka,
    seconds: float,
    torment: Callable[[Fleet], Awaitable[None]],
    *,
    whole_topic: bool = True,
) -> Fleet:
    """People at work while `torment` goes on; then everything must add up."""
    evidence, crowd, fleet = await under(
        url,
        folder,
        kafka.address,
        SEED,
        seconds,
        torment,
        copies=len(kafka.nodes),
        roles=("web", *["worker"] * 2, "scheduler"),
    )
    found = checker.check(evidence if whole_topic else replace(evidence, topic=None, raised=None))
    database = await Database.connect(url, size=1)
    try:
        differences = [one async for one in audit(database)]
        async with database.acquire() as connection:
            dead = await connection.fetchval("SELECT count(*) FROM dead_letter")
    finally:
        await database.close()
    print(f"{len(crowd.journal.receipts)} receipts, {crowd.acts} acts, {len(evidence.log)} events")
    assert not found, f"{len(found)} violations: {found[0]}"
    assert not differences, differences[0]
    assert not crowd.wrong, crowd.wrong[:5]
    assert dead == 0
    assert len(crowd.journal.receipts) > 20
    return fleet


async def value(url: str, sql: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval(sql))
    finally:
        await connection.close()


async def test_the_broker_lost_everything(database: str, tmp_path: Path, one_node: Kafka) -> None:
    """Its disk is gone: the topics are made anew, what was not handled is routed from the database."""

    async def torment(_fleet: Fleet) -> None:
        for _ in range(2):
            await asyncio.sleep(8)
            await asyncio.to_thread(one_node.forget)

    await trial(database, tmp_path, one_node, 45, torment, whole_topic=False)


async def test_nodes_of_three_die_in_turn(database: str, tmp_path: Path, three_nodes: Kafka) -> None:
    async def torment(_fleet: Fleet) -> None:
        for number in (1, 2, 3):
            await asyncio.sleep(5)
            three_nodes.kill(number)
            await asyncio.sleep(8)
            await asyncio.to_thread(three_nodes.restart, number)

    await trial(database, tmp_path, three_nodes, 60, torment)


async def test_a_frozen_node_of_three_and_then_all_of_one_cluster(
    database: str, tmp_path: Path, three_nodes: Kafka
) -> None:
    """Frozen, a node keeps its connections: whoever waits for it must give up by himself."""

    async def torment(_fleet: Fleet) -> None:
        for frozen in ((1,), (1, 2, 3)):
            await asyncio.sleep(5)
            for number in frozen:
                three_nodes.freeze(number)
            await asyncio.sleep(12)
            for number in frozen:
                three_nodes.thaw(number)

    await trial(database, tmp_path, three_nodes, 60, torment)


async def test_all_brokers_gone(database: str, tmp_path: Path, one_node: Kafka) -> None:
    """Whistles are still taken and their clocks run; what waits leaves afterwards, in order."""
    taken: dict[str, int] = {}
    whistles = "SELECT count(*) FROM whistle"
    unwatched = """SELECT count(*) FROM whistle w JOIN whistle_state s USING (id) WHERE s.status = 'raised'
                   AND NOT EXISTS (SELECT FROM whistle_clock c WHERE c.whistle = w.id AND c.stage = 'dispatch'
                                   AND c.fires_at IS NOT NULL)"""

    async def torment(_fleet: Fleet) -> None:
        await asyncio.sleep(5)
        one_node.kill()
        before = await value(database, whistles)
        await asyncio.sleep(GONE)
        taken["meanwhile"] = await value(database, whistles) - before
        taken["unwatched"] = await value(database, unwatched)
        taken["waiting"] = await value(database, "SELECT count(*) FROM outbox")
        await asyncio.to_thread(one_node.restart)

    await trial(database, tmp_path, one_node, GONE + 30, torment)
    print(taken)
    assert taken["meanwhile"] > GONE / 3
    assert taken["waiting"] >= taken["meanwhile"]
    assert taken["unwatched"] == 0


async def test_workers_come_and_go(database: str, tmp_path: Path, one_node: Kafka) -> None:
    """The groups deal their partitions anew again and again: by leave, and by death."""

    async def torment(fleet: Fleet) -> None:
        workers = [member for member in fleet.members if member.role == "worker"]
        for turn in range(6):
            await asyncio.sleep(3)
            leaving = workers[turn % len(workers)]
            if turn % 3 == 2:
                fleet.kill(leaving)
            else:
                leaving.process.send_signal(signal.SIGTERM)
                assert await asyncio.to_thread(leaving.process.wait, 40) == 0, fleet.tail(leaving)
            await asyncio.sleep(1)
            fleet.again(leaving)
            await fleet.ready(leaving)

    await trial(database, tmp_path, one_node, 60, torment)


async def test_everything_is_delivered_again(database: str, tmp_path: Path, one_node: Kafka) -> None:
    """The groups have forgotten what they had read: each record comes a second time, long after its effect."""

    async def torment(fleet: Fleet) -> None:
        for _ in range(2):
            await asyncio.sleep(12)
            await fleet.stop("worker")
            for topic in (topics.RAISED_URGENT, topics.RAISED):
                await rewind(one_node.address, topic)
            for member in fleet.members:
                fleet.again(member)

    await trial(database, tmp_path, one_node, 50, torment)


async def rewind(address: str, topic: str) -> None:
    """To the beginning, for the group that handles the topic; nobody may be in it."""
    consumer = AIOKafkaConsumer(bootstrap_servers=address, group_id=topics.GROUPS[topic], enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
        if not partitions:
            partitions = [TopicPartition(topic, number) for number in range(topics.TOPICS[topic].partitions)]
        consumer.assign(partitions)
        await consumer.commit(dict.fromkeys(partitions, 0))
    finally:
        await consumer.stop()


async def holder(url: str, fleet: Fleet) -> Member:
    """The worker whose relay has the lock."""
    connection = await asyncpg.connect(url)
    sql = """SELECT split_part(application_name, ' ', 2)::int FROM pg_locks JOIN pg_stat_activity USING (pid)
             WHERE locktype = 'advisory' AND granted AND application_name LIKE 'dispatch-relay %'"""
    try:
        async with asyncio.timeout(60):
            while (process := await connection.fetchval(sql)) is None:
                await asyncio.sleep(0.1)
    finally:
        await connection.close()
    return next(member for member in fleet.members if member.process.pid == process)


async def test_a_frozen_relay_wakes_beside_its_successor(database: str, tmp_path: Path, one_node: Kafka) -> None:
    """Twice in turn: whoever holds the relay's lock stops for longer than its session may be idle."""
    woken = 0

    async def torment(fleet: Fleet) -> None:
        nonlocal woken
        for _ in range(3):
            await asyncio.sleep(4)
            asleep = await holder(database, fleet)
            fleet.freeze(asleep)
            async with asyncio.timeout(60):
                while await holder(database, fleet) is asleep:
                    await asyncio.sleep(0.2)
            await asyncio.sleep(3)
            fleet.thaw(asleep)
            woken += 1

    await trial(database, tmp_path, one_node, 70, torment)
    assert woken == 3
