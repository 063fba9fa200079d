"""Row 9: accepted → Kafka → queue, as fast as it goes, by one, two and four workers, on one node and on three;
against produce → consume → insert, bare, on the same nodes.

Whistles stand accepted, their outbox rows aside; when the workers have joined, the rows are put back at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import perf_counter
from uuid import uuid4

import httpx

from dispatch.bus import topics
from dispatch.bus.embedded import free_port
from dispatch.local.child import Child, Spec
from tests.bench.bare import connected
from tests.bench.figures import Figure, Size
from tests.bench.ground import ROOT, Ground, role, up
from tests.bench.row_blink import SEEN
from tests.bench.seeded import raise_many, route_all
from tests.kafka_node import Kafka

#: as fast as the producer can (records a second)
AT_ONCE = 1e9
NAME = "accepted to queue"
ASIDE = """CREATE TABLE bench_waiting AS
SELECT topic, key, headers, payload, urgent, created_at FROM outbox ORDER BY id; TRUNCATE outbox"""
BACK = """INSERT INTO outbox (topic, key, headers, payload, urgent, created_at)
SELECT topic, key, headers, payload, urgent, created_at FROM bench_waiting"""
_RAISED = "SELECT count(*) FROM whistle_state WHERE status = 'raised'"

Look = Callable[[int, list[Child]], Awaitable[None]]


async def run(ground: Ground, size: Size) -> list[Figure]:
    """One figure for each count of workers and nodes."""
    raised, routed = "bench_scale_raised", "bench_scale_routed"
    ids = await raise_many(await ground.clone(name=raised), size.scaled)
    await route_all(await ground.clone(raised, routed), ids)
    figures = []
    for nodes, counts in ((1, (1, 2, 4)), (3, (1, 2))):
        async with _broker(ground, nodes) as kafka:
            copies = nodes if ground.kind == "kafka" else 1
            await _bare(ground, routed, raised, kafka, copies)  # a broker that has just started is slow for seconds
            for workers in counts:
                made = Figure(
                    f"{NAME}, {_count(workers, 'worker')}, {_count(nodes, 'node')}", "whistles/s", "more", None
                )
                made.add(
                    await rate(ground, raised, kafka, workers, copies),
                    await _bare(ground, routed, raised, kafka, copies),
                )
                figures.append(made)
    for name in (raised, routed):
        await ground.postgres.drop(ground.postgres.url(name))
    return figures


def _count(count: int, what: str) -> str:
    words = {1: "one", 2: "two", 3: "three", 4: "four"}
    return f"{words[count]} {what}{'s' if count > 1 else ''}"


async def through(
    ground: Ground, url: str, kafka: str, workers: int, *, replication: int = 1, look: Look | None = None
) -> float:
    """Seconds from the rows' commit until every whistle is routed. `look` is called meanwhile: how many are left."""
    async with connected(url) as connection:
        await connection.execute(ASIDE)
        count = await connection.fetchval(_RAISED)
        async with _workers(ground, url, kafka, workers, replication) as children:
            began = perf_counter()
            await connection.execute(BACK, timeout=600)
            while left := await connection.fetchval(_RAISED):
                if look:
                    await look(count - left, children)
                await asyncio.sleep(0.2 if count < 100_000 else 2)
            return perf_counter() - began


@asynccontextmanager
async def _workers(ground: Ground, url: str, kafka: str, count: int, replication: int) -> AsyncIterator[list[Child]]:
    """So many of `dispatch worker`, their consumers joined."""
    async with contextlib.AsyncExitStack() as standing:
        children, ports = [], []
        for _ in range(count):
            port = free_port()
            settings = role(url, kafka, DISPATCH_WORKER_PORT=str(port), DISPATCH_KAFKA_REPLICATION=str(replication))
            children.append(standing.enter_context(ground.process("worker", "-m", "dispatch", "worker", **settings)))
            await up(children[-1], port)
            ports.append(port)
        await asyncio.gather(*(_joined(port) for port in ports))
        yield children


async def _joined(port: int) -> None:
    async with asyncio.timeout(60), httpx.AsyncClient() as client:
        while (await client.get(f"http://127.0.0.1:{port}/readyz")).status_code != 200:
            await asyncio.sleep(0.1)


async def rate(ground: Ground, template: str, kafka: str, workers: int, replication: int = 1) -> float:
    """Whistles a second, on a copy of `template`: those that stand accepted in it."""
    async with ground.database(template) as url, connected(url) as connection:
        count = await connection.fetchval(_RAISED)
        return float(count / await through(ground, url, kafka, workers, replication=replication))


async def _bare(ground: Ground, routed: str, raised: str, kafka: str, copies: int) -> float:
    out = ground.folder / f"bare-{uuid4().hex}.json"
    async with ground.database(raised) as url:
        command = (sys.executable, "-m", "tests.bench.bare_blink", ground.postgres.url(routed), url, kafka,
                   str(AT_ONCE), str(out), str(copies))  # fmt: skip
        code = await Child(Spec("bare-blink", command, folder=ROOT)).wait()
        assert code == 0, f"the bare loop ended with {code}"
        async with connected(url) as connection:
            seen = [moment for _, moment in await connection.fetch(SEEN)]
    sent: dict[str, float] = json.loads(out.read_text())
    return len(seen) / float(max(seen) - min(sent.values()))


@asynccontextmanager
async def _broker(ground: Ground, nodes: int) -> AsyncIterator[str]:
    if nodes == 1 or ground.kind != "kafka":
        async with ground.broker() as address:
            yield address
        return
    cluster = Kafka(nodes)
    try:
        await asyncio.to_thread(cluster.start)
        await topics.ensure(cluster.address, replication=nodes, within=60)
        yield cluster.address
    finally:
        cluster.stop()
