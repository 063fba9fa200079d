"""What routing writes, made beforehand: the bare counterpart of a step. Imports nothing of ours but names of topics."""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from uuid import UUID

from schemas.topics import LIFECYCLE
from tests.bench.bare import Statement, Table, Values, Write, connected

LOCK = """SELECT id, status, version, seq, clock_timestamp() AS now FROM whistle_state
WHERE id = ANY($1::uuid[]) AND status = 'raised' ORDER BY id FOR UPDATE"""


async def write(connection: Any, statement: Statement, heaps: list[list[list[Values]]], ids: list[UUID]) -> None:
    """The two statements, in one transaction."""
    async with connection.transaction():
        locked = await connection.fetch(LOCK, ids)
        assert len(locked) == len(ids)
        sql, columns = statement.arguments([[row for one in heaps for row in one[i]] for i in range(len(heaps[0]))])
        await connection.execute(sql, *columns)


async def prepared(source: str) -> tuple[Statement, dict[str, list[list[Values]]]]:
    """What routing wrote in `source`: the statement, and by whistle its rows of each table."""
    async with connected(source) as connection:
        tables = {
            name: await Table.of(connection, name)
            for name in ("whistle_state", "whistle", "assignment", "whistle_clock", "whistle_event", "notice", "outbox")
        }
        clock = tables["whistle_clock"]
        writes = [
            (Write(tables["whistle_state"], "id"), "id", "true"),
            (Write(_only(tables["whistle"], "id", "category", "sealed"), "id"), "id", _CHANGED),
            (Write(tables["assignment"]), "whistle", "true"),
            (Write(clock, "id"), "whistle", "stage = 'dispatch' AND answered_at IS NOT NULL"),
            (Write(clock), "whistle", "stage NOT IN ('dispatch', 'total')"),
            (Write(tables["whistle_event"]), "whistle", "seq > 1"),
            (Write(tables["notice"]), "whistle", "true"),
            (Write(tables["outbox"]), "key", f"topic = '{LIFECYCLE}'"),
        ]
        found: defaultdict[str, list[list[Values]]] = defaultdict(lambda: [[] for _ in writes])
        for i, (made, key, where) in enumerate(writes):
            at = made.table.index(key)
            for row in await made.table.rows(connection, where):
                found[str(row[at])][i].append(row)
    return Statement([made for made, _, _ in writes]), dict(found)


#: the whistles whose facts routing changes: those that came without a category and got one
_CHANGED = """category IS NOT NULL AND EXISTS (
    SELECT FROM whistle_event e WHERE e.whistle = whistle.id AND e.seq = 1 AND e.data ->> 'category' IS NULL)"""


def _only(table: Table, *names: str) -> Table:
    return Table(table.name, tuple(column for column in table.columns if column[0] in names))
