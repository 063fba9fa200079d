"""A worker whose consumers stop polling without a word once it works: `python -m tests.bus.silenced_worker`.

What counts as a stall is lowered to a second. It says what it is up to by its exit code alone.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaProducer

from dispatch.bootstrap import worker
from dispatch.bootstrap.worker import Working
from dispatch.bus import watchdog
from dispatch.settings import read
from schemas.topics import RAISED

working = worker.working


async def silence(work: Working, address: str) -> None:
    """Its loops end, as they do by a mistake of the client's; then there is something to read."""
    await work.joining
    for subscriber in work.broker.subscribers:
        subscriber.tasks[0].cancel()  # type: ignore[attr-defined]
    async with AIOKafkaProducer(bootstrap_servers=address, acks="all") as producer:
        for partition in await producer.partitions_for(RAISED):
            await producer.send_and_wait(RAISED, b"{}", partition=partition)


@asynccontextmanager
async def silenced(service: Any, waker: Any, address: str, client: Any = None) -> AsyncIterator[Working]:
    """As `working`, with consumers that were silenced."""
    async with working(service, waker, address, client) as work:
        silencing = asyncio.create_task(silence(work, address))
        yield work
        await silencing


if __name__ == "__main__":
    watchdog.STALLED, watchdog.UNEASY, watchdog.LOOK = 1.0, 0.5, 0.2
    worker.working = silenced
    asyncio.run(worker.run_worker(read()))
