"""Lists of a street and their filters without JavaScript: what is shown, what is filtered, what is refused."""

import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from openpyxl import load_workbook

from dispatch.clock import VirtualClock
from dispatch.steps.escalate import sweep
from dispatch.web.lists.address import Address
from tests.factories import (
    AUDITOR,
    CLERK,
    DESK,
    FIRE_DOOR,
    OTHER_CLERK,
    SECRETARY,
    SLOW,
    XF,
    ZJ,
    World,
    monday,
    open_world,
)
from tests.web.browsing import somebody
from tests.web.listening import browse, rows


async def test_a_street_sees_its_own_and_nobody_elses(world: World) -> None:
    mine = await world.whistle()
    theirs = await world.whistle("柳林桥路边窨井盖破损", seat=OTHER_CLERK)
    page = await (await browse(world, CLERK)).get("/street")
    assert str(mine["number"]) in page
    assert str(theirs["number"]) not in page
    assert "消防 主办" in page
    everything = await (await browse(world, AUDITOR)).get("/all")
    assert str(mine["number"]) in everything
    assert str(theirs["number"]) in everything
    assert 'id="bulk"' not in everything


async def test_what_waits_for_verification_has_its_own_place(world: World) -> None:
    receipt = await world.whistle(SLOW)
    browser = await browse(world, CLERK)
    assert rows(await browser.get("/street?status=resolved")) == []
    assert (await world.act(receipt["number"], "report-in", seat=ZJ)).status_code == 200
    assert (await world.act(receipt["number"], "resolve", seat=ZJ, reply="修好了", reason="x")).status_code == 200
    page = await browser.get("/street?status=resolved")
    assert "<h1>待核查" in page
    assert len(rows(page)) == 1
    assert 'href="/street?status=resolved" aria-current="page"' in page


async def test_a_row_shows_the_clock_that_its_whistle_waits_for(world: World) -> None:
    """As the whistle's page does: not that of a unit which has yet to sign, though it runs out first."""
    number = (await world.whistle(SLOW))["number"]
    clerk = await somebody(world, CLERK)

    async def shown(stage: str) -> bool:
        found = "".join(rows((await clerk.get(f"/street?stage={stage}")).html))
        items = (await (await world.as_(CLERK)).get("/api/v1/whistles")).json()["items"]
        return str(number) in found and [one["stage"] for one in items if one["number"] == number] == [stage]

    assert await shown("reported"), "the lead has not signed"
    assert (await world.act(number, "report-in", seat=ZJ)).status_code == 200
    assert await shown("handling")
    assert (await world.act(number, "resolve", seat=ZJ, reply="修好了", reason="协办没有来")).status_code == 200
    async with world.database.acquire() as connection:
        open_ = await connection.fetch(
            "SELECT c.stage FROM whistle_clock c JOIN whistle w ON w.id = c.whistle"
            " WHERE w.number = $1 AND c.answered_at IS NULL AND c.stage <> 'total' ORDER BY c.due_at",
            number,
        )
    assert open_[0]["stage"] == "reported", "else this shows nothing"
    assert await shown("verification")


async def test_a_street_page_is_for_streets(world: World) -> None:
    await (await browse(world, DESK)).get("/street", 403)
    await (await browse(world, SECRETARY)).get("/street")


async def test_a_list_is_filtered_by_the_clock_that_it_shows(world: World) -> None:
    """The nearest one: its lamp, its stage, until when it runs; what has ended has none."""
    late, soon, resting, over = [(await world.whistle(SLOW))["number"] for _ in range(4)]
    assert (await world.act(over, "cancel", seat=CLERK, reason="报错了")).status_code == 200
    await world.act(resting, "report-in", seat=ZJ)
    review = (datetime.now(UTC) + timedelta(days=9)).isoformat()
    await world.act(resting, "request-hold", seat=ZJ, reason="等配件", review_on=review)
    assert (await world.act(resting, "decide-hold", seat=SECRETARY, granted=True)).status_code == 200
    async with world.database.transaction() as uow:
        for number, passed in ((late, "interval '1 minute'"), (soon, "- interval '5 days'")):
            await uow.connection.execute(
                f"UPDATE whistle_clock SET due_at = now() - {passed} WHERE stage = 'reported'"
                " AND whistle = (SELECT id FROM whistle WHERE number = $1)",
                number,
            )
    clerk = await somebody(world, CLERK)
    for query, wanted in (
        ("lamp=red", {late}),
        ("lamp=green", {soon}),
        ("lamp=hold", {resting}),
        ("lamp=yellow", set()),
        ("due=today", {late}),
        ("due=week", {late, soon}),
        ("stage=reported", {late, soon}),
        ("stage=hold&lamp=hold", {resting}),
        ("lamp=red&q=物业", {late}),
    ):
        for path in ("/street", "/all"):
            found = "".join(rows((await clerk.get(f"{path}?{query}")).html))
            shown = {number for number in (late, soon, resting, over) if str(number) in found}
            assert shown == wanted, f"{path}?{query}"


async def test_what_is_late_in_a_street_is_counted_on_the_chip_that_shows_it(demo_url: str) -> None:
    clock = VirtualClock(monday(9))
    world = await open_world(demo_url, virtual=clock.now)
    late = (await world.whistle(SLOW))["number"]
    clock.advance_to(monday(16))
    (await world.whistle(FIRE_DOOR), await world.whistle(SLOW, seat=OTHER_CLERK, place="130403010"))
    await sweep(world.service)
    clerk = await somebody(world, CLERK)
    page = await clerk.get("/street")
    chips = re.search(r'<ul class="chips">.*?</ul>', page.html, re.S)
    assert chips
    labels = re.findall(r'<li><a class="chip".*?>([^<>]+)</a>', chips.group())
    assert labels[:3] == ["全部", "红 1", "黄"]
    for query, count in (("?lamp=green", "红 1"), ("?status=closed", "红 0"), ("?q=物业", "红"), ("?unit=XF", "红 0")):
        assert count in re.findall(r">([^<>]+)</a>", (await clerk.get("/street" + query)).html), query
    (only,) = rows((await clerk.get("/street?lamp=red")).html)
    assert str(late) in only
    await world.close()


WRONG = ("status=x", "category=999", "unit=zz", "place=1", "cursor=x", "lamp=purple", "due=never", "stage=zz")


@pytest.mark.parametrize("query", [*WRONG, "q=" + "长" * 61])
async def test_a_wrong_filter_is_said(world: World, query: str) -> None:
    await (await browse(world, CLERK)).get(f"/street?{query}", 422)


def test_going_back_through_pages_comes_to_where_one_was() -> None:
    first = Address.of("/queue", [("lamp", "red"), ("nonsense", "1")], ("lamp",))
    assert first.here == "/queue?lamp=red"
    assert first.newer(50) == ""
    second = Address.read(first.older("c2", 50), ("lamp",))
    third = Address.read(second.older("c3", 50), ("lamp",))
    assert (second.first, third.first) == (51, 101)
    assert dict(Address.read(third.newer(50), ("lamp",)).asked) == dict(second.asked)
    assert Address.read(second.newer(50), ("lamp",)).here == first.here
    assert third.to(lamp="") == "/queue"


async def test_in_english_everything_is_said_in_english(world: World) -> None:
    await world.whistle()
    browser = await browse(world, ZJ)
    browser.client.cookies.set("lang", "en")
    page = await browser.get("/queue")
    assert "All in hand" in page
    outside = re.sub(r'<[^>]*lang="zh[^"]*"[^>]*>.*?</[a-z0-9]+>', "", page, flags=re.S)
    for word in ("待签收", "全部在办", "没有单位接手的紧急件在前，其余按到期先后", "签收"):
        assert word not in outside, word


async def test_an_export_holds_what_is_filtered_and_runs_nothing(world: World) -> None:
    clerk = await somebody(world, CLERK)
    await world.whistle("广泰小区3号楼楼道消防门被锁", title="=HYPERLINK(1)")
    await world.whistle("广泰小区3号楼路灯不亮", title="路灯")
    page = await clerk.get("/street?q=路灯")
    link = next(one for one in page.links("/street/export") if "csv" in one)
    only = (await clerk.client.get(link)).content.decode("utf-8-sig").splitlines()
    assert (len(only), "路灯" in only[1]) == (2, True)
    whole = (await clerk.client.get("/street/export?as=csv")).content.decode("utf-8-sig")
    assert ",'=HYPERLINK(1)," in whole
    book = load_workbook(io.BytesIO((await clerk.client.get("/street/export?as=xlsx")).content), read_only=True)
    rows = [[cell.value for cell in row] for row in book.worksheets[0].iter_rows()]
    assert len(rows) == len(whole.splitlines())
    assert {row[1] for row in rows} >= {"'=HYPERLINK(1)", "路灯"}
    assert (await clerk.client.get("/street/export?as=pdf")).status_code == 422
    fire = await somebody(world, XF)
    assert "HYPERLINK" in (await fire.client.get("/queue/export?as=csv")).text
    assert (await fire.client.get("/queue/export?as=csv&unit=HB")).status_code == 403
