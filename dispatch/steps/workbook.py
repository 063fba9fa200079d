"""Sheets from people's hands: an xlsx that somebody sent, read within limits, and one that they are given.

Refused before anything is read of it: what is no workbook, unpacks to too much, carries macros or an XML entity.
A formula is refused where it stands: what it would amount to is not in the file for certain.
"""

import io
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zipfile import BadZipFile, ZipFile

from dispatch.domain.refusals import Invalid

#: bytes of the file, of all that it unpacks to, and how many parts it may have
LARGEST, UNPACKED, PARTS = 5 * 1024 * 1024, 40 * 1024 * 1024, 200
#: tags in all of it: what they are held as takes some fifty times their room; 5,000 rows of 6 have some 200,000
TAGS = 1_000_000
#: rows with something in them, rows in all, columns, characters of a cell
MOST_ROWS, MOST_LINES, MOST_COLUMNS, LONGEST = 5_000, 10_000, 20, 200
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CHUNK = 256 * 1024
#: what begins an entity, in the encodings an XML part may have
_ENTITIES = tuple("<!DOCTYPE".encode(code) for code in ("utf-8", "utf-16-le", "utf-16-be"))
#: a cell that begins so is a formula to a spreadsheet
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Formula:
    """Stands in the place of a cell that is a formula."""


FORMULA = Formula()
Value = str | date | Formula


@dataclass(frozen=True, slots=True)
class Line:
    """A row that has something in it: its number in the sheet (the first is 1) and its cells."""

    number: int
    cells: tuple[Value, ...]


def lines(content: bytes) -> list[Line]:
    """The rows of the first sheet, empty ones left out. Raises `Invalid` (field `file`) for what cannot be read."""
    if not content:
        raise Invalid("没有选文件；请选一个 .xlsx 文件", field="file", value="")
    if len(content) > LARGEST:
        raise Invalid("文件有「{value}」字节，最多 {most}；请分成几份", field="file", value=len(content), most=LARGEST)
    _safe(content)
    from openpyxl import load_workbook  # slow to import, and only this needs it

    try:
        book: Any = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        try:
            return list(_read(book.worksheets[0]))
        finally:
            book.close()
    except Invalid:
        raise
    except Exception as error:  # a broken workbook fails in as many ways as there are parts in one
        raise _no_workbook(type(error).__name__) from None


def _no_workbook(value: str) -> Invalid:
    return Invalid("这个文件读不了，不是 .xlsx 或坏了；请用表格软件打开，另存为 .xlsx", field="file", value=value)


def _safe(content: bytes) -> None:
    """Unpack every part once, counting. Raises `Invalid`."""
    try:
        with ZipFile(io.BytesIO(content)) as packed:
            parts = packed.infolist()
            if len(parts) > PARTS:
                raise Invalid("文件有「{value}」个部分，太多；请只留要导入的那张表", field="file", value=len(parts))
            total, tags = 0, 0
            for part in parts:
                if part.flag_bits & 1 or part.filename.lower().endswith("vbaproject.bin"):
                    raise Invalid(
                        "文件里有宏或加了密（{value}）；请另存为不带宏的 .xlsx", field="file", value=part.filename[:60]
                    )
                with packed.open(part) as opened:
                    total, tags = _count(opened, total, tags)
    except (BadZipFile, NotImplementedError, OSError, EOFError, ValueError, RuntimeError, zlib.error) as error:
        raise _no_workbook(type(error).__name__) from None


def _count(opened: Any, total: int, tags: int) -> tuple[int, int]:
    before = b""
    while chunk := opened.read(_CHUNK):
        total, tags = total + len(chunk), tags + chunk.count(b"<")
        if total > UNPACKED or tags > TAGS:
            raise Invalid("文件展开超过「{value}」字节；请只留要导入的那张表", field="file", value=UNPACKED)
        seen = before + chunk
        if any(mark in seen for mark in _ENTITIES):
            raise Invalid("文件里有不该有的「{value}」；请另存为新的 .xlsx", field="file", value="DOCTYPE")
        before = chunk[-32:]
    return total, tags


def _read(sheet: Any) -> Iterator[Line]:
    found = 0
    sheet.reset_dimensions()  # what the file says of its own size is not believed
    for number, row in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS, max_row=MOST_LINES + 1), 1):
        if number > MOST_LINES:
            raise Invalid("表超过「{value}」行；请分成几份", field="file", value=MOST_LINES)
        cells = tuple(_value(cell) for cell in row)
        if not any(cell != "" for cell in cells):
            continue
        found += 1
        if found > MOST_ROWS + 1:
            raise Invalid("表超过「{value}」行；请分成几份", field="file", value=MOST_ROWS)
        yield Line(number, cells)


def _value(cell: Any) -> Value:
    value = cell.value
    if value is None:
        return ""
    if getattr(cell, "data_type", "") == "f":
        return FORMULA
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text, pattern = str(value).strip()[: LONGEST + 1], getattr(cell, "number_format", "") or ""
    return text.zfill(len(pattern)) if set(pattern) == {"0"} else text  # 7 that the sheet shows as 0007 is 0007


def write(
    name: str, header: Sequence[str], rows: Iterable[Sequence[str]], notes: Sequence[Sequence[str]] = ()
) -> bytes:
    """A workbook with one sheet, the header in its first row; `notes` are the rows of a second one.

    A text that a spreadsheet would take for a formula is written as text.
    """
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet(name)
    sheet.column_dimensions["A"].number_format = "@"  # a code that is typed there keeps the zeros it begins with
    sheet.append(list(header))
    for row in rows:
        sheet.append([_plain(cell) for cell in row])
    if notes:
        second = book.create_sheet("说明")
        for row in notes:
            second.append([_plain(cell) for cell in row])
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _plain(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
