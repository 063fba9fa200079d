"""`python -m tests.bench.sizes [COUNT]`: bytes of a whistle in each table and on each topic, and rows of a life.

Two databases: COUNT whistles raised and routed by the real steps, for bytes a row with indexes; the demo's past, for
rows a life. What `deploy/decisions/0021-scale.md` counts with.
"""

from __future__ import annotations

import asyncio
import sys

import asyncpg
import structlog
from rich.console import Console
from rich.table import Table

from dispatch.local.demo_seed import seed
from tests.bench.bare import connected
from tests.bench.seeded import raise_many, route_all
from tests.factories import DEMO, DISTRICT, demo_template
from tests.servers import TestPostgres

#: a table of what stands under a whistle, and its column with the whistle's id
TABLES = {
    "whistle": "id",
    "whistle_state": "id",
    "whistle_event": "whistle",
    "assignment": "whistle",
    "whistle_clock": "whistle",
    "whistle_text": "whistle",
    "escalation": "whistle",
    "request": "whistle",
    "notice": "whistle",
}
_BYTES = """
SELECT sum(pg_relation_size(oid)) AS heap, sum(pg_indexes_size(oid)) AS indexes FROM pg_class
WHERE oid = $1::text::regclass OR oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = $1::text::regclass)"""
#: headers travel as names and values; what Kafka puts around a record (some ten bytes) is not in it
_RECORDS = """
SELECT topic, count(*) AS n, avg(length(payload) + length(key)
       + (SELECT sum(length(name) + length(value)) FROM jsonb_each_text(headers) AS h (name, value))) AS bytes
FROM outbox GROUP BY topic ORDER BY topic"""


async def tables(connection: asyncpg.Connection, title: str) -> None:
    """Bytes a row, and rows of a whistle that was closed (of any, where none was)."""
    closed = await connection.fetchval("SELECT count(*) FROM whistle_state WHERE status = 'closed'")
    whistles = closed or await connection.fetchval("SELECT count(*) FROM whistle")
    shown = Table("table", "rows", "bytes a row", "heap", "indexes", "rows a whistle", title=title)
    for name, key in TABLES.items():
        rows = await connection.fetchval(f"SELECT count(*) FROM {name}")
        (heap, indexes), *_ = map(tuple, await connection.fetch(_BYTES, name))
        wide = await connection.fetchval(f"SELECT avg(pg_column_size(x.*)) FROM {name} x")
        only = "WHERE s.status = 'closed'" if closed else ""
        its = await connection.fetchval(f"SELECT count(*) FROM {name} x JOIN whistle_state s ON s.id = x.{key} {only}")
        each = (f"{heap / rows:.0f}", f"{indexes / rows:.0f}") if rows else ("–", "–")
        shown.add_row(name, f"{rows}", f"{wide or 0:.0f}", *each, f"{its / whistles:.2f}")
    Console(width=120).print(shown)


async def topics(connection: asyncpg.Connection) -> None:
    """Records and bytes by topic."""
    for topic, count, size in await connection.fetch(_RECORDS):
        print(f"{topic}: {count} records, {size:.0f} bytes each")


async def main(count: int) -> None:
    """Both databases."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with TestPostgres() as postgres:
        await demo_template(postgres, "lived")
        await postgres.execute("CREATE DATABASE many TEMPLATE lived")
        await route_all(postgres.url("many"), await raise_many(postgres.url("many"), count))
        await seed(postgres.url("lived"), DISTRICT, DEMO / "seed.yaml")
        for name, title in (("many", f"{count} raised and routed"), ("lived", "the demo's past, whole lives")):
            async with connected(postgres.url(name)) as connection:
                await connection.execute("VACUUM ANALYZE")
                await tables(connection, title)
                await topics(connection)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000))
