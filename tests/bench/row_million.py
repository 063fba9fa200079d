"""Row 10: a million whistles through Kafka in one run, by two workers, and whether our processes grow by it.

The whistles are copies of some that were really raised, each under an id of its own.
"""

from __future__ import annotations

from time import perf_counter

import psutil

from dispatch.local.child import Child
from tests.bench.bare import connected
from tests.bench.copies import PATIENCE, copy
from tests.bench.figures import Figure, Size
from tests.bench.ground import Ground
from tests.bench.row_scale import through
from tests.bench.seeded import raise_many

MADE, AT_ONCE, WORKERS = 1000, 50_000, 2
_RENAMED = """
INSERT INTO renamed
SELECT m.id, i, (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7'
       || substr(md5(i::text), 1, 3) || '8' || substr(md5('x' || i), 1, 15))::uuid
FROM generate_series($1::int, $2::int) AS i JOIN made m ON m.n = i % (SELECT count(*) FROM made)"""
#: a table, its column with the whistle's id, and what a copy has of its own
_COPY: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("whistle", "id", {"number": "2700000000 + r.i", "idempotency_key": "'copy-' || r.i"}),
    ("whistle_state", "id", {}),
    ("whistle_clock", "whistle", {"id": "gen_random_uuid()"}),
    ("whistle_event", "whistle", {"id": "gen_random_uuid()"}),
    (
        "outbox",
        "t.key::uuid",
        {
            "id": "nextval(pg_get_serial_sequence('outbox', 'id'))",
            "key": "r.new::text",
            "headers": "t.headers || jsonb_build_object('ce_id', gen_random_uuid())",
            "payload": "convert_to(replace(convert_from(t.payload, 'UTF8'), r.old::text, r.new::text), 'UTF8')",
        },
    ),
)


async def run(ground: Ground, size: Size) -> list[Figure]:
    """Speed of the last fifth to that of the second; the workers' memory at the end to that after two fifths."""
    samples: list[tuple[float, int, float]] = []  # seconds, whistles done, MB of all workers

    async def look(done: int, workers: list[Child]) -> None:
        memory = sum(psutil.Process(child.pid).memory_info().rss for child in workers) / 2**20
        samples.append((perf_counter(), done, memory))

    async with ground.broker() as kafka, ground.database() as url:
        await _copies(url, size.million)
        seconds = await through(ground, url, kafka, WORKERS, look=look)
    note = f"{size.million:,} whistles in {seconds:.0f} s, {size.million / seconds:.0f}/s"
    speed = Figure("a million in one run: last fifth to second", "whistles/s", "more", None, note=note)
    memory = Figure("a million in one run: workers' memory, end to two fifths", "MB", "less", 1.25, note=note)
    speed.add(_speed(samples, size.million, 0.8, 1.0), _speed(samples, size.million, 0.2, 0.4))
    memory.add(
        samples[-1][2], next(mb for _, done, mb in samples if done >= 0.4 * size.million or done == samples[-1][1])
    )
    return [speed, memory]


def _speed(samples: list[tuple[float, int, float]], count: int, first: float, last: float) -> float:
    within = [(at, done) for at, done, _ in samples if first * count <= done <= last * count] or samples[:1]
    (began, before), (ended, after) = within[0][:2], within[-1][:2]
    return (after - before) / (ended - began) if ended > began else 1.0


async def _copies(url: str, count: int) -> None:
    made = min(max(count // 2, 1), MADE)
    await raise_many(url, made)
    async with connected(url) as connection:
        await connection.execute(
            """SET synchronous_commit = off;
               CREATE TEMP TABLE made AS SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM whistle;
               CREATE TEMP TABLE renamed (old uuid, i int, new uuid)"""
        )
        for first in range(1, count - made + 1, AT_ONCE):
            await connection.execute("TRUNCATE renamed")
            await connection.execute(_RENAMED, first, min(first + AT_ONCE - 1, count - made))
            for table, key, own in _COPY:
                await copy(connection, table, key, own)
        await connection.execute("VACUUM ANALYZE", timeout=PATIENCE)
        await connection.execute("CHECKPOINT", timeout=PATIENCE)
