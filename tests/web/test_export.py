"""A list as a file: a long one in the memory of a page, off the loop, and nothing left behind by who hangs up."""

import asyncio
import threading
import tracemalloc
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import Any, cast
from uuid import UUID

import pytest
from openpyxl.workbook import Workbook
from openpyxl.worksheet._writer import ALL_TEMP_FILES
from starlette.responses import StreamingResponse

from dispatch.domain.case import Actor
from dispatch.domain.turn import Turn
from dispatch.steps.lists import Item, Page
from dispatch.web.lists.export import Read, export
from dispatch.web.lists.rows import Shown
from tests.factories import CLERK, XF, World, monday
from tests.web.browsing import somebody

ROW = Item(
    UUID(int=0), 0, "广泰小区3号楼楼道消防门被锁", "emergency", False, "301", "消防通道锁堵", "130403011",
    "广泰小区3号楼", "130403011", "东柳街道", "handling", 1, "dispatch", "XF", "消防救援大队", 0, 1, 0, False,
    monday(), "handling", monday(11), 7200.0, "green", None, 5, (0, 0),
)  # fmt: skip
#: bytes above what was there before
MOST = 4 << 20


def rows(count: int, seen: Callable[[], None] = lambda: None) -> Read:
    """A list of so many rows, made as they are asked for; `seen` is called at each page."""

    async def read(cursor: str | None, limit: int) -> Page:
        seen()
        first = int(cursor or 0)
        last = min(first + limit, count)
        items = tuple(replace(ROW, id=UUID(int=n), number=2_600_000_000 + n) for n in range(first, last))
        return Page(items, str(last) if last < count else None, monday())

    return read


async def nothing_behind(_items: Sequence[Item]) -> Shown:
    return Shown(Actor("desk", None, None), cast(Turn, None), {})


async def chunks(read: Read, kind: str) -> AsyncIterator[bytes]:
    answer = cast(StreamingResponse, await export(read, nothing_behind, "all", kind))
    async for chunk in answer.body_iterator:
        yield cast(bytes, chunk)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("count", [5_000, pytest.param(100_000, marks=pytest.mark.chaos)])
async def test_a_long_list_takes_no_more_memory_than_a_short_one(kind: str, count: int) -> None:
    async for _ in chunks(rows(1), kind):
        pass  # what is imported at the first time
    tracemalloc.start()
    try:
        sent = sum([len(chunk) async for chunk in chunks(rows(count), kind)])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sent > 20 * count
    assert peak < MOST


async def test_a_workbook_is_written_off_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    where: list[int] = []
    save = Workbook.save

    def saving(book: Workbook, file: Any) -> None:
        where.append(threading.get_ident())
        save(book, file)

    monkeypatch.setattr(Workbook, "save", saving)
    async for _ in chunks(rows(3), "xlsx"):
        pass
    assert where != []
    assert threading.get_ident() not in where


async def test_who_hangs_up_leaves_no_file_behind() -> None:
    before, reached = list(ALL_TEMP_FILES), asyncio.Event()
    pages = iter(range(3))

    async def read(cursor: str | None, limit: int) -> Page:
        if next(pages) == 2:
            reached.set()
            await asyncio.Event().wait()
        return await rows(10_000)(cursor, limit)

    async def receive() -> None:
        async for _ in chunks(read, "xlsx"):
            pass

    receiving = asyncio.create_task(receive())
    await reached.wait()
    assert before != ALL_TEMP_FILES
    receiving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await receiving
    assert before == ALL_TEMP_FILES


async def test_a_state_is_called_in_a_file_what_it_is_called_on_the_page(world: World) -> None:
    number = (await world.whistle())["number"]
    version = (await world.get(number))["version"]
    given = {"version": version, "reason": "不属于本单位", "clause": "301", "to": "ZJ"}
    answer = await (await world.as_(XF)).post(f"/api/v1/whistles/{number}/actions/hand-back", json=given)
    assert answer.status_code == 200, answer.text
    for seat, page in ((XF, "/queue"), (CLERK, "/street")):
        one = await somebody(world, seat)
        assert "退单待裁定" in (await one.get(page)).text
        assert "退单待裁定" in (await one.client.get(f"{page}/export?as=csv")).text
