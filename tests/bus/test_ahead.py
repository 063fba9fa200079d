"""Reading ahead: one batch of all that came meanwhile, offsets never before effects, nothing left lying.

The line is tried on a consumer that only notes what is committed, so that every interleaving can be made; the real
one is in `tests/handlers`.
"""

import asyncio
import random
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError, KafkaError
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.bus import ahead as module
from dispatch.bus.ahead import Ahead
from dispatch.bus.lag import Progress
from schemas import topics
from tests.bus.test_feed import record

PARTITIONS = {TopicPartition(topics.INBOUND, n) for n in range(3)}


class Consumer:
    """Owns `owned`, and notes what is committed; refuses while `refusing`."""

    def __init__(self) -> None:
        self.owned = set(PARTITIONS)
        self.committed: dict[int, int] = {}
        self.refusing = self.commits = 0
        self.refusal: Exception = KafkaError()

    def assignment(self) -> set[TopicPartition]:
        return self.owned

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        await asyncio.sleep(0)
        if self.refusing:
            self.refusing -= 1
            raise self.refusal
        self.commits += 1
        self.committed |= {partition.partition: end for partition, end in offsets.items()}


class Step:
    """Ends a batch when it is let; what it has done."""

    def __init__(self, consumer: Consumer) -> None:
        self.free = asyncio.Event()
        self.batches: list[list[int]] = []
        self.done: set[int] = set()
        self._consumer = consumer

    async def __call__(self, good: Any, bad: Any) -> None:
        assert all(end <= 1 + max(self.done, default=-1) for end in self._consumer.committed.values())
        self.batches.append([item.offset for item in good])
        await self.free.wait()
        self.done |= {item.offset for item in good}


async def test_what_comes_meanwhile_is_one_batch_and_commits_follow_effects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK", 0.0)
    consumer, progress = Consumer(), Progress()
    step, ahead = Step(consumer), Ahead(progress)
    for n in range(5):
        await ahead.take(consumer, [record(n)], step)
        await asyncio.sleep(0)
    assert step.batches == [[0]]
    assert consumer.committed == {}
    assert progress.in_hand.total() == 5
    step.free.set()
    await ahead.drain()
    assert step.batches == [[0], [1, 2, 3, 4]]
    assert consumer.committed == {0: 4, 1: 5, 2: 3}
    assert progress.in_hand == {}


async def test_no_more_than_a_batch_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK", 0.0)
    monkeypatch.setattr(module, "BATCH", 3)
    consumer = Consumer()
    step, ahead = Step(consumer), Ahead(Progress())
    await ahead.take(consumer, [record(0)], step)
    blocked = asyncio.create_task(ahead.take(consumer, [record(n) for n in range(1, 5)], step))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not blocked.done()
    step.free.set()
    await blocked
    await ahead.drain()
    assert step.batches == [[0], [1, 2, 3], [4]]


async def test_partitions_of_others_are_theirs_to_commit_and_a_refused_commit_is_made_up_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "COMMIT", 0.0)
    consumer = Consumer()
    step, ahead = Step(consumer), Ahead(Progress())
    step.free.set()
    consumer.refusing = 1
    await ahead.take(consumer, [record(0), record(1)], step)
    async with asyncio.timeout(5):
        while consumer.refusing:
            await asyncio.sleep(0)
    assert consumer.committed == {}
    consumer.owned.discard(TopicPartition(topics.INBOUND, 1))
    await ahead.take(consumer, [record(4)], step)
    await ahead.drain()
    assert step.done == {0, 1, 4}
    assert consumer.committed == {0: 1}


async def test_what_was_refused_because_all_was_dealt_anew_is_not_committed_over_what_another_did(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "COMMIT", 0.0)
    consumer = Consumer()
    step, ahead = Step(consumer), Ahead(Progress())
    step.free.set()
    consumer.refusing, consumer.refusal = 1, CommitFailedError()
    await ahead.take(consumer, [record(0)], step)
    async with asyncio.timeout(5):
        while consumer.refusing:
            await asyncio.sleep(0)
    await ahead.take(consumer, [record(4)], step)
    await ahead.drain()
    assert consumer.committed == {1: 5}


async def test_a_commit_that_fails_by_a_mistake_of_ours_ends_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "COMMIT", 0.0)
    consumer = Consumer()
    step, ahead = Step(consumer), Ahead(Progress())
    step.free.set()
    consumer.refusing, consumer.refusal = 1, ZeroDivisionError()
    await ahead.take(consumer, [record(0)], step)
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(ahead.failed(), 5)
    await ahead.take(consumer, [record(4)], step)
    await ahead.drain()
    assert (step.done, consumer.committed) == ({0}, {})


async def test_what_is_done_soon_after_is_committed_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """One request for many batches; who leaves waits for none."""
    monkeypatch.setattr(module, "COMMIT", 3600.0)
    monkeypatch.setattr(module, "LOOK", 0.0)
    consumer = Consumer()
    step, ahead = Step(consumer), Ahead(Progress())
    step.free.set()
    for n in range(4):
        await ahead.take(consumer, [record(n)], step)
        async with asyncio.timeout(5):
            while n not in step.done:
                await asyncio.sleep(0)
    assert len(step.batches) == 4
    assert (consumer.committed, consumer.commits) == ({}, 0)
    await ahead.drain()
    assert (consumer.committed, consumer.commits) == ({0: 4, 1: 2, 2: 3}, 1)


async def test_a_mistake_of_ours_ends_it_at_once_and_commits_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """However late it comes, and though nothing is taken afterwards."""
    late = asyncio.Event()

    async def broken(*_: Any) -> None:
        await late.wait()
        raise ZeroDivisionError

    monkeypatch.setattr(module, "feed", broken)
    monkeypatch.setattr(module, "LOOK", 0.0)
    consumer = Consumer()
    ahead = Ahead(Progress())
    await ahead.take(consumer, [record(0)], Step(consumer))
    late.set()
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(ahead.failed(), 5)
    await ahead.take(consumer, [record(1)], Step(consumer))
    assert consumer.committed == {}


async def test_after_draining_nothing_is_taken() -> None:
    consumer = Consumer()
    step, ahead = Step(consumer), Ahead(Progress())
    step.free.set()
    await ahead.take(consumer, [record(0)], step)
    await ahead.drain()
    await ahead.take(consumer, [record(3)], step)
    assert step.done == {0}
    assert consumer.committed == {0: 1}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=25), st.integers(0, 1000))
def test_whenever_records_come_all_are_done_once_and_in_order(pauses: list[int], seed: int) -> None:
    """The work may end at any moment between two takings; nothing may be left lying."""

    async def run() -> None:
        consumer, chance = Consumer(), random.Random(seed)
        step, ahead = Step(consumer), Ahead(Progress())

        async def sometimes(good: Any, bad: Any) -> None:
            for _ in range(chance.randrange(4)):
                await asyncio.sleep(0)
            step.batches.append([item.offset for item in good])

        for n, turns in enumerate(pauses):
            await ahead.take(consumer, [record(n)], sometimes)
            for _ in range(turns):
                await asyncio.sleep(0)
        async with asyncio.timeout(5):
            while sum(map(len, step.batches)) < len(pauses):
                await asyncio.sleep(0)
        assert [offset for batch in step.batches for offset in batch] == list(range(len(pauses)))
        await ahead.drain()
        assert max(consumer.committed.values()) == len(pauses)

    before, module.LOOK = module.LOOK, 0.0
    try:
        asyncio.run(run())
    finally:
        module.LOOK = before
