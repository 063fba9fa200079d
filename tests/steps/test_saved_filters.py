"""Keeping filters: names of one's own, at most so many of a list, nobody else's."""

import asyncio
from uuid import uuid4

import pytest

from dispatch.domain.refusals import Invalid, NotFound
from dispatch.steps import saved_filters as step
from tests.factories import CLERK, XF, World


async def names(world: World, seat: str, list_: str | None = None) -> list[str]:
    return [one.name for one in await step.own(world.service, await world.actor(seat), list_)]


async def test_a_name_is_kept_as_it_is_read(world: World) -> None:
    fire = await world.actor(XF)
    made = await step.save(world.service, fire, "queue", "  今天  e\u0301ta ", "due=today")
    assert made.name == "今天 éta"
    await step.rename(world.service, fire, str(made.id), "字" * step.LONGEST_NAME)
    assert await names(world, XF) == ["字" * step.LONGEST_NAME]


@pytest.mark.parametrize("name", ["", "   ", "字" * (step.LONGEST_NAME + 1), "零\u200b宽", "\0"])
async def test_a_name_that_cannot_be_is_refused_with_what_to_do(world: World, name: str) -> None:
    fire = await world.actor(XF)
    made = await step.save(world.service, fire, "queue", "红的", "lamp=red")
    for work in (
        step.save(world.service, fire, "queue", name, "lamp=green"),
        step.rename(world.service, fire, str(made.id), name),
    ):
        with pytest.raises(Invalid, match=r"名字.*；请") as refused:
            await work
        assert refused.value.field == "name"
    assert await names(world, XF) == ["红的"]


async def test_no_name_twice_in_a_list(world: World) -> None:
    fire = await world.actor(XF)
    first = await step.save(world.service, fire, "queue", "Red", "lamp=red")
    assert await step.save(world.service, fire, "queue", "Red", "lamp=red") == first, "pressed twice"
    with pytest.raises(Invalid, match="已经有「Red」了；请") as refused:
        await step.save(world.service, fire, "queue", "red", "lamp=green")
    assert refused.value.field == "name"
    await step.save(world.service, fire, "all", "red", "lamp=green")
    other = await step.save(world.service, fire, "queue", "绿的", "lamp=green")
    with pytest.raises(Invalid, match="已经有「Red」了"):
        await step.rename(world.service, fire, str(other.id), "RED")
    await step.rename(world.service, fire, str(first.id), "RED")
    assert await names(world, XF, "queue") == ["RED", "绿的"]


async def test_so_many_of_a_list_and_no_more_whoever_presses_at_once(world: World) -> None:
    fire = await world.actor(XF)

    pressed = [step.save(world.service, fire, "queue", f"第 {n} 条", "lamp=red") for n in range(step.MOST + 4)]
    refused = [one for one in await asyncio.gather(*pressed, return_exceptions=True) if isinstance(one, Invalid)]
    assert len(refused) == 4
    assert {one.words() for one in refused} == {"这个列表已经存了 12 条，最多 12 条；请先删掉一条"}
    assert len(await names(world, XF)) == step.MOST
    await step.save(world.service, fire, "all", "别的列表", "lamp=red")


async def test_another_ones_is_not_there(world: World) -> None:
    fire, clerk = await world.actor(XF), await world.actor(CLERK)
    made = await step.save(world.service, fire, "queue", "红的", "lamp=red")
    said = set()
    for id in (str(made.id), str(uuid4()), "zz", ""):
        for work in (
            step.rename(world.service, clerk, id, "我的"),
            step.remove(world.service, clerk, id),
            step.one_of(world.service, clerk, id),
        ):
            with pytest.raises(NotFound) as refused:
                await work
            said.add(refused.value.message)
    assert len(said) == 1
    assert await names(world, XF) == ["红的"]
    await step.remove(world.service, fire, str(made.id))
    assert await names(world, XF) == []


async def test_nothing_filtered_is_nothing_to_keep(world: World) -> None:
    with pytest.raises(Invalid, match="什么也没筛"):
        await step.save(world.service, await world.actor(XF), "queue", "全部", "")
