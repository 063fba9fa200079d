"""What only a real Kafka does: refuses a batch for its size, names the fault of a topic, keeps settings."""

import time
from datetime import timedelta
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from dispatch.bus.producer import connector
from dispatch.bus.sift import moment
from dispatch.bus.topics import TopicsUnfit, ensure
from dispatch.store.database import Database
from dispatch.store.outbox import OutboxRow
from schemas.topics import TOPICS, Topic
from tests.bus.rig import firsts_in_order, left, make_topic, number, read_numbers, relaying, rows, until, write

pytestmark = pytest.mark.kafka


async def test_a_batch_refused_for_its_size_is_cut_until_the_guilty_row_is_alone(db: Database, kafka: str) -> None:
    small = Topic(f"t-{uuid4().hex[:8]}", 1, timedelta(hours=1), "of a test", replication=1, max_message_bytes=8_000)
    await ensure(kafka, replication=1, topics=[small])
    before = rows(small.name, 200, size=200)
    guilty = OutboxRow(small.name, "guilty", {}, b"200 " + b"x" * 9_000)
    await write(db, *before, guilty, OutboxRow(small.name, "guilty", {}, b"201 "))
    await write(db, *rows(small.name, 100, start=202))
    async with relaying(db, connector(kafka)) as relay:
        records = await read_numbers(kafka, small.name, 300)
        assert relay.counts.parked == 1
        await until(lambda: two_left(db))
    assert firsts_in_order(records)
    assert {200, 201}.isdisjoint(map(number, records))
    async with db.acquire() as connection:
        assert await connection.fetchval("SELECT parked FROM outbox WHERE parked IS NOT NULL") == (
            "MessageSizeTooLargeError"
        )


async def two_left(db: Database) -> bool:
    return await left(db) == 2


async def test_the_declared_topics_stand_as_declared(kafka: str) -> None:
    await ensure(kafka, replication=1)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        described = await admin.describe_topics(list(TOPICS))
        assert {each["topic"]: len(each["partitions"]) for each in described} == {
            name: topic.partitions for name, topic in TOPICS.items()
        }
        answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, "whistles.inbound")])
        settings = {entry[0]: entry[1] for answer in answers for entry in answer.resources[0][4]}
        assert settings["retention.ms"] == "86400000"
    finally:
        await admin.close()


@pytest.mark.parametrize("days", [-400, 3])
async def test_a_sender_whose_clock_is_wrong_changes_nothing(kafka: str, days: int) -> None:
    """By his time the records would be too old to be kept, or too new to be taken."""
    topic, producer = await make_topic(kafka), await connector(kafka)()
    now = time.time()
    try:
        batch = producer.create_batch()
        batch.append(timestamp=int((now + days * 86400) * 1000), key=None, value=b"1 ")
        batch.close()
        await (await producer.send_batch(batch, topic, partition=0))
    finally:
        await producer.stop()
    (record,) = await read_numbers(kafka, topic, 1)
    assert abs(moment(record.timestamp).timestamp() - now) < 3600


async def test_too_few_brokers_for_the_replicas_is_one_clear_line(kafka: str) -> None:
    many = Topic(f"t-{uuid4().hex[:8]}", 1, timedelta(hours=1), "of a test", replication=3)
    with pytest.raises(TopicsUnfit, match=rf"Topic {many.name} could not be created \(InvalidReplicationFactor"):
        await ensure(kafka, topics=[many])
