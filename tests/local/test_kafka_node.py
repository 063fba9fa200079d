"""The helper that runs Apache Kafka: what was sent before a kill is there after it."""

from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from dispatch.bus.topics import ensure
from tests import kafka_node

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.skipif(not kafka_node.available(), reason="Apache Kafka needs java and mvn"),
]


async def test_the_declared_topics_are_made_and_carry_records(kafka: str) -> None:
    from schemas.topics import LIFECYCLE

    await ensure(kafka, replication=1)
    mark = uuid4().bytes
    async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all", enable_idempotence=False) as producer:
        await producer.send_and_wait(LIFECYCLE, mark, key=b"k")
    async with AIOKafkaConsumer(LIFECYCLE, bootstrap_servers=kafka, auto_offset_reset="earliest") as consumer:
        assert mark in [record.value async for record in _until(consumer, mark)]


async def _until(consumer, last):  # type: ignore[no-untyped-def]
    async for record in consumer:
        yield record
        if record.value == last:
            return
