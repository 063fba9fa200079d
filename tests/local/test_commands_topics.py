"""`topics plan|apply` as typed, on Apache Kafka and on the embedded broker."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from dispatch.bus.topics import Found, admin, found
from schemas import topics
from schemas.topics import Topic
from tests.local.test_commands_access import run

NAME = f"plan-{uuid4().hex[:8]}"
GROUP = f"group-{uuid4().hex[:8]}"
TOPIC = Topic(NAME, 2, timedelta(days=2), "of a test")


@pytest.fixture
def declare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCH_KAFKA_REPLICATION", "1")
    monkeypatch.setattr("dispatch.bus.unread.GROUPS", {NAME: GROUP})
    monkeypatch.setattr(topics, "TOPICS", {NAME: TOPIC})


@pytest.mark.kafka
@pytest.mark.usefixtures("declare")
def test_topics_are_planned_made_and_changed_like_a_migration(kafka: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCH_KAFKA", kafka)
    assert f"+ {NAME}  create: partitions 2, copies 1" in run("topics", "plan", code=1)
    assert NAME in run("topics", "apply")
    assert run("topics", "plan") == "主题和声明一致 as declared\n"

    asyncio.run(_send(kafka, 5))
    more = replace(TOPIC, partitions=3, retention=timedelta(days=1), max_message_bytes=2_000_000)
    monkeypatch.setattr(topics, "TOPICS", {NAME: more})
    refused = run("topics", "apply", code=1)
    assert f"! {NAME}  partitions 2 → 3" in refused
    assert f"unread: {GROUP} 5." in refused
    assert "Drain it" in refused
    assert asyncio.run(_there(kafka)).partitions == 2
    assert asyncio.run(_there(kafka)).own["retention.ms"] == "86400000", "what loses nothing by the way was made"

    assert f"at work: {GROUP}." in asyncio.run(_reading(kafka))
    planned = run("topics", "plan", code=1)
    assert planned == f"~ {NAME}  partitions 2 → 3\n1 处不同 to be done\n"
    run("topics", "apply")
    after = asyncio.run(_there(kafka))
    assert (after.partitions, after.own["max.message.bytes"]) == (3, "2000000")


@pytest.mark.usefixtures("declare")
def test_the_embedded_broker_creates_and_says_that_it_changes_nothing(
    broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPATCH_KAFKA", broker)
    assert f"+ {NAME}" in run("topics", "apply")
    assert run("topics", "plan") == "主题和声明一致 as declared\n"
    monkeypatch.setattr(topics, "TOPICS", {NAME: replace(TOPIC, partitions=3)})
    assert "it only creates topics" in run("topics", "apply", code=1)


def test_without_a_kafka_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPATCH_KAFKA", raising=False)
    assert "DISPATCH_KAFKA is not set" in run("topics", "plan", code=1)


async def _send(address: str, count: int) -> None:
    async with AIOKafkaProducer(bootstrap_servers=address, acks="all", enable_idempotence=False) as producer:
        for _ in range(count):
            await producer.send_and_wait(NAME, b"x")


async def _reading(address: str) -> str:
    """Read to the end, and what `apply` says while this reader is at work."""
    async with AIOKafkaConsumer(
        NAME, bootstrap_servers=address, group_id=GROUP, auto_offset_reset="earliest", enable_auto_commit=False
    ) as consumer:
        read = 0
        while read < 5:
            read += sum(map(len, (await consumer.getmany(timeout_ms=1000)).values()))
        await consumer.commit()
        return await asyncio.to_thread(run, "topics", "apply", code=1)


async def _there(address: str) -> Found:
    async with admin(address) as asking:
        return (await found(asking, [TOPIC]))[NAME]
