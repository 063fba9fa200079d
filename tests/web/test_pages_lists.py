"""待办, bulk acts, street lists, without JavaScript: what is shown, what is filtered, what is refused."""

import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from openpyxl import load_workbook

from dispatch.clock import VirtualClock
from dispatch.steps.escalate import sweep
from dispatch.steps.scope import scope_of
from dispatch.store import queue_rows
from dispatch.store.search import Filters
from dispatch.web.lists.address import Address
from tests.factories import (
    AUDITOR,
    CLERK,
    DESK,
    FIRE_DOOR,
    OTHER_CLERK,
    SECRETARY,
    XF,
    ZJ,
    World,
    monday,
    open_world,
)
from tests.web.browsing import somebody
from tests.web.listening import Browser, browse

ROW = re.compile(r'<tr role="row".*?</tr>', re.S)


def rows(page: str) -> list[str]:
    """The rows of a list, without its head."""
    return [row for row in ROW.findall(page) if "c-what" in row and "<td" in row]


async def refs(browser: Browser, path: str = "/queue") -> list[str]:
    return re.findall(r'name="ref" value="([^"]+)"', await browser.get(path))


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


# ── bulk ─────────────────────────────────────────────────────────────────────────────────────────
SLOW = "广泰小区物业不管，楼道灯坏了没人修"


async def bulk(browser: Browser, refs: list[str], action: str, **more: Any) -> str:
    answer = await browser.post("/bulk", {"ref": refs, "action": action, "next": "/queue", **more}, 200)
    return answer.text


async def test_each_of_many_has_its_own_result(world: World) -> None:
    first, second = await world.whistle(SLOW), await world.whistle(SLOW)
    browser = await browse(world, ZJ)
    chosen = await refs(browser)
    assert len(chosen) == 2
    assert (await world.act(first["number"], "report-in", seat=ZJ)).status_code == 200
    gone = "01a20a90-f4a3-7345-bc93-897178c452ed:1"
    page = await bulk(browser, [*chosen, gone], "report-in")
    assert "办了 3 件：2 件成，1 件没成" in page
    assert "其中 1 件早已办过，这次没有动。" in page
    results = re.search(r'<section class="card results".*?</section>', page, re.S)
    assert results
    assert results[0].count('class="ok"') == 2
    assert "没有这件，或不归您看" in results[0]
    assert "已经办过了" in results[0]
    for number in (first["number"], second["number"]):
        assert (await world.get(number))["assignments"][0]["status"] == "reported-in"


async def test_a_note_on_many_asks_once_and_is_noted_once(world: World) -> None:
    receipt = await world.whistle(SLOW)
    browser = await browse(world, ZJ)
    chosen = await refs(browser)
    asked = (await browser.post("/bulk", {"ref": chosen, "action": "note", "next": "/queue?part=assigned"}, 200)).text
    assert 'name="text"' in asked
    assert re.findall(r'<\w+[^>]* name="(\w+)"[^>]* autofocus', asked) == ["text"]
    assert '<a class="btn" href="/queue?part=assigned">不办了，回去</a>' in asked
    key = re.search(r'name="key" value="([^"]+)"', asked)
    onward = re.search(r'name="next" value="([^"]+)"', asked.partition('action="/bulk"')[2])
    assert key
    assert onward
    assert onward[1] == "/queue?part=assigned"
    empty = await browser.post("/bulk", {"ref": chosen, "action": "note", "key": key[1], "text": " "}, 422)
    assert "写一句进展再记" in empty.text
    assert "autofocus" not in empty.text, "there the errors are read first"
    for _ in range(2):
        page = await bulk(browser, chosen, "note", key=key[1], text="师傅明天上门")
        assert "1 件成" in page
    events = [one for one in (await world.get(receipt["number"]))["timeline"] if one["type"] == "noted"]
    assert len(events) == 1


async def test_many_are_resolved_with_one_reply_in_which_each_has_its_own_values(world: World) -> None:
    told, silent = await world.whistle(SLOW), await world.whistle(SLOW)
    unit = await somebody(world, ZJ)
    for one in (told, silent):
        await unit.act(one["number"], "report-in")
    await unit.act(told["number"], "note", text="换了三个灯泡。")
    chosen = re.findall(r'name="ref" value="([^"]+)"', (await unit.get("/queue")).html)
    picked = (await unit.get("/queue")).form("/bulk")
    asked = await unit.send(picked, ref=chosen, action="resolve")
    assert str(told["number"]) in asked.text, "what was picked is listed"
    begun = await unit.send(asked.form("/bulk"), start="done")
    reply = begun.form("/bulk").value("reply")
    assert reply.startswith(
        "您好，您反映的「〔事项〕」，我们于〔收到时间〕收到，已与【谁】联系。〔办理情况〕，现已办好。"
    )
    gap = await unit.send(begun.form("/bulk"), reason="不用来")
    assert gap.status == 422
    assert "还有一处没填：【谁】" in gap.text
    done = await unit.send(gap.form("/bulk"), reply=reply.replace("【谁】", "物业"), reason="不用来")
    assert "办了 2 件：1 件成，1 件没成" in done.text
    assert "这一件填不出〔办理情况〕；请打开它单独报结" in done.text
    (event,) = [one for one in (await world.get(told["number"]))["timeline"] if one["type"] == "resolved"]
    assert "〔" not in event["data"]["reply"]
    assert "已与物业联系。换了三个灯泡，现已办好" in event["data"]["reply"]
    assert (await world.get(silent["number"]))["status"] == "handling"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"action": "arrive", "ref": ["01a20a90-f4a3-7345-bc93-897178c452ed:1"]}, 422),
        ({"action": "report-in", "ref": []}, 422),
        ({"action": "report-in", "ref": ["x"]}, 422),
        ({"action": "report-in", "ref": [f"01a20a90-f4a3-7345-bc93-{n:012x}:1" for n in range(101)]}, 422),
    ],
)
async def test_bulk_refuses_what_it_cannot_read(world: World, data: dict[str, Any], status: int) -> None:
    browser = await browse(world, ZJ)
    await browser.get("/queue")
    refused = (await browser.post("/bulk", data, status)).text
    if data["action"] == "arrive":
        assert "不能一次对许多件做「到场报到」" in refused


async def test_bulk_wants_the_token_of_the_page(world: World) -> None:
    browser = await browse(world, ZJ)
    browser.token = "somebody else's"
    await browser.post("/bulk", {"action": "report-in", "ref": ["x"]}, 403)


async def test_others_can_do_nothing_in_bulk(world: World) -> None:
    """A bulk act asks the same table: a unit that is not on it learns nothing."""
    await world.whistle()
    chosen = await refs(await browse(world, XF))
    browser = await browse(world, "unit:RS:liaison")
    await browser.get("/queue")
    page = await bulk(browser, chosen, "report-in")
    assert "没有这件，或不归您看" in page
    assert "消防门" not in page


# ── lists ────────────────────────────────────────────────────────────────────────────────────────
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
