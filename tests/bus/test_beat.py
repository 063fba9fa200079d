"""Fetching at a beat: few requests, and nothing waits for one."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.consumer import consumer, fetcher

from dispatch.bus import beat
from tests.bus.rig import make_topic

PARTITIONS = 4


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """When each request to fetch left (monotonic seconds)."""
    monkeypatch.setattr(consumer, "Fetcher", consumer.Fetcher)
    beat.install()
    times: list[float] = []
    sent = fetcher.Fetcher._proc_fetch_request

    async def noted(self: Any, *arguments: Any) -> Any:
        times.append(time.monotonic())
        return await sent(self, *arguments)

    monkeypatch.setattr(fetcher.Fetcher, "_proc_fetch_request", noted)
    return times


@pytest.fixture
async def topic(broker: str) -> str:
    return await make_topic(broker, PARTITIONS)


@pytest.fixture
async def reader(broker: str, topic: str, asked: list[float]) -> AsyncIterator[AIOKafkaConsumer]:
    """At the end of the topic, which is empty."""
    made = AIOKafkaConsumer(bootstrap_servers=broker, auto_offset_reset="earliest", fetch_max_wait_ms=beat.WAIT_MS)
    await made.start()
    made.assign([TopicPartition(topic, n) for n in range(PARTITIONS)])
    yield made
    await made.stop()


async def test_what_keeps_coming_is_fetched_at_a_beat(
    reader: AIOKafkaConsumer, producer: AIOKafkaProducer, topic: str, asked: list[float]
) -> None:
    async def trickle() -> None:
        for n in range(200):
            await producer.send_and_wait(topic, b"%d" % n, partition=n % PARTITIONS)

    coming, found = asyncio.create_task(trickle()), 0
    async with asyncio.timeout(30):
        while found < 200:
            found += sum(map(len, (await reader.getmany(timeout_ms=10)).values()))
    await coming
    assert 3 < len(asked) <= (asked[-1] - asked[0]) / beat.BEAT + 2


async def test_where_nothing_comes_a_request_waits_at_the_broker(
    reader: AIOKafkaConsumer, asked: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beat, "LOOK", 5 * beat.WAIT_MS / 1000)
    began = time.monotonic()
    assert await reader.getmany(timeout_ms=10) == {}
    took = time.monotonic() - began
    assert took >= beat.LOOK, "a look lasts, whatever it asks for"
    assert len([moment for moment in asked if moment >= began]) <= took / (beat.WAIT_MS / 1000) + 2


async def test_a_look_ends_with_the_first_record(
    reader: AIOKafkaConsumer, producer: AIOKafkaProducer, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beat, "LOOK", 60.0)
    looking = asyncio.create_task(reader.getmany(timeout_ms=10))
    await asyncio.sleep(0)
    await producer.send_and_wait(topic, b"x", partition=1)
    found = await asyncio.wait_for(looking, 20)
    assert [record.value for records in found.values() for record in records] == [b"x"]
