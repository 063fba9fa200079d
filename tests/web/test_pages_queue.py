"""待办 without JavaScript: rows, views, pages, what is refused; a unit's load."""

import re

from dispatch.steps.scope import scope_of
from dispatch.store import queue_rows
from dispatch.store.search import Filters
from tests.factories import (
    CLERK,
    DESK,
    FIRE_DOOR,
    SLOW,
    XF,
    ZJ,
    World,
)
from tests.web.browsing import somebody
from tests.web.listening import browse, rows


async def test_a_queue_shows_time_part_state_and_the_one_tap(world: World) -> None:
    receipt = await world.whistle()
    page = await (await browse(world, ZJ)).get("/queue")
    (row,) = rows(page)
    assert str(receipt["number"]) in row
    assert "待签收" in row
    assert ">协<" in row
    assert "data-tick" in row
    # an emergency: the unit has to come; from there back to the queue
    assert f'href="/w/{receipt["number"]}/do/arrive?next=%2Fqueue"' in row
    assert "到场报到" in row
    assert '全部在办 <span class="count">1</span>' in page
    assert 'data-events="/events?on=queue&amp;since=' in page


async def test_lamps_and_views_are_links_that_filter(world: World) -> None:
    receipt = await world.whistle()
    browser = await browse(world, ZJ)
    for shown, hidden in (
        ("lamp=green", "lamp=red"),
        ("part=assigned", "part=reported-in"),
        ("role=assist", "role=lead"),
    ):
        assert len(rows(await browser.get(f"/queue?{shown}"))) == 1, shown
        page = await browser.get(f"/queue?{hidden}")
        assert rows(page) == [], hidden
        assert "这样选，一件也没有。" in page
    assert len(rows(await browser.get(f"/queue?q={receipt['number']}"))) == 1
    assert rows(await browser.get("/queue?street=130403010")) == []


async def test_what_falls_due_first_stands_first(world: World) -> None:
    late = await world.whistle("广泰小区物业不管，楼道灯坏了没人修")
    urgent = await world.whistle(FIRE_DOOR)
    page = await (await browse(world, ZJ)).get("/queue")
    numbers = re.findall(r'<a href="/w/(\d+)"', page)
    assert numbers == [str(urgent["number"]), str(late["number"])]


async def test_pages_of_a_queue_follow_its_index_and_lose_nothing(world: World) -> None:
    made = [await world.whistle(FIRE_DOOR) for _ in range(5)]
    reference = world.service.rules.of("130403")
    scope = scope_of(await world.actor(XF), reference)
    seen: list[int] = []
    place: queue_rows.Place | None = None
    async with world.database.acquire() as connection:
        await connection.execute(
            "UPDATE assignment SET due_at = NULL WHERE unit = 'XF' AND whistle IN"
            " (SELECT whistle FROM assignment WHERE unit = 'XF' ORDER BY whistle LIMIT 2)"
        )
        while True:
            found = await queue_rows.queue(connection, "XF", scope, Filters(), after=place, limit=2)
            seen += [one.found.head.number for one in found]
            if not found:
                break
            place = queue_rows.Place(found[-1].due_at, found[-1].found.head.id)
        plan = await connection.fetch(
            "EXPLAIN SELECT 1 FROM assignment a WHERE a.unit = 'XF' AND a.active AND a.due_at IS NOT NULL"
            " AND (a.due_at, a.whistle) > (now(), '00000000-0000-0000-0000-000000000000')"
            " ORDER BY a.due_at, a.whistle LIMIT 2"
        )
    assert sorted(seen) == sorted(one["number"] for one in made)
    assert len(seen) == len(set(seen))
    assert "Sort" not in str(plan)


async def test_only_ones_own_queue_opens(world: World) -> None:
    await (await browse(world, ZJ)).get("/queue?unit=XF", 403)
    await (await browse(world, CLERK)).get("/queue", 403)
    assert 'id="bulk"' not in await (await browse(world, DESK)).get("/queue?unit=XF")
    await (await browse(world, DESK)).get("/queue?unit=nobody", 404)


async def test_a_row_carries_the_token_and_the_language_of_whoever_looks(world: World) -> None:
    await world.whistle(SLOW)
    pages = {}
    for lang, word in (("zh", "待签收"), ("en", "To be signed for"), ("zh", "待签收")):
        browser = await browse(world, ZJ)
        browser.client.cookies.set("lang", lang)
        (row,) = rows(await browser.get("/queue"))
        assert word in row
        assert ("选中" in row) == (lang == "zh")
        token = re.findall(r'name="csrf" value="([^"]+)"', row)
        assert token == [browser.token]
        pages[browser.token] = row
    assert len(pages) == 3


async def test_a_row_says_at_once_what_was_done_to_it(world: World) -> None:
    number = (await world.whistle(SLOW))["number"]
    browser = await browse(world, ZJ)
    (before,) = rows(await browser.get("/queue"))
    assert (await world.act(number, "report-in", seat=ZJ)).status_code == 200
    (after,) = rows(await browser.get("/queue"))
    assert "do/report-in" in before
    assert "do/report-in" not in after
    assert "已签收" in after
    ref = re.compile(r'name="ref" value="([^"]+)"')
    assert ref.findall(before) != ref.findall(after)


async def test_strangers_are_led_to_sign_in(world: World) -> None:
    for path in ("/queue", "/street", "/all", "/chain", "/desk"):
        answer = await world.client(follow_redirects=False).get(path, headers={"Accept": "text/html"})
        assert answer.status_code == 303
        assert answer.headers["location"].endswith(f"?next={path}")


async def test_a_units_load_is_counted_by_what_where_and_who_beside_the_median_of_others(world: World) -> None:
    mine, theirs = await world.whistle(SLOW), await world.whistle(SLOW)
    await world.whistle(FIRE_DOOR)
    await world.act(mine["number"], "report-in", seat=ZJ)
    async with world.database.transaction() as uow:
        await uow.connection.execute(
            "UPDATE assignment SET due_at = now() - interval '1 hour' WHERE unit = 'ZJ' AND whistle ="
            " (SELECT id FROM whistle WHERE number = $1)",
            theirs["number"],
        )
    unit = await somebody(world, "unit:ZJ:principal")
    page = await unit.get("/queue/load")
    figures = re.findall(r"<dt>([^<]+)</dt><dd><b>(?:<a [^>]+>)?(\d+)", page.html)
    assert dict(figures[:5]) == {
        "在办": "3",
        "已逾期": "1",
        "今天还要到期": dict(figures)["今天还要到期"],
        "待签收": "2",
        "在协办": "1",
    }
    assert "中位数 0" in page.text
    assert "另外 20 个同类单位" in page.text
    shares = {
        name: counts
        for name, *counts in re.findall(r'<th scope="row">(.+?)</th><td>(.+?)</td><td>(.+?)</td>', page.html)
    }
    plain = {
        re.sub("<[^>]+>", "", name): [re.sub("<[^>]+>", "", one) for one in counts] for name, counts in shares.items()
    }
    assert plain["东柳街道"] == ["3", "1"]
    assert plain["示例住建联络员甲"] == ["1", "0"], "whoever signed has it"
    assert plain["还没人签收"] == ["2", "1"]
    (late,) = [link for link in page.links("lamp=red") if "category" not in link and "street" not in link]
    assert [str(theirs["number"]) in row for row in rows((await unit.get(late)).html)] == [True]
    assert (await unit.get("/queue/load?unit=XF")).status == 403
