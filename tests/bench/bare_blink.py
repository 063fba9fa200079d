"""Produce → consume → insert, bare, at a steady rate.

`python -m tests.bench.bare_blink FROM INTO KAFKA RATE OUT [COPIES]`: the whistles that stand raised in INTO are
produced one by one; the consumer locks their states and writes the rows that routing wrote in FROM. OUT gets the moment
(epoch seconds) at which each was handed to the producer. COPIES are those of the topic, one by default.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from dispatch.bus import topics
from schemas.topics import Topic
from tests.bench.bare import connected, settle
from tests.bench.bare_route import prepared, write
from tests.bench.load import epoch

BATCH = 500


async def main(source: str, target: str, kafka: str, rate: float, out: Path, copies: int = 1) -> None:
    statement, rows = await prepared(source)
    topic = f"bare-{uuid4().hex}"
    made = Topic(topic, 12, timedelta(days=1), "bare", replication=copies)
    await topics.ensure(kafka, replication=copies, topics=[made])
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=kafka, group_id=topic, auto_offset_reset="earliest", enable_auto_commit=False,
        fetch_max_wait_ms=5,
    )  # fmt: skip
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", linger_ms=0)
    await asyncio.gather(consumer.start(), producer.start())
    settle()
    sent: dict[str, float] = {}

    async def produce() -> None:
        began = time.perf_counter()
        for i, key in enumerate(rows):
            if (early := began + i / rate - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            sent[key] = epoch(began + i / rate)
            await producer.send(topic, b"{}", key.encode())

    async def consume() -> None:
        left = len(rows)
        async with connected(target) as connection:
            while left:
                found = await consumer.getmany(timeout_ms=1000, max_records=BATCH)
                keys = [record.key.decode() for records in found.values() for record in records]
                if keys:
                    await write(connection, statement, [rows[key] for key in keys], [UUID(key) for key in keys])
                    left -= len(keys)
                    await consumer.commit()

    async with asyncio.timeout(120):
        await asyncio.gather(produce(), consume())
    await asyncio.gather(consumer.stop(), producer.stop())
    out.write_text(json.dumps(sent))


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:4], float(sys.argv[4]), Path(sys.argv[5]), *map(int, sys.argv[6:])))
