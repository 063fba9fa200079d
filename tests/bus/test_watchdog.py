"""Silence is a stall only while the broker answers; topics that a broker lost are made anew."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from types import SimpleNamespace
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from dispatch.bus import broker as bus
from dispatch.bus import feed as feed_module
from dispatch.bus import watchdog as watchdog_module
from dispatch.bus.embedded import free_port
from dispatch.bus.feed import feed
from dispatch.bus.lag import Progress, last_poll_age
from dispatch.bus.topics import admin, ensure
from dispatch.bus.watchdog import Stalled, Watchdog
from dispatch.store.dead_letters import DeadLetter
from dispatch.store.errors import TimeRanOut, Unavailable
from schemas.event import Incoming
from schemas.topics import INBOUND, RAISED, TOPICS, Topic
from tests.bus.rig import until
from tests.bus.test_feed import record
from tests.servers import TestBroker

LONG = 1000.0


@pytest.fixture
async def own_broker() -> AsyncIterator[TestBroker]:
    one = TestBroker()
    await asyncio.to_thread(one.start)
    yield one
    await asyncio.to_thread(one.stop)


def standing(address: str, topic: Topic) -> Callable[[], Awaitable[None]]:
    async def stand() -> None:
        await ensure(address, replication=1, topics=[topic], within=3)

    return stand


def declared() -> Topic:
    return Topic(f"t-{uuid4().hex[:8]}", 2, TOPICS[RAISED].retention, "of a test", replication=1)


async def test_silence_with_the_broker_away_is_waited_out(own_broker: TestBroker) -> None:
    own_broker.kill()
    dog = Watchdog(lambda: LONG, lambda: 0, standing(own_broker.address, declared()))
    await dog.look()
    await dog.look()
    assert dog.trouble is not None
    assert own_broker.address in dog.trouble


async def test_silence_while_the_broker_answers_is_a_stall(broker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    silent = LONG
    dog = Watchdog(lambda: silent, lambda: 0, standing(broker, declared()))
    await dog.look()  # it has not answered for long enough to say so
    monkeypatch.setattr(watchdog_module, "STALLED", 0.0)
    with pytest.raises(Stalled):
        await dog.look()
    silent = 0.0
    await dog.look()


async def test_a_broker_that_comes_back_gives_everybody_time(own_broker: TestBroker) -> None:
    address = f"127.0.0.1:{free_port()}"

    async def stand() -> None:
        await ensure(address, replication=1, topics=[], within=3)

    dog = Watchdog(lambda: LONG, lambda: 0, stand)
    dog._since -= LONG
    await dog.look()
    assert dog.trouble is not None
    address = own_broker.address
    await dog.look()
    assert dog.trouble is None


async def test_a_broker_that_comes_back_with_topics_that_do_not_fit_is_said(
    own_broker: TestBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, said = declared(), list[str]()
    monkeypatch.setattr(watchdog_module, "_log", SimpleNamespace(error=lambda _event, *, error: said.append(error)))
    await standing(own_broker.address, topic)()
    nobody = f"127.0.0.1:{free_port()}"
    stands = iter([standing(nobody, topic), *[standing(own_broker.address, replace(topic, partitions=3))] * 2])

    async def stand() -> None:
        await next(stands)()

    dog = Watchdog(lambda: LONG, lambda: 0, stand)
    for expected in (nobody, f"{topic.name} has 2 partitions, 3 are needed", topic.name):
        await dog.look()
        assert expected in (dog.trouble or "")
    assert said == ["KafkaAway", "TopicsUnfit"]


async def test_topics_that_were_lost_are_made_anew(broker: str) -> None:
    topic, failures = declared(), 0
    dog = Watchdog(lambda: 0.0, lambda: failures, standing(broker, topic))
    await dog.look()
    async with admin(broker) as asking:
        assert topic.name not in await asking.list_topics()
    failures = 1
    await dog.look()
    async with admin(broker) as asking:
        assert topic.name in await asking.list_topics()


class Fetched:
    """A consumer that fetched much, long ago."""

    def assignment(self) -> set[TopicPartition]:
        return {TopicPartition(INBOUND, 0)}

    async def position(self, _partition: TopicPartition) -> int:
        return 0

    def highwater(self, _partition: TopicPartition) -> int:
        return 20_000

    def last_poll_timestamp(self, _partition: TopicPartition) -> int:
        return int((time.time() - LONG) * 1000)


def test_working_off_what_was_fetched_at_once_is_no_silence() -> None:
    progress, consumers = Progress(), [Fetched()]
    assert (last_poll_age(consumers, progress) or 0) > LONG - 60
    with progress.handling([replace(record(0), topic=RAISED)]):
        assert (last_poll_age(consumers, progress) or 0) > LONG - 60, "another topic's work says nothing of this one"
    with progress.handling([record(0)]):
        assert (last_poll_age(consumers, progress) or LONG) < 60
    assert (last_poll_age(consumers, progress) or LONG) < 60


@pytest.mark.parametrize(("error", "takes"), [(Unavailable("gone"), 10.0), (TimeRanOut("frozen"), 75.0)])
async def test_waiting_for_the_database_is_no_silence_however_long(
    error: Exception, takes: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody polls meanwhile, for much waits behind the batch; another line may come through at any time."""
    for wait in ("FIRST_WAIT", "LONGEST_WAIT"):
        monkeypatch.setattr(feed_module, wait, 0.0)
    now, ages = 0.0, list[float]()
    progress = Progress(monotonic=lambda: now)

    async def away(_good: list[Incoming], _bad: list[DeadLetter]) -> None:
        nonlocal now
        now += takes
        ages.append(last_poll_age([Fetched()], progress) or 0)
        if now < 600:
            await feed([replace(record(0), topic=RAISED)], comes_through, progress)
            raise error

    async def comes_through(_good: list[Incoming], _bad: list[DeadLetter]) -> None:
        pass

    await feed([record(n) for n in range(500)], away, progress)
    assert now >= 600
    assert max(ages) < watchdog_module.STALLED
    now += LONG
    assert (last_poll_age([Fetched()], progress) or 0) > LONG - 60, "the outage is over, and nobody polls"


async def test_a_consumer_that_stops_polling_without_a_word_is_noticed(
    own_broker: TestBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = declared()
    stand = standing(own_broker.address, topic)
    await stand()
    seen: list[object] = []
    one = bus.make_broker(own_broker.address)

    @one.subscriber(topic.name, **bus.reading("dog"))
    async def take(message: object) -> None:
        seen.append(message)

    dog = Watchdog(lambda: last_poll_age(bus.consumers(one)) or 0.0, lambda: 0, stand)
    await bus.start(one)
    try:
        producer = AIOKafkaProducer(bootstrap_servers=own_broker.address)
        await producer.start()
        await producer.send_and_wait(topic.name, b"1", partition=0)
        await until(lambda: seen)
        for subscriber in one.subscribers:
            subscriber.tasks[0].cancel()  # type: ignore[attr-defined]
        await producer.send_and_wait(topic.name, b"2", partition=0)
        await producer.stop()
        consumer = bus.consumers(one)[0]
        await until(lambda: consumer.highwater(TopicPartition(topic.name, 0)) == 2)
        monkeypatch.setattr(watchdog_module, "STALLED", 0.5)
        monkeypatch.setattr(watchdog_module, "UNEASY", 0.2)
        monkeypatch.setattr(watchdog_module, "LOOK", 0.1)
        with pytest.raises(Stalled):
            await asyncio.wait_for(dog.run(), 20)
    finally:
        await one.stop()
