"""「为什么是这个时限」 on the page: who signed for a rest stands beside the days that are left out for it."""

import re
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from dispatch.domain.dayrows import DayRow
from dispatch.domain.turn import ZONE
from dispatch.steps import load, recompute
from dispatch.steps.shown import ClockView
from dispatch.steps.why import Piece, Why
from dispatch.web.whistle.deadline import rests
from tests.factories import CLERK, DEMO, DESK, DISTRICT, SECRETARY, World, monday, open_world
from tests.web.browsing import somebody

CG = "unit:CG:liaison"
TREES = "树枝枯死，绿化带没人管"
USED_UP = {
    "zh": (
        "办理 剩 0 分 停着，一接着走就到期",
        "6/15 周一 6 工时 30 分",
        "6/16 周二 30 分 夜间、超出后来改短的时限，不计、午休 2 小时 30 分",
        "6/17 周三 0 夜间、超出后来改短的时限，不计、并单 09:00 到现在，钟停",
        "7 工时 已用 7 工时，钟一接着走就到期",
    ),
    "en": (
        "Left 0 min resting, due the moment it goes on",
        "beyond the shorter limit applied later",
        "7 work h used; due the moment the clock goes on",
    ),
}
GONE_ON = {
    "zh": ("并单 09:00–11:00，钟停、11:00 到期", "7 工时 已用 7 工时 "),
    "en": ("7 work h 7 work h used ",),
}


async def test_a_hold_names_who_signed_for_it(demo_url: str) -> None:
    now = monday(9)
    world = await open_world(demo_url, virtual=lambda: now)
    try:
        number = (await world.whistle("树枝枯死，绿化带没人管", category="109"))["number"]
        await world.act(number, "report-in", seat=CG)
        review = (now + timedelta(days=20)).isoformat()
        asked = await world.act(number, "request-hold", seat=CG, reason="等配件", review_on=review)
        assert asked.status_code == 200, asked.text
        decided = await world.act(number, "decide-hold", seat=SECRETARY, granted=True)
        assert decided.status_code == 200, decided.text
        now = monday(9) + timedelta(days=2)
        assert (await world.act(number, "resume", seat=CLERK)).status_code == 200
        why = (await (await world.as_(CLERK)).get(f"/api/v1/whistles/{number}/deadline")).json()
        assert {one["by"] for one in why["stretches"] if one["reason"] == "paused:hold"} == {SECRETARY}
        assert why["counted"] == why["limit_seconds"]
        page = await (await somebody(world, CLERK)).get(f"/w/{number}")
        assert "街道党工委书记批准挂账 6/15 09:00–6/17 09:00，钟停" in page.text
    finally:
        await world.close()


@pytest.mark.parametrize(
    ("lasts", "days", "said"),
    [
        (False, 0, "09:30–10:15"),
        (False, 1, "6/15 09:30–6/16 10:15"),
        (True, 0, "09:30 到现在"),
        (True, 1, "6/15 09:30 到现在"),
    ],
)
def test_a_rest_says_from_when_to_when(lasts: bool, days: int, said: str) -> None:
    start = monday(9) + timedelta(minutes=30)
    end = start + timedelta(days=days, minutes=45)
    piece = Piece(start, end, False, "paused:verification", (end - start).total_seconds(), "node:x:clerk")
    why = cast(Why, SimpleNamespace(stretches=(piece,), until=end, as_of=end))
    clock = cast(ClockView, SimpleNamespace(due_at=None if lasts else end + timedelta(days=1)))
    row = DayRow((end.astimezone(ZONE).date(),) * 2, (), timedelta(), timedelta(), ())
    assert rests(row, "verification:node:x:clerk", why, clock) == said
    other = DayRow((date(2026, 6, 20), date(2026, 6, 21)), (), timedelta(), timedelta(), ())
    assert rests(other, "verification:node:x:clerk", why, clock) == ""


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_what_is_used_up_at_rest_says_that_it_is_due_when_it_goes_on(
    demo_url: str, tmp_path: Path, lang: str
) -> None:
    """Two days of five are used, the whistle is merged, and then a limit of one day is applied to it."""
    now = monday(9)
    world = await open_world(demo_url, virtual=lambda: now)
    try:
        main, number = [(await world.whistle(TREES, category="109"))["number"] for _n in range(2)]
        await world.act(number, "report-in", seat=CG)
        now = monday(9) + timedelta(days=2)
        assert (await world.act(number, "merge", seat=DESK, into=str(main))).status_code == 200
        now += timedelta(hours=1)
        await _shorten(world, tmp_path)
        desk = await somebody(world, DESK)
        desk.client.cookies.set("lang", lang)
        page = " ".join(re.sub("<[^>]*>", " ", (await desk.get(f"/w/{number}")).text).split())
        for said in USED_UP[lang]:
            assert said in page, page
        now += timedelta(hours=1)
        assert (await world.act(number, "unmerge", seat=DESK)).status_code == 200
        now += timedelta(minutes=5)
        page = " ".join(re.sub("<[^>]*>", " ", (await desk.get(f"/w/{number}")).text).split())
        for said in GONE_ON[lang]:
            assert said in page, page
    finally:
        await world.close()


async def _shorten(world: World, files: Path) -> None:
    for file in DEMO.glob("*.yaml"):
        text = file.read_text("utf-8")
        (files / file.name).write_text(re.sub('(code: "109".*limit: )5wd', r"\g<1>1wd", text), "utf-8")
    await load.load(world.database, files, "test")
    assert await world.service.rules.refresh()
    assert await recompute.apply_policies(world.service, DISTRICT)


async def test_a_limit_in_working_hours_of_a_unit_on_duty_day_and_night_is_said_in_hours(demo_url: str) -> None:
    now = monday(9)
    world = await open_world(demo_url, virtual=lambda: now)
    try:
        number = (await world.whistle("违停的车占车道", category="404"))["number"]
        page = await (await somebody(world, "unit:JJ:liaison")).get(f"/w/{number}")
        assert "4 小时，该单位昼夜值守，连续计时" in page.text
        assert "4 工时，" not in page.text
        clerk = await somebody(world, CLERK)
        assert "4小时（连续计时）" in "".join((await clerk.get(f"/w/{number}/slip")).text.split())
        typed = dict((await clerk.get("/whistle")).form("/whistle").fields) | {"body": "广泰小区门口违停的车占车道"}
        preview = (await clerk.client.post("/whistle/preview", data=typed)).text
        assert "24 小时值守・4 小时内签收" in preview
        assert "4 工时签收" not in preview
        other = (await world.whistle(TREES, category="109"))["number"]
        assert "5工作日（工作时间计）" in "".join((await clerk.get(f"/w/{other}/slip")).text.split())
    finally:
        await world.close()
