"""Row 4: from the form to the unit's queue at a steady rate, against produce → consume → insert, bare.

Ours is the web and the worker as they are run. What a unit sees, it sees from the commit on: the moment is the one that
PostgreSQL stamped on the commit (`track_commit_timestamp`), so that nothing polls while it is measured. The bare pair
of processes has no HTTP, no first commit and no outbox: a record is produced, consumed, and the same rows are written.
"""

from __future__ import annotations

import asyncio
import json
import sys
from uuid import uuid4

import asyncpg

from dispatch.local.child import Child, Spec
from tests.bench.bare import connected
from tests.bench.figures import Figure, Size
from tests.bench.ground import ROOT, Ground
from tests.bench.row_intake import token_of
from tests.bench.seeded import raise_many, route_all
from tests.bench.shooting import at, fire

#: a row is seen from the commit of the transaction that wrote it
SEEN = """SELECT id::text, extract(epoch FROM pg_xact_commit_timestamp(s.xmin))::float8
FROM whistle_state s WHERE status <> 'raised'"""
WARM = 100


async def run(ground: Ground, size: Size) -> list[Figure]:
    """The middle and the slow end, for each rate."""
    figures: list[Figure] = []
    for rate in size.rates:
        count = int(rate * size.seconds)
        middle = Figure(f"form to queue at {rate}/s, p50", "ms", "less", 2.0)
        slow = Figure(f"form to queue at {rate}/s, p99", "ms", "less", 2.0)
        raised, routed = f"bench_raised_{rate}", f"bench_routed_{rate}"
        ids = await raise_many(await ground.clone(name=raised), count)
        await route_all(await ground.clone(raised, routed), ids)
        async with ground.broker() as kafka:
            # a broker that has just started is slow for seconds, and each topic's first records are: neither side is
            # to be measured on that
            async with ground.database() as url:
                await _ours(ground, url, kafka, rate, rate)
            async with ground.database(raised) as url:
                await _bare(ground, ground.postgres.url(routed), url, kafka, rate)
            for _ in range(max(size.rounds - 2, 1)):
                async with ground.database() as url:
                    ours = await _ours(ground, url, kafka, count, rate)
                async with ground.database(raised) as url:
                    bare = await _bare(ground, ground.postgres.url(routed), url, kafka, rate)
                middle.add(at(ours, 0.5), at(bare, 0.5))
                slow.add(at(ours, 0.99), at(bare, 0.99))
        for name in (raised, routed):
            await ground.postgres.drop(ground.postgres.url(name))
        figures += [middle, slow]
    return figures


async def _bare(ground: Ground, source: str, target: str, kafka: str, rate: int) -> list[float]:
    out = ground.folder / f"bare-{uuid4().hex}.json"
    command = (sys.executable, "-m", "tests.bench.bare_blink", source, target, kafka, str(rate), str(out))
    code = await Child(Spec("bare-blink", command, folder=ROOT)).wait()
    assert code == 0, f"the bare loop ended with {code}"
    async with connected(target) as connection:
        return delays(await connection.fetch(SEEN), json.loads(out.read_text()))


def delays(seen: list[asyncpg.Record], sent: dict[str, float]) -> list[float]:
    """Milliseconds from sent to seen, in order."""
    at_moment = {row[0]: row[1] for row in seen}
    return sorted((at_moment[id] - moment) * 1000 for id, moment in sent.items())


async def _ours(ground: Ground, url: str, kafka: str, count: int, rate: int) -> list[float]:
    token = await token_of(url)
    async with ground.worker(url, kafka), ground.web(url, kafka) as port, connected(url) as connection:
        await fire(port, token, WARM, first=count, rate=rate)
        await _routed(connection, WARM)
        done = await fire(port, token, count, rate=rate)
        await _routed(connection, WARM + count)
        return delays(await connection.fetch(SEEN), done["sent"])


async def _routed(connection: asyncpg.Connection, count: int) -> None:
    async with asyncio.timeout(60):
        while await connection.fetchval("SELECT count(*) FROM whistle_state WHERE status <> 'raised'") < count:
            await asyncio.sleep(0.1)
