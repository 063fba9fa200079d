"""What is shown to whom: one whistle, its deadline, boards; what lists show is what the table of permissions says."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from dispatch.domain import whistle as machine
from dispatch.steps import escalate, sign_in
from dispatch.steps.scope import scope_of
from dispatch.store import cases, search
from dispatch.store.search import Filters
from tests.factories import (
    ADMIN,
    AUDITOR,
    BUILDING,
    BUILDING_HEAD,
    CLERK,
    COMMUNITY,
    COMMUNITY_HEAD,
    DESK,
    DISTRICT,
    FIRE_DOOR,
    OTHER_CLERK,
    OTHER_STREET,
    SECRETARY,
    STREET,
    XF,
    XF_DEPUTY,
    XF_SECTION,
    ZJ,
    World,
    monday,
    open_world,
)

GENERAL_GRID = f"node:{COMMUNITY}-G0:head"
LEADER = f"node:{DISTRICT}:head"
DUTY = f"node:{STREET}:duty"
SEATS = (
    *(CLERK, OTHER_CLERK, DESK, ADMIN, AUDITOR, SECRETARY, COMMUNITY_HEAD, BUILDING_HEAD, GENERAL_GRID, LEADER, DUTY),
    *(XF, XF_DEPUTY, XF_SECTION, ZJ, f"unit:JD-{STREET}:liaison", "unit:YJ:liaison", "unit:DD:liaison"),
)


async def sample(world: World) -> list[dict[str, Any]]:
    """Whistles of every sort of visibility."""
    made = [
        await world.whistle(FIRE_DOOR),
        await world.whistle("天沟渗水，三户漏水", place=COMMUNITY),
        await world.whistle("占道摆摊，店外经营没人管", place=STREET),
        await world.whistle("说不清的一件事", place=BUILDING),
        await world.whistle("有人不作为，受贿", place=BUILDING),
        await world.whistle(FIRE_DOOR, seat=OTHER_CLERK),
        await world.whistle("城管执法人员态度恶劣，乱执法", place=BUILDING),
        await world.whistle("街道办工作人员推诿扯皮不作为", place=BUILDING),
        await world.whistle("垃圾成堆没人清", seat=DESK, street=STREET),
    ]
    async with world.database.transaction() as uow:
        connection = uow.connection
        await connection.execute("UPDATE whistle SET place = NULL WHERE number = $1", made[2]["number"])
        await connection.execute("UPDATE whistle SET sealed = true WHERE number = $1", made[1]["number"])
        await connection.execute(
            "UPDATE whistle SET hidden_from = $2 WHERE number = $1", made[3]["number"], [STREET, "ZJ"]
        )
        await connection.execute(
            "UPDATE assignment SET status = 'released' WHERE unit = 'ZJ' AND whistle = $1", UUID(made[0]["id"])
        )
        await connection.execute(
            """INSERT INTO request (id, whistle, gen, kind, status, asked_at, data)
               VALUES (gen_random_uuid(), $1, 1, 'transfer', 'pending', $2, jsonb_build_object('to', $3::text))""",
            UUID(made[0]["id"]),
            await uow.now(),
            OTHER_STREET,
        )
    return made


async def test_the_scope_of_lists_is_the_table_of_permissions(world: World) -> None:
    made = await sample(world)
    async with world.database.acquire() as connection:
        known = [await cases.read(connection, UUID(one["id"])) for one in made]
    seen_at_all = set()
    for seat in SEATS:
        actor = await world.actor(seat)
        turn = world.service.turn(DISTRICT, await world.database.now())
        allowed = {case.facts.number for case in known if case and machine.may(case, actor, "read", turn)}
        scope = scope_of(actor, turn.reference)
        async with world.database.acquire() as connection:
            found = await search.listed(connection, scope, Filters(), None, 200)
        assert {row.head.number for row in found} == allowed, seat
        seen_at_all |= allowed
        client = await world.as_(seat)
        for one in made:
            status = (await client.get(f"/api/v1/whistles/{one['number']}")).status_code
            assert status == (200 if one["number"] in allowed else 404), (seat, one["number"])
    assert seen_at_all == {one["number"] for one in made}


async def test_what_one_may_not_see_is_answered_like_what_is_not_there(world: World) -> None:
    receipt = await world.whistle()
    client = await world.as_(OTHER_CLERK)

    async def said(method: str, path: str, **more: Any) -> tuple[int, dict[str, Any]]:
        answer = await client.request(method, f"/api/v1/whistles/{path}", **more)
        body = answer.json()
        body.pop("instance")
        if body["field"] == "ref":
            assert path.split("/")[0].replace("%00", "\ufffd").startswith(str(body.pop("value")).rstrip("…"))
        return answer.status_code, body

    nowhere = await said("GET", "01978f3c-8a40-7c31-9d5e-2f60d9c7ab01")
    assert nowhere[0] == 404
    for ref in (receipt["id"], receipt["number"], "2699999990", "0", "x", "%00", "1" * 5000):
        assert await said("GET", str(ref)) == nowhere, ref
        assert (await said("GET", f"{ref}/deadline"))[0] == 404
    missing = await said("POST", "01978f3c-8a40-7c31-9d5e-2f60d9c7ab01/actions/note", json={"text": "x"})
    hidden = await said("POST", f"{receipt['number']}/actions/note", json={"text": "x", "version": 2})
    assert missing == hidden
    assert missing[0] == 404


async def test_the_view_tells_names_texts_and_what_may_be_done(world: World) -> None:
    receipt = await world.whistle(
        reporter={"name": "示例居民", "phone": "x"}, source={"channel": "12345", "callback_required": True}
    )
    number = receipt["number"]
    assert (await world.act(number, "report-in", seat=XF)).status_code == 200
    noted = (await world.act(number, "note", seat=XF, text="正在赶去")).json()
    assert noted["timeline"][-1]["type"] == "noted"
    assert noted["timeline"][-1]["data"]["text"] == "正在赶去"
    assert noted["timeline"][-1]["by"]["unit"] == "XF"
    assert noted["timeline"][-1]["by"]["person"].startswith("示例消防")
    assert noted["reporter"] == {"name": "示**", "phone": "****"}
    assert (await world.get(number, seat=ZJ))["reporter"] is None
    assert "arrive" in noted["allowed_actions"]
    assert "verify" not in noted["allowed_actions"]
    seen = await world.get(number)
    assert [part["role"] for part in seen["assignments"]] == ["lead", "assist", "assist"]
    assert seen["routing"]["rule"] == "301"
    assert seen["routing"]["duty_list_version"] == 1
    assert [one and one["name"] for one in seen["place"]["chain"]][:3] == ["3号楼", "广泰小区", "广泰社区"]
    assert seen["accountable"]["counterpart"]["unit"] == "XF"
    clocks = {(clock["stage"], clock["unit"]): clock for clock in seen["clocks"]}
    assert clocks["handling", None]["remaining"] < 7200
    assert clocks["handling", None]["lamp"] == "green"
    async with world.database.transaction() as uow:
        await uow.connection.execute("UPDATE whistle_text SET body = NULL")
    erased = await world.get(number)
    assert erased["timeline"][-1]["data"]["text"] is None


async def test_who_is_accountable_climbs_with_the_clock(demo_url: str) -> None:
    now = monday(9)
    world = await open_world(demo_url, virtual=lambda: now)
    try:
        async with world.database.transaction() as uow:  # tokens and sessions live by the same virtual clock
            assert await uow.now() == now
        number = (await world.whistle("天沟渗水，三户漏水"))["number"]
        seen = await world.get(number)
        reported = next(clock for clock in seen["clocks"] if clock["stage"] == "reported")
        assert reported["remaining"] == 4 * 3600
        now = monday(9) + timedelta(hours=9)
        await escalate.sweep(world.service)
        now += timedelta(days=1)
        for _ in range(3):
            await escalate.sweep(world.service)
        seen = await world.get(number)
        assert seen["accountable"]["rung"] >= 1
        assert seen["accountable"]["node"]
        assert seen["accountable"]["person"].startswith("示例")
        assert seen["accountable"]["counterpart"]["position"]
        rung = seen["accountable"]["rung"]
        seat = {1: BUILDING_HEAD, 2: f"node:{COMMUNITY}-X1:head", 3: COMMUNITY_HEAD}[rung]
        chain = (await (await world.as_(seat)).get("/api/v1/chain")).json()
        assert [item["number"] for item in chain["reached"]] == [number]
        desk = (await (await world.as_(DESK)).get("/api/v1/desk")).json()
        assert desk["rungs"] == {str(rung): 1}
    finally:
        await world.close()


async def test_the_deadline_is_explained_to_the_second(demo_url: str) -> None:
    now = monday(16)
    world = await open_world(demo_url, virtual=lambda: now)
    try:
        number = (await world.whistle("暖气不热，水压不足", place=BUILDING, category="103"))["number"]
        client = await world.as_(CLERK)
        why = (await client.get(f"/api/v1/whistles/{number}/deadline")).json()
        assert (why["stage"], why["limit"]) == ("handling", "2wh")
        counted = sum(one["seconds"] for one in why["stretches"] if one["counted"])
        assert counted == why["counted"] == why["limit_seconds"] == 2 * 3600
        for one, after in zip(why["stretches"], why["stretches"][1:], strict=False):
            assert one["end"] == after["start"]
        assert why["stretches"][0]["start"] == why["started_at"]
        assert why["stretches"][-1]["end"] == why["due_at"]
        reported = (await client.get(f"/api/v1/whistles/{number}/deadline?stage=reported")).json()
        reasons = {one["reason"] for one in reported["stretches"]}
        assert {"work", "night"} <= reasons
        assert reported["counted"] == 4 * 3600
        for stage in ("hold", "x"):
            refused = await client.get(f"/api/v1/whistles/{number}/deadline?stage={stage}")
            assert (refused.status_code, refused.json()["field"]) == (422, "stage")
    finally:
        await world.close()


async def test_a_rest_is_left_out_of_the_deadline(demo_url: str) -> None:
    now = monday(9)
    world = await open_world(demo_url, virtual=lambda: now)
    try:
        number = (await world.whistle("树枝枯死，绿化带没人管", category="109"))["number"]
        cg = "unit:CG:liaison"
        await world.act(number, "report-in", seat=cg)
        now = monday(10)
        assert (await world.act(number, "resolve", seat=cg, reply="修剪好了")).status_code == 200
        client = await world.as_(CLERK)
        resting = (await client.get(f"/api/v1/whistles/{number}/deadline")).json()
        assert resting["due_at"] is None
        assert resting["counted"] == pytest.approx(3600, abs=1e-3)  # events keep a microsecond apart
        assert resting["used"] + resting["remaining"] == resting["limit_seconds"]
        now = monday(15)
        code = (await client.get("/api/v1/policies")).json()["items"][0]["rejections"][0]["code"]
        refused = await world.act(number, "verify", seat=CLERK, accepted=False, reason=code, note="没有修好")
        assert refused.status_code == 200, refused.text
        why = (await client.get(f"/api/v1/whistles/{number}/deadline")).json()
        assert why["counted"] == why["limit_seconds"]
        paused = [one for one in why["stretches"] if one["reason"] == "paused:verification"]
        assert sum(one["seconds"] for one in paused) == pytest.approx(5 * 3600, abs=1e-3)
    finally:
        await world.close()


async def test_the_forecast_is_what_happens(world: World) -> None:
    client = await world.as_(CLERK)
    body = {"body": FIRE_DOOR, "place": BUILDING}
    before = await world.count("whistle")
    forecast = (await client.post("/api/v1/routing/explain", json=body)).json()
    assert await world.count("whistle") == before
    seen = await world.get((await world.whistle())["number"])
    assert (forecast["lead"], forecast["outcome"], forecast["rule"]) == ("XF", seen["outcome"], "301")
    assert [part["unit"] for part in forecast["assignments"]] == [part["unit"] for part in seen["assignments"]]
    assert forecast["status"] == seen["status"]
    said = {clock["stage"]: clock["total"] for clock in forecast["clocks"]}
    assert {stage: said[stage] for stage in ("reported", "handling")} == {"reported": 1800, "handling": 7200}
    rungs = [step["rung"] for step in forecast["climb"]]
    assert rungs == [3, 4, 5]
    times = [step["at"] for step in forecast["climb"]]
    assert times == sorted(times)
    guessed = (await client.post("/api/v1/routing/explain", json={"body": FIRE_DOOR})).json()
    assert guessed["place_guess"]["code"] == BUILDING
    unmatched = (await client.post("/api/v1/routing/explain", json={"body": "说不清的一件事"})).json()
    assert (unmatched["outcome"], unmatched["lead"]) == ("unmatched", None)


async def test_reference_data_carry_their_version(world: World) -> None:
    client = await world.as_(BUILDING_HEAD)
    for name in ("nodes", "units", "duties", "policies"):
        answer = (await client.get(f"/api/v1/{name}")).json()
        assert answer["version"] == 1
        assert answer["items"]
    found = (await client.get("/api/v1/nodes", params={"q": "dmw"})).json()["items"]
    assert "东门外" in found[0]["name"]
    below = (await client.get("/api/v1/nodes", params={"parent": STREET})).json()["items"]
    assert all(node["parent"] == STREET for node in below)


async def test_the_desk_sees_what_waits(world: World) -> None:
    lost = (await world.whistle("说不清的一件事", place=BUILDING))["number"]
    danger = (await world.whistle("又一件说不清的", place=BUILDING, danger=True))["number"]
    back = (await world.whistle("天沟渗水，三户漏水"))["number"]
    asked = await world.act(back, "hand-back", seat=ZJ, reason="不是我们的", clause="201", to="CG")
    assert asked.status_code == 200, asked.text
    answer = await (await world.as_(DESK)).get("/api/v1/desk")
    desk = answer.json()
    assert [item["number"] for item in desk["at_desk"]] == [danger, lost]
    assert [(one["item"]["number"], one["request"]["kind"]) for one in desk["decisions"]] == [(back, "hand-back")]
    assert desk["decisions"][0]["request"]["data"]["reason"] == "不是我们的"
    assert desk["pending"] == {"hand-back": 1, "repeat": 0}
    assert (await (await world.as_(CLERK)).get("/api/v1/desk")).status_code == 403
    assert (await (await world.as_(DESK)).get("/api/v1/chain")).status_code == 403


async def test_reading_does_not_wait_for_an_act(world: World) -> None:
    receipt = await world.whistle()
    client = await world.as_(CLERK)
    async with world.database.transaction() as uow:
        await cases.lock(uow, [UUID(receipt["id"])])
        answer = await asyncio.wait_for(client.get(f"/api/v1/whistles/{receipt['number']}"), 4)
    assert answer.status_code == 200


async def test_who_am_i(world: World) -> None:
    answer = (await (await world.as_(XF_DEPUTY)).get("/api/v1/me")).json()
    assert (answer["role"], answer["unit"], answer["seat"]) == ("liaison", "XF", XF_DEPUTY)
    assert "report-in" in answer["actions"]
    assert sign_in.EVERYTHING in answer["scopes"]


async def test_a_log_never_tells_more_than_the_state_that_is_shown(world: World) -> None:
    seen = await world.get((await world.whistle())["number"])
    assert [one["type"] for one in seen["timeline"]][:2] == ["raised", "routed"]
    async with world.database.transaction() as uow:  # as read a moment before the routing was committed
        await uow.connection.execute(
            "UPDATE whistle_state SET seq = 1, status = 'raised' WHERE id = $1", UUID(seen["id"])
        )
    early = await world.get(seen["number"])
    assert [one["type"] for one in early["timeline"]] == ["raised"]
