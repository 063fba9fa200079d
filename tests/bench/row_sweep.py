"""Row 5: climbing steps/s with everything overdue, and what a tick costs when nothing is.

The bare loop takes the same clocks in batches of the same size: one `UPDATE … RETURNING` of the clocks and inserts of
the same ledger rows, events, notices and outbox rows, made beforehand. Calendars, rungs and seats are ours alone.
"""

from __future__ import annotations

from collections import defaultdict
from time import perf_counter

import asyncpg

from dispatch.steps.escalate import BATCH, sweep
from tests.bench.bare import Statement, Table, Values, Write, connected, settle
from tests.bench.copies import copy
from tests.bench.figures import Figure, Size
from tests.bench.ground import Ground
from tests.bench.seeded import raise_many, route_all
from tests.factories import open_world

TEMPLATE = "bench_overdue"
#: whistles made by the real steps; the others are copies of them under ids of their own
MADE = 2000

#: a table, its column with the whistle's id, and what a copy has of its own
_COPY: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("whistle", "id", {"number": "nextval('bench_number')", "idempotency_key": "gen_random_uuid()::text"}),
    ("whistle_state", "id", {}),
    ("assignment", "whistle", {}),
    ("whistle_clock", "whistle", {"id": "gen_random_uuid()"}),
)
_OPEN = """INSERT INTO whistle_clock (id, whistle, stage, gen, run, rung, mark, nth, fires_at, started_at, due_at,
    running_since, used, policy, calendar, provisional)
SELECT gen_random_uuid(), gen_random_uuid(), 'handling', 1, 1, 0, 'due', 0, at, now(), at, now(), '0', '{}', 'c', false
FROM (SELECT now() + i * interval '1 second' + interval '1 day' AS at FROM generate_series(1, $1::int) AS i) AS x"""
PROBE = "SELECT whistle FROM whistle_clock WHERE fires_at <= $1 AND parked IS NULL ORDER BY fires_at LIMIT 1"


async def run(ground: Ground, size: Size) -> list[Figure]:
    """Steps, then ticks."""
    return [await _steps(ground, size), await _ticks(ground, size)]


async def _steps(ground: Ground, size: Size) -> Figure:
    figure = Figure(f"climbing, {size.overdue:,} overdue", "steps/s", "more", 0.7, note="the working calendar included")
    template = await ground.clone(name=TEMPLATE)
    await _overdue(template, size.overdue)
    for _ in range(max(size.rounds - 2, 1)):
        async with ground.database(TEMPLATE) as ours, ground.database(TEMPLATE) as bare:
            steps, a = await _ours(ours)
            written, b = await _bare(ours, bare)
            assert steps == written >= size.overdue, (steps, written)
        figure.add(steps / a, written / b)
    await ground.postgres.drop(template)
    return figure


async def _overdue(url: str, count: int) -> None:
    """Assigned whistles of which one clock each, the lead's report-in or the handling, ran out a minute ago.

    The queues say so too, as they would had it run out by itself: else ours alone would put that right.
    """
    made = min(count, MADE)
    await route_all(url, await raise_many(url, made))
    async with connected(url) as connection:
        await connection.execute(
            """UPDATE whistle_clock SET fires_at = NULL;
               UPDATE whistle_clock c SET mark = 'due', due_at = clock_timestamp() - interval '1 minute',
                   fires_at = clock_timestamp() - interval '1 minute'
               FROM (SELECT DISTINCT ON (whistle) id FROM whistle_clock
                     WHERE answered_at IS NULL AND stage NOT IN ('total') ORDER BY whistle, stage DESC, unit) AS x
               WHERE c.id = x.id;
               UPDATE assignment a SET stage = n.stage, due_at = n.due_at
               FROM (SELECT DISTINCT ON (a.whistle, a.gen, a.unit) a.whistle, a.gen, a.unit, c.stage, c.due_at
                     FROM assignment a JOIN whistle_clock c ON c.whistle = a.whistle AND c.answered_at IS NULL
                     AND (c.stage = 'reported' AND c.unit = a.unit
                          OR c.stage = 'handling' AND a.role IN ('lead', 'assist'))
                     ORDER BY a.whistle, a.gen, a.unit, c.due_at, c.stage DESC) AS n
               WHERE (a.whistle, a.gen, a.unit) = (n.whistle, n.gen, n.unit);
               TRUNCATE outbox, notice;
               CREATE TEMP SEQUENCE bench_number START 900000000000"""
        )
        for _ in range(count // made - 1):
            await _copy(connection, made)
        await connection.execute("ANALYZE")


async def _copy(connection: asyncpg.Connection, made: int) -> None:
    """The first `made` whistles once more, under other ids."""
    await connection.execute(
        f"""DROP TABLE IF EXISTS renamed;
            CREATE TEMP TABLE renamed AS SELECT id AS old, gen_random_uuid() AS new FROM whistle
            ORDER BY id LIMIT {made}"""
    )
    for table, key, own in _COPY:
        await copy(connection, table, key, own)


async def _ours(url: str) -> tuple[int, float]:
    world = await open_world(url)
    settle()
    try:
        began = perf_counter()
        steps = await sweep(world.service)
        return steps, perf_counter() - began
    finally:
        await world.close()


async def _bare(source: str, target: str) -> tuple[int, float]:
    async with connected(source) as connection:
        where = {
            "whistle_state": ("id", "id IN (SELECT whistle FROM escalation)"),
            "whistle_clock": ("whistle", "id IN (SELECT clock FROM escalation)"),
            "escalation": ("whistle", "true"),
            "whistle_event": ("whistle", "type LIKE 'clock.%'"),
            "notice": ("whistle", "true"),
            "outbox": ("key", "true"),
        }
        tables = [await Table.of(connection, name) for name in where]
        climbed = await connection.fetch("SELECT whistle FROM escalation ORDER BY at, whistle")
        rows: defaultdict[str, list[list[Values]]] = defaultdict(lambda: [[] for _ in tables])
        for i, table in enumerate(tables):
            key, condition = where[table.name]
            at = table.index(key)
            for row in await table.rows(connection, condition):
                rows[str(row[at])][i].append(row)
    statement = Statement([Write(tables[0], "id"), Write(tables[1], "id"), *(Write(table) for table in tables[2:])])
    whistles = [str(row[0]) for row in climbed]
    settle()
    async with connected(target) as connection:
        began = perf_counter()
        for first in range(0, len(whistles), BATCH):
            some = [rows[whistle] for whistle in whistles[first : first + BATCH]]
            sql, columns = statement.arguments([[row for one in some for row in one[i]] for i in range(len(tables))])
            await connection.execute(sql, *columns)
        return len(whistles), perf_counter() - began


async def _ticks(ground: Ground, size: Size) -> Figure:
    """Milliseconds of one tick; the probe is the same index, once."""
    figure = Figure(f"idle tick, {size.open_clocks:,} open", "ms", "less", 2.0)
    async with ground.database() as url:
        async with connected(url) as connection:
            await connection.execute(_OPEN.replace("$1::int", str(size.open_clocks)))
            await connection.execute("VACUUM ANALYZE whistle_clock")
        world = await open_world(url)
        try:
            async with connected(url) as connection:
                now = await world.database.now()
                for _ in range(size.rounds):
                    ours = bare = 0.0
                    # by turns: where the kernel puts two processes that talk to each other halves or doubles both
                    for _ in range(size.ticks):
                        began = perf_counter()
                        assert await sweep(world.service) == 0
                        middle = perf_counter()
                        assert not await connection.fetch(PROBE, now)
                        ours, bare = ours + middle - began, bare + perf_counter() - middle
                    figure.add(ours / size.ticks * 1000, bare / size.ticks * 1000)
        finally:
            await world.close()
    return figure
