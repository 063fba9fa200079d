"""Rows of a foreign file, one after another: CSV and xlsx, with the number each has in the file."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from dispatch.steps.import_mapping import ImportMapping

#: one cell of a CSV (characters); a longer one is a quote that was never closed
LONGEST_CELL = 1_000_000


class WrongFile(ValueError):
    """The file cannot be imported with this mapping; `str()` says what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row with its number in the file (the header is 1), its cells as text, and dates as such."""

    number: int
    values: dict[str, str]
    dates: dict[str, datetime]
    fault: str = ""


def rows(file: Path, mapping: ImportMapping) -> Iterator[Row]:
    """The file's rows. Raises `WrongFile`: not there, not readable, wrong encoding, columns missing."""
    with _said(file, mapping):
        yield from (_xlsx if mapping.format == "xlsx" else _csv)(file, mapping)


def count(file: Path, mapping: ImportMapping) -> int | None:
    """How many rows there are, for the progress bar; None where it cannot be told beforehand."""
    if mapping.format != "xlsx":
        with _said(file, mapping):
            return sum(1 for _ in _csv(file, mapping))
    return None


@contextmanager
def _said(file: Path, mapping: ImportMapping) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise WrongFile(f"没有这个文件：{file}") from None
    except UnicodeDecodeError as error:
        raise WrongFile(
            f"{file.name} 不是 {mapping.encoding} 编码（第 {error.start} 字节读不懂）；"
            "请另存为 UTF-8，或在映射里写明 encoding，如 gb18030"
        ) from None
    except LookupError as error:
        raise WrongFile(f"映射 {mapping.name} 的 encoding 写错了：{error}") from None
    except csv.Error as error:
        raise WrongFile(f"{file.name} 不是规范的 CSV（{error}）；多半是引号没有成对") from None
    except OSError as error:
        raise WrongFile(f"{file.name} 读不了：{error.strerror or error}") from None


def _check(names: list[str], mapping: ImportMapping, file: Path) -> None:
    missing = sorted(mapping.needed - set(names))
    if missing:
        raise WrongFile(
            f"{file.name} 缺少列：{'、'.join(missing)}；表头有：{'、'.join(names[:30]) or '（空）'}。"
            f"请改正表头，或改映射 {mapping.name}"
        )


def _csv(file: Path, mapping: ImportMapping) -> Iterator[Row]:
    csv.field_size_limit(LONGEST_CELL)
    encoding = "utf-8-sig" if mapping.encoding.lower() in ("utf-8", "utf8") else mapping.encoding
    with file.open(encoding=encoding, newline="") as opened:
        reader = csv.reader(opened)
        header = [name.strip() for name in next(reader, [])]
        _check(header, mapping, file)
        while True:
            number = reader.line_num + 1
            cells = next(reader, None)
            if cells is None:
                return
            if not cells:
                continue
            fault = "" if len(cells) == len(header) else f"这一行有 {len(cells)} 格，表头有 {len(header)} 格"
            yield Row(number, {name: cell.strip() for name, cell in zip(header, cells, strict=False)}, {}, fault)


def _xlsx(file: Path, mapping: ImportMapping) -> Iterator[Row]:
    from openpyxl import load_workbook  # slow to import, and only this format needs it
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book: Any = load_workbook(file, read_only=True, data_only=True)
    except (BadZipFile, InvalidFileException, KeyError, ValueError) as error:
        raise WrongFile(f"{file.name} 不是 xlsx 工作簿（{error}）；请用 Excel 另存为 .xlsx") from None
    try:
        sheet = book.worksheets[0].iter_rows(values_only=True)
        header = [str(cell or "").strip() for cell in next(sheet, ())]
        _check(header, mapping, file)
        for number, cells in enumerate(sheet, 2):
            if not any(cell is not None for cell in cells):
                continue
            dates = {
                name: cell if isinstance(cell, datetime) else datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001 — the mapping's zone is put on by the reader
                for name, cell in zip(header, cells, strict=False)
                if isinstance(cell, date)
            }
            yield Row(number, {name: _text(cell) for name, cell in zip(header, cells, strict=False)}, dates)
    finally:
        book.close()


def _text(cell: object) -> str:
    """A cell as text: whole numbers without a decimal point."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()
