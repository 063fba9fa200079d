"""The shared servers themselves: each test gets a clean database, the broker carries records over TCP."""

from datetime import timedelta
from uuid import uuid4

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from dispatch.bus.topics import ensure
from schemas.topics import Topic
from tests.servers import TestPostgres


async def test_each_clone_is_migrated_and_alone(postgres: TestPostgres) -> None:
    one, other = await postgres.fresh(), await postgres.fresh()
    connection = await asyncpg.connect(one)
    await connection.execute("CREATE TABLE only_here (x int)")
    await connection.close()
    connection = await asyncpg.connect(other)
    tables = {
        row["tablename"]
        for row in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    }
    await connection.close()
    assert "alembic_version" in tables
    assert "only_here" not in tables
    await postgres.drop(one)
    await postgres.drop(other)


async def test_records_come_back_in_order_from_the_partitions_asked_for(broker: str) -> None:
    name = f"t-{uuid4().hex[:8]}"
    await ensure(broker, replication=1, topics=[Topic(name, 3, timedelta(days=1), "test")])
    async with AIOKafkaProducer(bootstrap_servers=broker, acks="all", enable_idempotence=False) as producer:
        assert await producer.partitions_for(name) == {0, 1, 2}
        for number in range(20):
            await producer.send_and_wait(name, str(number).encode(), key=b"k")
    async with AIOKafkaConsumer(name, bootstrap_servers=broker, auto_offset_reset="earliest") as consumer:
        got = [int((await consumer.getone()).value) for _ in range(20)]
    assert got == list(range(20))


async def test_creating_topics_twice_is_no_error(broker: str) -> None:
    topic = Topic(f"t-{uuid4().hex[:8]}", 2, timedelta(days=1), "test")
    await ensure(broker, replication=1, topics=[topic])
    await ensure(broker, replication=1, topics=[topic])
