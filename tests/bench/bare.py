"""Rows as they stand in one database, written into another by plain statements with values made beforehand.

This is what our own loops are measured against: the same tables, columns and row counts, and nothing decided.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

Values = tuple[Any, ...]

_COLUMNS = """
SELECT attname, format_type(atttypid, NULL) FROM pg_attribute
WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attidentity = '' ORDER BY attnum"""


@dataclass(frozen=True)
class Table:
    """A table's columns with their types; identities are left to the database."""

    name: str
    columns: tuple[tuple[str, str], ...]

    @classmethod
    async def of(cls, connection: asyncpg.Connection, name: str) -> Table:
        return cls(name, tuple((row[0], row[1]) for row in await connection.fetch(_COLUMNS, name)))

    @property
    def names(self) -> str:
        return ", ".join(name for name, _ in self.columns)

    def index(self, column: str) -> int:
        return [name for name, _ in self.columns].index(column)

    async def rows(self, connection: asyncpg.Connection, where: str = "true", *arguments: Any) -> list[Values]:
        """Rows as values that `source` takes back."""
        picked = ", ".join(f"{name}::text" if _as_text(kind) else name for name, kind in self.columns)
        found = await connection.fetch(f"SELECT {picked} FROM {self.name} WHERE {where}", *arguments)
        return [tuple(row) for row in found]

    def source(self, first: int) -> str:
        """`unnest(…) AS x (…)` with parameters from `$first` on."""
        arrays = ", ".join(
            f"${first + i}::{'text' if _as_text(kind) else kind}[]" for i, (_, kind) in enumerate(self.columns)
        )
        return f"unnest({arrays}) AS x ({self.names})"

    @property
    def values(self) -> str:
        return ", ".join(f"x.{name}::{kind}" if _as_text(kind) else f"x.{name}" for name, kind in self.columns)

    def insert(self, first: int) -> str:
        return f"INSERT INTO {self.name} ({self.names}) SELECT {self.values} FROM {self.source(first)}"

    def update(self, first: int, key: str, *, only: Sequence[str] = ()) -> str:
        sets = ", ".join(
            f"{name} = x.{name}{f'::{kind}' if _as_text(kind) else ''}"
            for name, kind in self.columns
            if name != key and (not only or name in only)
        )
        return f"UPDATE {self.name} t SET {sets} FROM {self.source(first)} WHERE t.{key} = x.{key}"


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    """A plain connection, with JSON as text."""
    connection = await asyncpg.connect(url, server_settings={"jit": "off", "timezone": "UTC"})
    for name in ("json", "jsonb"):
        await connection.set_type_codec(name, encoder=str, decoder=str, schema="pg_catalog")
    try:
        yield connection
    finally:
        with contextlib.suppress(Exception):
            await connection.close(timeout=5)


def settle() -> None:
    """Garbage collection as our own processes have it (`dispatch.bootstrap.serving.settle`), without importing them."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _as_text(kind: str) -> bool:
    return kind.endswith("[]") or kind in ("json", "jsonb")


@dataclass(frozen=True)
class Write:
    """One table's share of a statement: insert, or update by a key."""

    table: Table
    update: str | None = None
    only: tuple[str, ...] = ()


class Statement:
    """One data-modifying statement that writes rows of several tables."""

    def __init__(self, writes: Sequence[Write]) -> None:
        self._writes = writes
        self._made: dict[tuple[int, ...], str] = {}

    def arguments(self, rows: Sequence[Iterable[Values]]) -> tuple[str, list[list[Any]]]:
        """SQL and columns for these rows, one heap for each write; empty heaps are left out."""
        heaps = [list(heap) for heap in rows]
        used = tuple(i for i, heap in enumerate(heaps) if heap)
        columns = [list(column) for i in used for column in zip(*heaps[i], strict=True)]
        return self._made.get(used) or self._make(used), columns

    def _make(self, used: tuple[int, ...]) -> str:
        parts, first = [], 1
        for i in used:
            write = self._writes[i]
            sql = (
                write.table.update(first, write.update, only=write.only) if write.update else write.table.insert(first)
            )
            parts.append(f"p{i} AS ({sql})")
            first += len(write.table.columns)
        self._made[used] = f"WITH {', '.join(parts)} SELECT 1"
        return self._made[used]
