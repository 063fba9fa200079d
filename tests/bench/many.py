"""A district after years: whistles made by the real steps, and copies of them by the million under ids of their own.

Three in a hundred are open, the newest, as where a year's whistles take some days each; the others are closed. Texts
name the place that the copy is about, so that what is searched is as common and as rare as in life.
"""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg

from dispatch.domain.reference import Reference
from tests.bench.bare import connected
from tests.bench.copies import copy
from tests.bench.seeded import raise_many, route_all
from tests.factories import DISTRICT, open_world

#: whistles made by the real steps, and rows copied by one statement
MADE, AT_ONCE = 1000, 50_000
OPEN = 0.03
#: stands in every so-many-thousandth text only
RARE, EVERY = "孔雀跑出来", 10_000

_RENAMED = """
INSERT INTO renamed
SELECT m.id, i, (lpad(to_hex(ms), 12, '0') || '7' || substr(md5(i::text), 1, 3) || '8' || substr(md5('x' || i), 1, 15))::uuid,
       to_timestamp(ms / 1000.0), i > $2::int * (1 - $4::float8), p.street, p.place, p.label,
       clock_timestamp() + (hashint4(i) % 1000) / 1000.0 * interval '6 days' + interval '4 days'
FROM generate_series($1::int, least($1 + $3 - 1, $2)::int) AS i
CROSS JOIN LATERAL (SELECT (extract(epoch FROM clock_timestamp()) * 1000 - ($2 - i) * 31536000000.0 / $2)::bigint AS ms) AS t
JOIN made m ON m.n = i % (SELECT count(*) FROM made)
JOIN places p ON p.n = i % (SELECT count(*) FROM places)"""  # noqa: E501 - one line a column's worth
#: a table, its column with the whistle's id, and what a copy has of its own
_COPY: tuple[tuple[str, str, dict[str, str], str], ...] = (
    (
        "whistle",
        "id",
        {
            "number": "2700000000 + r.i",
            "idempotency_key": "'copy-' || r.i",
            "received_at": "r.at",
            "raised_by_node": "r.street",
            "place": "r.place",
            "title": "replace(t.title, '广泰小区3号楼', r.label)",
            "body": "replace(t.body, '广泰小区3号楼', r.label)"
            f" || CASE WHEN r.i % {EVERY} = 7 THEN '{RARE}' ELSE '' END",
        },
        "true",
    ),
    (
        "whistle_state",
        "id",
        {"status": "CASE WHEN r.open THEN t.status ELSE 'closed' END", "last_at": "r.at"},
        "true",
    ),
    (
        "assignment",
        "whistle",
        {
            "assigned_at": "r.at",
            "active": "t.active AND r.open",
            "status": "CASE WHEN r.open THEN t.status ELSE 'done' END",
            "stage": "CASE WHEN r.open THEN t.stage END",
            "due_at": "CASE WHEN r.open THEN r.due + (t.due_at - t.assigned_at) END",
        },
        "true",
    ),
    (
        "whistle_clock",
        "whistle",
        {
            "id": "gen_random_uuid()",
            "started_at": "r.at",
            "due_at": "r.due + (t.due_at - t.started_at)",
            "fires_at": "r.due + (t.fires_at - t.started_at)",
            "running_since": "CASE WHEN t.running_since IS NOT NULL THEN r.at END",
        },
        "r.open",
    ),
)


@dataclass(frozen=True)
class Many:
    """How many whistles stand in the database, and how many of them are open."""

    whistles: int
    open: int


async def fill(url: str, count: int) -> Many:
    """Fill the demo district's database; the index of texts is built at the end, as a new one would be."""
    made = min(max(count // 2, 1), MADE)
    await route_all(url, await raise_many(url, made))
    world = await open_world(url)
    try:
        places = _places(world.service.rules.of(DISTRICT))
    finally:
        await world.close()
    async with connected(url) as connection:
        await connection.execute("SET maintenance_work_mem = '1GB'; SET synchronous_commit = off")
        definition = await connection.fetchval("SELECT pg_get_indexdef('whistle_pairs'::regclass)")
        await connection.execute("SET session_replication_role = replica")  # the log refuses to be emptied
        await connection.execute("DROP INDEX whistle_pairs; TRUNCATE outbox, notice, whistle_event")
        await connection.execute("SET session_replication_role = origin")
        await _prepare(connection, places)
        for first in range(1, count - made + 1, AT_ONCE):
            await _copy(connection, first, count - made)
        await connection.execute(definition)
        await connection.execute("VACUUM ANALYZE")
        await connection.execute("CHECKPOINT")
        found = await connection.fetchrow(
            "SELECT count(*) AS n, count(*) FILTER (WHERE status <> 'closed') AS open FROM whistle_state"
        )
    return Many(found["n"], found["open"])


def _places(reference: Reference) -> list[tuple[str, str, str]]:
    """Street, place and what people call it, of every place below a street."""
    found = []
    for code, label in reference.tree.labels.items():
        street = reference.tree.at_level(code, 4)
        if street is not None and street.code != code:
            found.append((street.code, code, label))
    return sorted(found)


async def _prepare(connection: asyncpg.Connection, places: list[tuple[str, str, str]]) -> None:
    await connection.execute(
        """CREATE TEMP TABLE made AS SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM whistle;
           CREATE TEMP TABLE places (n bigint, street text, place text, label text);
           CREATE TEMP TABLE renamed (old uuid, i int, new uuid, at timestamptz, open boolean, street text, place text,
                                      label text, due timestamptz)"""
    )
    await connection.executemany(
        "INSERT INTO places VALUES ($1, $2, $3, $4)", [(n, *place) for n, place in enumerate(places)]
    )


async def _copy(connection: asyncpg.Connection, first: int, last: int) -> None:
    await connection.execute("TRUNCATE renamed")
    await connection.execute(_RENAMED, first, last, AT_ONCE, OPEN)
    await connection.execute("ANALYZE renamed")
    for table, key, own, where in _COPY:
        await copy(connection, table, key, own, where)


__all__ = ["EVERY", "RARE", "Many", "fill"]
