"""Importing a foreign file: each row once, by the real intake; what cannot be taken is told and costs nobody else."""

import asyncio
import csv
from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from pathlib import Path

import openpyxl
import pytest

from dispatch.clock import new_id
from dispatch.domain.case import Actor
from dispatch.local.commands.imports import write_rejects
from dispatch.steps import import_rows as steps_import_rows
from dispatch.steps.casework import act
from dispatch.steps.import_files import Row, WrongFile, rows
from dispatch.steps.import_mapping import ImportMapping, read_mapping
from dispatch.steps.import_report import AVOIDANCE, EMERGENCY, PLACE, UNMATCHED, report
from dispatch.steps.import_rows import Reject, fates, import_rows, route_here
from dispatch.steps.intake import Intake
from dispatch.steps.load import load
from dispatch.steps.reading.marked import BrokenFilesError
from dispatch.steps.rules import Rules
from dispatch.steps.service import Service
from dispatch.store.database import Database
from dispatch.store.numbers import Numbers

EIGHT = datetime(2026, 5, 6, 8)  # noqa: DTZ001 — workbooks hold times without a zone
DEMO = Path(__file__).parents[2] / "deploy" / "demo"
HEADER = ("编号", "标题", "内容", "时间", "小区", "纬度")
MAPPING = """
title: 测试
district: "130403"
format: csv
key: 编号
columns: {title: 标题, body: 内容, occurred-at: 时间, latitude: 纬度}
dates: {format: "%Y-%m-%d %H:%M"}
channel: 网格巡查
danger-by-words: true
place: {nodes: [小区]}
"""
GOOD = [
    ("1", "路灯不亮", "广泰小区路灯不亮三天了", "2026-05-06 08:00", "广泰小区", "36.6"),
    ("2", "占道摆摊", "门口占道摆摊", "2026-05-06 09:00", "130403011", ""),
    ("3", "说不清的事", "想借一间屋", "2026-05-06 09:30", "光明小区", ""),
    ("4", "半空有个怪东西", "一个大气囊悬空", "", "广泰小区", ""),
    ("5", "路灯不亮", "不知道在哪里的路灯不亮", "", "", ""),
    ("6", "城管推诿", "找城管部门推诿", "", "广泰小区", ""),
]


@pytest.fixture
async def service(db: Database) -> Service:
    await load(db, DEMO, "test")
    made = Service(db, Rules(db), Numbers(db, "whistle", 100), new_id)
    await made.rules.refresh()
    return made


@pytest.fixture
def mapping(tmp_path: Path) -> ImportMapping:
    (tmp_path / "test.yaml").write_text(MAPPING, encoding="utf-8")
    return read_mapping(tmp_path / "test.yaml")


def write(file: Path, lines: Iterable[tuple[str, ...]], header: tuple[str, ...] = HEADER) -> Path:
    with file.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([header, *lines])
    return file


async def number(service: Service, sql: str) -> int:
    async with service.database.acquire() as connection:
        found: int = await connection.fetchval(sql)
        return found


async def test_every_row_ends_in_an_outcome_or_at_the_desk_with_its_reason(
    service: Service, mapping: ImportMapping, tmp_path: Path
) -> None:
    file = write(tmp_path / "a.csv", GOOD)
    done = await import_rows(service, Intake(service), mapping, rows(file, mapping))
    assert (done.read, done.raised, done.rejects) == (6, 6, [])
    assert report(await fates(service, mapping)).waiting == 6
    assert await route_here(service, mapping) == 6
    told = report(await fates(service, mapping))
    assert dict(told.outcomes)["派单"] == 1
    assert dict(told.outcomes)["街道自办"] == 1
    assert dict(told.reasons) == {AVOIDANCE: 1, EMERGENCY: 1, PLACE: 1, UNMATCHED: 1}
    assert told.share(told.automatic) == "33.3 %"
    assert await number(service, "SELECT count(*) FROM whistle WHERE kind = 'emergency' AND via = 'import'") == 1
    lost = "SELECT count(*) FROM whistle WHERE place IS NULL AND raised_by_node = '130403'"
    assert await number(service, lost) == 1
    at = "SELECT (extract(epoch FROM occurred_at))::bigint FROM whistle WHERE idempotency_key = 'import:test:1'"
    assert await number(service, at) == 1_778_025_600  # 2026-05-06 08:00 in Shanghai


async def test_the_desk_gives_a_row_without_a_place_to_a_street(
    service: Service, mapping: ImportMapping, tmp_path: Path
) -> None:
    """地点不明 is raised by the district: the desk finds out where, and the street that takes it has it routed."""
    file = write(tmp_path / "a.csv", [GOOD[4]])
    await import_rows(service, Intake(service), mapping, rows(file, mapping))
    await route_here(service, mapping)
    async with service.database.acquire() as connection:
        whistle = await connection.fetchval("SELECT id FROM whistle")
    desk = Actor("desk", "p1", "node:130403:dispatcher", "130403", None, "130403")
    clerk = Actor("street-clerk", "p2", "node:130403011:clerk", "130403011", None, "130403")
    await act(service, desk, whistle, "transfer", {"to": "130403011"})
    taken = await act(service, clerk, whistle, "accept-transfer", {})
    assert (taken.case.status, taken.case.facts.street, taken.case.facts.place) == ("raised", "130403011", "130403011")
    await route_here(service, mapping)
    assert await number(service, "SELECT count(*) FROM whistle_state WHERE status = 'assigned' AND lead = 'CG'") == 1


async def test_a_place_is_known_by_its_full_name_and_never_by_one_that_many_have(
    service: Service, mapping: ImportMapping, tmp_path: Path
) -> None:
    named = (
        "3号楼",
        "广泰小区3号楼",
        "东柳街道广泰社区广泰小区3号楼",
        "丛台区东柳街道广泰小区 3号楼",
        "公共网格",
        "丛台区",
    )
    lines = [(str(n), "路灯不亮", "路灯不亮三天了", "", name, "") for n, name in enumerate(named)]
    await import_rows(service, Intake(service), mapping, rows(write(tmp_path / "a.csv", lines), mapping))
    async with service.database.acquire() as connection:
        found = await connection.fetch("SELECT place FROM whistle ORDER BY idempotency_key")
    building = "130403011-D01-X1-B3"
    assert [row["place"] for row in found] == [None, building, building, building, None, None]


async def test_a_second_run_adds_nothing(service: Service, mapping: ImportMapping, tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", GOOD)
    await import_rows(service, Intake(service), mapping, rows(file, mapping))
    tables = ("whistle", "outbox", "whistle_event")
    before = [await number(service, f"SELECT count(*) FROM {table}") for table in tables]
    again = await import_rows(service, Intake(service), mapping, rows(file, mapping))
    assert (again.raised, again.known, again.rejects) == (0, 6, [])
    assert [await number(service, f"SELECT count(*) FROM {table}") for table in tables] == before


async def test_an_import_cut_short_goes_on(service: Service, mapping: ImportMapping, tmp_path: Path) -> None:
    many = [(str(n), f"路灯不亮{n}", f"第{n}盏路灯不亮", "", "广泰小区", "") for n in range(700)]
    file = write(tmp_path / "many.csv", many)

    def cut() -> Iterable[Row]:
        yield from islice(rows(file, mapping), 600)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await import_rows(service, Intake(service), mapping, cut())
    assert await number(service, "SELECT count(*) FROM whistle") == 512  # whole batches
    done = await import_rows(service, Intake(service), mapping, rows(file, mapping))
    assert (done.raised, done.known) == (188, 512)
    assert await number(service, "SELECT count(DISTINCT idempotency_key) FROM whistle") == 700


async def test_an_import_holds_back_while_what_it_raised_waits_for_a_worker(
    service: Service, mapping: ImportMapping, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The relay may be quicker than the workers: then people's whistles would queue on the topic, not in the outbox."""
    monkeypatch.setattr(steps_import_rows, "BATCH", 2)
    monkeypatch.setattr(steps_import_rows, "BACKLOG", 3)
    monkeypatch.setattr(steps_import_rows, "STUCK", 60.0)
    file, seen = write(tmp_path / "a.csv", GOOD), asyncio.Queue[int]()
    going = asyncio.create_task(
        import_rows(
            service, Intake(service), mapping, rows(file, mapping), told=lambda done: seen.put_nowait(done.read)
        )
    )
    assert [await seen.get(), await seen.get()] == [2, 4]
    await relayed(service)
    await asyncio.wait({going}, timeout=0.5)
    assert not going.done(), "four wait for their routing"
    await route_here(service, mapping)
    await relayed(service)
    async with asyncio.timeout(20):
        assert (await going).read == 6


async def relayed(service: Service) -> None:
    async with service.database.transaction() as uow:
        await uow.connection.execute("DELETE FROM outbox")


async def test_bad_rows_are_told_and_cost_nobody_else(service: Service, mapping: ImportMapping, tmp_path: Path) -> None:
    bad = [
        ("1", "同号", "与前面同号", "", "", ""),
        ("", "没号", "没有编号", "", "", ""),
        ("7", "空的", "", "", "", ""),
        ("8", "错时间", "时间写错了", "06/05/2026", "", ""),
        ("9", "错纬度", "纬度写错了", "", "", "北纬36"),
        ("10", "远处", "纬度太大了", "", "", "136"),
        ("11", "NUL", "有\0字符", "", "", ""),
        ("12", "长", "长" * 10_001, "", "", ""),
        ("13", "少一格", "少了几格"),
    ]
    file = write(tmp_path / "a.csv", [*GOOD, *bad])
    done = await import_rows(service, Intake(service), mapping, rows(file, mapping))
    assert done.raised == len(GOOD)
    assert [(one.row, one.field) for one in done.rejects] == [
        (8, "编号"),
        (9, "编号"),
        (10, "内容"),
        (11, "时间"),
        (12, "纬度"),
        (13, "纬度"),
        (14, "内容"),
        (15, "内容"),
        (16, ""),
    ]
    assert all(one.reason for one in done.rejects)
    assert "第 2 行" in done.rejects[0].reason


async def test_a_row_that_changed_since_is_told_and_left(
    service: Service, mapping: ImportMapping, tmp_path: Path
) -> None:
    await import_rows(service, Intake(service), mapping, rows(write(tmp_path / "a.csv", GOOD), mapping))
    changed = [(*GOOD[0][:2], "改过的内容", *GOOD[0][3:]), *GOOD[1:]]
    done = await import_rows(service, Intake(service), mapping, rows(write(tmp_path / "a.csv", changed), mapping))
    assert (done.raised, done.known) == (0, 5)
    assert [(one.row, one.value) for one in done.rejects] == [(2, "1")]
    kept = "SELECT count(*) FROM whistle WHERE body = '广泰小区路灯不亮三天了'"
    assert await number(service, kept) == 1


def test_missing_columns_wrong_encoding_and_broken_files_are_refused(mapping: ImportMapping, tmp_path: Path) -> None:
    short = write(tmp_path / "short.csv", [], ("编号", "标题", "内容"))
    with pytest.raises(WrongFile, match="缺少列：小区、时间、纬度"):
        list(rows(short, mapping))
    other = tmp_path / "gb.csv"
    other.write_bytes(",".join(HEADER).encode("gb18030"))
    with pytest.raises(WrongFile, match=r"不是 utf-8 编码.*gb18030"):
        list(rows(other, mapping))
    with pytest.raises(WrongFile, match="没有这个文件"):
        list(rows(tmp_path / "none.csv", mapping))
    (tmp_path / "empty.csv").write_bytes(b"")
    with pytest.raises(WrongFile, match="缺少列"):
        list(rows(tmp_path / "empty.csv", mapping))
    (tmp_path / "x.yaml").write_text(MAPPING.replace("format: csv", "format: xlsx"), encoding="utf-8")
    with pytest.raises(WrongFile, match="不是 xlsx 工作簿"):
        list(rows(short.rename(tmp_path / "short.xlsx"), read_mapping(tmp_path / "x.yaml")))


def test_a_workbook_may_hold_dates_and_numbers(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(MAPPING.replace("format: csv", "format: xlsx"), encoding="utf-8")
    book = openpyxl.Workbook()
    assert book.active is not None
    sheet = book.active
    sheet.append(HEADER)
    sheet.append((17, "题", "文", EIGHT, None, 36.5))
    book.save(tmp_path / "x.xlsx")
    (row,) = rows(tmp_path / "x.xlsx", read_mapping(tmp_path / "x.yaml"))
    assert (row.number, row.values["编号"], row.values["纬度"]) == (2, "17", "36.5")
    assert row.dates["时间"] == EIGHT


def test_a_broken_mapping_names_its_lines(tmp_path: Path) -> None:
    (tmp_path / "test.yaml").write_text(
        MAPPING.replace("format: csv", "format: cvs").replace("body: 内容, ", ""), encoding="utf-8"
    )
    with pytest.raises(BrokenFilesError) as broken:
        read_mapping(tmp_path / "test.yaml")
    assert {(error.line, error.value) for error in broken.value.errors} == {(4, "cvs"), (6, "")}
    with pytest.raises(BrokenFilesError, match="没有这个映射；现有：test"):
        read_mapping(tmp_path / "tset.yaml")


def test_the_rejects_file_is_no_formula(tmp_path: Path) -> None:
    write_rejects(tmp_path / "r.csv", [Reject(2, "内容", "=1+1", "不行"), Reject(3, "", "好", "也不行")])
    with (tmp_path / "r.csv").open(encoding="utf-8-sig", newline="") as file:
        told = list(csv.reader(file))
    assert told == [["row", "field", "value", "reason"], ["2", "内容", "'=1+1", "不行"], ["3", "", "好", "也不行"]]
