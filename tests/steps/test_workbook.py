"""A workbook from somebody's hands: what is read of it, and what is refused."""

import io
import zipfile
from datetime import date

import pytest
from openpyxl import Workbook

from dispatch.domain.refusals import Invalid
from dispatch.steps import workbook


def sheet(*rows: list[object]) -> bytes:
    book = Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def packed(content: bytes, **parts: bytes) -> bytes:
    """The workbook with parts added or replaced."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            if part.filename not in parts:
                new.writestr(part.filename, old.read(part))
        for name, body in parts.items():
            new.writestr(name, body)
    return made.getvalue()


def test_texts_dates_and_whole_numbers_are_read_and_empty_rows_left_out() -> None:
    found = workbook.lines(sheet(["工号", "日"], [], [1001.0, date(2026, 6, 18)], [" A ", None]))
    assert [(line.number, line.cells[:2]) for line in found] == [
        (1, ("工号", "日")), (3, ("1001", date(2026, 6, 18))), (4, ("A", "")),
    ]  # fmt: skip


def test_zeros_that_a_code_begins_with_stay() -> None:
    book = Workbook()
    assert book.active is not None
    for number, (value, pattern) in enumerate((("0007", "@"), (7, "0000"), (7.0, "0000"), (7, "General"), (7, "0")), 1):
        book.active.cell(number, 1, value).number_format = pattern
    made = io.BytesIO()
    book.save(made)
    assert [line.cells[0] for line in workbook.lines(made.getvalue())] == ["0007", "0007", "0007", "7", "7"]


def test_a_formula_is_seen_as_one_and_what_we_write_is_text() -> None:
    (line,) = workbook.lines(sheet(["=1+1", "a"]))
    assert isinstance(line.cells[0], workbook.Formula)
    made = workbook.lines(workbook.write("表", ["a"], [["=cmd|'/c calc'!A0"]]))
    assert made[1].cells[0] == "'=cmd|'/c calc'!A0"


def test_what_is_no_plain_workbook_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = sheet(["a"])
    shared = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><sst>&a;</sst>'
    bomb = packed(plain, **{"xl/media/a.bin": b"\0" * (workbook.UNPACKED + 1)})
    assert len(bomb) < 1_000_000
    cases = {
        "没有选文件": b"",
        "读不了，不是 .xlsx": b"PK\x03\x04 nothing",
        "DOCTYPE": packed(plain, **{"xl/sharedStrings.xml": shared}),
        "字节": bomb,
        "展开": packed(plain, **{"xl/worksheets/sheet1.xml": b"<row>" + b"<c/>" * workbook.TAGS}),
        "宏": packed(plain, **{"xl/vbaProject.bin": b"x"}),
        "个部分，太多": packed(plain, **{f"xl/x{n}": b"" for n in range(workbook.PARTS)}),
    }
    cases["UTF-16"] = packed(plain, **{"xl/sharedStrings.xml": shared.decode().encode("utf-16")})
    for said, content in cases.items():
        with pytest.raises(Invalid) as refused:
            workbook.lines(content)
        assert refused.value.field == "file"
        assert said in refused.value.words() or said == "UTF-16", refused.value.words()
    monkeypatch.setattr(workbook, "LARGEST", 100)
    with pytest.raises(Invalid, match="最多 100"):
        workbook.lines(plain)


def test_too_many_rows_are_refused_whatever_the_file_says_of_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 3)
    monkeypatch.setattr(workbook, "MOST_LINES", 10)
    assert len(workbook.lines(sheet(*[["a"]] * 4))) == 4
    with pytest.raises(Invalid, match="3"):
        workbook.lines(sheet(*[["a"]] * 5))
    far = sheet(*[["a"], *[[]] * 20, ["b"]])
    with pytest.raises(Invalid, match="10"):
        workbook.lines(far)
