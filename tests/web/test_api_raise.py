"""POST /whistles: one receipt for one request, and what is refused is refused in full."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.factories import (
    AUDITOR,
    BUILDING,
    CLERK,
    DESK,
    FIRE_DOOR,
    OTHER_STREET,
    SECRETARY,
    STREET,
    XF,
    World,
    open_world,
)
from tests.servers import TestPostgres

URL = "/api/v1/whistles"


async def test_a_receipt_names_what_was_promised(world: World) -> None:
    client = await world.as_(CLERK)
    answer = await client.post(URL, json={"body": FIRE_DOOR, "place": BUILDING})
    assert answer.status_code == 201
    receipt = answer.json()
    assert (receipt["status"], receipt["version"]) == ("raised", 1)
    assert len(str(receipt["number"])) == 10
    assert receipt["received_at"].endswith("+00:00")
    assert (await client.get(receipt["links"]["page"])).status_code != 404
    seen = await world.get(receipt["number"])
    assert (seen["id"], seen["body"], seen["place"]["code"]) == (receipt["id"], FIRE_DOOR, BUILDING)
    assert seen["raised_by"]["node"] == STREET


async def test_the_same_key_and_body_give_the_same_answer(world: World) -> None:
    client, headers = await world.as_(CLERK), {"Idempotency-Key": "tap-1"}
    first = await client.post(URL, content=b'{"body": "a", "danger": false}', headers=headers)
    again = await client.post(URL, content=b'{ "danger":false,"body":"a" , "title":null}', headers=headers)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert await world.count("whistle") == 1


async def test_the_answer_stays_the_same_after_routing(world: World) -> None:
    receipt = await world.whistle(FIRE_DOOR)
    client = await world.as_(CLERK)
    headers = {"Idempotency-Key": "later"}
    first = await client.post(URL, json={"body": "x"}, headers=headers)
    async with world.database.transaction() as uow:
        await uow.connection.execute("UPDATE whistle_state SET status = 'assigned', version = 7")
    assert (await client.post(URL, json={"body": "x"}, headers=headers)).json() == first.json()
    assert receipt["number"] != first.json()["number"]


async def test_the_same_key_with_another_body_is_refused(world: World) -> None:
    client, headers = await world.as_(CLERK), {"Idempotency-Key": "tap-2"}
    await client.post(URL, json={"body": "a"}, headers=headers)
    other = await client.post(URL, json={"body": "b"}, headers=headers)
    assert other.status_code == 409
    assert other.json()["field"] == "Idempotency-Key"
    assert await world.count("whistle") == 1


async def test_keys_belong_to_whoever_sends_them(world: World) -> None:
    headers = {"Idempotency-Key": "mine"}
    one = await (await world.as_(CLERK)).post(URL, json={"body": "a"}, headers=headers)
    two = await (await world.as_(DESK)).post(URL, json={"body": "a", "street": STREET}, headers=headers)
    assert (one.status_code, two.status_code) == (201, 201)


async def test_a_double_tap_at_once_is_one_whistle(world: World) -> None:
    client, headers = await world.as_(CLERK), {"Idempotency-Key": "double"}
    answers = await asyncio.gather(*(client.post(URL, json={"body": "a"}, headers=headers) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]
    assert len({answer.json()["number"] for answer in answers}) == 1


async def test_without_a_key_two_requests_are_two_whistles(world: World) -> None:
    client = await world.as_(CLERK)
    numbers = {(await client.post(URL, json={"body": "a"})).json()["number"] for _ in range(2)}
    assert len(numbers) == 2


BAD: list[tuple[str, bytes, int, str]] = [
    ("empty", b"", 400, "body"),
    ("not JSON", b"{", 400, "body"),
    ("invalid UTF-8", b'{"body": "\xff\xfe"}', 400, "body"),
    ("a lone surrogate", b'{"body": "\\ud800"}', 400, "body"),
    ("nested 100,000 deep", b'{"body": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400, "body"),
    ("an unknown field nested 100,000 deep", b'{"x": ' + b"[" * 100_000, 400, "body"),
    ("a list", b"[]", 422, "body"),
    ("a NUL", b'{"body": "a\\u0000b"}', 422, "body"),
    ("a NUL in a code", b'{"body": "a", "place": "1\\u00002"}', 422, "place"),
    ("no body", b"{}", 422, "body"),
    ("only spaces", b'{"body": "   "}', 422, "body"),
    ("a body too long", b'{"body": "' + b"a" * 10_001 + b'"}', 422, "body"),
    ("a title too long", b'{"body": "a", "title": "' + b"a" * 121 + b'"}', 422, "title"),
    ("a number for text", b'{"body": 1}', 422, "body"),
    ("NaN", b'{"body": "a", "latitude": NaN, "longitude": 1}', 422, "latitude"),
    ("Infinity", b'{"body": "a", "latitude": Infinity, "longitude": 1}', 422, "latitude"),
    ("a number that is text", b'{"body": "a", "latitude": "36.6", "longitude": 1}', 422, "latitude"),
    ("a number out of range", b'{"body": "a", "latitude": 91, "longitude": 1}', 422, "latitude"),
    ("half a position", b'{"body": "a", "latitude": 36.6}', 422, "longitude"),
    ("text for yes or no", b'{"body": "a", "danger": "yes"}', 422, "danger"),
    ("an unknown kind", b'{"body": "a", "kind": "joke"}', 422, "kind"),
    ("an unknown field", b'{"body": "a", "colour": "red"}', 422, "colour"),
    ("an unknown category", b'{"body": "a", "category": "999"}', 422, "category"),
    ("an unknown place", b'{"body": "a", "place": "nowhere"}', 422, "place"),
    ("a place of another street", b'{"body": "a", "place": "130403010"}', 422, "place"),
    ("another street", b'{"body": "a", "street": "130403010"}', 403, "street"),
    ("an unknown unit", b'{"body": "a", "lead": "QQ"}', 422, "lead"),
    ("an unknown assisting unit", b'{"body": "a", "lead": "XF", "assist": ["QQ"]}', 422, "assist"),
    ("assisting without lead", b'{"body": "a", "assist": ["XF"]}', 422, "lead"),
    ("a moment without offset", b'{"body": "a", "occurred_at": "2026-06-15T09:00:00"}', 422, "occurred_at"),
    ("a moment far away", b'{"body": "a", "occurred_at": "9999-12-31T23:59:59Z"}', 422, "occurred_at"),
    ("a source without channel", b'{"body": "a", "source": {}}', 422, "source.channel"),
    ("a photo that is not there", b'{"body": "a", "photos": ["01978f3c-8a40-7c31-9d5e-2f60d9c7ab01"]}', 422, "photos"),
    ("ten megabytes", b'{"body": "' + b"a" * 10_000_000 + b'"}', 413, "body"),
]


@pytest.mark.parametrize(("content", "status", "field"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
async def test_bad_input_is_named_and_leaves_nothing(world: World, content: bytes, status: int, field: str) -> None:
    answer = await (await world.as_(CLERK)).post(URL, content=content)
    _is_problem(answer, status)
    said = answer.json()
    assert said["field"] == field
    assert "value" in said
    assert said["remedy"]
    assert await world.count("whistle") == await world.count("outbox") == await world.count("whistle_clock") == 0


def _is_problem(answer: httpx.Response, status: int) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "code", "remedy"} <= answer.json().keys()


@pytest.mark.parametrize("key", ["", "k" * 201, "钥匙".encode().decode("latin-1")])
async def test_a_key_out_of_shape_is_refused(world: World, key: str) -> None:
    client = await world.as_(CLERK)
    answer = await client.post(URL, json={"body": "a"}, headers=[(b"idempotency-key", key.encode("latin-1"))])  # type: ignore[list-item]
    _is_problem(answer, 422)
    assert answer.json()["field"] == "Idempotency-Key"


async def test_a_body_that_hides_its_length_is_cut_off(world: World) -> None:
    token, read = await world.token(CLERK), 0

    async def chunks() -> Any:
        nonlocal read
        for _ in range(1000):
            read += 10_000
            yield b"a" * 10_000

    client = world.client()
    answer = await client.post(URL, content=chunks(), headers={"Authorization": f"Bearer {token}"})
    _is_problem(answer, 413)


async def test_a_length_that_is_no_number_is_refused(world: World) -> None:
    client = await world.as_(CLERK)
    answer = await client.post(URL, content=b"{}", headers={"Content-Length": "many"})
    _is_problem(answer, 413)


async def test_another_media_type_is_refused(world: World) -> None:
    answer = await (await world.as_(CLERK)).post(URL, content=b"a", headers={"Content-Type": "text/plain"})
    _is_problem(answer, 415)


@pytest.mark.parametrize("seat", [XF, AUDITOR])
async def test_who_may_not_whistle_is_told_so(world: World, seat: str) -> None:
    answer = await (await world.as_(seat)).post(URL, json={"body": "a", "street": STREET})
    _is_problem(answer, 403)


async def test_the_desk_whistles_in_a_street_s_name(world: World) -> None:
    desk = await world.as_(DESK)
    _is_problem(await desk.post(URL, json={"body": "a"}), 422)
    _is_problem(await desk.post(URL, json={"body": "a", "street": "130403011-D01"}), 422)
    by_name = await desk.post(URL, json={"body": "a", "street": OTHER_STREET})
    by_place = await desk.post(URL, json={"body": "a", "place": BUILDING})
    assert (await world.get(by_name.json()["number"], seat=DESK))["raised_by"]["node"] == OTHER_STREET
    assert (await world.get(by_place.json()["number"], seat=DESK))["raised_by"]["node"] == STREET


async def test_the_street_s_secretary_may_whistle(world: World) -> None:
    answer = await (await world.as_(SECRETARY)).post(URL, json={"body": "a"})
    assert answer.status_code == 201


async def test_naming_other_units_takes_a_reason(world: World) -> None:
    client = await world.as_(CLERK)
    named = {"body": FIRE_DOOR, "place": BUILDING, "lead": "ZJ"}
    refused = await client.post(URL, json=named)
    _is_problem(refused, 422)
    assert refused.json()["field"] == "override_reason"
    receipt = await world.whistle(**{k: v for k, v in named.items() if k != "body"}, override_reason="物业已答应开门")
    seen = await world.get(receipt["number"])
    assert [(part["unit"], part["role"]) for part in seen["assignments"]] == [("ZJ", "lead")]
    assert (seen["routing"]["reason"]["code"], seen["routing"]["note"]) == ("named", "物业已答应开门")


async def test_phone_numbers_are_masked(world: World) -> None:
    receipt = await world.raised("请打 13800138000 找我")
    assert "13800138000" not in (await world.get(receipt["number"]))["body"]


async def test_the_database_away_is_said_with_when_to_come_again(world: World, postgres: TestPostgres) -> None:
    client = await world.as_(CLERK)
    await client.get("/api/v1/me")
    async with world.database.acquire() as connection:
        name = await connection.fetchval("SELECT current_database()")
    await postgres.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false')
    await postgres.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    answer = await client.post(URL, json={"body": "a"})
    await postgres.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS true')
    _is_problem(answer, 503)
    assert int(answer.headers["retry-after"]) > 0
    assert name not in answer.text
    assert (await client.post(URL, json={"body": "a"})).status_code == 201


async def test_a_database_that_forgot_who_leased_which_numbers_gives_none_twice(world: World, demo_url: str) -> None:
    """After a failover that lost the last moments, or a restore, processes hold numbers that others get as well."""
    numbers = [(await world.raised())["number"] for _ in range(3)]
    async with world.database.transaction() as uow:
        await uow.connection.execute("UPDATE number_block SET next = 1 WHERE kind = 'whistle'")
    other = await open_world(demo_url)
    try:
        for _ in range(2):
            numbers.append((await other.raised())["number"])
            answers = await asyncio.gather(*(world.raised() for _ in range(4)))
            numbers += [answer["number"] for answer in answers]
    finally:
        await other.close()
    assert len(set(numbers)) == len(numbers) == 13
    assert await world.count("whistle") == 13


async def test_a_mistake_of_ours_is_not_blamed_on_what_was_sent(world: World) -> None:
    client = await world.as_(CLERK)
    await client.get("/api/v1/me")
    fails = "CREATE FUNCTION wrong() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN SELECT; RETURN NEW; END $$"
    async with world.database.transaction() as uow:
        await uow.connection.execute(fails)
        await uow.connection.execute(
            "CREATE TRIGGER wrong BEFORE INSERT ON whistle FOR EACH ROW EXECUTE FUNCTION wrong()"
        )
    _is_problem(await client.post(URL, json={"body": "a"}), 500)


async def test_problems_speak_the_caller_s_language(world: World) -> None:
    client = await world.as_(CLERK)
    chinese = await client.post(URL, json={"body": "a", "category": "999"})
    english = await client.post(
        URL, json={"body": "a", "category": "999"}, headers={"Accept-Language": "en-GB,zh;q=0.5"}
    )
    assert "类别" in chinese.json()["detail"]
    assert "999" in english.json()["detail"]
    assert english.json()["title"].isascii()
    by_cookie = await client.post(URL, json={}, headers={"Cookie": "lang=en"})
    assert by_cookie.json()["title"].isascii()


async def test_every_answer_carries_the_security_headers(world: World) -> None:
    answer = await world.client().post(URL, json={})
    assert answer.status_code == 401
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert "strict-transport-security" not in answer.headers
    assert len(answer.headers["x-request-id"]) == 32


async def test_a_place_that_nobody_named_is_found_in_the_words_and_the_log_says_so(world: World) -> None:
    client = await world.as_(CLERK)
    seen = await world.get((await client.post(URL, json={"body": FIRE_DOOR})).json()["number"])
    assert seen["place"]["code"] == BUILDING
    assert seen["timeline"][0]["data"]["place_by"] == "text"
    chosen = await world.get((await client.post(URL, json={"body": FIRE_DOOR, "place": STREET})).json()["number"])
    assert chosen["place"]["code"] == STREET
    assert "place_by" not in chosen["timeline"][0]["data"]
    elsewhere = await client.post(URL, json={"body": "东门外小区路灯不亮"})
    assert (await world.get(elsewhere.json()["number"]))["place"]["code"] == STREET, "another street's place is no find"


async def test_the_desk_needs_no_street_where_the_words_name_the_place(world: World) -> None:
    desk = await world.as_(DESK)
    seen = await world.get((await desk.post(URL, json={"body": FIRE_DOOR})).json()["number"], seat=DESK)
    assert (seen["place"]["code"], seen["raised_by"]["node"]) == (BUILDING, STREET)
    refused = await desk.post(URL, json={"body": "3号楼路灯不亮"})
    assert (refused.status_code, refused.json()["field"]) == (422, "street")
