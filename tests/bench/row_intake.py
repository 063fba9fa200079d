"""Row 1: POST/s and its p99, with token, validation, masking, matching and idempotency, against the bare web."""

from __future__ import annotations

import asyncio

from dispatch.bus.embedded import free_port
from tests.bench.bare import connected
from tests.bench.figures import Figure, Size
from tests.bench.ground import Ground, up
from tests.bench.shooting import at, fire
from tests.factories import CLERK, open_world

#: requests sent before the clock starts, so that both sides are warm
WARM = 0.1


async def run(ground: Ground, size: Size) -> list[Figure]:
    """Both figures of the row."""
    speed = Figure("POST /whistles", "/s", "more", 0.5, note="64 connections, answered after the commit, fsync on")
    slow = Figure("POST /whistles, p99", "ms", "less", None)
    for _ in range(size.rounds):
        async with ground.database() as ours, ground.database() as bare:
            token = await token_of(ours)
            async with ground.web(ours) as port:
                a = await _measure(port, token, size.posts)
            await _accepted(ours, size.posts)
            port = free_port()
            with ground.process("bare-web", "-m", "tests.bench.bare_web", str(port), ours, bare) as child:
                await up(child, port)
                b = await _measure(port, token, size.posts)
            await _accepted(bare, size.posts)
        speed.add(a[0], b[0])
        slow.add(a[1], b[1])
    return [speed, slow]


async def _measure(port: int, token: str, count: int) -> tuple[float, float]:
    warm = max(int(count * WARM), 1)
    await fire(port, token, warm)
    done = await fire(port, token, count - warm, first=warm)
    return done["count"] / done["seconds"], at(done["latencies"], 0.99)


async def token_of(url: str) -> str:
    """A clerk's token."""
    world = await open_world(url)
    try:
        return await world.token(CLERK)
    finally:
        await world.close()


async def _accepted(url: str, count: int) -> None:
    """Both sides wrote every row."""
    async with connected(url) as connection:
        for table, each in (
            ("whistle", 1),
            ("whistle_state", 1),
            ("whistle_clock", 2),
            ("whistle_event", 1),
            ("outbox", 1),
        ):
            found = await connection.fetchval(f"SELECT count(*) FROM {table}")
            assert found == each * count, f"{table}: {found} rows, {each * count} expected"
    await asyncio.sleep(0)
