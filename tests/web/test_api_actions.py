"""Acting over HTTP: the whole way, stale and impossible acts, keys, many at once, photos."""

import asyncio
import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from PIL import Image

from dispatch.domain.transitions import TABLE
from dispatch.steps import pictures
from dispatch.web.api.acts import ACTS
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

LEAK = "天沟渗水，三户漏水"
JD = "unit:JD-130403011:liaison"


def ok(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


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
    number = (await world.whistle(LEAK))["number"]
    ok(await world.act(number, "instruct", seat=SECRETARY, text="今天到场"))
    review = (datetime.now(UTC) + timedelta(days=5)).isoformat()
    ok(await world.act(number, "request-hold", seat=ZJ, reason="等材料", review_on=review))
    ok(await world.act(number, "decide-hold", seat=SECRETARY, granted=True))
    page = (await (await somebody(world, ZJ)).get(f"/w/{number}")).text
    assert "有批示等你签收" in page
    assert "签收批示" in page


async def test_a_leader_instructs_takes_it_over_and_sends_it_down(world: World) -> None:
    """批示 is signed for by the unit; 提级 changes who is accountable and no deadline, until it is sent down."""
    number = (await world.whistle(LEAK))["number"]
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
    number = (await world.whistle(LEAK))["number"]
    asked = ok(await world.act(number, "hand-back", seat=ZJ, reason="不是我们的", clause="201", to="CG"))
    assert asked["requests"][0]["status"] == "pending"
    missing = await world.act(number, "rule", seat=DESK)
    assert (missing.status_code, missing.json()["field"]) == (422, "upheld")
    ruled = ok(await world.act(number, "rule", seat=DESK, upheld=True, to="CG", remember=True, words=["天沟"]))
    lead = next(part for part in ruled["assignments"] if part["role"] == "lead")
    assert (lead["unit"], lead["status"]) == ("CG", "assigned")
    assert await world.count("rule_draft") == 1


async def test_an_act_that_takes_the_whistle_away_answers_with_what_was_done(world: World) -> None:
    number = (await world.whistle(LEAK))["number"]
    ok(await world.act(number, "transfer", seat=CLERK, to="130403010"))
    taken = ok(await world.act(number, "accept-transfer", seat=OTHER_CLERK))
    assert taken["raised_by"]["node"] == "130403010"


BAD: list[tuple[str, dict[str, Any], str, int]] = [
    ("note", {}, "text", 422),
    ("note", {"text": ""}, "text", 422),
    ("note", {"text": " "}, "text", 422),
    ("note", {"text": 5}, "text", 422),
    ("note", {"text": "a\x00"}, "text", 422),
    ("note", {"text": "a" * 10_001}, "text", 422),
    ("note", {"text": "a", "colour": "red"}, "colour", 422),
    ("note", {"text": "a", "version": "2"}, "version", 422),
    ("note", {"text": "a", "version": 2.5}, "version", 422),
    ("note", {"text": "a", "version": 10**30}, "version", 422),
    ("arrive", {"latitude": 1e300, "longitude": 0}, "latitude", 422),
    ("arrive", {"latitude": 91, "longitude": 0}, "latitude", 422),
    ("arrive", {}, "photo", 422),
    ("arrive", {"photo": "x"}, "photo", 422),
    ("arrive", {"photo": "01978f3c-8a40-7c31-9d5e-2f60d9c7ab01"}, "photo", 422),
    ("resolve", {}, "reply", 422),
    ("hand-back", {"to": "ZJ"}, "reason", 422),
    ("hand-back", {"reason": "x", "to": "QQ"}, "to", 422),
    ("request-extension", {"until": "2026-06-30T18:00:00", "reason": "x"}, "until", 422),
    ("request-extension", {"until": "tomorrow", "reason": "x"}, "until", 422),
    ("request-extension", {"until": "2001-01-01T00:00:00Z", "reason": "x"}, "until", 422),
    ("request-extension", {"until": "9999-12-31T00:00:00Z", "reason": "x"}, "until", 422),
    ("request-hold", {"reason": "x", "review_on": "2001-01-01"}, "review_on", 422),
    ("request-hold", {"reason": "x", "review_on": "soon"}, "review_on", 422),
    ("consult", {"units": []}, "units", 422),
    ("consult", {"units": ["QQ"]}, "units", 422),
    ("dance", {}, "action", 404),
]


@pytest.mark.parametrize(("action", "fields", "field", "status"), BAD)
async def test_bad_fields_are_named_and_change_nothing(
    world: World, action: str, fields: dict[str, Any], field: str, status: int
) -> None:
    number = (await world.whistle(FIRE_DOOR))["number"]
    before = await world.count("whistle_event")
    client = await world.as_(XF)
    answer = await client.post(f"/api/v1/whistles/{number}/actions/{action}", json=fields)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert said["field"].split(".")[0] == field
    assert said["remedy"]
    assert await world.count("whistle_event") == before


@pytest.mark.parametrize(
    "content", [b"{", b"\xff", b'{"text": "\\ud800"}', b"[" * 100_000, b'{"version": NaN, "text": "a"}', b"null", b"[]"]
)
async def test_an_unreadable_act_is_refused(world: World, content: bytes) -> None:
    number = (await world.whistle(FIRE_DOOR))["number"]
    client = await world.as_(XF)
    answer = await client.post(f"/api/v1/whistles/{number}/actions/note", content=content)
    assert answer.status_code in (400, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_hold_takes_a_day(world: World) -> None:
    number = (await world.whistle(LEAK))["number"]
    asked = ok(await world.act(number, "request-hold", seat=CLERK, reason="等改造", review_on="2027-03-01"))
    assert asked["requests"][0]["data"]["review_on"].startswith("2027-03-01T00:00:00+08:00")
    held = ok(await world.act(number, "decide-hold", seat=SECRETARY, granted=True))
    assert held["status"] == "on-hold"
    handling = next(clock for clock in held["clocks"] if clock["stage"] == "handling")
    assert (handling["running"], handling["lamp"]) == (False, "hold")


async def test_many_acts_each_by_itself(world: World) -> None:
    numbers = [(await world.whistle(FIRE_DOOR))["number"] for _ in range(2)]
    client = await world.as_(XF)
    answer = await client.post(
        "/api/v1/actions",
        json=[
            {"ref": str(numbers[0]), "action": "report-in", "version": 2},
            {"ref": str(numbers[1]), "action": "note", "text": "在路上", "key": "n1"},
            {"ref": "2600000000", "action": "report-in"},
            {"ref": str(numbers[0]), "action": "resolve", "reply": "x"},
        ],
    )
    results = ok_list(answer)
    assert [one["ok"] for one in results] == [True, True, False, False]
    assert results[2]["problem"]["status"] == 404
    assert results[3]["problem"]["code"] == "not-now"
    assert results[0]["status"] == "handling"


def ok_list(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    return list(answer.json())


@pytest.mark.parametrize(
    ("items", "field"),
    [
        ([], "body"),
        ([{"ref": "1", "action": "arrive", "latitude": 1, "longitude": 1}], "0.action"),
        ([{"ref": "1", "action": "dance"}], "0.action"),
        ([{"action": "note"}], "ref"),
        ([{"ref": "1", "action": "note"}], "text"),
        ([{"ref": "1", "action": "note", "text": "a", "x": 1}], "x"),
        ([{"ref": "1", "action": "note", "text": "a"}] * 101, "body"),
    ],
)
async def test_a_bulk_request_out_of_shape_does_nothing(world: World, items: list[dict[str, Any]], field: str) -> None:
    answer = await (await world.as_(XF)).post("/api/v1/actions", json=items)
    assert answer.status_code == 422, answer.text
    assert answer.json()["field"] == field


# ── photos ───────────────────────────────────────────────────────────────────────────────────────
def picture(size: tuple[int, int] = (40, 30), kind: str = "JPEG", **more: Any) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", size, "teal").save(made, kind, **more)
    return made.getvalue()


async def upload(world: World, seat: str, content: bytes | None = None) -> str:
    client = await world.as_(seat)
    answer = await client.post("/api/v1/photos", files={"file": ("a.jpg", content or picture(), "image/jpeg")})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_a_photo_loses_what_it_knows_of_its_place(world: World) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Telephone"
    exif[0x0112] = 6  # to be turned upright
    exif.get_ifd(0x8825)[1] = "N"
    photo = await upload(world, XF, picture(exif=exif.tobytes(), comment=b"secret"))
    shown = await (await world.as_(XF)).get(f"/api/v1/photos/{photo}")
    assert shown.headers["content-type"] == "image/jpeg"
    kept = Image.open(io.BytesIO(shown.content))
    assert not kept.getexif()
    assert b"secret" not in shown.content
    assert b"Telephone" not in shown.content
    assert kept.size == (30, 40)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_the_usual_formats_become_one(world: World, kind: str) -> None:
    photo = await upload(world, XF, picture((3000, 10), kind))
    shown = await (await world.as_(XF)).get(f"/api/v1/photos/{photo}")
    assert Image.open(io.BytesIO(shown.content)).size[0] == pictures.SIDE


def bomb() -> bytes:
    """A small PNG that would be 400 million pixels."""
    made = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(made, "PNG")
    return made.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a picture",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"GIF89a" + b"\x00" * 100,
        picture()[:200],
        b"\xff\xd8\xff\xe0" + b"\x00" * 1000,
        bomb(),
    ],
    ids=["empty", "text", "svg", "gif", "cut off", "only a head", "bomb"],
)
async def test_what_is_no_photo_is_refused(world: World, content: bytes) -> None:
    client = await world.as_(XF)
    answer = await client.post("/api/v1/photos", files={"file": ("a.jpg", content, "image/jpeg")})
    assert answer.status_code == 422, answer.text
    assert answer.json()["field"] == "file"
    assert await world.count("photo") == 0


async def test_an_upload_out_of_shape_is_refused(world: World) -> None:
    client = await world.as_(XF)
    boundary = {"Content-Type": "multipart/form-data; boundary=x"}
    assert (await client.post("/api/v1/photos", data={"file": "text"})).status_code == 422
    assert (await client.post("/api/v1/photos", content=b"junk", headers=boundary)).status_code in (400, 422)
    assert (await client.post("/api/v1/photos", content=b"x" * 13_000_000)).status_code == 413
    assert (await (await world.as_(AUDITOR)).post("/api/v1/photos", files={"file": picture()})).status_code == 403


async def test_a_photo_is_shown_with_its_whistle(world: World) -> None:
    number = (await world.whistle(FIRE_DOOR))["number"]
    other = (await world.whistle(FIRE_DOOR))["number"]
    photo = await upload(world, XF)
    client = await world.as_(CLERK)
    assert (await client.get(f"/api/v1/photos/{photo}")).status_code == 404
    assert (await client.get(f"/api/v1/photos/{photo}?whistle={number}")).status_code == 404
    view = ok(await world.act(number, "arrive", seat=XF, photo=photo))
    url = view["photos"][0]["url"]
    assert (await client.get(url)).status_code == 200
    assert (
        await client.get(url, headers={"If-None-Match": (await client.get(url)).headers["etag"]})
    ).status_code == 304
    assert (await client.get(f"/api/v1/photos/{photo}?whistle={other}")).status_code == 404
    assert (await (await world.as_(OTHER_CLERK)).get(url)).status_code == 404
    for id in (str(uuid4()), "x", "%00"):
        assert (await client.get(f"/api/v1/photos/{id}")).status_code == 404


async def test_only_one_s_own_photos_go_into_an_act(world: World) -> None:
    number = (await world.whistle(FIRE_DOOR))["number"]
    answer = await world.act(number, "arrive", seat=ZJ, photo=await upload(world, XF))
    assert (answer.status_code, answer.json()["field"]) == (422, "photo")
    raised = await (await world.as_(CLERK)).post(
        "/api/v1/whistles", json={"body": "a", "photos": [await upload(world, CLERK)]}
    )
    assert raised.status_code == 201
    seen = await world.get(raised.json()["number"])
    assert [one["event"] for one in seen["photos"]] == ["raised"]
