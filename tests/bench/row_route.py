"""Row 3: whistles/s from topic to queue, every row written, against `getmany` and the same two statements, bare.

The bare loop's values stand ready by whistle: it looks them up by the record's key, locks the states, and writes the
same rows into the same tables with one data-modifying statement. Both acknowledge after the commit.
"""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Any
from uuid import UUID

import orjson
from aiokafka import AIOKafkaConsumer

from dispatch.bus import broker as bus
from dispatch.bus.producer import connector, partition_of
from dispatch.steps import raised
from handlers import on_raised
from schemas import topics
from tests.bench.bare import connected, settle
from tests.bench.bare_route import prepared, write
from tests.bench.figures import Figure, Size
from tests.bench.ground import Ground
from tests.bench.seeded import raise_many
from tests.factories import open_world

TEMPLATE = "bench_route"
READ = (topics.RAISED, topics.RAISED_URGENT)


async def run(ground: Ground, size: Size) -> list[Figure]:
    """One figure."""
    figure = Figure(
        "topic to queue", "whistles/s", "more", 0.5, note="state, assignments, clocks, event, notices, outbox"
    )
    template = await ground.clone(name=TEMPLATE)
    await raise_many(template, size.routed)
    async with connected(template) as connection:
        records = await connection.fetch("DELETE FROM outbox RETURNING topic, key, headers, payload")
    async with ground.broker() as kafka:
        for _ in range(size.rounds):
            await publish(kafka, records)
            async with ground.database(TEMPLATE) as url, ground.database(TEMPLATE) as bare_url:
                ours = await _ours(url, kafka, size.routed)
                bare = await _bare(url, bare_url, kafka, size.routed)
                await same(url, bare_url)
            figure.add(size.routed / ours, size.routed / bare)
    await ground.postgres.drop(template)
    return [figure]


async def publish(kafka: str, records: list[Any]) -> None:
    """What the relay would have sent."""
    producer = await connector(kafka)()
    try:
        waiting = []
        for topic, key, headers, payload in records:
            partition = partition_of(key.encode(), len(await producer.partitions_for(topic)))
            made = [(name, value.encode()) for name, value in orjson.loads(headers).items()]
            waiting.append(await producer.send(topic, payload, key.encode(), partition=partition, headers=made))
        await asyncio.gather(*waiting)
    finally:
        await producer.stop()


class Span:
    """From the first batch at hand to the last commit."""

    def __init__(self, count: int) -> None:
        self.left, self.began, self.ended = count, 0.0, 0.0
        self.done = asyncio.Event()

    def start(self) -> None:
        self.began = self.began or perf_counter()

    def end(self, count: int) -> None:
        self.left -= count
        self.ended = perf_counter()
        if self.left <= 0:
            self.done.set()

    @property
    def seconds(self) -> float:
        return self.ended - self.began


async def _ours(url: str, kafka: str, count: int) -> float:
    world = await open_world(url)
    span = Span(count)

    async def step(good: Any, bad: Any) -> None:
        span.start()
        span.end(len(await raised.take(world.service, good, bad)))

    broker = bus.make_broker(kafka, name="bench")
    broker.include_router(on_raised.router)
    broker.context.set_global("route_step", step)
    settle()
    try:
        await bus.start(broker)
        async with asyncio.timeout(120):
            await span.done.wait()
        return span.seconds
    finally:
        await bus.stop(broker)
        await world.close()


async def _bare(source: str, target: str, kafka: str, count: int) -> float:
    statement, rows = await prepared(source)
    span = Span(count)
    consumer = AIOKafkaConsumer(
        *READ, bootstrap_servers=kafka, group_id="bare", auto_offset_reset="earliest", enable_auto_commit=False,
        fetch_max_wait_ms=5,
    )  # fmt: skip
    settle()
    async with connected(target) as connection:
        await consumer.start()
        try:
            async with asyncio.timeout(120):
                while not span.done.is_set():
                    found = await consumer.getmany(timeout_ms=1000, max_records=bus.BATCH)
                    keys = [record.key.decode() for records in found.values() for record in records]
                    if keys:
                        span.start()
                        await write(connection, statement, [rows[key] for key in keys], [UUID(key) for key in keys])
                        span.end(len(keys))
                        await consumer.commit()
        finally:
            await consumer.stop()
        return span.seconds


async def same(ours: str, bare: str) -> None:
    """Both sides left the same number of rows in every table, and no whistle behind."""
    async with connected(ours) as a, connected(bare) as b:
        for table in ("assignment", "whistle_clock", "whistle_event", "notice", "outbox"):
            counts = [await each.fetchval(f"SELECT count(*) FROM {table}") for each in (a, b)]
            assert counts[0] == counts[1] > 0, f"{table}: {counts}"
        for each in (a, b):
            assert not await each.fetchval("SELECT count(*) FROM whistle_state WHERE status = 'raised'")
