"""What is watched: vacant rungs, nobody on duty, what is on hold, what was done without an assisting unit."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from dispatch.clock import VirtualClock
from dispatch.steps import cover
from dispatch.store import desk_counts
from tests.factories import (
    BUILDING_HEAD,
    CLERK,
    COMMUNITY_HEAD,
    DESK,
    DISTRICT,
    OTHER_CLERK,
    SECRETARY,
    SLOW,
    STREET,
    XF,
    ZJ,
    World,
    monday,
    open_world,
)
from tests.web.listening import browse, pane
from tests.web.test_pages_lists_chain import neglected

SQUAD = f"JD-{STREET}"


@pytest.fixture
async def slow(demo_url: str) -> AsyncIterator[tuple[World, VirtualClock]]:
    """A service whose time we turn."""
    clock = VirtualClock(monday(9))
    made = await open_world(demo_url, virtual=clock.now)
    yield made, clock
    await made.close()


async def test_a_vacant_rung_shows_on_the_page_of_the_next_seat_above(
    slow: tuple[World, VirtualClock], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, clock = slow
    people = world.service.rules.of(DISTRICT).people
    for seat in (BUILDING_HEAD, "node:130403011-D01-X1:head"):
        monkeypatch.delitem(people.by_seat, seat)
    number = await neglected(world, clock, 7.5)
    seen = await world.get(number, seat=COMMUNITY_HEAD)
    assert (seen["accountable"]["rung"], seen["accountable"]["node"]) == (1, "130403011-D01")
    browser = await browse(world, COMMUNITY_HEAD)
    page = await browser.get("/chain")
    assert f'href="/w/{number}"' in page
    assert "楼栋长、小区书记空缺，先请您过问。" in page
    assert f"/w/{number}/do/send-up" in page
    assert f'href="/w/{number}"' not in await (await browse(world, SECRETARY)).get("/chain")
    own = await browser.get(f"/w/{number}")
    assert "到了您这一级" in own
    done = await world.act(number, "send-up", seat=COMMUNITY_HEAD)
    assert done.status_code == 200, done.text


async def test_nobody_on_duty_stands_on_the_desk_and_with_the_next_seat(demo_url: str) -> None:
    clock = VirtualClock(monday(23))
    world = await open_world(demo_url, virtual=clock.now)
    try:
        receipt = await world.whistle("楼道消防门被锁", danger=True, lead=SQUAD, override_reason="队里有钥匙")
        await cover.watch(world.service)
        shown = pane(await (await browse(world, DESK)).get("/desk"), "vacant")
        assert str(receipt["number"]) in shown
        assert "没有人在岗" in shown
        assert "科室负责人" in shown
        mine = await (await browse(world, f"unit:{SQUAD}:section")).get("/queue")
        assert "请马上安排人去" in mine
        assert "请马上安排人去" not in await (await browse(world, "unit:XF:section")).get("/queue")
        board = (await (await world.as_(DESK)).get("/api/v1/desk")).json()
        assert [one["unit"] for one in board["uncovered"]] == [SQUAD]
    finally:
        await world.close()


async def test_what_is_on_hold_stands_on_a_list_by_level_and_age(slow: tuple[World, VirtualClock]) -> None:
    world, clock = slow
    street, district = (await world.whistle(SLOW))["number"], (await world.whistle(SLOW))["number"]
    for number, seat in ((street, SECRETARY), (district, "node:130403:head")):
        await world.act(number, "report-in", seat=ZJ)
        asked = await world.act(number, "request-hold", seat=ZJ, reason="等产权单位批复", review_on="2026-12-01")
        assert asked.status_code == 200, asked.text
        assert (await world.act(number, "decide-hold", seat=seat, granted=True)).status_code == 200
        clock.advance(timedelta(minutes=1))
    clock.advance(timedelta(days=40))
    listed = (await (await world.as_(CLERK)).get("/api/v1/holds")).json()
    assert [(one["item"]["number"], one["level"], one["days"]) for one in listed["held"]] == [
        (district, 5, 40), (street, 4, 40),
    ]  # fmt: skip
    assert listed["ages"] == {"5": [0, 1, 0, 0], "4": [0, 1, 0, 0]}
    page = await (await browse(world, SECRETARY)).get("/holds")
    assert page.index("区级挂账") < page.index(str(district)) < page.index("街道挂账") < page.index(str(street))
    assert "已挂 40 天" in page
    assert "等产权单位批复" in page
    assert (await (await world.as_(OTHER_CLERK)).get("/api/v1/holds")).json()["held"] == []
    assert "没有挂账的" in await (await browse(world, OTHER_CLERK)).get("/holds")


async def test_the_desk_sees_what_was_done_without_an_assisting_unit(world: World) -> None:
    number = (await world.whistle())["number"]
    await world.act(number, "arrive", seat=XF, latitude=36.6, longitude=114.5)
    refused = await world.act(number, "resolve", seat=XF, reply="已打开")
    assert refused.status_code == 422
    assert "还没报到" in refused.json()["detail"]
    assert (
        await world.act(number, "resolve", seat=XF, reply="已打开", reason="物业当场配合，不用再等")
    ).status_code == 200
    shown = pane(await (await browse(world, DESK)).get("/desk"), "absent")
    assert str(number) in shown
    assert "住建" in shown
    assert "没报到。理由：" in shown
    assert "物业当场配合，不用再等" in shown
    await world.act(number, "verify", seat=CLERK, accepted=True)
    assert 'id="absent"' not in await (await browse(world, DESK)).get("/desk")


async def test_the_desks_counts_are_those_of_the_tables(world: World) -> None:
    for _ in range(3):
        await world.whistle()
    await world.whistle("小区里的鸽子太多，落了一地羽毛")
    number = (await world.whistle(SLOW))["number"]
    assert (await world.act(number, "hand-back", seat=ZJ, reason="不归我们", to="CG")).status_code == 200
    async with world.database.acquire() as connection:
        assert await desk_counts.by_status(connection, DISTRICT) == {"assigned": 4, "at-desk": 1}
        assert (await desk_counts.by_unit(connection, ["XF", "ZJ", "CG"])) == {"XF": 3, "ZJ": 4}
        assert await desk_counts.unsigned(connection, ["XF", "CG"]) == {"XF": 3, "CG": 0}
        assert await desk_counts.by_request(connection, DISTRICT, ["hand-back", "hold"]) == {"hand-back": 1}
        await connection.execute("UPDATE whistle_state SET rung = 5 WHERE id = $1", UUID(str(await _id(world, number))))
        assert await desk_counts.by_rung(connection, DISTRICT) == {5: 1}
        assert await desk_counts.of_street(connection, STREET, ["assigned"]) == {"assigned": 4}


async def _id(world: World, number: object) -> object:
    return (await world.get(number))["id"]
