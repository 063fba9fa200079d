"""Row 7: live pages: how soon one event has reached all of them, and what hundreds of events leave in memory.

There is no bare loop to hold it against: the last to hear is held against the first, memory after the second half of
the events against memory after the first. They are spread over many whistles: one alone would grow by each of them.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import cycle, islice
from time import perf_counter

import httpx
import psutil

from tests.bench.figures import Figure, Size
from tests.bench.ground import Ground
from tests.bench.seeded import raise_many, route_all
from tests.factories import open_world

#: between two events that must not fall together (seconds): more than the pages wait to gather changes
APART = 0.5
#: whistles raised, of which those of the unit that leads the most are noted on
RAISED = 200


class Pages:
    """Open streams; `heard` says when each of them heard of the present event."""

    def __init__(self) -> None:
        self.heard: list[float] = []
        self.all_heard = asyncio.Event()
        self.expected = 0

    def await_next(self, count: int) -> None:
        self.heard, self.expected = [], count
        self.all_heard.clear()

    async def read(self, port: int, token: str) -> None:
        """One page that stays open."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            f"GET /events?on=queue HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
            "Accept: text/event-stream\r\n\r\n".encode()
        )
        try:
            while line := await reader.readline():
                if line.startswith((b"event: update", b"retry:")):
                    self.heard.append(perf_counter())
                    if len(self.heard) >= self.expected:
                        self.all_heard.set()
        finally:
            writer.close()


async def run(ground: Ground, size: Size) -> list[Figure]:
    """Both figures."""
    last = Figure(f"{size.live} live pages, the last has heard", "ms", "less", None, note="bare: the first has")
    memory = Figure(
        f"memory of web, after {size.events} events to {size.live} pages",
        "MB",
        "less",
        1.1,
        note="bare: after half of them",
    )
    async with ground.database() as url:
        await route_all(url, await raise_many(url, min(RAISED, size.events)))
        numbers, token = await _lead(url)
        number, more = numbers[0], cycle(numbers)
        async with (
            ground.web(url) as port,
            _open(port, token, size.live) as pages,
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client,
        ):
            for _ in range(size.rounds):
                last.add(*await _event(client, pages, number, token, size.live))
            held = []
            for _ in range(2):
                for one in islice(more, size.events // 2):
                    await _note(client, one, token)
                await _event(client, pages, number, token, size.live)
                held.append(_memory(port))
            memory.add(held[1], held[0])
    return [last, memory]


async def _lead(url: str) -> tuple[list[int], str]:
    """The whistles of the unit that leads the most, and a token of its liaison."""
    world = await open_world(url)
    try:
        async with world.database.acquire() as connection:
            row = await connection.fetchrow(
                """SELECT lead, array_agg(number ORDER BY number) AS numbers
                   FROM whistle JOIN whistle_state USING (id) WHERE lead IS NOT NULL
                   GROUP BY lead ORDER BY count(*) DESC, lead LIMIT 1"""
            )
        assert row is not None
        return row["numbers"], await world.token(f"unit:{row['lead']}:liaison")
    finally:
        await world.close()


@asynccontextmanager
async def _open(port: int, token: str, count: int) -> AsyncIterator[Pages]:
    pages = Pages()
    pages.await_next(count)
    tasks = [asyncio.create_task(pages.read(port, token)) for _ in range(count)]
    await asyncio.wait_for(pages.all_heard.wait(), 60)
    try:
        yield pages
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _event(client: httpx.AsyncClient, pages: Pages, number: int, token: str, count: int) -> tuple[float, float]:
    """Milliseconds from the commit's answer until the last and until the first page has heard."""
    await asyncio.sleep(APART)
    pages.await_next(count)
    began = perf_counter()
    await _note(client, number, token)
    await asyncio.wait_for(pages.all_heard.wait(), 30)
    return (max(pages.heard) - began) * 1000, (min(pages.heard) - began) * 1000


async def _note(client: httpx.AsyncClient, number: int, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    shown = (await client.get(f"/api/v1/whistles/{number}", headers=headers)).json()
    asked = {"version": shown["version"], "text": "师傅在路上"}
    answer = await client.post(f"/api/v1/whistles/{number}/actions/note", json=asked, headers=headers)
    assert answer.status_code == 200, answer.text


def _memory(port: int) -> float:
    """Megabytes that the web process on this port holds."""
    held = []
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):  # others end meanwhile
            if child.environ().get("DISPATCH_PORT") == str(port):
                held.append(child.memory_info().rss / 2**20)
    return max(held)
