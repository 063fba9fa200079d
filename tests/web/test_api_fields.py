"""Fields of acts over HTTP: what is wrong is named, and nothing is done."""

from typing import Any

import pytest

from tests.domain.cases import SEEPAGE
from tests.factories import (
    CLERK,
    FIRE_DOOR,
    SECRETARY,
    XF,
    World,
)
from tests.web.calling import ok

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
    number = (await world.whistle(SEEPAGE))["number"]
    asked = ok(await world.act(number, "request-hold", seat=CLERK, reason="等改造", review_on="2027-03-01"))
    assert asked["requests"][0]["data"]["review_on"].startswith("2027-03-01T00:00:00+08:00")
    held = ok(await world.act(number, "decide-hold", seat=SECRETARY, granted=True))
    assert held["status"] == "on-hold"
    handling = next(clock for clock in held["clocks"] if clock["stage"] == "handling")
    assert (handling["running"], handling["lamp"]) == (False, "hold")
