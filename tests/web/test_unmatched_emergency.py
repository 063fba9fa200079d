"""An emergency that no rule matches: until the desk assigns it, whoever was told at once reads that nobody has it."""

import pytest

from tests.factories import DESK, STREET, World
from tests.web.browsing import Person, somebody

OFFICE, PRINCIPAL, DUTY = "unit:YJ:liaison", "unit:YJ:principal", f"node:{STREET}:duty"
NOBODY = "还没有单位接手：主办单位由区调度台来定"


async def unmatched(world: World) -> int:
    """An emergency that stands at the desk."""
    receipt = await world.whistle("广泰小区3号楼有个怪东西悬在半空", danger=True)
    assert (await world.get(receipt["number"]))["status"] == "at-desk"
    return int(receipt["number"])


async def assigned(world: World, number: int) -> None:
    """The desk has given it to a unit."""
    assert (await world.act(number, "assign", seat=DESK, lead="ZJ")).status_code == 200


async def english(world: World, seat: str) -> Person:
    made = await somebody(world, seat)
    made.client.cookies.set("lang", "en")
    return made


async def test_the_duty_office_reads_that_nobody_has_it_and_what_to_do(world: World) -> None:
    number = await unmatched(world)
    office = await somebody(world, OFFICE)
    page = await office.get(f"/w/{number}")
    assert "现在要你做的" in page.text
    assert NOBODY in page.text
    assert "请马上 打电话 问东柳街道现场怎么样；要人就先去、先派人，做了什么就 记进展" in page.text
    assert "应急值班，已经通知；派单以前由它先问、先派人" in page.text
    for contradiction in ("只是让你们知道", "只让它知道", "现在不用你做什么"):
        assert contradiction not in page.text
    noted = await office.act(number, "note", text="问过了，物业在现场拦着人")
    assert "物业在现场拦着人" in noted.text
    assert NOBODY in noted.text, "noting it is not having it"
    await assigned(world, number)
    after = (await office.get(f"/w/{number}")).text
    assert "现在不用你做什么" in after
    assert "只是让你们知道，不用报到。" in after
    assert NOBODY not in after


async def test_who_answers_for_the_duty_office_reads_it_too(world: World) -> None:
    number = await unmatched(world)
    principal = await somebody(world, PRINCIPAL)
    page = (await principal.get(f"/w/{number}")).text
    assert NOBODY in page
    assert "请看看本单位值班的人问过没有、派人没有。" in page
    assert "本单位的人在办，没有逾期" not in page
    await assigned(world, number)
    assert "只是让你们知道，不用报到。" in (await principal.get(f"/w/{number}")).text


async def test_the_streets_duty_officer_reads_it_too(world: World) -> None:
    number = await unmatched(world)
    duty = await somebody(world, DUTY)
    page = (await duty.get(f"/w/{number}")).text
    assert "现在要你做的" in page
    assert NOBODY in page
    assert "现在不用你做什么" not in page
    await assigned(world, number)
    after = (await duty.get(f"/w/{number}")).text
    assert "现在不用你做什么" in after
    assert NOBODY not in after


async def test_it_is_said_in_english(world: World) -> None:
    number = await unmatched(world)
    for seat, said in ((OFFICE, "At once telephone"), (DUTY, "find out how it stands"), (PRINCIPAL, "See whether")):
        page = (await (await english(world, seat)).get(f"/w/{number}")).text
        assert "no unit has it yet" in page
        assert said in page


@pytest.mark.parametrize("act", ["hand-back", "report-in", "resolve"])
async def test_a_unit_that_is_only_informed_is_told_so_and_not_that_something_changed(world: World, act: str) -> None:
    number = await unmatched(world)
    page = await (await somebody(world, OFFICE)).get(f"/w/{number}/do/{act}")
    assert page.status == 409
    assert "这件没有派给贵单位，只是知会；下面是现在能办的。" in page.text
    assert "状态已经变了" not in page.text
