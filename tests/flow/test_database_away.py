"""PostgreSQL away while records come: consumption waits, nothing becomes a dead letter, everything is handled after."""

import asyncio
import os

import pytest

from dispatch.bus import feed as feed_module
from dispatch.bus.feed import feed
from dispatch.store.database import Database
from tests.bus.test_feed import Table, record
from tests.servers import TestPostgres


async def away(seconds: float) -> None:
    with TestPostgres() as server:
        db = await Database.connect(await server.fresh(), size=2)
        step = Table(db)
        await feed([record(n) for n in range(100)], step)
        await asyncio.to_thread(server.server.stop)
        going = asyncio.create_task(feed([record(n) for n in range(100, 1100)], step))
        await asyncio.wait({going}, timeout=seconds)
        assert not going.done(), "it waits"
        await asyncio.to_thread(server.server.start)
        async with asyncio.timeout(60):
            await going
        assert await step.effects() == set(range(1100))
        assert await step.letters() == {}
        await db.close()


async def test_away_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "LONGEST_WAIT", 0.5)
    await away(2)


@pytest.mark.chaos
@pytest.mark.timeout(0)
async def test_away_for_ten_minutes() -> None:
    """Ten minutes, or as long as `make chaos` was asked for."""
    await away(min(float(os.environ.get("CHAOS_MINUTES", "10")), 10) * 60)
