"""Many acts in one request: each by itself, or nothing where the request is out of shape."""

from typing import Any

import httpx
import pytest

from tests.factories import (
    FIRE_DOOR,
    XF,
    World,
)


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
