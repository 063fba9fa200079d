"""「为什么是这个时限」 on the page: who signed for a rest stands beside the days that are left out for it."""

from datetime import date, timedelta
from types import SimpleNamespace
from typing import cast

import pytest

from dispatch.domain.dayrows import DayRow
from dispatch.domain.turn import ZONE
from dispatch.steps.shown import ClockView
from dispatch.steps.why import Piece, Why
from dispatch.web.whistle.deadline import rests
from tests.factories import CLERK, SECRETARY, monday, open_world
from tests.web.browsing import somebody

CG = "unit:CG:liaison"


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


async def test_a_limit_in_working_hours_of_a_unit_on_duty_day_and_night_is_said_in_hours(demo_url: str) -> None:
    now = monday(9)
    world = await open_world(demo_url, virtual=lambda: now)
    try:
        number = (await world.whistle("违停的车占车道", category="404"))["number"]
        page = await (await somebody(world, "unit:JJ:liaison")).get(f"/w/{number}")
        assert "4 小时，该单位昼夜值守，连续计时" in page.text
        assert "4 工时，" not in page.text
    finally:
        await world.close()
