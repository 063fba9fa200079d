"""Rows copied within one database under ids of their own: what was made by the real steps, many times over."""

from __future__ import annotations

from collections.abc import Mapping

import asyncpg

from tests.bench.bare import Table

#: seconds that one such statement may take
PATIENCE = 600


async def copy(
    connection: asyncpg.Connection, table: str, key: str, own: Mapping[str, str], where: str = "true"
) -> None:
    """The rows `t` of `table` once more for each row `r` of the caller's temporary table `renamed` (old, new, …).

    `key`: what of a row names its whistle, `own`: the columns that a copy has otherwise, all in SQL. A key that is a
    plain column becomes the new one by itself.
    """
    own = {key: "r.new", **own}
    columns = [name for name, _ in (await Table.of(connection, table)).columns]
    picked = ", ".join(own.get(name, f"t.{name}") for name in columns)
    on = key if "::" in key else f"t.{key}"
    await connection.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {picked}"
        f" FROM {table} t JOIN renamed r ON r.old = {on} WHERE {where}",
        timeout=PATIENCE,
    )
