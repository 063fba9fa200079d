"""What the desk does by hand on its page, a program does by the same steps: dead letters, a clock that jumped."""

from datetime import timedelta
from uuid import uuid4

import orjson

from dispatch.store import clock_watch
from dispatch.store.clock_watch import Jump
from tests.factories import ADMIN, CLERK, COMMUNITY, DESK, World
from tests.web.letters import letter

LETTERS = "/api/v1/desk/letters"


async def test_letters_are_listed_read_and_settled_each_by_itself(world: World) -> None:
    admin = await world.as_(ADMIN)
    first, second = [await letter(world, position=nth) for nth in range(2)]
    listed = (await admin.get(LETTERS)).json()["items"]
    assert {one["id"] for one in listed} == {str(first), str(second)}
    assert all("value" not in one for one in listed)
    one = (await admin.get(f"{LETTERS}/{first}")).json()
    assert (one["status"], one["reason"]) == ("waiting", "undecodable")
    ids = [str(first), str(uuid4())]
    done = (await admin.post(LETTERS, json={"action": "discard", "ids": ids, "why": "试发的"})).json()
    assert [result["ok"] for result in done] == [True, False]
    assert (await admin.get(f"{LETTERS}/{first}")).json()["why"] == "试发的"
    assert [each["id"] for each in (await admin.get(LETTERS)).json()["items"]] == [str(second)]
    assert [each["id"] for each in (await admin.get(f"{LETTERS}?status=discarded")).json()["items"]] == [str(first)]


async def test_a_letter_is_whistled_anew_in_the_words_given_and_once(world: World) -> None:
    admin = await world.as_(ADMIN)
    said = orjson.dumps({"title": "路灯不亮", "body": "丛台路路灯三天不亮", "place": "没有"})
    id = await letter(world, value=said)
    refused = (await admin.post(LETTERS, json={"action": "raise", "ids": [str(id)], "why": "改好地点"})).json()
    assert (refused[0]["ok"], refused[0]["problem"]["field"]) == (False, "place")
    told = {"action": "raise", "ids": [str(id)], "why": "改好地点", "body": "丛台路路灯三天不亮", "place": COMMUNITY}
    numbers = {(await admin.post(LETTERS, json=told)).json()[0]["number"] for _ in range(2)}
    assert len(numbers) == 1
    wrong = await admin.post(LETTERS, json={**told, "action": "discard"})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "body")
    assert (await (await world.as_(CLERK)).post(LETTERS, json={})).status_code == 403


async def test_a_jump_of_the_clock_is_confirmed(world: World) -> None:
    desk = await world.as_(DESK)
    await clock_watch.note(world.database, Jump(await world.database.now(), timedelta(minutes=-7)))
    held = (await desk.get("/api/v1/desk")).json()["stalled"]["held"]
    confirmed = await desk.post("/api/v1/desk/clock", json={"at": held["at"]})
    assert confirmed.json() == {"confirmed": True}
    assert (await desk.get("/api/v1/desk")).json()["stalled"]["held"] is None
    assert (await desk.post("/api/v1/desk/clock", json={"at": held["at"]})).json() == {"confirmed": False}
