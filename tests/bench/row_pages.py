"""Row 6: a queue page and a search with a million whistles behind them.

The page is what a browser gets from `dispatch web`, HTML and all; the reading behind it stands against the bare query
of the same rows, and so does the search, with words from the commonest to those that nobody ever wrote.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from itertools import cycle, islice
from time import perf_counter
from typing import Any

from dispatch.steps import lists
from dispatch.store import pairs
from tests.bench.bare import connected, settle
from tests.bench.figures import Figure, Size
from tests.bench.ground import Ground
from tests.bench.load import Client
from tests.bench.many import RARE, fill
from tests.bench.shooting import at
from tests.factories import DESK, ZJ, open_world

TEMPLATE = "bench_years"
PAGES = ("/queue", "/queue?lamp=red", "/queue?part=assigned", "/queue?due=today")
WORDS = ("物业", "楼道", RARE, "从没有人写过", "路灯 不亮", "漏", "消防门 3号")
_QUEUE = """
SELECT a.role, a.status, a.on_site, a.started, a.assigned_at, a.due_at, w.id, w.number, w.title, w.kind, w.category,
       w.place, w.raised_by_node, w.received_at, s.status, s.version, s.rung, s.lead, c.*
FROM assignment a JOIN whistle w ON w.id = a.whistle JOIN whistle_state s ON s.id = a.whistle
LEFT JOIN whistle_clock c ON c.whistle = a.whistle AND c.stage = a.stage
     AND c.unit IS NOT DISTINCT FROM CASE WHEN a.stage = 'reported' THEN a.unit END
WHERE a.unit = $1 AND a.active ORDER BY a.due_at NULLS LAST, a.whistle LIMIT 51"""
_SEARCH = f"""
SELECT w.id, w.number, w.title, w.kind, w.category, w.place, w.raised_by_node, w.received_at, s.status, s.version,
       s.rung, s.lead
FROM whistle w JOIN whistle_state s ON s.id = w.id
WHERE {pairs.INDEXED} @@ $1::tsquery ORDER BY w.id DESC LIMIT 51"""

Look = Callable[[Any], Awaitable[Any]]


async def run(ground: Ground, size: Size) -> list[Figure]:
    """Page, reading, search."""
    stood = f"{size.stored:,} whistles"
    page, slow = Figure(f"queue page, {stood}, p50", "ms", "less", None), Figure("queue page, p99", "ms", "less", None)
    read = Figure("queue read, p50", "ms", "less", 2.0, note="rows with names, clocks and counted time")
    search = Figure("search, p50", "ms", "less", 2.0)
    search_slow = Figure("search, p99", "ms", "less", 2.0)
    url = await ground.clone(name=TEMPLATE)
    try:
        await fill(url, size.stored)
        world = await open_world(url)
        settle()
        token, unit, desk = await world.token(ZJ), await world.actor(ZJ), await world.actor(DESK)

        async def queue(_word: str) -> None:
            await lists.queue_view(world.service, unit, "ZJ")

        async def found(word: str) -> None:
            await lists.list_view(world.service, desk, lists.Asked(q=word))

        async with connected(url) as bare, ground.web(url) as port:
            for _ in range(max(size.rounds - 2, 1)):
                pages = await _pages(port, token, size.looks)
                ours = await _timed(queue, [""], size.looks)
                theirs = await _timed(lambda _word: bare.fetch(_QUEUE, "ZJ"), [""], size.looks)
                page.add(at(pages, 0.5), at(theirs, 0.5))
                slow.add(at(pages, 0.99), at(theirs, 0.99))
                read.add(at(ours, 0.5), at(theirs, 0.5))
                ours = await _timed(found, WORDS, size.looks)
                questions = [pairs.question(word) for word in WORDS]
                theirs = await _timed(lambda word: bare.fetch(_SEARCH, word), questions, size.looks)
                search.add(at(ours, 0.5), at(theirs, 0.5))
                search_slow.add(at(ours, 0.99), at(theirs, 0.99))
        await world.close()
    finally:
        await ground.postgres.drop(url)
    return [page, slow, read, search, search_slow]


async def _timed(look: Look, asked: Any, count: int) -> list[float]:
    """Milliseconds of each of so many looks, one after the other, sorted."""
    taken = []
    for one in asked:
        await look(one)
    for one in islice(cycle(asked), count):
        began = perf_counter()
        await look(one)
        taken.append((perf_counter() - began) * 1000)
    return sorted(taken)


async def _pages(port: int, token: str, count: int) -> list[float]:
    """The same for pages over one kept-alive connection; the second page of the queue is among them."""
    _, client = await asyncio.get_running_loop().create_connection(Client, "127.0.0.1", port)

    async def get(path: str) -> bytes:
        status, answer = await client.send(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
            "Accept: text/html\r\nAccept-Language: zh\r\n\r\n".encode()
        )
        assert status == 200, (path, status)
        return answer

    second = re.search(rb'href="(/queue\?[^"]*cursor=[^"]*)" rel="next"', await get("/queue"))
    older = (second[1].decode().replace("&amp;", "&"),) if second else ()
    try:
        return await _timed(get, (*PAGES, *older), count)
    finally:
        client.transport.close()
