"""Tree, units, duty hours and who holds what, changed by an administrator page by page; each change in the log."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from dispatch.clock import new_id
from dispatch.domain.cover import on_shift
from dispatch.steps import load, sign_in
from dispatch.store import absences
from dispatch.store.absences import Absence
from tests.factories import (
    ADMIN,
    CLERK,
    COMMUNITY,
    DEMO,
    DESK,
    DISTRICT,
    STREET,
    XF,
    World,
    open_world,
)
from tests.web.browsing import Page, Person, somebody

PASSWORD = "correct horse battery"
TREE, UNITS = "/admin/tree", "/admin/units"


async def at(admin: Person, code: str) -> Page:
    return await admin.get(f"{TREE}?at={code}")


async def log(world: World) -> list[tuple[str, str]]:
    async with world.database.acquire() as connection:
        rows = await connection.fetch("SELECT action, subject FROM administration_log ORDER BY at, id")
    return [(row["action"], row["subject"]) for row in rows]


async def test_the_five_levels_are_walked_down_with_who_holds_each(world: World) -> None:
    admin, page = await somebody(world, ADMIN), None
    for code in (DISTRICT, STREET, COMMUNITY, f"{COMMUNITY}-X1", f"{COMMUNITY}-X1-B3"):
        page = await at(admin, code)
        assert page.status == 200
        assert "示例" in page.text, "somebody holds a seat here"
    assert page is not None
    assert "不在这里改" in page.text
    assert (await at(admin, "nowhere")).status == 404


async def test_the_doors_of_a_compound_are_printed_with_name_code_and_qr(world: World) -> None:
    admin, compound = await somebody(world, ADMIN), f"{COMMUNITY}-X1"
    (way,) = (await at(admin, compound)).links(f"{TREE}/doors")
    page = await admin.get(way)
    for code in (compound, f"{compound}-B1", f"{compound}-B3"):
        assert f"<code>{code}</code>" in page.html
        drawn = (await admin.client.get(f"/places/{code}/door.svg")).text
        (path,) = re.findall(r'<path d="([^"]+)"', drawn)
        assert path in page.html, "the same as the picture of that door"
    assert "广泰小区 › 3号楼" in page.text
    assert (await at(admin, STREET)).links(f"{TREE}/doors") == [], "a street has no door"
    assert (await admin.get(f"{TREE}/doors?at={STREET}")).status == 404
    assert (await (await somebody(world, XF)).get(way)).status == 403


async def test_a_name_changes_here_and_stays_when_the_files_are_loaded_again(world: World) -> None:
    admin = await somebody(world, ADMIN)
    page = await at(admin, COMMUNITY)
    old = page.form(f"{TREE}/name").value("name")
    page = await admin.send(page.form(f"{TREE}/name"), name="示例新名社区")
    assert "示例新名社区" in page.text
    await load.load(world.database, DEMO, "test")
    await world.service.rules.refresh()
    reference = world.service.rules.of(DISTRICT)
    node, unit = reference.tree.by_code[COMMUNITY], reference.units.by_code[f"SQ-{COMMUNITY}"]
    assert (node.name, node.initials, unit.name) == ("示例新名社区", "slxmsq", "示例新名社区")
    assert f"{old} → 示例新名社区" in (await admin.get("/admin/log")).text
    assert (await admin.send(page.form(f"{TREE}/name"), name=" ")).status == 422


async def test_a_place_is_added_with_its_unit_and_seats_whistled_at_and_ended_when_nothing_is_open(
    world: World,
) -> None:
    admin = await somebody(world, ADMIN)
    page = await at(admin, STREET)
    add = page.form(f"{TREE}/add")
    for wrong in ({"code": "d01"}, {"code": "?"}, {"kind": "grid", "code": "D77"}, {"code": "D77", "name": "a\0b"}):
        answer = await admin.send(add, **({"kind": "community", "name": "示例社区"} | wrong))
        assert answer.status == 422, wrong
        assert answer.form(f"{TREE}/add").value("code") == wrong.get("code", ""), "what was typed stays"
    page = await admin.send(add, kind="community", code="d77", name="示例增设社区")
    code = f"{STREET}-D77"
    assert f"代码 {code}" in page.text
    assert page.links(f"{UNITS}/SQ-{code}")
    assert "社区书记" in page.text
    page = await admin.send(page.form(f"{TREE}/add"), kind="compound", code="X1", name="示例增设小区", buildings="2")
    whistle = await world.whistle("楼道消防门被锁", place=f"{code}-X1-B2")
    for place in (code, f"{code}-X1"):
        answer = await admin.send((await at(admin, place)).form(f"{TREE}/end"), sure="1")
        assert answer.status == 409
    assert str(whistle["number"]) in answer.text
    fewer = await admin.send((await at(admin, f"{code}-X1")).form(f"{TREE}/name"), buildings="1")
    assert fewer.status == 409
    async with world.database.transaction() as uow:
        await uow.connection.execute("UPDATE whistle_state SET status = 'closed'")
    assert (await admin.send((await at(admin, f"{code}-X1")).form(f"{TREE}/end"))).status == 422, "sure?"
    for place in (f"{code}-X1", code):
        page = await admin.send((await at(admin, place)).form(f"{TREE}/end"), sure="1")
        assert page.status == 200
    reference = world.service.rules.of(DISTRICT)
    assert code not in reference.tree
    assert f"SQ-{code}" not in reference.units
    actions = [action for action, _subject in await log(world)]
    assert actions == ["place-added", "place-added", "place-ended", "place-ended"]


async def test_a_unit_changes_is_added_and_ended(world: World) -> None:
    admin = await somebody(world, ADMIN)
    page = await admin.get(UNITS)
    assert "在岗" in page.text
    add = page.form(f"{UNITS}/add")
    values = {"code": "qx", "name": "示例气象局", "short": "气象", "calendar": "district", "type": "department"}
    for wrong in ({"code": "JD"}, {"code": "XF"}, {"calendar": "none"}, {"type": "none"}, {"name": ""}):
        assert (await admin.send(add, **(values | wrong))).status == 422, wrong
    async with world.database.transaction() as uow:
        await uow.connection.execute("UPDATE account SET sign_in = 'qy.liaison' WHERE person = $1", XF)
    page = await admin.send(add, **(values | {"code": "QY"}))
    assert (page.status, f"「qy.liaison」这个账号已经是「{XF}」的" in page.text) == (422, True), page.text
    assert page.form(f"{UNITS}/add").value("name") == "示例气象局", "what was typed stays"
    page = await admin.send(add, **values)
    assert ("示例气象局" in page.text, "联络员" in page.text) == (True, True)
    page = await admin.send(page.form(f"{UNITS}/QX"), name="示例气象台", calendar="always", duty="1")
    assert "全天有人值守" in page.text
    assert world.service.rules.of(DISTRICT).units.by_code["QX"].duty
    page = await admin.send(page.form(f"{UNITS}/QX/end"), sure="1")
    assert page.path == UNITS
    assert "QX" not in world.service.rules.of(DISTRICT).units
    page = await admin.get(f"{UNITS}/XF")
    refused = await admin.send(page.form(f"{UNITS}/XF/end"), sure="1")
    assert (refused.status, "权责清单" in refused.text) == (409, True)
    assert [action for action, _subject in await log(world)] == ["unit-added", "unit-changed", "unit-ended"]
    assert (
        "名称 示例气象局 → 示例气象台；作息 district → always；全天有人值守 否 → 是"
        in (await admin.get("/admin/log")).text
    )
    assert f"{UNITS}/XF" not in (await admin.get(f"{UNITS}?placed=1")).links(UNITS)


async def test_seats_are_shown_by_name_and_the_codes_that_a_rota_takes_stand_beside_it(world: World) -> None:
    admin = await somebody(world, ADMIN)
    for path, name, code in (
        (f"/admin/people/{CLERK}", "东柳街道・街道经办", CLERK),
        (f"{TREE}?at={STREET}", "街道经办", CLERK),
        (f"{UNITS}/CG", "值班员", "unit:CG:rota "),
    ):
        text = (await admin.get(path)).text
        assert (name in text, code in text) == (True, False), text
    assert "工号 unit:CG:liaison" in text


async def test_a_rota_is_written_line_by_line_and_stays(world: World, tmp_path: Path) -> None:
    admin = await somebody(world, ADMIN)
    form = (await admin.get(f"{UNITS}/CG")).form(f"{UNITS}/CG/rota")
    assert re.match(r"08:30-08:30 2026-01-01 unit:CG:rota:1 ", form.value("rota"))
    for wrong, said in (
        ("白天 2026-01-01 A", "不是时段"), ("08:30-18:00 明天 A", "不是起始日"), ("08:30-18:00 2026-01-01", "1 到"),
        ("18:00-08:30 2026-01-01 unit:CG:deputy\n08:00-18:00 2026-01-01 nobody", "第 2 行"),
        ("08:30-18:00", "不是起始日"),
        ("18:00-08:30 2026-01-01 unit:CG:deputy\n\n08:00-18:00 2026-01-01 unit:CG:section",
         "第 3 行「08:00-18:00」和第 1 行「18:00-08:30」的时段重叠"),
    ):  # fmt: skip
        page = await admin.send(form, rota=wrong)
        assert (page.status, said in page.text, wrong.split("\n")[0] in page.text) == (422, True, True), wrong
    text = "18:00-08:30 2026-01-01 unit:CG:deputy unit:CG:section\n08:30-18:00 2026-01-01 unit:CG:deputy"
    page = await admin.send(form, rota=text)
    assert page.form(f"{UNITS}/CG/rota").value("rota") == text
    assert "示例城管代理人乙、示例城管科长丙" in page.text
    await load.load(world.database, DEMO, "test")
    await world.service.rules.refresh()
    rota = [shift.people for shift in world.service.rules.of(DISTRICT).rota if shift.unit == "CG"]
    assert rota == [("unit:CG:deputy", "unit:CG:section"), ("unit:CG:deputy",)]
    deputy = await somebody(world, "unit:CG:deputy")
    assert "值班员" in (await deputy.get("/account")).text


async def test_the_rota_names_who_really_takes_the_turn(world: World) -> None:
    admin, now = await somebody(world, ADMIN), await world.database.now()
    reference = world.service.rules.of(DISTRICT)
    (shift,) = [one for one in reference.rota if one.unit == "CG"]
    first, second, third = (reference.people.persons[code] for code in on_shift(shift, now))

    async def said_without(*away: str) -> str:
        async with world.database.transaction() as uow:
            for person in away:
                leave = Absence(new_id(), person, now - timedelta(hours=1), now + timedelta(hours=1), ADMIN)
                await absences.add(uow, leave, now)
        return (await admin.get(f"{UNITS}/CG")).text

    assert f"现在轮到{first.name}" in await said_without("unit:CG:liaison", "unit:CG:deputy")
    assert f"现在轮到{second.name}" in await said_without(first.code)
    text = await said_without(second.code, third.code)
    assert ("现在轮到" in text, text.count("现在应有人，却没有人在岗")) == (False, 2), text
    form = (await admin.get(f"{UNITS}/XF")).form(f"{UNITS}/XF/rota")
    text = (await admin.send(form, rota="08:30-08:30 2026-01-01 unit:XF:deputy")).text
    liaison = reference.people.persons["unit:XF:liaison"].name
    assert ("现在轮到" in text, text.count(f"{liaison}在岗")) == (False, 2), "round the clock its liaison is on duty"


async def test_a_seat_passes_to_somebody_new_and_a_term_ends(world: World) -> None:
    admin = await somebody(world, ADMIN)
    page = await admin.get(f"/admin/seats/{XF}")
    form = page.form(f"/admin/seats/{XF}")
    for wrong in ({"code": "甲"}, {"code": "A1"}, {"code": "A1", "name": "甲", "since": "x"},
                  {"code": "A1", "name": "甲", "since": "0001-01-01"}):  # fmt: skip
        assert (await admin.send(form, **wrong)).status == 422, wrong
    page = await admin.send(form, code="A1", name="示例新人", since="2026-10-01")
    assert re.search(r"示例新人.*现任.*示例消防联络员甲", page.text)
    assert "2026-01-01 起任职，2026-10-01 起不再任" in page.text
    page = await admin.send(page.form(f"/admin/seats/{XF}"), code="A1", until="2099-01-01")
    assert "2099-01-01 起不再任" in page.text
    desk = await somebody(world, DESK)
    assert (await desk.get(f"/admin/seats/{XF}")).status == 403
    assert await log(world) == [("term-changed", XF), ("term-changed", XF)]
    told = (await admin.get("/admin/log")).text
    assert "止 示例消防联络员甲・消防救援大队・联络员・2026-01-01 起任职，2026-10-01 起不再任" in told
    assert "加 示例新人・消防救援大队・联络员・2026-10-01 起任职" in told
    assert (await admin.get("/admin/people/A1")).links("/admin/seats/") == [f"/admin/seats/{XF}"]
    assert (await admin.get("/admin/seats/nobody")).status == 404


@pytest.mark.parametrize(
    ("page", "action", "fields"),
    [
        (f"/admin/tree?at={COMMUNITY}", "/admin/tree/name", {"name": "别的名字"}),
        (f"/admin/tree?at={COMMUNITY}", "/admin/tree/end", {"sure": "1"}),
        (f"/admin/tree?at={STREET}", "/admin/tree/add", {"code": "130403011-D09", "name": "新社区"}),
        (f"/admin/seats/{CLERK}", f"/admin/seats/{CLERK}", {"code": "A1", "name": "新人", "since": "2026-01-01"}),
        ("/admin/units", "/admin/units/add", {"code": "QQ", "name": "新单位"}),
        ("/admin/units/XF", "/admin/units/XF", {"name": "别的名字"}),
        ("/admin/units/XF", "/admin/units/XF/rota", {"rota": ""}),
        ("/admin/import", "/admin/import", {}),
    ],
)
async def test_a_change_takes_the_password_again_ten_minutes_after_signing_in(
    demo_url: str, page: str, action: str, fields: dict[str, str]
) -> None:
    world = await open_world(demo_url, demo=False)
    await sign_in.set_password(world.database, world.deps.sealer, ADMIN, PASSWORD, must_change=False)
    admin = Person(world, world.client())
    entry = (await admin.get("/sign-in")).form("/sign-in")
    await admin.send(entry, name="130403.administrator", password=PASSWORD)
    assert "proof-" not in (await admin.get(page)).html, "they have just proved it"
    async with world.database.transaction() as uow:
        await uow.connection.execute("UPDATE web_session SET created_at = created_at - interval '11 minutes'")
    form = (await admin.get(page)).form(action)
    (proof,) = [name for name, _value in form.fields if name.startswith("proof-")]
    for given, said in (("", "先证明是您本人"), ("wrong", "现在的密码不对")):
        answer = await admin.send(form, **fields, **{proof: given})
        assert (answer.status, said in answer.text) == (422, True), answer.text
        assert f'name="{proof}"' in answer.html
    assert await log(world) == []
    answer = await admin.send(form, **fields, **{proof: PASSWORD})
    assert "先证明是您本人" not in answer.text
    assert "proof-" not in (await admin.get(page)).html, "once in ten minutes"
    await world.close()


async def test_an_exception_of_the_calendar_takes_it_too(demo_url: str) -> None:
    world = await open_world(demo_url, demo=False)
    await sign_in.set_password(world.database, world.deps.sealer, ADMIN, PASSWORD, must_change=False)
    admin = Person(world, world.client())
    entry = (await admin.get("/sign-in")).form("/sign-in")
    await admin.send(entry, name="130403.administrator", password=PASSWORD)
    async with world.database.transaction() as uow:
        await uow.connection.execute("UPDATE web_session SET created_at = created_at - interval '11 minutes'")
    wanted = {"first": "2026-12-03", "day": "off", "reason": "停电"}
    found = await admin.send((await admin.get("/admin/calendar")).form("/admin/calendar"), **wanted)
    form = found.form("/admin/calendar/confirm")
    assert (await admin.send(form, **{"proof-1": "wrong"})).status == 422
    assert await log(world) == []
    assert (await admin.send(form, **{"proof-1": PASSWORD})).status == 200
    assert "2026-12-03" in (await admin.get("/admin/calendar")).text
    await world.close()
