"""What rows say that does not move with the time is remembered: until when, for whom, and how much of it."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from dispatch.domain.case import Actor
from dispatch.domain.turn import Turn
from dispatch.steps import lists
from dispatch.steps.lists import Item
from dispatch.web import i18n
from dispatch.web.lists.rows import Shown, list_still
from dispatch.web.lists.stills import Stills
from dispatch.web.models.queue import Still
from tests.factories import BUILDING, CLERK, DESK, ZJ, World


class Looked:
    """Looks at the whole list of one who reads, and keeps which rows were made for it."""

    def __init__(self, world: World, actor: Actor, stills: Stills) -> None:
        self.world, self.actor, self.stills = world, actor, stills

    async def made(self, turn: Turn | None = None, *where: str) -> list[UUID]:
        """The whistles whose rows were made anew."""
        service, made = self.world.service, list[UUID]()

        def make(item: Item, shown: Shown) -> Still:
            made.append(item.id)
            return list_still(item, shown)

        page = await lists.list_view(service, self.actor, lists.Asked())
        now = turn or service.turn(self.actor.district or "", page.as_of)
        rows = await self.stills.of(service, self.actor, now, page.items, make, *where)
        assert [row.number for row in rows] == [str(item.number) for item in page.items]
        return made


async def test_a_row_is_made_once_until_something_happens_to_its_whistle(world: World) -> None:
    one, two = await world.whistle(), await world.whistle("楼道灯坏了没人修")
    desk = Looked(world, await world.actor(DESK), Stills())
    assert len(await desk.made()) == 2
    assert await desk.made() == []
    await world.act(one["number"], "report-in", seat=ZJ)
    assert await desk.made() == [UUID(one["id"])]
    await world.act(two["number"], "note", seat=CLERK, text="再看一眼")
    assert await desk.made() == [UUID(two["id"])]
    assert await desk.made() == []


async def test_a_child_that_ends_makes_the_row_of_its_parent_anew(world: World) -> None:
    parent = await world.whistle()
    added = await world.act(parent["number"], "add-child", seat=CLERK, body="楼道积水", place=BUILDING)
    assert added.status_code == 200, added.text
    child = (await world.get(parent["number"]))["children"][0]
    desk = Looked(world, await world.actor(DESK), Stills())
    assert len(await desk.made()) == 2
    gone = await world.act(child["number"], "cancel", seat=CLERK, reason="撤了")
    assert gone.status_code == 200, gone.text
    assert set(await desk.made()) == {UUID(parent["id"]), UUID(child["id"])}


async def test_another_reader_list_language_or_day_is_another_row(world: World) -> None:
    await world.whistle()
    stills, actor = Stills(), await world.actor(DESK)
    desk = Looked(world, actor, stills)
    assert len(await desk.made()) == 1
    assert len(await Looked(world, await world.actor(CLERK), stills).made()) == 1
    assert len(await desk.made(None, "/other")) == 1
    with i18n.speaking("en"):
        assert len(await desk.made()) == 1
    turn = world.service.turn(actor.district or "", await world.database.now())
    assert len(await desk.made(world.service.turn(actor.district or "", turn.now + timedelta(days=1)))) == 1
    assert await desk.made() == []


async def test_new_rules_make_all_rows_anew(world: World) -> None:
    await world.whistle()
    actor = await world.actor(DESK)
    desk = Looked(world, actor, Stills())
    turn = world.service.turn(actor.district or "", await world.database.now())
    assert len(await desk.made(turn)) == 1
    assert await desk.made(turn) == []
    loaded = replace(turn, reference=replace(turn.reference))
    assert len(await desk.made(loaded)) == 1


async def test_no_more_rows_are_kept_than_there_is_room_for(world: World) -> None:
    await world.whistle()
    await world.whistle("楼道灯坏了没人修")
    desk = Looked(world, await world.actor(DESK), Stills(most=1))
    assert len(await desk.made()) == 2
    assert len(await desk.made()) == 1
