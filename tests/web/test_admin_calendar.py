"""Exceptions of the calendar by page: what would move is seen first, then moves, and stays in the log."""

import re
from datetime import timedelta

import pytest

from dispatch.domain.turn import ZONE
from dispatch.steps import calendar_days, load
from dispatch.steps.audit import audit
from dispatch.web.admin import calendar
from tests.factories import ADMIN, DEMO, DISTRICT, World
from tests.web.browsing import Page, Person, somebody

CALENDAR, CONFIRM, AGAIN = "/admin/calendar", "/admin/calendar/confirm", "/admin/calendar/again"


async def looked(world: World, admin: Person, **more: str) -> Page:
    today = (await world.database.now()).astimezone(ZONE).date()
    given = {"first": str(today), "last": str(today + timedelta(days=12)), "day": "off", "reason": "示例停办"}
    return await admin.send((await admin.get(CALENDAR)).form(CALENDAR), **(given | more))


async def moved(world: World) -> int:
    async with world.database.acquire() as connection:
        found: int = await connection.fetchval("SELECT count(*) FROM whistle_event WHERE type = 'clock.recomputed'")
    return found


async def test_as_many_deadlines_move_as_were_shown_and_the_day_stays_when_files_are_loaded_again(world: World) -> None:
    admin = await somebody(world, ADMIN)
    for text in ("路灯不亮", "天沟渗水，三户漏水"):
        await world.whistle(text)
    page = await looked(world, admin)
    said = re.search(r"(\d+) 个时限会变，在 2 个", page.text)
    assert said, page.text
    other = await looked(world, admin, last="", day="hours", hours="08:30-12:00")
    assert await moved(world) == 0, "looking changes nothing"
    page = await admin.send(page.form(CONFIRM))
    assert ("办好了：改了日历" in page.text, "示例停办" in page.text) == (True, True), page.text
    assert "办好了：改了日历" not in (await admin.get(CALENDAR)).text
    assert await moved(world) == int(said[1]) > 0
    assert [one async for one in audit(world.database)] == []
    stale = await admin.send(other.form(CONFIRM))
    assert (stale.status, "重新看一遍" in stale.text) == (409, True)
    assert (await looked(world, admin)).status == 422, "a day has one exception"
    await load.load(world.database, DEMO, "test")
    await world.service.rules.refresh()
    page = await admin.get(CALENDAR)
    assert "示例停办" in page.text
    assert "暴雨红色预警" in page.text
    page = await admin.send(page.form("/admin/calendar/remove"))
    assert "取消：" in page.text
    form = page.form(CONFIRM)
    page = await admin.send(form)
    assert "示例停办" not in page.text
    assert (await admin.send(form)).status == 409, "once"
    assert await moved(world) > int(said[1])
    assert [one async for one in audit(world.database)] == []
    text = (await admin.get("/admin/log")).text
    assert text.count("改了日历") == 2
    assert "全天不上班" in text
    assert text.count("重算了时限") == 2
    count = await moved(world)
    again = await admin.send((await admin.get(CALENDAR)).form(AGAIN))
    assert "没有时限要变" in again.text
    assert await moved(world) == count, "nothing is left over"


@pytest.mark.parametrize("patience", [10.0, 0.0])
async def test_computing_again_says_how_many_deadlines_changed(
    world: World, monkeypatch: pytest.MonkeyPatch, patience: float
) -> None:
    admin = await somebody(world, ADMIN)
    await world.whistle("天沟渗水，三户漏水")
    form = (await looked(world, admin)).form(CONFIRM)
    actor = await world.actor(ADMIN)
    await calendar_days.confirm(world.service, actor, form.value("token"))  # and the service stopped in between
    monkeypatch.setattr(calendar, "PATIENCE", patience)
    said = await admin.send((await admin.get(CALENDAR)).form(AGAIN))
    count = await moved(world)
    assert count > 0
    assert ("还没算完，在后台接着算" if not patience else f"算过了，{count} 个时限变了。") in said.text


async def test_a_day_that_cannot_be_is_refused_with_field_value_and_remedy(world: World) -> None:
    admin = await somebody(world, ADMIN)
    for given, said in (
        ({"first": "明天"}, "不是日期"),
        ({"first": "2020-01-01", "last": ""}, "太早"),
        ({"last": "2020-01-01"}, "不能早于第一天"),
        ({"last": "2099-01-01"}, "31 天"),
        ({"day": "maybe"}, "没有「maybe」"),
        ({"day": "hours", "hours": "上午"}, "不是时段"),
        ({"day": "hours", "hours": "12:00-08:00"}, "「12:00-08:00」的止要晚于起"),
        ({"day": "hours", "hours": "8:30-12:00，11:00-17:30"}, "「11:00-17:30」的止要晚于起，各段从早到晚、不重叠"),
        ({"day": "hours", "hours": "08:30-12:75"}, "「08:30-12:75」不是时段"),
        ({"hours": "08:30-12:00"}, "写了上班时段「08:30-12:00」，选的却不是「改上班时段」"),
        ({"reason": ""}, "写明原因"),
        ({"first": "2041-01-01", "last": ""}, "日历还管不到「2041-01-01」"),
    ):
        page = await looked(world, admin, **given)
        assert (page.status, said in page.text) == (422, True), (given, page.text)
    assert DISTRICT in world.service.rules.districts
    csrf = {"csrf": (await admin.get(CALENDAR)).form(CALENDAR).value("csrf")}
    assert (await admin.client.post("/admin/calendar/remove", data=csrf | {"date": "2026-07-21"})).status_code == 404
