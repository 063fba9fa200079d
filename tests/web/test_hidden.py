"""A complaint about the street: nothing of it reaches the street by any way, and the desk does the street's acts."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from dispatch.steps import lists
from dispatch.steps.unit_load import unit_load
from dispatch.store.listen import Bell
from dispatch.web.live.hub import hub_of
from tests.domain.cases import BRIBERY, IDLE_STREET, IDLE_UNIT
from tests.factories import CLERK, DESK, DISTRICT, FIRE_DOOR, SECRETARY, STREET, ZJ, World
from tests.web.listening import browse, live
from tests.web.test_live import headers, listening

DUTY, SQUAD, HEAD = f"node:{STREET}:duty", f"unit:JD-{STREET}:liaison", f"node:{DISTRICT}:head"
LEADER = "unit:ZJ:principal"
ACCUSED = (CLERK, SECRETARY, DUTY)
IN_A_WEEK = (datetime.now(UTC) + timedelta(days=7)).isoformat()


@pytest.fixture
async def bell(world: World) -> AsyncIterator[None]:
    made = Bell(world.database)
    world.database.on_change = made.ring
    task = asyncio.create_task(made.run())
    yield
    task.cancel()
    await hub_of(world.service).close()


async def told(world: World, number: int) -> set[str]:
    async with world.database.acquire() as connection:
        rows = await connection.fetch(
            "SELECT recipient FROM notice n JOIN whistle w ON w.id = n.whistle WHERE w.number = $1", number
        )
    return {row["recipient"] for row in rows}


async def numbers(world: World, path: str, seat: str) -> list[int]:
    answer = await (await world.as_(seat)).get(path)
    assert answer.status_code == 200, answer.text
    return [one["number"] for one in answer.json()["items"]]


async def test_the_desk_brings_it_to_an_end_and_the_street_learns_nothing(world: World) -> None:
    number = (await world.whistle(IDLE_STREET))["number"]
    steps = (
        ("assign", DESK, {"lead": "ZJ"}),
        ("report-in", ZJ, {}),
        ("resolve", ZJ, {"reply": "办好了"}),
        ("verify", DESK, {"accepted": True}),
        ("feedback", DESK, {"reply": "办好了"}),
    )
    for action, seat, fields in steps:
        done = await world.act(number, action, seat=seat, **fields)
        assert done.status_code == 200, (action, done.text)
        for accused in ACCUSED:
            assert (await (await world.as_(accused)).get(f"/api/v1/whistles/{number}")).status_code == 404
            assert not await numbers(world, "/api/v1/whistles?limit=50", accused)
        for seat_, path in ((CLERK, "/street"), (SECRETARY, "/chain"), (CLERK, f"/street?q={number}")):
            page = await (await browse(world, seat_)).get(path)
            assert "（已封存）" not in page, (action, path)
    assert (await world.act(number, "close", seat=DESK)).status_code == 200
    assert not await told(world, number) & {*ACCUSED, SQUAD}


async def test_the_desk_is_told_why_it_has_the_streets_acts_and_finds_it_on_its_page(world: World) -> None:
    number = (await world.whistle(BRIBERY))["number"]
    desk = await browse(world, DESK)
    page = await desk.get(f"/w/{number}")
    assert "这件反映的就是东柳街道" in page
    assert f"/w/{number}/do/feedback" in page
    assert f'href="/w/{number}"' in await desk.get("/desk/sealed")
    assert f'href="/w/{number}"' in await desk.get("/desk")


async def test_word_of_it_does_not_reach_the_street_live(world: World, bell: None) -> None:
    async with (
        live(world, "/events?on=street", await headers(world, CLERK)) as street,
        live(world, "/events?on=chain", await headers(world, SECRETARY)) as chain,
        live(world, "/events?on=desk", await headers(world, DESK)) as desk,
    ):
        await listening(world)
        hidden, seen = [str((await world.whistle(text))["number"]) for text in (BRIBERY, FIRE_DOOR)]
        heard = set[str]()
        while heard != {hidden, seen}:
            heard.update(map(str, (await desk.event())[1]))
        for stream in (street, chain):
            assert set(map(str, (await stream.event())[1])) == {seen}


async def test_a_sealed_one_is_opened_by_whoever_it_may_climb_to(world: World) -> None:
    number = (await world.whistle(IDLE_UNIT))["number"]
    assert (await world.act(number, "assign", seat=DESK, lead="ZJ")).status_code == 200
    for seat in (DESK, HEAD, ZJ, LEADER, CLERK, DUTY):
        assert (await world.get(number, seat=seat))["number"] == number, seat
        assert number in await numbers(world, "/api/v1/whistles?limit=50", seat), seat
    for seat in (SECRETARY, SQUAD.replace("JD-", "SQ-").replace(STREET, f"{STREET}-D01")):
        assert (await (await world.as_(seat)).get(f"/api/v1/whistles/{number}")).status_code == 404
        assert number not in await numbers(world, "/api/v1/whistles?limit=50", seat)


async def test_no_count_tells_the_street_of_it(world: World) -> None:
    """The street opens its community's queue: what is kept from it there is not counted either."""
    community = f"SQ-{STREET}-D01"
    seen, hidden = [(await world.whistle(text))["number"] for text in (FIRE_DOOR, IDLE_STREET)]
    for done in (
        await world.act(seen, "call", seat=CLERK, unit=community),
        await world.act(hidden, "assign", seat=DESK, lead=community),
    ):
        assert done.status_code == 200, done.text
    for seat, several in ((f"unit:{community}:liaison", 2), (DESK, 2), (CLERK, 1), (DUTY, 1)):
        actor = await world.actor(seat)
        page = await lists.queue_view(world.service, actor, community)
        assert len(page.items) == several, seat
        assert sum((await lists.lamps(world.service, actor, community)).values()) == several, seat
        load = (await unit_load(world.service, actor, community)).carried
        assert (load.whole.open, sum(part.open for part in load.streets)) == (several, several), seat
    shown = await (await browse(world, CLERK)).get(f"/queue?unit={community}")
    assert f"/w/{seen}" in shown
    assert f"/w/{hidden}" not in shown
    assert "全部在办 1" in " ".join(re.sub(r"<[^>]+>", " ", shown).split())


@pytest.mark.parametrize("how", ["add-child", "minutes", "merge", "repeat"])
async def test_no_list_of_related_whistles_names_it_to_the_street(world: World, how: str) -> None:
    """A child that complains about the street, of a whistle that does not; or one merged into that, or like it."""
    open_ = (await world.whistle(FIRE_DOOR))["number"]
    match how:
        case "add-child":
            done = await world.act(open_, "add-child", seat=CLERK, body=IDLE_STREET)
        case "minutes":
            await world.act(open_, "consult", seat=DESK, units=["CG"], at=IN_A_WEEK, text="怎么办")
            done = await world.act(open_, "minutes", seat=DESK, text="分头办", decisions=[IDLE_STREET])
        case _:
            hidden = (await world.whistle(IDLE_STREET))["number"]
            done = await world.act(hidden, "merge", seat=DESK, into=str(open_))
            if how == "repeat":
                done = await world.act(hidden, "unmerge", seat=DESK)
                async with world.database.transaction() as uow:
                    await uow.connection.execute(
                        """INSERT INTO merge_proposal (whistle, into_whistle, district, score, status, at)
                           SELECT a.id, b.id, a.district, 1, 'proposed', a.received_at FROM whistle a, whistle b
                           WHERE a.number = $1 AND b.number = $2""", hidden, open_,
                    )  # fmt: skip
    assert done.status_code == 200, done.text
    async with world.database.acquire() as connection:
        row = await connection.fetchrow("SELECT id, number FROM whistle WHERE number <> $1", open_)
    assert row is not None
    for seat in (DESK, *ACCUSED, SQUAD):
        client = await world.as_(seat)
        if (answer := await client.get(f"/api/v1/whistles/{open_}")).status_code == 404:
            continue
        page = await (await browse(world, seat)).get(f"/w/{open_}")
        stale = await world.act(open_, "call", seat=seat, unit="JJ", version=1)
        assert seat not in (DESK, CLERK) or "changed" in stale.json()
        for said in (answer.text, page, *([stale.text] if seat != DESK else ())):
            assert (str(row["number"]) in said or str(row["id"]) in said) is (seat == DESK), seat
