"""Row 10: a million whistles through Kafka in one run, by two workers beside a web and a scheduler, and whether any of
them grows by it.

The whistles are copies of some that were really raised, each under an id of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from time import perf_counter

import psutil

from dispatch.bus.embedded import free_port
from dispatch.local.child import Child
from tests.bench.bare import connected
from tests.bench.copies import PATIENCE, copy
from tests.bench.figures import Figure, Size
from tests.bench.ground import Ground, role
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


Samples = list[tuple[float, int, dict[str, float]]]
"""Seconds, whistles done, MB of each role."""


async def run(ground: Ground, size: Size) -> list[Figure]:
    """Speed of the last fifth to that of the second; each role's memory at the end to that after two fifths."""
    samples: Samples = []
    async with ground.broker() as kafka, ground.database() as url:
        await _copies(url, size.million)
        with _beside(ground, url, kafka) as others:

            async def look(done: int, workers: list[Child]) -> None:
                roles = {"workers": workers, **{name: [child] for name, child in others.items()}}
                samples.append((perf_counter(), done, {name: _memory(of) for name, of in roles.items()}))

            seconds = await through(ground, url, kafka, WORKERS, look=look)
    note = f"{size.million:,} whistles in {seconds:.0f} s, {size.million / seconds:.0f}/s"
    speed = Figure("a million in one run: last fifth to second", "whistles/s", "more", None, note=note)
    speed.add(_speed(samples, size.million, 0.8, 1.0), _speed(samples, size.million, 0.2, 0.4))
    end = samples[-1]
    then = next(one for one in samples if one[1] >= 0.4 * size.million or one is end)
    figures = [speed]
    for name in end[2]:
        grown = Figure(f"a million in one run: memory of {name}, end to two fifths", "MB", "less", 1.25, note=note)
        grown.add(end[2][name], then[2][name])
        figures.append(grown)
    return figures


@contextmanager
def _beside(ground: Ground, url: str, kafka: str) -> Iterator[dict[str, Child]]:
    """The web and the scheduler, which have all these whistles in their database."""
    ports = {"DISPATCH_PORT": str(free_port()), "DISPATCH_SCHEDULER_PORT": str(free_port())}
    settings = role(url, kafka, DISPATCH_SECRET_KEY="0" * 32, **ports)
    with ExitStack() as standing:
        yield {
            name: standing.enter_context(ground.process(name, "-m", "dispatch", name, **settings))
            for name in ("web", "scheduler")
        }


def _memory(children: list[Child]) -> float:
    return sum(psutil.Process(child.pid).memory_info().rss for child in children) / 2**20


def _speed(samples: Samples, count: int, first: float, last: float) -> float:
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
