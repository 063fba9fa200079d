"""Below the street first, and several units at one table: over HTTP and on the pages, with nothing left unaccounted."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from dispatch.clock import VirtualClock
from dispatch.steps import leave
from dispatch.steps.audit import audit
from dispatch.steps.escalate import sweep
from tests.factories import (
    BUILDING,
    BUILDING_HEAD,
    CLERK,
    COMMUNITY_HEAD,
    DESK,
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
from tests.web.calling import picture
from tests.web.listening import rows

SF, CG = "unit:SF:liaison", "unit:CG:liaison"
COMPOUND_HEAD = "node:130403011-D01-X1:head"


@pytest.fixture
async def slow(demo_url: str) -> AsyncIterator[tuple[World, VirtualClock]]:
    """A service whose time we turn; at the end the log amounts to what is stored."""
    clock = VirtualClock(monday(9))
    made = await open_world(demo_url, virtual=clock.now)
    yield made, clock
    assert [one async for one in audit(made.database)] == []
    await made.close()


async def announced(world: World, receipt: dict[str, Any]) -> int:
    """How often the raised topics were told of it."""
    async with world.database.acquire() as connection:
        return int(
            await connection.fetchval(
                "SELECT count(*) FROM outbox WHERE topic LIKE 'whistles.raised%' AND key = $1", receipt["id"]
            )
        )


async def passing(world: World, clock: VirtualClock, until: Any, hours: int = 200) -> None:
    """Let time pass, with the sweep at work, until something holds."""
    for _ in range(hours * 2):
        if await until():
            return
        clock.advance(timedelta(minutes=30))
        await sweep(world.service)
    raise AssertionError("it did not come")


async def test_what_a_building_raises_climbs_to_the_street_and_becomes_a_whistle(
    slow: tuple[World, VirtualClock],
) -> None:
    world, clock = slow
    for seat in (CLERK, BUILDING_HEAD):  # they look on for days
        await world.token(seat, lasts=timedelta(days=30))
    receipt = await world.raised(SLOW, seat=BUILDING_HEAD)
    assert receipt["status"] == "local"
    number = receipt["number"]
    seen = await world.get(number, seat=BUILDING_HEAD)
    assert (seen["status"], seen["place"]["code"], seen["assignments"]) == ("local", BUILDING, [])
    assert {"keep", "resolve", "send-up", "cancel"} <= set(seen["allowed_actions"])
    assert await announced(world, receipt) == 0

    async def stands(status: str, rung: int | None) -> bool:
        now = await world.get(number)
        return (now["status"], now["accountable"]["rung"]) == (status, rung)

    for rung, seat in ((2, COMPOUND_HEAD), (3, COMMUNITY_HEAD)):
        await passing(world, clock, lambda rung=rung: stands("local", rung))
        browser = await somebody(world, seat)
        page = await browser.get("/chain")
        assert "能在这里解决吗？" in page.text
        assert page.links(f"/w/{number}/do/resolve")
    refused = await world.act(number, "keep", seat=BUILDING_HEAD)
    assert refused.status_code == 200, "what one's own place is about may be taken back by it"
    await passing(world, clock, lambda: stands("raised", 0))
    types = [one["type"] for one in (await world.get(number))["timeline"]]
    assert types == [
        "raised",
        *["clock.warned"] * types.count("clock.warned"),
        "clock.climbed",
        "clock.climbed",
        "kept",
        "clock.climbed",
    ]
    assert await announced(world, receipt) == 1, types
    later = await world.act(number, "resolve", seat=COMMUNITY_HEAD, reply="办好了")
    assert later.status_code == 409
    assert "已经吹哨" in later.json()["detail"]


async def test_solved_where_it_arose_it_never_becomes_one(slow: tuple[World, VirtualClock]) -> None:
    world, clock = slow
    number = (await world.raised(SLOW, seat=BUILDING_HEAD))["number"]
    up = await world.act(number, "send-up", seat=BUILDING_HEAD)
    assert up.status_code == 200, up.text
    clock.advance(timedelta(seconds=1))
    await sweep(world.service)
    assert (await world.get(number, seat=COMPOUND_HEAD))["accountable"]["node"] == "130403011-D01-X1"
    assert (await world.act(number, "send-up", seat=BUILDING_HEAD)).status_code == 409
    bare = await world.act(number, "resolve", seat=COMPOUND_HEAD)
    assert bare.status_code == 422
    done = await world.act(number, "resolve", seat=COMPOUND_HEAD, reply="换了灯泡")
    assert done.status_code == 200, done.text
    seen = await world.get(number, seat=BUILDING_HEAD)
    assert seen["status"] == "closed"
    assert [one for one in seen["clocks"] if one["answered_at"] is None] == []
    assert seen["timeline"][-1]["data"]["reply"] == "换了灯泡"


async def test_danger_and_complaints_are_not_left_below(world: World) -> None:
    assert (await world.raised("楼道漏气，气味很大", seat=BUILDING_HEAD, danger=True))["status"] == "raised"
    receipt = await world.raised(SLOW, seat=COMMUNITY_HEAD)
    assert receipt["status"] == "local"
    again = await world.as_(COMMUNITY_HEAD)
    elsewhere = await again.post("/api/v1/whistles", json={"body": SLOW, "place": "130403010-D01"})
    assert elsewhere.status_code == 403
    named = await again.post("/api/v1/whistles", json={"body": SLOW, "lead": "ZJ"})
    assert named.status_code == 403
    assert "点名" in named.json()["detail"]


async def test_the_page_to_raise_something(world: World) -> None:
    head = await somebody(world, BUILDING_HEAD)
    assert "/chain/raise" in (await head.get("/chain")).links("/chain/raise")
    page = await head.get("/chain/raise")
    form = page.form("/chain/raise")
    bare = await head.send(form, body="", danger="0")
    assert bare.status == 422
    assert "写一句是什么事" in bare.text
    sent = await head.send(form, body=SLOW, danger="0", first="up")
    assert sent.path.startswith("/w/")
    number = sent.path.removeprefix("/w/")
    assert (await world.get(number))["timeline"][-1]["type"] == "sent-up"
    twice = await head.send(form, body=SLOW, danger="0", first="up")
    assert twice.path == sent.path
    own = await head.send(
        (await head.get("/chain/raise")).form("/chain/raise"), body="楼道灯不亮", danger="0", first="here"
    )
    assert "能在这里解决吗？" in own.text
    assert "楼道灯不亮" in (await head.get("/chain")).text
    clerk = await somebody(world, CLERK)
    assert (await clerk.get("/chain/raise")).status == 403


async def test_photos_and_answers_stay_when_the_page_below_the_street_comes_back(world: World) -> None:
    head = await somebody(world, BUILDING_HEAD)
    form = (await head.get("/chain/raise")).form("/chain/raise")
    bare = await head.send(form, [("photo", ("a.jpg", picture(), "image/jpeg"))], body="", danger="0", first="here")
    assert bare.status == 422
    assert "已经收到 1 张照片" in bare.text
    wrong = await head.send(bare.form("/chain/raise"), [("photo", ("b.txt", b"none", "image/jpeg"))], body=SLOW)
    assert wrong.status == 422
    assert 'href="#f-photo">照片「b.txt」：只收 JPEG、PNG、WebP 照片，请换一张' in wrong.html
    assert "已经收到 1 张照片" in wrong.text
    sent = await head.send(wrong.form("/chain/raise"))
    assert sent.path.startswith("/w/")
    async with world.database.acquire() as connection:
        assert await connection.fetchval("SELECT max(cardinality(photos)) FROM whistle") == 1


async def test_a_consultation_from_asking_to_the_children_it_decided(slow: tuple[World, VirtualClock]) -> None:
    world, _clock = slow
    number = (await world.whistle(SLOW))["number"]
    assert (await (await world.as_(SF)).get(f"/api/v1/whistles/{number}")).status_code == 404
    asked = await world.act(number, "consult", seat=ZJ, units=["SF"], text="产权不清，请司法一起看")
    assert asked.status_code == 200, asked.text
    assert (await (await world.as_(SF)).get(f"/api/v1/whistles/{number}")).status_code == 404, "not convened yet"
    secretary = await somebody(world, SECRETARY)
    page = await secretary.get(f"/w/{number}")
    assert "单位请求会商" in page.text
    assert "请求会商" in (await (await somebody(world, DESK)).get("/desk")).text
    said = await secretary.act(number, "decide-consult-yes", at="2026-06-17T15:00")
    assert "会商中" in said.text
    invited = await somebody(world, SF)
    queue = await invited.get("/queue")
    assert queue.links(f"/w/{number}")
    assert "请你们来会商" in queue.text
    shown = await invited.get(f"/w/{number}")
    assert shown.status == 200
    assert "产权不清，请司法一起看" in shown.text
    assert "还没有纪要" in shown.text
    assert (await world.get(number, seat=SF))["allowed_actions"] == []
    listed = (await (await world.as_(SF)).get("/api/v1/whistles?limit=1")).json()
    assert [one["number"] for one in listed["items"]] == [number]
    other = (await (await world.as_(CG)).get("/api/v1/whistles")).json()
    assert number not in [one["number"] for one in other["items"]]
    assert (await (await world.as_(CG)).get(f"/api/v1/whistles/{number}")).status_code == 404
    kept = await secretary.act(
        number, "minutes", text="先修灯，再定产权", decisions="垃圾成堆没人清，请清运\n\n路灯不亮，请检修"
    )
    assert kept.status == 200, kept.text
    shown = await invited.get(f"/w/{number}")
    assert "先修灯，再定产权" in shown.text
    children = (await world.get(number))["children"]
    assert len(children) == 2
    assert [one["number"] for one in (await world.get(number))["timeline"][-1]["data"]["numbers"] and children] == [
        one["number"] for one in children
    ]
    assert shown.links(f"/w/{children[0]['number']}")
    assert "请你们来会商" not in (await invited.get("/queue")).text


async def test_the_form_below_promises_the_duty_office_only_while_somebody_is_there(world: World) -> None:
    head = await somebody(world, COMMUNITY_HEAD)
    assert "还叫应急值班（现在有人）" in (await head.get("/chain/raise")).text
    desk, now = await world.actor(DESK), await world.service.database.now()
    for post in ("liaison", "deputy"):
        (held,) = world.service.rules.of("130403").people.by_seat[f"unit:YJ:{post}"]
        await leave.go(world.service, desk, held.person, now - timedelta(hours=1), now + timedelta(days=1))
    page = (await head.get("/chain/raise")).text
    assert "这里马上报到街道" in page
    assert "应急值班" not in page


async def test_what_a_unit_was_only_called_to_or_informed_of_is_found_beside_its_queue(world: World) -> None:
    called, told = (await world.whistle(SLOW))["number"], (await world.whistle(SLOW))["number"]
    assert (await world.act(called, "consult", seat=SECRETARY, units=["SF"])).status_code == 200
    assert (await world.act(told, "call", seat=CLERK, unit="SF", role="inform")).status_code == 200
    unit = await world.as_("unit:SF:liaison")

    async def numbers(query: str) -> list[int]:
        return [one["number"] for one in (await unit.get(f"/api/v1/queues/SF{query}")).json()["items"]]

    assert await numbers("") == []
    assert await numbers("?role=inform") == [told, called], "the newest first"
    first = (await unit.get("/api/v1/queues/SF?role=inform&limit=1")).json()
    assert await numbers(f"?role=inform&limit=1&cursor={first['next_cursor']}") == [called]
    assert (await unit.get("/api/v1/queues/XF?role=inform")).status_code == 403
    page = await (await somebody(world, "unit:SF:liaison")).get("/queue?role=inform")
    assert "请来会商、知会的" in page.text
    assert all(str(number) in page.text for number in (called, told))
    assert "按收到先后排，新的在前" in page.text
    assert 'id="bulk"' not in page.text, "nothing there is to be signed for"
    for query, found in (("lamp=green", 2), ("lamp=red", 0), ("stage=reported", 2), ("due=week&stage=ruling", 0)):
        shown = await (await somebody(world, "unit:SF:liaison")).get(f"/queue?role=inform&{query}")
        assert len(rows(shown.html)) == found, query
    for query in ("part=assigned", "changed=1"):
        refused = await (await somebody(world, "unit:SF:liaison")).get(f"/queue?role=inform&{query}")
        assert (refused.status, "不能这样筛" in refused.text) == (422, True), "what cannot be asked for is not ignored"
    beside = (await (await somebody(world, "unit:SF:liaison")).get("/queue?part=assigned&lamp=red")).links(
        "role=inform"
    )
    assert "/queue?lamp=red&role=inform" in beside, "and is left behind on the way there"
    assert (await world.act(told, "cancel", seat=CLERK, reason="报错了")).status_code == 200
    assert await numbers("?role=inform") == [called]
    assert await numbers("?role=inform&status=cancelled") == [told]


async def test_a_consultation_may_be_refused_and_minutes_want_one(world: World) -> None:
    number = (await world.whistle(SLOW))["number"]
    early = await world.act(number, "minutes", seat=SECRETARY, text="没有会")
    assert early.status_code == 409
    assert "还没有会商过" in early.json()["detail"]
    await world.act(number, "consult", seat=ZJ, units=["SF"])
    no = await world.act(number, "decide-consult", seat=SECRETARY, granted=False, reason="先按清单办")
    assert no.status_code == 200, no.text
    assert [one for one in (await world.get(number))["requests"] if one["kind"] == "consultation"] == []
    called = await world.act(number, "consult", seat=SECRETARY, units=["SF", "CG"])
    assert called.status_code == 200
    assert (await world.get(number, seat=CG))["number"] == number
    assert (await (await world.as_(OTHER_CLERK)).get(f"/api/v1/whistles/{number}")).status_code == 404


@pytest.mark.parametrize("stands", [True, False])
async def test_the_second_refusal_is_reviewed_by_the_district(slow: tuple[World, VirtualClock], stands: bool) -> None:
    world, _clock = slow
    number = (await world.whistle())["number"]
    await world.act(number, "arrive", seat=XF, latitude=36.6, longitude=114.5)
    for nth in (1, 2):
        done = await world.act(number, "resolve", seat=XF, reply=f"第 {nth} 次", reason="一家能办")
        assert done.status_code == 200, done.text
        bare = await world.act(number, "verify", seat=CLERK, accepted=False, reason="not-done")
        assert bare.status_code == 422
        assert bare.json()["detail"] == "退回要有凭据：附现场照片，或写明现场情况"
        assert bare.json()["field"] == "note"
        unsaid = await world.act(number, "verify", seat=CLERK, accepted=False, reason="none", note="门还锁着")
        assert unsaid.json()["field"] == "reason"
        assert "问题没有解决、" in unsaid.json()["detail"]
        assert "not-done" not in unsaid.json()["detail"]
        no = await world.act(number, "verify", seat=CLERK, accepted=False, reason="not-done", note="门还锁着")
        assert no.status_code == 200, no.text
    assert "两次退回，请复核" in (await (await somebody(world, DESK)).get("/desk")).text
    ruled = await world.act(number, "decide-review", seat=DESK, granted=stands, reason="现场看过")
    assert ruled.status_code == 200, ruled.text
    seen = await world.get(number)
    assert seen["status"] == ("handling" if stands else "verified")
    running = {one["stage"] for one in seen["clocks"] if one["running"]}
    assert ("handling" in running) is stands
    assert ("answering" in running) is not stands
    assert [one["unit"] for one in seen["clocks"] if one["stage"] == "ruling" and one["answered_at"] is None] == []
