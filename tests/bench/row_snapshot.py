"""Row 11: the relay beside a snapshot that has been open for ten minutes, against the same relay without one.

What matters of the ten minutes is what they leave: no row that the relay sent meanwhile can be vacuumed away. As many
are made at once, small ones, and deleted beside the snapshot; the mark stands where a relay that had sent them would
have put it. Then a relay takes over and sends what waits. `BENCH_SNAPSHOT_SECONDS=600` takes the real ten minutes
instead, in which a relay sends one lot of rows after the other.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any

from dispatch.bus.producer import connector
from dispatch.bus.relay import Relay
from dispatch.store import outbox
from dispatch.store.database import Database
from dispatch.store.waker import Waker
from tests.bench.bare import connected, settle
from tests.bench.copies import PATIENCE
from tests.bench.figures import Figure, Size
from tests.bench.ground import Ground
from tests.bench.row_relay import more
from tests.bench.row_scale import ASIDE, BACK
from tests.bench.seeded import raise_many

#: rows made or deleted by one statement
AT_ONCE = 1_000_000
_SMALL = """INSERT INTO outbox (topic, key, headers, payload, urgent, created_at)
SELECT 'whistles.lifecycle', 'k', '{}', '', false, clock_timestamp() FROM generate_series(1, $1::int)"""
#: above the highest id there was: a question about all of the table would wade through what is to be waded through
_TOP = "SELECT last_value FROM outbox_id_seq"


async def run(ground: Ground, size: Size) -> list[Figure]:
    """One figure: beside the snapshot, and without."""
    seconds = float(os.environ.get("BENCH_SNAPSHOT_SECONDS", "0"))
    template = await ground.clone(name="bench_snapshot")
    await raise_many(template, min(500, size.beside))
    async with connected(template) as connection:
        await more(connection, size.beside)
        await connection.execute(ASIDE)
    async with (
        ground.broker() as kafka,
        ground.database("bench_snapshot") as calm,
        ground.database("bench_snapshot") as old,
        _snapshot(old),
    ):
        began = perf_counter()
        while perf_counter() - began < seconds:
            await _rate(old, kafka, size.beside)
        if not seconds:
            await _die(old, size.dead)
        kept, pages = await _kept(old)
        name = f"relay beside a snapshot that keeps {kept:,} sent rows, to none"
        figure = Figure(name, "rows/s", "more", 0.9, note=f"left after VACUUM, on {pages}")
        for _ in range(max(size.rounds - 2, 1)):
            figure.add(await _rate(old, kafka, size.beside), await _rate(calm, kafka, size.beside))
    await ground.postgres.drop(template)
    return [figure]


@asynccontextmanager
async def _snapshot(url: str) -> AsyncIterator[None]:
    """A reading transaction that has looked at the outbox, and stays open."""
    async with connected(url) as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        assert await connection.fetchval("SELECT count(*) FROM outbox") == 0
        yield
        assert await connection.fetchval("SELECT count(*) FROM outbox WHERE id < 100") == 0


async def _die(url: str, count: int) -> None:
    """So many rows written and deleted, and the mark behind them."""
    async with connected(url) as connection:
        await connection.execute("SET synchronous_commit = off")
        for first in range(0, count, AT_ONCE):
            top = await connection.fetchval(_TOP)
            await connection.execute(_SMALL, min(AT_ONCE, count - first), timeout=PATIENCE)
            await connection.execute("DELETE FROM outbox WHERE id > $1", top, timeout=PATIENCE)
        await outbox.set_mark(connection, await connection.fetchval(_TOP))


async def _kept(url: str) -> tuple[int, str]:
    """How many sent rows stay, and on how much."""
    async with connected(url) as connection:
        await connection.execute("VACUUM outbox", timeout=PATIENCE)
        await connection.execute("CHECKPOINT", timeout=PATIENCE)
        found = await connection.fetchrow(
            """SELECT n_dead_tup, pg_size_pretty(pg_relation_size(relid)) FROM pg_stat_user_tables
               WHERE relname = 'outbox'"""
        )
        return found[0], found[1]


async def _rate(url: str, kafka: str, count: int) -> float:
    """Rows a second of a relay that takes over while so many wait: from its lock until all are sent and deleted."""
    database = await Database.connect(url, size=2)
    async with connected(url) as connection:
        top = await connection.fetchval(_TOP)
        await connection.execute(BACK, timeout=PATIENCE)
        await connection.execute("CHECKPOINT", timeout=PATIENCE)
        relay = Relay(database, connector(kafka), Waker())
        settle()
        running = asyncio.create_task(relay.run())
        try:
            await _until(lambda: relay.holding)
            began = perf_counter()
            await _until(lambda: relay.counts.sent >= count)
            while await connection.fetchval("SELECT EXISTS (SELECT FROM outbox WHERE id > $1)", top):
                await asyncio.sleep(0.01)
            return count / (perf_counter() - began)
        finally:
            await relay.stop()
            await running
            await database.close()


async def _until(holds: Any) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds():
            await asyncio.sleep(0.01)
