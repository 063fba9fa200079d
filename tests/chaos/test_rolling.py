"""Three workers are restarted one after another under load: what a whistle waits for its queue, then and in calm."""

import asyncio
import os
import signal
import statistics
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import asyncpg
import pytest

from dispatch.bus.relay import POLL
from dispatch.bus.topics import ensure
from dispatch.domain.case import Actor
from dispatch.steps.prepare import NewWhistle
from dispatch.store.waker import Waker
from tests.chaos.fleet import Fleet, Member
from tests.factories import BUILDING, CLERK, DISTRICT, STREET, World, open_world
from tests.web.conftest import demo_database, demo_url

__all__ = ["demo_database", "demo_url"]

pytestmark = [pytest.mark.chaos, pytest.mark.kafka, pytest.mark.timeout(900)]

#: whistles a second, and seconds of calm to compare with
RATE, CALM = int(os.environ.get("ROLLING_RATE", "500")), 8.0
#: seconds that a worker may take to stop, and that nothing at all may be routed: one poll of the relay
STOP_WITHIN, SILENT_FOR = 10.0, POLL


@dataclass
class Restart:
    """One worker's: when it was asked to stop, had stopped, was ready again (database's clock, seconds)."""

    asked: float
    stopped: float
    ready: float


async def pour(world: World, stopping: asyncio.Event) -> int:
    """RATE whistles a second, straight into the intake; how many it were."""
    clerk = Actor("street-clerk", "p", CLERK, node=STREET, district=DISTRICT, principal="person:p")
    began, sent = time.monotonic(), 0
    async with asyncio.TaskGroup() as going:
        while not stopping.is_set():
            wanted = int((time.monotonic() - began) * RATE)
            for nth in range(sent, wanted):
                text = f"楼道消防门被锁（{nth}）"
                going.create_task(
                    world.intake.raise_(clerk, NewWhistle(STREET, text, f"r{nth}", text.encode(), place=BUILDING))
                )
            sent = wanted
            await asyncio.sleep(0.01)
    return sent


async def moment(connection: asyncpg.Connection) -> float:
    return float(await connection.fetchval("SELECT extract(epoch FROM clock_timestamp())"))


async def restarted(fleet: Fleet, member: Member, connection: asyncpg.Connection) -> Restart:
    asked = await moment(connection)
    member.process.send_signal(signal.SIGTERM)
    code = await asyncio.to_thread(member.process.wait, 40)
    assert code == 0, fleet.tail(member)
    stopped = await moment(connection)
    fleet.again(member)
    await fleet.ready(member)
    return Restart(asked, stopped, await moment(connection))


async def test_a_rolling_restart_of_three_workers(demo_url: str, kafka: str, tmp_path: Path) -> None:
    await ensure(kafka, replication=1, within=60)
    connection = await asyncpg.connect(demo_url)
    world = await open_world(demo_url)
    waker = Waker()
    world.database.on_outbox = waker.wake  # as in the web: without its word the relay would look once a second
    waking = asyncio.create_task(waker.run(world.database))
    stopping = asyncio.Event()
    pouring: asyncio.Task[int] | None = None
    try:
        async with Fleet(tmp_path, demo_url, kafka, ("worker",) * 3) as fleet:
            pouring = asyncio.create_task(pour(world, stopping))
            await asyncio.sleep(CALM)
            restarts = [await restarted(fleet, member, connection) for member in fleet.members]
            stopping.set()
            sent = await pouring
            async with asyncio.timeout(60):
                while await connection.fetchval("SELECT EXISTS (SELECT FROM whistle_state WHERE status = 'raised')"):
                    await asyncio.sleep(0.2)
        rows = await connection.fetch(
            """SELECT extract(epoch FROM r.at)::float8 AS raised, extract(epoch FROM t.at)::float8 AS routed
               FROM whistle_event r JOIN whistle_event t USING (whistle)
               WHERE r.type = 'raised' AND t.type = 'routed' ORDER BY t.at"""
        )
        dead = await connection.fetchval("SELECT count(*) FROM dead_letter")
    finally:
        for task in filter(None, (pouring, waking)):
            task.cancel()
            await asyncio.wait({task})
        await world.close()
        await connection.close()
    assert len(rows) == sent
    assert dead == 0
    calm = [row["routed"] - row["raised"] for row in rows if row["raised"] < restarts[0].asked]
    routed = [row["routed"] for row in rows]
    print(f"\n{sent} whistles; calm: {said(calm[len(calm) // 4 :])}")
    longest = []
    for one in restarts:
        waits = [row["routed"] - row["raised"] for row in rows if one.asked - 0.5 <= row["raised"] < one.ready + 1]
        silent = max(b - a for a, b in pairwise(routed) if one.asked - 1 <= b < one.ready + 5)
        longest.append(silent)
        print(
            f"stopped in {one.stopped - one.asked:.2f} s, ready {one.ready - one.stopped:.2f} s later; {said(waits)};"
            f" nothing routed for {silent:.2f} s at most"
        )
    assert max(one.stopped - one.asked for one in restarts) < STOP_WITHIN
    assert max(longest) < SILENT_FOR


def said(waits: list[float]) -> str:
    """Milliseconds from receipt to queue."""
    cuts = statistics.quantiles(waits, n=100)
    return (
        f"receipt to queue p50 {cuts[49] * 1000:.0f} ms, p99 {cuts[98] * 1000:.0f} ms, most {max(waits) * 1000:.0f} ms"
    )
