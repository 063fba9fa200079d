"""What could not be handled, on the desk: shown, replayed, whistled anew, discarded."""

from uuid import UUID

import orjson

from dispatch.clock import new_id
from dispatch.steps import letters
from schemas import topics
from tests.factories import ADMIN, BUILDING, CLERK, DESK, FIRE_DOOR, World
from tests.web.letters import letter
from tests.web.listening import browse, pane


async def test_what_could_not_be_handled_is_shown_without_its_text(world: World) -> None:
    await letter(world)
    for seat, path in ((DESK, "/desk"), (DESK, "/desk/dead"), (ADMIN, "/desk/dead")):
        page = pane(await (await browse(world, seat)).get(path), "dead")
        assert "主题 whistles.inbound，读不出来・已重试 0 次" in page
        assert "secret" not in page


async def test_a_replay_that_fails_leaves_it_there_with_the_reason(world: World) -> None:
    id = await letter(world)
    browser = await browse(world, DESK)
    await browser.get(f"/desk/dead/{id}")
    page = (await browser.post(f"/desk/dead/{id}/replay", {"why": "再试试"}, 409)).text
    assert "还是不行，它仍在这里" in page
    assert f"/desk/dead/{id}/replay" in page


async def test_a_letter_is_read_by_those_who_settle_it(world: World) -> None:
    id = await letter(world)
    page = await (await browse(world, DESK)).get(f"/desk/dead/{id}")
    assert "secret text" in page
    assert "whistles.inbound・0・7" in page
    await (await browse(world, CLERK)).get(f"/desk/dead/{id}", 403)
    await (await browse(world, DESK)).get(f"/desk/dead/{new_id()}", 404)


async def test_a_letter_is_shown_without_who_told_it(world: World) -> None:
    said = {"body": "灯不亮，电话13812341234", "reporter": {"name": "示例居民", "phone": "13812345678"}}
    page = await (await browse(world, DESK)).get(f"/desk/dead/{await letter(world, value=orjson.dumps(said))}")
    assert page.count("灯不亮，电话138****1234") == 2, "as it came, and ready to be whistled anew"
    assert not [one for one in ("13812341234", "示例居民", "12345678") if one in page]


async def test_a_discard_wants_a_reason_and_happens_once(world: World) -> None:
    id = await letter(world)
    browser = await browse(world, ADMIN)
    await browser.get(f"/desk/dead/{id}")
    assert "写上为什么" in (await browser.post(f"/desk/dead/{id}/discard", {"why": " "}, 422)).text
    await browser.post(f"/desk/dead/{id}/discard", {"why": "试发的"})
    assert "现在没有。" in pane(await browser.get("/desk/dead"), "dead")
    await browser.post(f"/desk/dead/{id}/discard", {"why": "试发的"}, 404)
    assert await outcome(world, id) == ("discarded", "试发的", ADMIN)
    assert "试发的" in await browser.get(f"/desk/dead/{id}")


async def test_a_letter_is_whistled_anew(world: World) -> None:
    id = await letter(world)
    browser = await browse(world, DESK)
    await browser.get(f"/desk/dead/{id}")
    told = {"why": "来源发错了格式", "body": FIRE_DOOR, "place": ""}
    assert "没有填写，请从地点列表里选" in (await browser.post(f"/desk/dead/{id}/raise", told, 422)).text
    answer = await browser.post(f"/desk/dead/{id}/raise", {**told, "place": BUILDING})
    number = answer.headers["location"].removeprefix("/w/")
    assert (await world.get(number, seat=DESK))["status"] == "raised"
    assert (await outcome(world, id))[0] == "raised"
    assert f"/w/{number}" in await browser.get(f"/desk/dead/{id}")


async def test_many_are_settled_at_once_and_those_that_would_not_are_said(world: World) -> None:
    ids = [await letter(world, position=each) for each in range(3)]
    browser = await browse(world, DESK)
    page = await browser.get("/desk/dead")
    assert page.count('name="pick"') == 3
    picked = {"pick": [str(each) for each in ids[:2]], "action": "discard"}
    assert "写上为什么" in (await browser.post("/desk/dead/many", {**picked, "why": ""}, 422)).text
    assert "不要了：2 条" in (await browser.post("/desk/dead/many", {**picked, "why": "试发的"}, 200)).text
    again = {"pick": [str(each) for each in ids], "action": "discard", "why": "都是试发的"}
    page = (await browser.post("/desk/dead/many", again, 409)).text
    assert "不要了：1 条" in page
    assert "还有 2 条没成" in page
    assert (await outcome(world, ids[0]))[1] == "试发的"
    assert "先勾上" in (await browser.post("/desk/dead/many", {"action": "replay", "why": "x"}, 422)).text


async def test_many_are_whistled_anew_at_once(world: World) -> None:
    said = [orjson.dumps({"body": f"{FIRE_DOOR}（{nth}）", "place": BUILDING}) for nth in range(2)]
    ids = [await letter(world, position=nth, value=each) for nth, each in enumerate(said)]
    browser = await browse(world, DESK)
    await browser.get("/desk/dead")
    picked = {"pick": [str(each) for each in ids], "action": "raise", "why": "来源发错了格式"}
    assert "另吹一哨：2 条" in (await browser.post("/desk/dead/many", picked, 200)).text
    async with world.database.acquire() as connection:
        told = await connection.fetch(
            "SELECT w.body, s.status FROM dead_letter d JOIN whistle w ON w.id = d.whistle JOIN whistle_state s"
            " ON s.id = w.id WHERE d.status = 'raised' ORDER BY d.position"
        )
    assert [(row["body"].split("（")[1][0], row["status"]) for row in told] == [("0", "raised"), ("1", "raised")]
    assert "现在没有。" in pane(await browser.get("/desk/dead"), "dead")


async def test_why_a_letter_failed_is_said_in_the_readers_language(world: World) -> None:
    """Kept is only the rule's own sentence, without the values that it speaks of."""
    said = orjson.dumps({"body": "灯不亮", "place": "130403011"})
    id = await letter(world, value=said, reason="rejected", error="place: 没有「{value}」这个地点，请从地点列表里选")
    browser = await browse(world, DESK)
    assert "place：没有「…」这个地点" in await browser.get("/desk/dead")
    browser.client.cookies.set("lang", "en")
    for path in ("/desk/dead", f"/desk/dead/{id}"):
        page = await browser.get(path)
        assert "没有「" not in page
        assert "{value}" not in page
    picked = {"pick": [str(id)], "action": "raise", "why": "x"}
    async with world.database.transaction() as uow:
        await uow.connection.execute("UPDATE dead_letter SET value = $1", b"not json at all")
    page = (await browser.post("/desk/dead/many", picked, 409)).text
    assert "内容读不出来" not in page
    assert "Its content cannot be read" in page


async def outcome(world: World, id: UUID) -> tuple[str, str, str]:
    """Status, why, the seat's holder who decided."""
    async with world.database.acquire() as connection:
        row = await connection.fetchrow("SELECT status, why, decided_by FROM dead_letter WHERE id = $1", id)
    assert row is not None
    holder = str(row["decided_by"])
    return row["status"], row["why"], next((seat for seat in (DESK, ADMIN) if holder.startswith(seat)), holder)


async def test_every_topic_that_we_read_can_be_replayed(world: World) -> None:
    assert set(letters.steps(world.service)) == {topics.RAISED, topics.RAISED_URGENT, topics.INBOUND}
