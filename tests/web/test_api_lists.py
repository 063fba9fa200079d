"""Lists and queues over HTTP: their order, their pages, what narrows them, whose they are."""

import pytest

from tests.factories import (
    AUDITOR,
    BUILDING,
    BUILDING_HEAD,
    CLERK,
    COMMUNITY,
    DESK,
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
)


async def test_a_queue_is_in_the_order_of_what_falls_due(world: World) -> None:
    texts = ["天沟渗水，三户漏水", FIRE_DOOR, "物业不管，电梯没人修", FIRE_DOOR, "暖气管渗水漏水"]
    made = {(await world.whistle(text, place=BUILDING))["number"] for text in texts}
    client = await world.as_(ZJ)
    whole = (await client.get("/api/v1/queues/ZJ")).json()
    dues = [item["due_at"] for item in whole["items"]]
    assert dues == sorted(dues)
    assert {item["number"] for item in whole["items"]} <= made
    assert len(whole["items"]) >= 4
    assert whole["next_cursor"] is None
    assert all(item["working_seconds_left"] > 0 for item in whole["items"])
    paged: list[int] = []
    cursor = None
    while True:
        page = (
            await client.get("/api/v1/queues/ZJ", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))
        ).json()
        paged += [item["number"] for item in page["items"]]
        assert len(page["items"]) <= 2
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert paged == [item["number"] for item in whole["items"]]


async def test_a_queue_shows_what_has_no_deadline_last(world: World) -> None:
    numbers = [(await world.whistle(FIRE_DOOR))["number"] for _ in range(3)]
    async with world.database.transaction() as uow:
        await uow.connection.execute(
            "UPDATE assignment SET due_at = NULL FROM whistle w WHERE w.id = whistle AND unit = 'XF' AND number = $1",
            numbers[0],
        )
    client = await world.as_(XF)
    first = (await client.get("/api/v1/queues/XF", params={"limit": 2})).json()
    second = (await client.get("/api/v1/queues/XF", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [item["number"] for item in first["items"] + second["items"]] == [numbers[1], numbers[2], numbers[0]]


async def test_a_list_is_paged_without_losing_a_row(world: World) -> None:
    made = [(await world.whistle(FIRE_DOOR))["number"] for _ in range(5)]
    for _ in range(3):
        await world.whistle(FIRE_DOOR, seat=OTHER_CLERK)
    client = await world.as_(CLERK)
    found: list[int] = []
    cursor = None
    for _ in range(3):
        params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/api/v1/whistles", params=params)).json()
        found += [item["number"] for item in page["items"]]
        cursor = page["next_cursor"]
        if len(found) == 2:  # one more comes in while the list is read: it changes nothing below
            await world.whistle(FIRE_DOOR)
    assert found == made[::-1]
    assert cursor is None


async def test_lists_are_narrowed(world: World) -> None:
    fire = (await world.whistle(FIRE_DOOR))["number"]
    leak = (await world.whistle("100%渗水_漏水", place=COMMUNITY))["number"]
    lost = (await world.whistle("说不清的一件事", place=STREET))["number"]
    client = await world.as_(CLERK)

    async def found(**params: str) -> set[int]:
        answer = await client.get("/api/v1/whistles", params=params)
        assert answer.status_code == 200, answer.text
        return {item["number"] for item in answer.json()["items"]}

    assert await found() == {fire, leak, lost}
    assert await found(status="at-desk") == {lost}
    assert await found(status="at-desk,assigned") == {fire, leak, lost}
    assert await found(unit="XF") == {fire}
    assert await found(place=COMMUNITY) == {fire, leak}
    assert await found(place=BUILDING) == {fire}
    assert await found(category="301") == {fire}
    assert await found(kind="emergency") == {fire}
    assert await found(q="渗水") == {leak}
    assert await found(q="0%渗水_") == {leak}
    assert await found(q="%") == {leak}
    assert await found(q=str(lost)) == {lost}
    assert await found(since="2000-01-01T00:00:00Z") == {fire, leak, lost}
    assert await found(since="2100-01-01T00:00:00+08:00") == set()


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/whistles?status=lost", "status"),
        ("/whistles?unit=QQ", "unit"),
        ("/whistles?place=nowhere", "place"),
        ("/whistles?category=999", "category"),
        ("/whistles?kind=joke", "kind"),
        ("/whistles?limit=0", "limit"),
        ("/whistles?limit=201", "limit"),
        ("/whistles?limit=many", "limit"),
        ("/whistles?cursor=x", "cursor"),
        ("/whistles?cursor=bnVsbA", "cursor"),
        ("/whistles?cursor=%E4%BD%A0", "cursor"),
        ("/whistles?since=yesterday", "since"),
        ("/whistles?since=2026-01-01T00:00:00", "since"),
        ("/whistles?since=0001-01-01T00:00:00Z", "since"),
        ("/whistles?q=%00", "q"),
        ("/whistles?q=" + "x" * 100, "q"),
        ("/queues/DD?cursor=WzEsMl0", "cursor"),
        ("/queues/DD?cursor=Wzk5OTk5OTk5OTk5OTk5OTk5OTk5OTksImEiXQ", "cursor"),
        ("/nodes?under=nowhere", "under"),
        ("/nodes?limit=0", "limit"),
        ("/nodes?level=6", "level"),
    ],
)
async def test_a_question_that_makes_no_sense_is_named(world: World, path: str, field: str) -> None:
    answer = await (await world.as_(DESK)).get(f"/api/v1{path}")
    assert answer.status_code == 422, answer.text
    assert answer.json()["field"] == field
    assert answer.headers["content-type"] == "application/problem+json"


async def test_whose_queue_it_is(world: World) -> None:
    async def status(seat: str, unit: str) -> int:
        return (await (await world.as_(seat)).get(f"/api/v1/queues/{unit}")).status_code

    assert await status(XF, "XF") == await status(XF_DEPUTY, "XF") == await status(XF_SECTION, "XF") == 200
    assert await status(DESK, "XF") == await status(AUDITOR, "XF") == 200
    assert await status(CLERK, f"JD-{STREET}") == await status(SECRETARY, f"SQ-{COMMUNITY}") == 200
    assert await status(XF, "ZJ") == await status(CLERK, "XF") == 403
    assert await status(CLERK, f"JD-{OTHER_STREET}") == await status(BUILDING_HEAD, f"JD-{STREET}") == 403
    assert await status(XF, "QQ") == 404
