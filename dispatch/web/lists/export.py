"""A list as a file: exactly what is filtered, row by row, so that a long one needs no more memory than a short one."""

import asyncio
import csv
import io
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence

from starlette.responses import Response, StreamingResponse

from dispatch.domain.refusals import Invalid
from dispatch.domain.turn import ZONE
from dispatch.steps.lists import MOST, Item, Page
from dispatch.web.i18n import N_, _
from dispatch.web.lists.rows import Shown, title_of

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HEADER = (
    N_("编号"),
    N_("标题"),
    N_("类别"),
    N_("街道"),
    N_("地点"),
    N_("状态"),
    N_("主办单位"),
    N_("收到"),
    N_("到期"),
)
#: a cell that begins so is a formula to a spreadsheet
FORMULA = ("=", "+", "-", "@", "\t", "\r")
CHUNK = 64 * 1024

Read = Callable[[str | None, int], Awaitable[Page]]
"""From a cursor, so many rows."""
Look = Callable[[Sequence[Item]], Awaitable[Shown]]
"""What stands behind the rows of a page."""


async def export(read: Read, look: Look, name: str, kind: str) -> Response:
    """The file. Raises `Invalid` for a format that there is not, and whatever `read` raises at its first page."""
    if kind not in ("csv", "xlsx"):
        raise Invalid("没有「{value}」这种格式，请用 csv 或 xlsx", field="as", value=kind)
    first = await read(None, MOST)
    header = [_(one) for one in HEADER]
    pages = _pages(read, look, first)
    made = _csv(pages, header) if kind == "csv" else _xlsx(pages, header)
    headers = {"Content-Disposition": f'attachment; filename="{name}.{kind}"', "Cache-Control": "no-store"}
    return StreamingResponse(made, media_type=XLSX if kind == "xlsx" else "text/csv; charset=utf-8", headers=headers)


async def _pages(read: Read, look: Look, first: Page) -> AsyncIterator[list[list[str]]]:
    """The rows of each page."""
    page: Page | None = first
    while page is not None:
        shown = await look(page.items)
        yield [cells(item, shown.state(item)) for item in page.items]
        page = await read(page.next_cursor, MOST) if page.next_cursor else None


async def _csv(pages: AsyncIterator[list[list[str]]], header: list[str]) -> AsyncIterator[bytes]:
    yield b"\xef\xbb\xbf" + _lines([header])  # Excel takes UTF-8 for what it is only with this mark
    async for rows in pages:
        yield _lines(rows)


def _lines(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


async def _xlsx(pages: AsyncIterator[list[list[str]]], header: list[str]) -> AsyncIterator[bytes]:
    """A workbook is a zip with its index at the end: written to a file, row by row, and sent from there."""
    from openpyxl import Workbook  # slow to import, and only this format needs it

    book = Workbook(write_only=True)
    sheet = book.create_sheet("dispatch")
    sheet.append(header)
    try:
        async for rows in pages:
            for row in rows:
                sheet.append(row)
    except BaseException:  # hung up: what is never saved would stay in a file until the process ends
        sheet.close()
        sheet._writer.cleanup()
        raise
    with tempfile.TemporaryFile() as file:
        await asyncio.to_thread(book.save, file)  # seconds, where the list is long
        file.seek(0)
        for chunk in _chunks(file):
            yield chunk


def _chunks(file: "io.BufferedRandom | tempfile._TemporaryFileWrapper[bytes]") -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk


def cells(item: Item, state: str) -> list[str]:
    """A row, with its state in words; what a spreadsheet would run is made plain text."""
    row = (
        str(item.number),
        title_of(item),
        item.category_name or "",
        item.street_name,
        item.place_label or "",
        state,
        item.lead_name or "",
        f"{item.received_at.astimezone(ZONE):%Y-%m-%d %H:%M}",
        f"{item.due_at.astimezone(ZONE):%Y-%m-%d %H:%M}" if item.due_at else "",
    )
    return [f"'{cell}" if cell.startswith(FORMULA) else cell for cell in row]


__all__ = ["export"]
