"""The bare web: raw ASGI, group commit, rows made beforehand; nothing is read, checked, matched or decided.

`python -m tests.bench.bare_web PORT FROM INTO`: the rows of whistles in the database FROM are written to INTO, the
rows of one whistle for each request, answered after the commit.
"""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict
from typing import Any

import asyncpg
import uvicorn
import uvloop

from tests.bench.bare import Statement, Table, Values, Write, connected, settle

TABLES = (("whistle", "id"), ("whistle_state", "id"), ("whistle_clock", "whistle"), ("whistle_event", "whistle"),
          ("outbox", "key"))  # fmt: skip

ANSWER = b'{"id":"00000000-0000-0000-0000-000000000000","number":2600000000,"status":"raised","version":1}'
HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(ANSWER))]


class Bare:
    """One flusher, no timer; whatever arrived while the last statement ran goes into one statement."""

    def __init__(self, connection: asyncpg.Connection, rows: list[list[list[Values]]], statement: Statement) -> None:
        self._connection, self._rows, self._statement = connection, rows, statement
        self._waiting: list[asyncio.Future[None]] = []
        self._task: asyncio.Task[None] | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._flush())
        await future
        await send({"type": "http.response.start", "status": 201, "headers": HEADERS})
        await send({"type": "http.response.body", "body": ANSWER})

    async def _flush(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            taken = [self._rows.pop() for _ in batch]
            heaps = [[row for one in taken for row in one[i]] for i in range(len(TABLES))]
            sql, columns = self._statement.arguments(heaps)
            await self._connection.execute(sql, *columns)
            for future in batch:
                future.set_result(None)


async def read(url: str) -> tuple[Statement, list[list[list[Values]]]]:
    """The statement, and for each whistle its rows of each table."""
    async with connected(url) as connection:
        tables = [await Table.of(connection, name) for name, _ in TABLES]
        found: defaultdict[str, list[list[Values]]] = defaultdict(lambda: [[] for _ in TABLES])
        for i, (table, (_, key)) in enumerate(zip(tables, TABLES, strict=True)):
            at = table.index(key)
            for row in await table.rows(connection):
                found[str(row[at])][i].append(row)
    return Statement([Write(table) for table in tables]), list(found.values())


async def main(port: int, source: str, target: str) -> None:
    statement, rows = await read(source)
    async with connected(target) as connection:
        app = Bare(connection, rows, statement)
        settle()
        config = uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, access_log=False, lifespan="off")
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
