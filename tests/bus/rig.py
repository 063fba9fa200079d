"""What the tests of the bus share: topics of their own, rows to send, everything a topic holds."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaTimeoutError, PolicyViolationError

from dispatch.bus.producer import connector
from dispatch.bus.relay import Relay
from dispatch.bus.topics import ensure
from dispatch.store.database import Database
from dispatch.store.outbox import OutboxRow
from dispatch.store.waker import Waker
from schemas.topics import RAISED, TOPICS, Topic

PATIENCE = 30.0


async def make_topic(broker: str, partitions: int = 4) -> str:
    """A topic nobody else has."""
    name = f"t-{uuid4().hex[:10]}"
    await ensure(
        broker, replication=1, topics=[Topic(name, partitions, TOPICS[RAISED].retention, "of a test", replication=1)]
    )
    return name


async def write(db: Database, *rows: OutboxRow) -> None:
    """Commit rows, as a step would."""
    async with db.transaction() as uow:
        await uow.announce(list(rows), await uow.now())


def rows(topic: str, count: int, keys: int = 20, start: int = 0, size: int = 0) -> list[OutboxRow]:
    """Rows numbered from `start`, their keys in turn; the number is the payload's beginning."""
    return [
        OutboxRow(topic, f"k{n % keys}", {"n": str(n)}, b"%d " % n + b"x" * size) for n in range(start, start + count)
    ]


def number(record: ConsumerRecord) -> int:
    """The number a row was given."""
    return int(record.value.split(b" ")[0])


async def read(broker: str, topic: str, until: Callable[[list[ConsumerRecord]], bool]) -> list[ConsumerRecord]:
    """Everything on the topic from its beginning until `until` says enough."""
    consumer = AIOKafkaConsumer(bootstrap_servers=broker, auto_offset_reset="earliest", fetch_max_wait_ms=20)
    await consumer.start()
    try:
        async with asyncio.timeout(PATIENCE):
            while not (parts := consumer.partitions_for_topic(topic)):
                await consumer._client.force_metadata_update()
            consumer.assign([TopicPartition(topic, part) for part in parts])
            found: list[ConsumerRecord] = []
            while not until(found):
                for batch in (await consumer.getmany(timeout_ms=50)).values():
                    found.extend(batch)
            return found
    finally:
        await consumer.stop()


async def read_numbers(broker: str, topic: str, expected: int) -> list[ConsumerRecord]:
    """Records until all of `expected` numbers were seen."""
    return await read(broker, topic, lambda found: len({number(record) for record in found}) >= expected)


def firsts_in_order(records: list[ConsumerRecord]) -> bool:
    """Whether of each key the first occurrences stand in order."""
    last: dict[bytes, int] = {}
    seen: set[int] = set()
    for record in records:
        n = number(record)
        if n in seen:
            continue
        seen.add(n)
        if n < last.get(record.key, -1):
            return False
        last[record.key] = n
    return True


@asynccontextmanager
async def relaying(db: Database, connect: Callable[..., object], waker: Waker | None = None) -> AsyncIterator[Relay]:
    """A relay at work; stopped cleanly at the end."""
    relay = Relay(db, connect, waker or Waker())  # type: ignore[arg-type]
    task = asyncio.create_task(relay.run())
    try:
        yield relay
    finally:
        await relay.stop()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(task, 10)


async def until(check: Callable[[], object], patience: float = PATIENCE) -> None:
    """Wait for something to become true; `check` may be a coroutine function."""
    async with asyncio.timeout(patience):
        while True:
            result = check()
            if asyncio.iscoroutine(result):
                result = await result
            if result:
                return
            await asyncio.sleep(0.02)


async def left(db: Database) -> int:
    """Rows in the outbox."""
    async with db.acquire() as connection:
        return int(await connection.fetchval("SELECT count(*) FROM outbox"))


class Flaky(AIOKafkaProducer):  # type: ignore[misc]
    """A real producer whose sends now and then fail: before anything was sent, or after it arrived."""

    calls = 0

    async def send_batch(self, batch, topic, *, partition):  # type: ignore[no-untyped-def]
        type(self).calls += 1
        if self.calls % 5 == 2:
            raise KafkaTimeoutError
        sent = await super().send_batch(batch, topic, partition=partition)
        if self.calls % 5 == 4:
            await sent
            raise KafkaTimeoutError
        return sent


def flaky(broker: str) -> Callable[..., object]:
    """Opens flaky producers."""

    async def connect() -> AIOKafkaProducer:
        producer = Flaky(bootstrap_servers=broker, acks="all", max_batch_size=8_000)
        await producer.start()
        return producer

    return connect


class Mute(AIOKafkaProducer):  # type: ignore[misc]
    """A real producer that takes what it is to send, and of which nobody hears again."""

    async def send_batch(self, _batch: Any, _topic: str, *, partition: int) -> Any:
        return asyncio.get_running_loop().create_future()


def mute(broker: str) -> Callable[[], Awaitable[AIOKafkaProducer]]:
    """Opens mute producers."""

    async def connect() -> AIOKafkaProducer:
        producer = Mute(bootstrap_servers=broker, acks="all")
        await producer.start()
        return producer

    return connect


class Post:
    """The way to the broker, whose sends have the outcomes of `plan` in turn; all succeed after that.

    One that succeeds goes `well`; one `fails` before anything was sent, or `arrives` and then fails; the broker will
    not have what is `refused`; of one that is `late` nobody hears, and it arrives only after a later one.
    """

    def __init__(self, broker: str, plan: list[str]) -> None:
        self.broker = broker
        self.plan = plan[::-1]
        self.sends = 0
        self.under_way: list[tuple[AIOKafkaProducer, Any, str, int]] = []
        self.opened: list[AIOKafkaProducer] = []

    async def connect(self) -> AIOKafkaProducer:
        """As `dispatch.bus.producer.connector` opens one."""
        producer = _Posting(bootstrap_servers=self.broker, acks="all", max_batch_size=8_000)
        producer.post = self
        await producer.start()
        self.opened.append(producer)
        return producer

    async def close(self) -> None:
        """Everything arrives; what a cancelled relay left open is closed."""
        await self.deliver()
        for producer in self.opened:
            await producer.stop()

    async def deliver(self) -> None:
        """What was under way for long arrives."""
        while self.under_way:
            producer, batch, topic, partition = self.under_way.pop(0)
            with contextlib.suppress(Exception):
                await (await AIOKafkaProducer.send_batch(producer, batch, topic, partition=partition))


class _Posting(AIOKafkaProducer):  # type: ignore[misc]
    post: Post

    async def send_batch(self, batch: Any, topic: str, *, partition: int) -> Any:
        post = self.post
        post.sends += 1
        what = post.plan.pop() if post.plan else "well"
        if what == "refused":
            raise PolicyViolationError
        if what == "late":
            post.under_way.append((self, batch, topic, partition))
        if what in ("late", "fails"):
            raise KafkaTimeoutError
        sent = await super().send_batch(batch, topic, partition=partition)
        await asyncio.wait([sent])
        await post.deliver()
        if what == "arrives":
            raise KafkaTimeoutError
        return sent

    async def stop(self) -> None:
        await self.post.deliver()
        await super().stop()


__all__ = ["connector"]
