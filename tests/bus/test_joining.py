"""Subscribers join their groups side by side, and each time a group deals its partitions anew it is counted."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from faststream.kafka import KafkaBroker

from dispatch.bus import broker as bus
from dispatch.bus.lag import PROGRESS
from dispatch.observe.metrics import Metrics
from tests.bus.rig import make_topic, until


async def nothing(message: object) -> None:
    """What a subscriber of these tests does."""


def reader(broker: str, topic: str, *groups: str) -> KafkaBroker:
    made = bus.make_broker(broker)
    for group in groups:
        made.subscriber(topic, **bus.reading(group))(nothing)
    return made


async def test_subscribers_join_side_by_side(broker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody begins to wait for a group only when the one before is in: each waits here for all to have begun."""
    one = reader(broker, await make_topic(broker), *(f"g-{uuid4().hex[:8]}" for _ in range(3)))
    joined, everybody = [], asyncio.Barrier(3)
    for subscriber in one.subscribers:
        start = subscriber.start

        async def joining(start: Any = start) -> None:
            await everybody.wait()
            await start()
            joined.append(start)

        monkeypatch.setattr(subscriber, "start", joining)
    try:
        await asyncio.wait_for(bus.start(one), 60)
        assert len(joined) == 3
    finally:
        await bus.stop(one)


async def test_a_second_member_is_counted_as_dealt_anew(broker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    topic, group, metrics = await make_topic(broker), f"g-{uuid4().hex[:8]}", Metrics("worker")
    monkeypatch.setattr(PROGRESS, "on_dealt", metrics.dealt)

    def dealt() -> float:
        return metrics.registry.get_sample_value("dispatch_rebalances_total", {"topic": topic}) or 0

    first, second = (reader(broker, topic, group) for _ in range(2))
    await bus.start(first)
    try:
        await until(lambda: dealt() == 1)
        await bus.start(second)
        try:
            await until(lambda: dealt() == 3)  # the newcomer's share, and what is left to the first
            assert sum(len(one.assignment()) for each in (first, second) for one in bus.consumers(each)) == 4
        finally:
            await bus.stop(second)
    finally:
        await bus.stop(first)
