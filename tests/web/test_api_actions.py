"""Acting over HTTP: the whole way, stale and impossible acts, keys."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from dispatch.domain.transitions import TABLE
from dispatch.web.api.acts import ACTS
from tests.domain.cases import SEEPAGE
from tests.factories import (
    AUDITOR,
    BUILDING_HEAD,
    CLERK,
    DESK,
    FIRE_DOOR,
    OTHER_CLERK,
    SECRETARY,
    XF,
    ZJ,
    World,
)
from tests.web.browsing import somebody
from tests.web.calling import ok, upload

JD = "unit:JD-130403011:liaison"


def test_every_action_of_the_state_machine_has_its_fields() -> None:
    assert set(TABLE) <= set(ACTS)


async def test_the_whole_way_over_http(world: World) -> None:
    ended: list[Any] = []
    world.database.on_fact = lambda kind, data: ended.append(data["stage"]) if kind == "stage.ended" else None
    number = (await world.whistle(FIRE_DOOR))["number"]
    photo = await upload(world, XF)
    assert ok(await world.act(number, "report-in", seat=XF))["status"] == "handling"
    for seat in (XF, ZJ, JD):
        ok(
            await world.act(
                number, "arrive", seat=seat, latitude=36.61, longitude=114.5, photo=await upload(world, seat)
            )
        )
    ok(await world.act(number, "note", seat=XF, text="门已打开"))
    resolved = ok(await world.act(number, "resolve", seat=XF, reply="换了锁", photos=[photo]))
    assert resolved["status"] == "resolved"
    code = (await (await world.as_(CLERK)).get("/api/v1/policies")).json()["items"][0]["rejections"][0]["code"]
    refused = ok(await world.act(number, "verify", seat=CLERK, accepted=False, reason=code, note="门又锁上了"))
    assert (refused["status"], refused["rework"]) == ("handling", 1)
    ok(await world.act(number, "resolve", seat=XF, reply="拆了锁"))
    assert ok(await world.act(number, "verify", seat=CLERK, accepted=True))["status"] == "verified"
    assert ok(await world.act(number, "feedback", seat=CLERK, reply="已经办好"))["status"] == "answered"
    called = {"reached": True, "responded": True, "solved": True, "satisfied": "basically"}
    ok(await world.act(number, "callback", seat=CLERK, **called))
    rated = {"unit": "XF", "responded": True, "solved": True, "satisfied": "satisfied"}
    ok(await world.act(number, "evaluate", seat=CLERK, **rated))
    closed = ok(await world.act(number, "close", seat=CLERK))
    assert closed["status"] == "closed"
    assert {"dispatch", "handling", "verification", "answering", "total"} <= set(ended)
    types = [event["type"] for event in closed["timeline"]]
    assert types[:3] == ["raised", "routed", "reported-in"]
    assert types[-4:] == ["answered", "called-back", "evaluated", "closed"]
    assert {one["event"] for one in closed["photos"]} == {"arrived", "resolved"}
    assert ok(await world.act(number, "reopen", seat=CLERK, reason="居民不满意"))["gen"] == 2


async def test_a_stale_version_is_told_what_changed(world: World) -> None:
    number = (await world.whistle(FIRE_DOOR))["number"]
    ok(await world.act(number, "report-in", seat=XF))
    stale = await world.act(number, "call", seat=CLERK, unit="GA", version=2)
    assert stale.status_code == 409
    said = stale.json()
    assert (said["code"], said["field"], said["value"], said["version"]) == ("stale", "version", 2, 3)
    assert [event["type"] for event in said["changed"]] == ["reported-in"]
    assert "call" in said["allowed_actions"]
    assert ok(await world.act(number, "call", seat=CLERK, unit="GA", version=3))["version"] == 4


async def test_a_unit_is_not_disturbed_by_another_unit(world: World) -> None:
    number = (await world.whistle(FIRE_DOOR))["number"]
    ok(await world.act(number, "report-in", seat=XF))
    ok(await world.act(number, "report-in", seat=ZJ, version=3))
    ok(await world.act(number, "note", seat=XF, text="进展", version=3))


async def test_what_is_not_possible_now_says_what_is(world: World) -> None:
    number = (await world.whistle(FIRE_DOOR))["number"]
    answer = await world.act(number, "close", seat=CLERK)
    assert answer.status_code == 409
    assert answer.json()["code"] == "not-now"
    assert "call" in answer.json()["allowed_actions"]
    assert "close" not in answer.json()["allowed_actions"]


async def test_every_act_is_shown_to_whom_it_belongs_with_the_reason_where_it_is_not_possible(world: World) -> None:
    number = (await world.whistle(FIRE_DOOR))["number"]
    for seat, reasons in (
        (CLERK, {"close": "答复来源人以后才能办结", "reopen": "重新办理", "deny-arrival": "没有登记到场"}),
        (XF, {"resolve": "这类要先到场，再报结", "object": "街道评价以后才能提异议", "leave": "还没有到场"}),
        (DESK, {"rule": "没有等裁定的退单", "unmerge": "撤销并单"}),
    ):
        seen = await world.get(number, seat=seat)
        barred = {one["action"]: one["reason"] for one in seen["barred_actions"]}
        assert all(words in barred[action] for action, words in reasons.items()), barred
        assert not barred.keys() & set(seen["allowed_actions"])
        page = await (await somebody(world, seat)).get(f"/w/{number}")
        assert "现在还不能" in page.text
        assert all(barred[action] in page.text for action in reasons)
    assert "close" not in {one["action"] for one in (await world.get(number, seat=XF))["barred_actions"]}
    english = (
        await (await world.as_(CLERK)).get(f"/api/v1/whistles/{number}", headers={"accept-language": "en"})
    ).json()
    said = {one["action"]: one["reason"] for one in english["barred_actions"]}
    assert said.keys() == {one["action"] for one in (await world.get(number, seat=CLERK))["barred_actions"]}
    assert "can be closed" in said["close"], said


async def test_an_instruction_is_owed_while_the_whistle_rests_too(world: World) -> None:
    number = (await world.whistle(SEEPAGE))["number"]
    ok(await world.act(number, "instruct", seat=SECRETARY, text="今天到场"))
    review = (datetime.now(UTC) + timedelta(days=5)).isoformat()
    ok(await world.act(number, "request-hold", seat=ZJ, reason="等材料", review_on=review))
    ok(await world.act(number, "decide-hold", seat=SECRETARY, granted=True))
    page = (await (await somebody(world, ZJ)).get(f"/w/{number}")).text
    assert "有批示等你签收" in page
    assert "签收批示" in page


async def test_a_leader_instructs_takes_it_over_and_sends_it_down(world: World) -> None:
    """批示 is signed for by the unit; 提级 changes who is accountable and no deadline, until it is sent down."""
    number = (await world.whistle(SEEPAGE))["number"]
    ok(await world.act(number, "instruct", seat=SECRETARY, text="今天到场"))
    assert "sign-instruction" in (await world.get(number, seat=ZJ))["allowed_actions"]
    page = await (await somebody(world, ZJ)).get(f"/w/{number}")
    assert "有批示等你签收" in page.text
    owed = r"批示还没签收（住建，今天 \d\d:\d\d下达）"
    assert re.search(owed, page.text)
    queue = (await (await somebody(world, ZJ)).get("/queue")).text
    assert re.search(r"批示未签收（今天 \d\d:\d\d起）", queue)
    assert re.search(owed, (await (await somebody(world, CLERK)).get(f"/w/{number}")).text)
    ok(await world.act(number, "sign-instruction", seat=ZJ))
    assert "批示未签收" not in (await (await somebody(world, ZJ)).get("/queue")).text
    assert not re.search(owed, (await (await somebody(world, CLERK)).get(f"/w/{number}")).text)
    assert "没有等贵单位签收的批示" in (await world.act(number, "sign-instruction", seat=ZJ)).json()["detail"]
    before = await deadlines(world, number)
    assert "没有由您提级办理" in (await world.act(number, "send-down", seat=SECRETARY)).json()["detail"]
    taken = ok(await world.act(number, "take-over", seat=SECRETARY))
    assert taken["accountable"]["rung"] == 4
    assert await deadlines(world, number) == before
    page = await (await somebody(world, SECRETARY)).get(f"/w/{number}")
    assert "交回办理" in page.text
    down = ok(await world.act(number, "send-down", seat=SECRETARY))
    assert down["accountable"]["rung"] == 0
    assert await deadlines(world, number) == before


async def deadlines(world: World, number: object) -> list[tuple[Any, ...]]:
    """Stage, unit, deadline and next mark of each clock."""
    async with world.database.acquire() as connection:
        rows = await connection.fetch(
            "SELECT stage, unit, due_at, fires_at FROM whistle_clock c JOIN whistle w ON w.id = c.whistle"
            " WHERE w.number = $1 ORDER BY stage, unit",
            int(str(number)),
        )
    return [tuple(row) for row in rows]


async def test_an_objection_after_closing_waits_for_the_desk(world: World) -> None:
    number = (await world.whistle(FIRE_DOOR))["number"]
    for action, seat, fields in (
        ("report-in", XF, {}),
        ("arrive", XF, {"latitude": 36.6, "longitude": 114.5}),
        ("resolve", XF, {"reply": "开了", "reason": "不用来"}),
        ("verify", CLERK, {"accepted": True}),
        ("feedback", CLERK, {"reply": "开了"}),
        ("close", CLERK, {}),
        ("object", XF, {"text": "当天就到了"}),
    ):
        ok(await world.act(number, action, seat=seat, **fields))
    page = (await (await somebody(world, DESK)).get(f"/w/{number}")).text
    assert "单位对评价有异议，请复核" in page
    assert "还等区里复核" in (await (await somebody(world, XF)).get(f"/w/{number}")).text
    ok(await world.act(number, "decide-objection", seat=DESK, granted=False))
    assert "没有钟在走" in (await (await somebody(world, XF)).get(f"/w/{number}")).text


async def test_repeating_what_holds_is_no_error(world: World) -> None:
    number = (await world.whistle(FIRE_DOOR))["number"]
    first = ok(await world.act(number, "report-in", seat=XF))
    again = ok(await world.act(number, "report-in", seat=XF, version=2))
    assert again["seq"] == first["seq"]


async def test_who_never_signed_is_not_told_that_they_had(world: World) -> None:
    """The street accepts the lead's result, and with it ends the part of an assisting unit that never came."""
    number = (await world.whistle("广泰小区3号楼顶楼渗水，物业不管"))["number"]
    ok(await world.act(number, "report-in", seat=ZJ))
    ok(await world.act(number, "resolve", seat=ZJ, reply="已修好防水", reason="街道没有来"))
    ok(await world.act(number, "verify", seat=CLERK, accepted=True))
    assert ok(await world.act(number, "report-in", seat=ZJ))["status"] == "verified", "who had signed repeats it"
    late = await world.act(number, "report-in", seat=JD)
    assert (late.status_code, late.json()["code"]) == (409, "not-now"), late.text
    assert [one["type"] for one in (await world.get(number))["timeline"]].count("reported-in") == 1


async def test_a_repeatable_act_happens_once_for_one_key(world: World) -> None:
    number = (await world.whistle(FIRE_DOOR))["number"]
    client = await world.as_(XF)
    url, headers = f"/api/v1/whistles/{number}/actions/note", {"Idempotency-Key": "note-1"}
    answers = await asyncio.gather(*(client.post(url, json={"text": "进展"}, headers=headers) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {200}
    types = [event["type"] for event in (await world.get(number))["timeline"]]
    assert types.count("noted") == 1
    other = await client.post(url, json={"text": "别的"}, headers=headers)
    assert (other.status_code, other.json()["field"]) == (409, "Idempotency-Key")
    ok(await client.post(url, json={"text": "进展"}))
    assert [e["type"] for e in (await world.get(number))["timeline"]].count("noted") == 2


async def test_who_may_do_what(world: World) -> None:
    number = (await world.whistle(FIRE_DOOR))["number"]
    assert (await world.act(number, "verify", seat=XF, accepted=True)).status_code == 403
    assert (await world.act(number, "report-in", seat=CLERK)).status_code == 403
    assert (await world.act(number, "note", seat=AUDITOR, text="x")).status_code == 403
    assert (await world.act(number, "note", seat=OTHER_CLERK, text="x")).status_code == 404
    ok(await world.act(number, "note", seat=BUILDING_HEAD, text="看过了"))
    ok(await world.act(number, "instruct", seat=SECRETARY, text="抓紧"))
    ok(await world.act(number, "sign-instruction", seat=XF))


async def test_the_desk_rules_on_a_hand_back_and_remembers(world: World) -> None:
    number = (await world.whistle(SEEPAGE))["number"]
    asked = ok(await world.act(number, "hand-back", seat=ZJ, reason="不是我们的", clause="201", to="CG"))
    assert asked["requests"][0]["status"] == "pending"
    missing = await world.act(number, "rule", seat=DESK)
    assert (missing.status_code, missing.json()["field"]) == (422, "upheld")
    ruled = ok(await world.act(number, "rule", seat=DESK, upheld=True, to="CG", remember=True, words=["天沟"]))
    lead = next(part for part in ruled["assignments"] if part["role"] == "lead")
    assert (lead["unit"], lead["status"]) == ("CG", "assigned")
    assert await world.count("rule_draft") == 1


async def test_an_act_that_takes_the_whistle_away_answers_with_what_was_done(world: World) -> None:
    number = (await world.whistle(SEEPAGE))["number"]
    ok(await world.act(number, "transfer", seat=CLERK, to="130403010"))
    taken = ok(await world.act(number, "accept-transfer", seat=OTHER_CLERK))
    assert taken["raised_by"]["node"] == "130403010"
