"""Leave by a program: by the same rules as by page; and the places near a position."""

from datetime import timedelta
from typing import Any

import httpx

from dispatch.domain.turn import ZONE
from tests.factories import (
    ADMIN,
    AUDITOR,
    CLERK,
    DESK,
    OTHER_CLERK,
    OTHER_STREET,
    SECRETARY,
    STREET,
    XF,
    XF_DEPUTY,
    World,
)

LEADER, OTHER_LIAISON = "unit:XF:leader", "unit:ZJ:liaison"


async def goes(world: World, seat: str, days: int = 2, **more: Any) -> httpx.Response:
    today = (await world.database.now()).astimezone(ZONE).date()
    asked = {"first": str(today), "last": str(today + timedelta(days=days))} | more
    return await (await world.as_(seat)).post("/api/v1/leave", json=asked)


async def back(world: World, seat: str, **more: Any) -> httpx.Response:
    return await (await world.as_(seat)).post("/api/v1/leave/back", json=more)


async def test_a_liaison_goes_the_deputy_stands_in_and_comes_back(world: World) -> None:
    answer = await goes(world, XF)
    assert answer.status_code == 200, answer.text
    (gone,) = answer.json()["items"]
    assert (gone["person"], gone["stands_in"]) == (XF, [[XF, "示例消防代理人乙"]])
    assert gone["from_at"].endswith(("+00:00", "+08:00"))
    again = await goes(world, XF)
    assert (again.status_code, again.json()["field"]) == (422, "first")
    leader = await world.as_(LEADER)
    assert [one["person"] for one in (await leader.get("/api/v1/leave")).json()["items"]] == [XF]
    assert (await (await world.as_(OTHER_LIAISON)).get("/api/v1/leave")).json()["items"] == []
    assert (await back(world, XF)).json() == {"items": []}
    assert (await back(world, XF)).json() == {"items": []}, "said twice it changes nothing"
    async with world.database.acquire() as connection:
        log = await connection.fetch("SELECT action FROM administration_log WHERE action LIKE 'leave-%' ORDER BY id")
    assert [row["action"] for row in log] == ["leave-noted", "leave-ended"]


async def test_whose_leave_the_table_lets_somebody_note(world: World) -> None:
    for seat, person, expected in (
        (LEADER, XF_DEPUTY, 200),
        (LEADER, OTHER_LIAISON, 403),
        (XF, XF_DEPUTY, 403),
        (SECRETARY, XF, 403),
        (AUDITOR, XF, 403),
        (DESK, "130403011.clerk", 200),
        (ADMIN, OTHER_LIAISON, 200),
        (DESK, "nobody", 404),
    ):
        answer = await goes(world, seat, person=person)
        assert answer.status_code == expected, (seat, person, answer.text)
    assert (await back(world, XF, person=XF_DEPUTY)).status_code == 403
    assert (await back(world, LEADER, person=XF_DEPUTY)).status_code == 200
    reading = await world.as_(XF, scopes=("read",), fresh=True)
    assert (await reading.post("/api/v1/leave", json={})).status_code == 403


async def test_days_that_cannot_be_are_named(world: World) -> None:
    for given, field in (
        ({"first": "昨天"}, "first"),
        ({"last": "2020-01-01"}, "last"),
        ({"first": "2020-01-01", "last": "2020-01-02"}, "last"),
        ({"first": "2098-01-01", "last": "2099-06-01"}, "last"),
        ({"first": "1999-12-31"}, "first"),
    ):
        answer = await goes(world, CLERK, **given)
        assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text
    assert await world.count("absence") == 0


async def test_the_places_nearest_to_a_position_are_those_of_the_page(world: World) -> None:
    at = {"latitude": 36.6221, "longitude": 114.5072}
    clerk, desk = await world.as_(CLERK), await world.as_(DESK)
    for client in (clerk, desk):
        page = (await client.get("/places/near", params=at)).json()["items"]
        found = (await client.get("/api/v1/nodes/near", params=at)).json()["items"]
        assert [one["code"] for one in found] == [one["code"] for one in page]
    assert found
    assert [one["metres"] for one in found] == sorted(one["metres"] for one in found)
    assert all(one["code"].startswith(STREET) for one in found)
    other = await (await world.as_(OTHER_CLERK)).get("/api/v1/nodes/near", params=at | {"limit": 20})
    assert all(one["code"].startswith(OTHER_STREET) for one in other.json()["items"]), "each street its own"
    for wrong in ({"latitude": 91}, {"longitude": "nan"}, {"latitude": ""}):
        assert (await clerk.get("/api/v1/nodes/near", params=at | wrong)).status_code == 422
