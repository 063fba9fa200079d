"""Row 2: the relay's rows/s from the outbox to the broker, against bare `send_batch` and `DELETE` of the same rows.

The bare loop reads a few thousand rows, sends one batch for each partition, deletes them, reads on. It finds no late
rows, lets nothing overtake, parks nothing, and loses its place when it fails.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from time import perf_counter
from typing import Any

import orjson
from aiokafka import AIOKafkaProducer

from dispatch.bus.producer import connector, partition_of
from dispatch.bus.relay import Relay
from dispatch.store.database import Database
from dispatch.store.waker import Waker
from tests.bench.bare import connected, settle
from tests.bench.figures import Figure, Size
from tests.bench.ground import Ground
from tests.bench.seeded import raise_many

#: rows of one round of the bare loop
BATCH = 2000
_READ = "SELECT id, topic, key, headers, payload FROM outbox WHERE id > $1 ORDER BY id LIMIT $2"


async def run(ground: Ground, size: Size) -> list[Figure]:
    """One figure."""
    figure = Figure("relay", "rows/s", "more", 0.7, note="outbox rows of whistles just raised; acks=all")
    template = await ground.clone(name="bench_relay")
    await raise_many(template, min(500, size.relayed))
    async with connected(template) as connection:
        await more(connection, size.relayed)
    async with ground.broker() as kafka:
        for _ in range(size.rounds):
            async with ground.database("bench_relay") as url:
                ours = await _ours(url, kafka, size.relayed)
            async with ground.database("bench_relay") as url:
                bare = await _bare(url, kafka, size.relayed)
            figure.add(size.relayed / ours, size.relayed / bare)
    await ground.postgres.drop(template)
    return [figure]


async def more(connection: Any, count: int) -> None:
    """The rows of a few hundred whistles over and over, each with a key of its own."""
    await connection.execute("CREATE TEMP TABLE first AS SELECT row_number() OVER (ORDER BY id) AS n, * FROM outbox")
    await connection.execute("TRUNCATE outbox")
    await connection.execute(
        """INSERT INTO outbox (topic, key, headers, payload, urgent, created_at)
           SELECT topic, gen_random_uuid()::text, headers, payload, urgent, created_at
           FROM generate_series(0, $1::int - 1) AS i JOIN first ON n = i % (SELECT count(*) FROM first) + 1
           ORDER BY i""",
        count,
    )


async def _ours(url: str, kafka: str, count: int) -> float:
    """The relay holds its lock and waits; the rows appear at once. Seconds until all are sent and deleted."""
    database = await Database.connect(url, size=2)
    waker = Waker()
    async with connected(url) as connection:
        await connection.execute("ALTER TABLE outbox RENAME TO filled")
        await connection.execute("CREATE TABLE outbox (LIKE filled INCLUDING ALL)")
        relay = Relay(database, connector(kafka), waker)
        running = asyncio.create_task(relay.run())
        try:
            await _until(lambda: relay.holding)
            await asyncio.sleep(0.2)
            await connection.execute("DROP TABLE outbox; ALTER TABLE filled RENAME TO outbox")
            settle()
            began = perf_counter()
            waker.wake()
            await _until(lambda: relay.counts.sent >= count)
            while await connection.fetchval("SELECT EXISTS (SELECT FROM outbox)"):
                await asyncio.sleep(0.002)
            return perf_counter() - began
        finally:
            await relay.stop()
            await running
            await database.close()


async def _bare(url: str, kafka: str, count: int) -> float:
    producer = await connector(kafka)()
    try:
        async with connected(url) as connection:
            counts = {row[0]: 0 for row in await connection.fetch("SELECT DISTINCT topic FROM outbox")}
            for topic in counts:
                counts[topic] = len(await producer.partitions_for(topic))
            settle()
            began = perf_counter()
            top, sent = 0, 0
            while rows := await connection.fetch(_READ, top, BATCH):
                heaps: defaultdict[tuple[str, int], list[Any]] = defaultdict(list)
                for row in rows:
                    key = row[2].encode()
                    heaps[row[1], partition_of(key, counts[row[1]])].append((key, row[3], row[4]))
                await asyncio.gather(*(_send(producer, *where, heap) for where, heap in heaps.items()))
                await connection.execute("DELETE FROM outbox WHERE id = ANY($1)", [row[0] for row in rows])
                top = rows[-1][0]
                sent += len(rows)
            assert sent == count
            return perf_counter() - began
    finally:
        await producer.stop()


async def _send(producer: AIOKafkaProducer, topic: str, partition: int, rows: list[Any]) -> None:
    batch = producer.create_batch()
    for key, headers, payload in rows:
        made = [(name, value.encode()) for name, value in orjson.loads(headers).items()]
        assert batch.append(timestamp=None, key=key, value=payload, headers=made) is not None
    batch.close()
    await (await producer.send_batch(batch, topic, partition=partition))


async def _until(holds: Any, within: float = 60.0) -> None:
    async with asyncio.timeout(within):
        while not holds():
            await asyncio.sleep(0.002)
