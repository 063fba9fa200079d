"""People from a sheet, as an administrator does it: template, dry run, then exactly what was shown."""

import asyncio
import io
from typing import Any

import pytest
from openpyxl import load_workbook

from dispatch.steps import import_people, workbook
from dispatch.store import administration
from tests.factories import ADMIN, AUDITOR, DISTRICT, XF, World
from tests.web.browsing import Page, Person, somebody

HEADER = [label for _name, label in import_people.COLUMNS]
PAGE, APPLY = "/admin/import", "/admin/import/apply"


def sheet(*rows: list[str], header: list[str] = HEADER) -> bytes:
    return workbook.write("人员", header, rows)


async def tried(admin: Person, content: bytes) -> Page:
    page = await admin.get(PAGE)
    return await admin.send(page.form(PAGE), {"file": ("people.xlsx", content, workbook.XLSX)})


async def holder(world: World, seat: str) -> list[str]:
    async with world.database.acquire() as connection:
        rows = await connection.fetch(
            """SELECT person FROM tenure WHERE seat = $1 AND from_at <= clock_timestamp()
               AND (to_at IS NULL OR to_at > clock_timestamp()) ORDER BY person""",
            seat,
        )
    return [row["person"] for row in rows]


async def test_what_the_dry_run_shows_is_done_once_and_a_second_time_changes_nothing(world: World) -> None:
    admin, old = await somebody(world, ADMIN), await somebody(world, XF)
    content = sheet(
        ["A01", "示例新人", "消防救援大队", "联络员", "", ""],
        ["A02", "示例调度丙", DISTRICT, "调度员", "2026-01-01", ""],
    )
    page = await tried(admin, content)
    for said in ("加 2，改 0，止 1，不变 0", "示例消防联络员甲", "示例新人", "表的第 2 行"):
        assert said in page.text, page.text
    assert await holder(world, XF) == [XF], "a dry run changes nothing"
    form = page.form(APPLY)
    page = await admin.send(form)
    assert "已经导入" in page.text
    assert await holder(world, XF) == ["A01"]
    assert (await old.client.get("/api/v1/me")).status_code == 401, "whose term is over is out"
    assert world.service.rules.of(DISTRICT).people.persons["A01"].name == "示例新人"
    assert (await admin.send(form)).status == 409, "once"
    page = await tried(admin, content)
    assert ("没有变化" in page.text, page.status) == (True, 200)
    page = await admin.get("/admin/people/A01")
    assert "a01" in page.text
    assert page.form("/admin/people/A01/link")
    assert "加 2，改 0，止 1" in (await (await somebody(world, AUDITOR)).get("/admin/log")).text
    async with world.database.acquire() as connection:
        (entry,) = await administration.latest(connection, DISTRICT, None, 10)
    assert (entry.action, entry.person) == ("people-imported", ADMIN)


async def test_what_changed_meanwhile_is_not_written_over(world: World) -> None:
    admin = await somebody(world, ADMIN)
    first = await tried(admin, sheet(["A01", "示例新人", "XF", "联络员", "", ""]))
    second = await tried(admin, sheet(["A02", "示例旁人", "XF", "联络员", "", ""]))
    answers = await asyncio.gather(*(admin.send(page.form(APPLY)) for page in (first, second)))
    assert sorted(answer.status for answer in answers) == [200, 409]
    refused = next(answer for answer in answers if answer.status == 409)
    assert "试算以后资料改过" in refused.text or "资料刚刚改过" in refused.text
    assert len(await holder(world, XF)) == 1
    assert [form.action for form in refused.forms if form.action == PAGE]


async def test_the_terms_as_downloaded_change_nothing_and_the_blank_template_says_whats_what(world: World) -> None:
    admin = await somebody(world, ADMIN)
    page = (await admin.get(PAGE)).html
    assert page.index('<a href="/admin/import/template">') < page.index('type="file"'), "first the template"
    blank = await admin.client.get("/admin/import/template")
    book: Any = load_workbook(io.BytesIO(blank.content))
    assert [cell.value for cell in book.worksheets[0][1]] == HEADER
    assert "联络员" in str([cell.value for cell in book.worksheets[1]["C"]])
    filled = await admin.client.get("/admin/import/template?filled=1")
    same = await tried(admin, filled.content)
    assert "没有变化" in same.text, same.text
    assert "只有表头" in (await tried(admin, blank.content)).text


async def test_every_wrong_row_is_named_with_field_value_and_remedy(world: World) -> None:
    admin = await somebody(world, ADMIN)
    wrong = {
        "工号": (["甲 乙", "甲", "XF", "联络员", "", ""], "不能作工号"),
        "姓名": (["A1", "=1+1", "XF", "联络员", "", ""], "不能作姓名"),
        "单位或属地": (["A2", "甲", "没有这个局", "联络员", "", ""], "没有「没有这个局」"),
        "岗位": (
            ["A3", "甲", "CG", "局长助理", "", ""],
            "请从这些里选：主要领导、代理人、分管领导、科室负责人、联络员",
        ),
        "任职起": (["A4", "甲", "XF", "联络员", "明年", ""], "2026-01-01"),
        "任职止": (["A5", "甲", "XF", "联络员", "2026-05-01", "2026-04-01"], "晚于"),
        "账号": (["xf.liaison", "甲", "CG", "联络员", "", ""], "已有别人在用"),
        "大小写": (["A6", "甲", "CG", "代理人", "", ""], ""),
        "同号": (["a6", "甲", "CG", "科室负责人", "", ""], "大小写"),
        "值班": (["A7", "甲", "CG", "值班员", "", ""], "值班表"),
        "重名": (["A8", "甲", "公共网格", "网格长", "", ""], "请写代码"),
    }
    page = await tried(admin, sheet(*[row for row, _said in wrong.values()]))
    assert page.status == 422
    assert APPLY not in [form.action for form in page.forms]
    for number, (name, (_row, said)) in enumerate(wrong.items(), 2):
        if said:
            assert f"第 {number} 行" in page.text, name
            assert said in page.text, (name, said)
    admin.client.cookies.set("lang", "en")
    english = await admin.client.post(
        PAGE, data={"csrf": (await admin.get(PAGE)).form(PAGE).value("csrf")}, headers={"accept": "text/html"},
        files={"file": ("a.xlsx", sheet(wrong["岗位"][0]))},
    )  # fmt: skip
    assert "Row 2" in english.text


async def test_all_that_is_wrong_with_a_row_is_said_at_once(world: World) -> None:
    admin = await somebody(world, ADMIN)
    page = await tried(
        admin,
        sheet(
            ["甲 乙", "=1+1", "没有这个局", "联络员", "明年", "后年"],
            ["A1", "示例新人", "CG", "联络员", "", ""],
            ["A1", "示例别人", "XF", "联络员", "2026-05-01", "2026-04-01"],
        ),
    )
    for said in (
        "不能作工号",
        "不能作姓名",
        "没有「没有这个局」",
        "「明年」不是",
        "「后年」不是",
        "请改成一致",
        "不晚于",
    ):
        assert said in page.text, (said, page.text)
    assert (page.status, page.text.count("第 2 行・"), page.text.count("第 4 行・")) == (422, 5, 2)


async def test_a_code_keeps_the_zeros_it_begins_with(world: World) -> None:
    admin = await somebody(world, ADMIN)
    page = await tried(admin, sheet(["0007", "示例新人", "XF", "联络员", "", ""]))
    await admin.send(page.form(APPLY))
    assert await holder(world, XF) == ["0007"]
    filled = await admin.client.get("/admin/import/template?filled=1")
    book: Any = load_workbook(io.BytesIO(filled.content))
    assert "0007" in [cell.value for cell in book.worksheets[0]["A"]]
    assert book.worksheets[0].column_dimensions["A"].number_format == "@", "what is typed there stays as typed"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "没有选文件"),
        (b"not a workbook", "读不了，不是 .xlsx"),
        (sheet(["A"], header=["工号", "姓名"]), "缺少「单位或属地、岗位」"),
        (b"x" * (workbook.LARGEST + 1), "请分成几份"),
    ],
)
async def test_a_file_that_cannot_be_read_is_refused_and_the_page_stays(
    world: World, content: bytes, said: str
) -> None:
    page = await tried(await somebody(world, ADMIN), content)
    assert (page.status, said in page.text) == (422, True), page.text
    assert page.form(PAGE)


async def test_a_formula_stands_for_nothing(world: World) -> None:
    book: Any = load_workbook(io.BytesIO(sheet(["A1", "甲", "XF", "联络员", "", ""])))
    book.worksheets[0]["B2"] = '=CONCATENATE("a","b")'
    made = io.BytesIO()
    book.save(made)
    page = await tried(await somebody(world, ADMIN), made.getvalue())
    assert ("第 2 行・姓名" in page.text, "是公式" in page.text) == (True, True), page.text
