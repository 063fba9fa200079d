"""调度台: who might take it and why, assigning, rulings, what is watched."""

import re
from datetime import timedelta
from uuid import UUID

import orjson
import pytest

from dispatch.clock import new_id
from dispatch.steps import route
from dispatch.store import cases, clock_watch
from dispatch.store.clock_watch import Jump
from dispatch.web.desk import candidates, panes
from tests.factories import AUDITOR, CLERK, DESK, FIRE_DOOR, OTHER_CLERK, SLOW, XF, ZJ, World
from tests.web.listening import browse, pane

UNKNOWN = "小区里的鸽子太多，落了一地羽毛"
#: words of several duties, none clearly first
BETWEEN = "工地扬尘又半夜施工"


async def at_desk(world: World, text: str = UNKNOWN) -> str:
    receipt = await world.whistle(text)
    assert (await world.get(receipt["number"]))["status"] == "at-desk", text
    return str(receipt["number"])


async def test_the_oldest_is_opened_with_candidates_and_their_load(world: World) -> None:
    number = await at_desk(world)
    page = pane(await (await browse(world, DESK)).get("/desk"), "unmatched")
    assert f'action="/desk/{number}/assign"' in page
    assert 'name="lead" value="CG"' in page
    assert 'name="lead" value="keep"' in page
    assert "东柳街道自办" in page
    assert "在办 0" in page
    assert "checked" not in page  # nothing speaks for any of them
    assert f"{number}・「" in page


async def test_found_words_make_candidates_and_are_marked(world: World) -> None:
    await at_desk(world, BETWEEN)
    page = pane(await (await browse(world, DESK)).get("/desk"), "unmatched")
    assert "近似 " in page
    assert "<mark" in page or 'class="mark"' in page
    assert page.count("checked") == 1


async def test_last_moment_extensions_are_counted_by_unit(world: World) -> None:
    number = (await world.whistle(FIRE_DOOR))["number"]
    await world.act(number, "report-in", seat=XF)
    until = (await world.database.now() + timedelta(days=90)).isoformat()
    asked = await world.act(number, "request-extension", seat=XF, until=until, reason="等料")
    assert asked.status_code == 200, asked.text
    browser = await browse(world, DESK)
    assert "临期" not in pane(await browser.get("/desk"), "requests")
    async with world.database.transaction() as uow:
        await uow.connection.execute("""UPDATE request SET data = data || '{"late": true}' WHERE kind = 'extension'""")
    await at_desk(world)
    page = await browser.get("/desk")
    assert "申请延期，临期才申请，今年第 1 次" in pane(page, "requests")
    assert (await (await world.as_(DESK)).get("/api/v1/desk")).json()["late_extensions"] == {"XF": 1}


async def test_what_stands_still_is_on_the_desk_and_a_jump_is_confirmed_there(world: World) -> None:
    browser = await browse(world, DESK)
    assert 'id="stalled"' not in await browser.get("/desk"), "in health there is nothing to see"
    number = await at_desk(world)
    now = await world.database.now()
    await clock_watch.note(world.database, Jump(now, timedelta(minutes=-7)))
    async with world.database.transaction() as uow:
        await uow.connection.execute("UPDATE whistle_clock SET parked = 'DataError: 坏了' WHERE stage = 'dispatch'")
    page = pane(await browser.get("/desk"), "stalled")
    assert "往回跳了 7 分钟" in page
    assert f'href="/w/{number}"' in page
    assert "DataError: 坏了" in page
    seen = (await (await world.as_(DESK)).get("/api/v1/desk")).json()["stalled"]
    assert (seen["held"]["seconds"], seen["parked"][0]["number"]) == (-420, int(number))
    other = await browser.post("/desk/clock/confirm", {"at": "2026-01-01T00:00:00+00:00"})
    assert other.headers["location"] == "/desk?done=steady", "another jump than the one that was looked at"
    at = re.search(r'name="at" value="([^"]+)"', page)
    assert at
    done = await browser.post("/desk/clock/confirm", {"at": at[1]})
    assert done.headers["location"] == "/desk?done=clock"
    assert (await clock_watch.read(world.database))[1] == Jump(now, timedelta(minutes=-7), confirmed=True)
    assert "往回跳了" not in await browser.get("/desk")


async def test_assigning_takes_it_off_the_desk_and_drafts_a_rule(world: World) -> None:
    number = await at_desk(world, BETWEEN)
    browser = await browse(world, DESK)
    page = await browser.get("/desk")
    version = re.search(r'action="/desk/\d+/assign".*?name="version" value="(\d+)"', page, re.S)
    lead = re.search(r'name="lead" value="(\w+)" checked', page)
    assert version
    assert lead
    data = {"lead": lead[1], "version": version[1], "remember": "1"}
    answer = await browser.post(f"/desk/{number}/assign", data)
    assert answer.headers["location"] == f"/desk?done=assign&remembered={number}"
    after = await browser.get("/desk?done=assign")
    assert "派出去了" in after
    assert number not in pane(after, "unmatched")
    view = await world.get(number)
    assert view["assignments"][0]["unit"] == lead[1]
    async with world.database.acquire() as connection:
        kept = await connection.fetchval("SELECT content::text FROM rule_draft WHERE status = 'drafted'")
    assert "words" in kept
    again = (await browser.post(f"/desk/{number}/assign", {**data, "lead": "SC"}, 409)).text
    assert "这一件没有派出去" in again


async def test_a_remembered_ruling_speaks_for_its_unit(world: World) -> None:
    first = await at_desk(world, BETWEEN)
    browser = await browse(world, DESK)
    page = await browser.get("/desk")
    lead = re.search(r'name="lead" value="(\w+)" checked', page)
    assert lead
    await browser.post(f"/desk/{first}/assign", {"lead": lead[1], "remember": "1"})
    await at_desk(world, BETWEEN)
    assert "同类裁定 1 次派给它" in pane(await browser.get("/desk"), "unmatched")


async def test_the_street_keeps_it_when_the_desk_says_so(world: World) -> None:
    number = await at_desk(world)
    browser = await browse(world, DESK)
    await browser.get("/desk")
    answer = await browser.post(f"/desk/{number}/assign", {"lead": "keep"})
    assert answer.headers["location"] == "/desk?done=keep"
    assert (await world.get(number))["outcome"] == "self"


async def test_what_the_street_keeps_is_remembered_too(world: World) -> None:
    number = await at_desk(world)
    browser = await browse(world, DESK)
    await browser.get("/desk")
    answer = await browser.post(f"/desk/{number}/assign", {"lead": "keep", "remember": "1"})
    assert answer.headers["location"] == f"/desk?done=keep&remembered={number}"
    assert f"裁定记住了：{number}" in await browser.get(answer.headers["location"])
    async with world.database.acquire() as connection:
        kept = await connection.fetchval("SELECT content::text FROM rule_draft WHERE status = 'drafted'")
    assert orjson.loads(kept)["lead"] == "JD-130403011"


async def test_a_ruling_for_a_squad_speaks_for_the_squad_of_the_street_it_is_in(world: World) -> None:
    number = await at_desk(world)
    ruled = await world.act(number, "assign", seat=DESK, lead="JD-130403011", assist=[], remember=True, words=["鸽子"])
    assert ruled.status_code == 200, ruled.text
    await world.whistle(UNKNOWN, seat=OTHER_CLERK)
    page = pane(await (await browse(world, DESK)).get("/desk"), "unmatched")
    assert re.search(r'value="keep" checked>.*?同类裁定 1 次派给它', page), "its own street's, which keeps it"
    assert "JD-130403011" not in page


async def test_a_choice_that_is_refused_comes_back_as_it_was_made(world: World) -> None:
    await at_desk(world)
    second = await at_desk(world, "想给社区的老井立块牌子")
    browser = await browse(world, DESK)
    await browser.get("/desk")
    ticked, kept = 'name="remember" value="1" checked', 'name="lead" value="keep" checked'
    none = pane((await browser.post(f"/desk/{second}/assign", {"remember": "1"}, 422)).text, "unmatched")
    assert f'action="/desk/{second}/assign"' in none, "the one it was about, not the oldest"
    assert ticked in none
    stale = {"lead": "keep", "remember": "1", "version": "99"}
    page = pane((await browser.post(f"/desk/{second}/assign", stale, 409)).text, "unmatched")
    assert kept in page
    assert ticked in page
    assert "checked" not in pane(await browser.get(f"/desk?open={second}"), "unmatched")


@pytest.mark.parametrize(("lead", "status", "said"), [("", 422, "先选派给谁"), ("nobody", 422, "没有「nobody」")])
async def test_nobody_is_refused_in_words(world: World, lead: str, status: int, said: str) -> None:
    number = await at_desk(world)
    browser = await browse(world, DESK)
    await browser.get("/desk")
    assert said in (await browser.post(f"/desk/{number}/assign", {"lead": lead}, status)).text


async def test_another_can_be_opened(world: World) -> None:
    await at_desk(world)
    second = await at_desk(world, "想给社区的老井立块牌子")
    page = pane(await (await browse(world, DESK)).get(f"/desk?open={second}"), "unmatched")
    assert f'action="/desk/{second}/assign"' in page


async def test_danger_words_stand_on_top_with_a_badge(world: World) -> None:
    ordinary = await at_desk(world)
    urgent = await world.whistle("有一股说不清的怪味，几个人发晕", danger=True)
    assert (await world.get(urgent["number"]))["status"] == "at-desk"
    page = pane(await (await browse(world, DESK)).get("/desk"), "unmatched")
    assert page.index("疑似紧急") < page.index(f'action="/desk/{urgent["number"]}/assign"'), "opened, not the older one"
    folded = pane(await (await browse(world, DESK)).get(f"/desk?open={ordinary}"), "unmatched")
    assert "已转应急值班" in page
    assert "已转应急值班" in folded
    assert folded.index("疑似紧急") < folded.index(f'action="/desk/{ordinary}/assign"')


async def test_no_suspected_emergency_is_cut_off_the_desk_and_what_is_asked_for_is_opened(world: World) -> None:
    ordinary = await at_desk(world)
    many = panes.MOST + 1
    for nth in range(many):
        await world.whistle(f"有一股说不清的怪味，{nth} 个人发晕", danger=True)
    browser = await browse(world, DESK)
    assert pane(await browser.get("/desk"), "unmatched").count("疑似紧急") == many
    asked = pane(await browser.get(f"/desk?open={ordinary}"), "unmatched")
    assert asked.count("疑似紧急") == many
    assert f'action="/desk/{ordinary}/assign"' in asked


async def test_a_unit_complained_about_is_no_candidate(world: World) -> None:
    receipt = await world.whistle("投诉城管执法局不作为，占道摆摊没人管")
    async with world.database.acquire() as connection:
        (case,) = await cases.many(connection, [UUID(receipt["id"])])
    turn = world.service.turn("130403", await world.database.now())
    assert case.facts.sealed
    assert "CG" not in [one.unit for one in candidates.offered(case, turn, ("", ""), ())]


async def test_a_complaint_about_the_street_is_not_left_to_the_street(world: World) -> None:
    receipt = await world.raised("投诉街道办事处不作为，垃圾没人管")
    async with world.database.transaction() as uow:
        await route.route(world.service, uow, [UUID(receipt["id"])], {})
    page = pane(await (await browse(world, DESK)).get("/desk"), "unmatched")
    assert "回避件" in page or "（已封存）" in page
    assert 'value="keep"' not in page


async def test_a_hand_back_stands_with_its_reason_and_both_answers(world: World) -> None:
    receipt = await world.whistle(SLOW)
    done = await world.act(receipt["number"], "hand-back", seat=ZJ, reason="不是物业的事", clause="201", to="CG")
    assert done.status_code == 200, done.text
    page = pane(await (await browse(world, DESK)).get("/desk"), "hand-backs")
    assert "住房和城乡建设局 退「" in page
    assert "理由：不是物业的事。" in page
    assert "应由：城市管理综合行政执法局" in page
    for token in ("rule-yes", "rule-no"):
        assert f"/w/{receipt['number']}/do/{token}?next=/desk" in page


async def test_panes_are_pages_of_their_own(world: World) -> None:
    await at_desk(world)
    browser = await browse(world, DESK)
    for name in ("unmatched", "hand-backs", "requests", "supervision", "arriving", "vacant", "dead"):
        page = await browser.get(f"/desk/{name}")
        assert page.count('<section class="card pane"') == 1, name
    await browser.get("/desk/nonsense", 404)


@pytest.mark.parametrize("seat", [CLERK, XF, AUDITOR])
async def test_the_desk_is_the_districts(world: World, seat: str) -> None:
    browser = await browse(world, seat)
    await browser.get("/desk", 403)
    await browser.get("/desk/dead", 403)
    await browser.post(f"/desk/dead/{new_id()}/replay", {"why": "x"}, 403)


async def test_empty_panes_say_so(world: World) -> None:
    page = await (await browse(world, DESK)).get("/desk")
    assert page.count("现在没有。") >= 5
