"""Who may is asked before anything is looked up, read or kept: nothing tells what is there from what is not."""

import io
from typing import Any
from uuid import UUID

import pytest
from PIL import Image

from dispatch.clock import new_id
from tests.factories import (
    AUDITOR,
    BUILDING,
    BUILDING_HEAD,
    CLERK,
    DESK,
    OTHER_CLERK,
    OTHER_STREET,
    SECRETARY,
    XF,
    ZJ,
    World,
)
from tests.web.browsing import HTML

#: a number that is none
NOWHERE = "2699999990"


def picture() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (8, 8)).save(written, "JPEG")
    return written.getvalue()


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("resolve", {"reply": "x", "photos": [str(new_id())]}),
        ("arrive", {"photo": str(new_id())}),
        ("add-child", {"body": "x", "place": OTHER_STREET}),
        ("minutes", {"text": "x", "decisions": ["x"]}),
        ("merge", {"into": NOWHERE}),
        ("note", {"nothing": "of the kind"}),
    ],
)
async def test_an_act_on_what_is_not_ones_own_is_answered_before_its_fields(
    world: World, action: str, fields: dict[str, Any]
) -> None:
    number = (await world.whistle())["number"]
    client = await world.as_(OTHER_CLERK)
    said = []
    for ref in (str(number), NOWHERE):
        answer = await client.post(f"/api/v1/whistles/{ref}/actions/{action}", json=fields)
        body = answer.json()
        body.pop("instance")
        assert body.pop("value") == ref
        said.append((answer.status_code, body))
    assert said[0] == said[1]
    assert said[0][0] == 404
    auditor = await world.as_(AUDITOR)
    refused = await auditor.post(f"/api/v1/whistles/{number}/actions/{action}", json=fields)
    assert refused.status_code == 403, refused.text


async def test_what_one_may_not_do_is_named_as_on_its_button(world: World) -> None:
    number = (await world.whistle())["number"]
    refused = (await (await world.as_(XF)).post(f"/api/v1/whistles/{number}/actions/verify", json={})).json()
    assert (refused["status"], refused["value"]) == (403, "verify")
    assert "「核查」" in refused["detail"]


async def test_a_page_s_act_keeps_no_photo_of_somebody_who_may_not(world: World) -> None:
    number = (await world.whistle())["number"]
    for seat, ref, status in ((OTHER_CLERK, number, 404), (OTHER_CLERK, NOWHERE, 404), (AUDITOR, number, 403)):
        client = await world.as_(seat)
        for token in ("resolve", "arrive"):
            files = [("photos", ("a.jpg", picture(), "image/jpeg")), ("photo", ("a.jpg", picture(), "image/jpeg"))]
            answer = await client.post(f"/w/{ref}/do/{token}", files=files, headers=HTML)
            assert answer.status_code == status, (seat, ref, token)
    assert await world.count("photo") == 0
    asked = await (await world.as_(AUDITOR)).get(f"/w/{number}/do/resolve", headers=HTML)
    assert asked.status_code == 403


async def test_the_three_answers_are_those_below_the_street(world: World) -> None:
    number = (await world.whistle())["number"]
    files = [("photo", ("a.jpg", picture(), "image/jpeg"))]
    for seat in (SECRETARY, "node:130403:head", ZJ, DESK):
        client = await world.as_(seat)
        for ref in (number, NOWHERE):
            answer = await client.post(f"/chain/{ref}/answer", data={"answer": "done"}, files=files)
            assert answer.status_code == 403, seat
    other = await world.as_("node:130403010:clerk")
    assert (await other.post(f"/chain/{number}/answer", data={"answer": "done"})).status_code == 403
    elsewhere = await world.as_(f"{BUILDING_HEAD.removesuffix('B3:head')}B2:head")
    assert (await elsewhere.post(f"/chain/{number}/answer", data={"answer": "x"}, files=files)).status_code == 404
    assert await world.count("photo") == 0
    own = await world.as_(BUILDING_HEAD)
    assert (await own.post(f"/chain/{number}/answer", data={"answer": "x"})).status_code == 422
    assert (await own.post(f"/chain/{number}/answer", data={"answer": "working"}, files=files)).status_code == 303


async def test_who_may_not_whistle_is_told_so_before_the_form_is_read(world: World) -> None:
    client = await world.as_(AUDITOR)
    for path in ("/api/v1/whistles", "/api/v1/routing/explain"):
        assert (await client.post(path, json={"nothing": "of the kind"})).status_code == 403, path
    assert (await client.get("/whistle")).status_code == 403
    assert (await client.post("/whistle/preview", data={"body": "x"})).status_code == 403
    files = [("photo", ("a.jpg", picture(), "image/jpeg"))]
    assert (await client.post("/whistle", data={"body": "x"}, files=files)).status_code == 403
    assert (await client.post("/whistle/photo", files=files)).status_code == 403
    assert await world.count("photo") == 0


async def test_relatives_are_shown_to_those_who_may_read_them(world: World) -> None:
    parent = await world.whistle()
    child = await world.act(parent["number"], "add-child", seat=CLERK, body="楼道积水", place=BUILDING)
    assert child.status_code == 200, child.text
    assert len((await world.get(parent["number"], seat=SECRETARY))["children"]) == 1
    async with world.database.transaction() as uow:
        await uow.connection.execute("UPDATE whistle SET sealed = true WHERE parent = $1", UUID(parent["id"]))
    assert (await world.get(parent["number"], seat=SECRETARY))["children"] == []
    assert len((await world.get(parent["number"], seat=CLERK))["children"]) == 1
