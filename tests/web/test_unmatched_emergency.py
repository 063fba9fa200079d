"""An emergency that no rule matches: until the desk assigns it, whoever was told at once reads that nobody has it."""

import re

import pytest

from dispatch.steps.audit import audit
from dispatch.store import migrate
from tests.factories import CLERK, DESK, STREET, World
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


ROW = re.compile(r'<tr role="row".*?</tr>', re.S)


async def queued(world: World, query: str = "") -> list[int]:
    """The numbers in the duty office's queue as the API has it, and the page the same."""
    office = await world.as_(OFFICE)
    found = [one["number"] for one in (await office.get(f"/api/v1/queues/YJ?{query}")).json()["items"]]
    page = await (await somebody(world, OFFICE)).get(f"/queue?{query}")
    assert [int(n) for n in re.findall(r'<a href="/w/(\d+)" lang="zh" data-open', page.html)] == found
    return found


async def of_its_own(world: World) -> int:
    """A whistle that the duty office leads, and that is long overdue."""
    number = (await world.whistle("说不清的一件事"))["number"]
    assert (await world.act(number, "assign", seat=DESK, lead="YJ")).status_code == 200
    async with world.database.transaction() as uow:
        await uow.connection.execute(
            "UPDATE assignment SET due_at = now() - interval '9 days' WHERE unit = 'YJ' AND active AND role = 'lead'"
        )
    return int(number)


async def test_it_stands_first_in_the_duty_offices_queue_until_it_is_assigned(world: World) -> None:
    late, number = await of_its_own(world), await unmatched(world)
    assert await queued(world) == [number, late], "before what is overdue"
    page = await (await somebody(world, OFFICE)).get("/queue")
    row = next(row for row in ROW.findall(page.html) if str(number) in row)
    for said in ("还没有单位接手", "紧急", "马上"):
        assert said in row
    assert "role-inform" not in row
    assert '全部在办 <span class="count">2</span>' in page.html
    assert "没有单位接手的紧急件在前，其余按到期先后" in page.text
    await assigned(world, number)
    assert await queued(world) == [late]
    assert await queued(world, "role=inform") == [number], "an ordinary informed one"
    page = await (await somebody(world, OFFICE)).get("/queue?role=inform")
    assert "还没有单位接手" not in page.text
    assert "role-inform" in page.html
    assert '全部在办 <span class="count">1</span>' in (await (await somebody(world, OFFICE)).get("/queue")).html


async def test_its_lamp_is_counted_and_filtered_as_it_is_shown(world: World) -> None:
    number = await unmatched(world)
    office = await somebody(world, OFFICE)
    page = await office.get("/queue")
    assert "红 1" in page.text
    for query, there in (("lamp=red", True), ("lamp=green", False), ("due=today", True), ("part=assigned", False)):
        assert (str(number) in (await office.get(f"/queue?{query}")).html) == there, query


async def carried(world: World) -> dict[str, int]:
    """What the duty office reads of its load."""
    page = await (await somebody(world, OFFICE)).get("/queue/load")
    return {name: int(n) for name, n in re.findall(r"<dt>([^<]+)</dt><dd><b>(?:<a [^>]+>)?(\d+)", page.html)}


async def test_the_duty_office_carries_it_until_it_is_assigned(world: World) -> None:
    number, _ordinary = await unmatched(world), await world.whistle("说不清的一件事")
    here = await carried(world)
    assert (here["在办"], here["已逾期"], here["待签收"], here["在协办"]) == (1, 1, 0, 0), "red, as in its queue"
    await assigned(world, number)
    assert not any((await carried(world)).values())


async def test_pages_of_that_queue_lose_nothing(world: World) -> None:
    made = [await of_its_own(world), await unmatched(world), await unmatched(world)]
    office, seen, cursor = await world.as_(OFFICE), [], ""
    while cursor is not None:
        page = (await office.get(f"/api/v1/queues/YJ?limit=1{cursor and '&cursor='}{cursor}")).json()
        seen += [one["number"] for one in page["items"]]
        cursor = page["next_cursor"]
    assert seen == [*made[1:], made[0]]


async def test_the_api_says_what_may_be_done_and_no_deadline_of_the_units_own(world: World) -> None:
    number = await unmatched(world)
    (item,) = (await (await world.as_(OFFICE)).get("/api/v1/queues/YJ")).json()["items"]
    assert (item["role"], item["status"], item["stage"]) == ("inform", "at-desk", "dispatch")
    seen = await world.get(number, seat=OFFICE)
    assert "note" in seen["allowed_actions"]
    assert not {"report-in", "arrive", "resolve", "hand-back"} & set(seen["allowed_actions"])
    (part,) = seen["assignments"]
    assert (part["unit"], part["role"], part["due_at"]) == ("YJ", "inform", None)


@pytest.mark.parametrize(
    ("act", "fields"), [("cancel", {"reason": "报错了"}), ("keep", {}), ("assign", {"lead": "YJ"})]
)
async def test_however_it_leaves_the_desk_the_log_amounts_to_the_queue(
    world: World, act: str, fields: dict[str, str]
) -> None:
    number = await unmatched(world)
    assert await queued(world) == [number]
    assert [one async for one in audit(world.database)] == []
    seat = DESK if act == "assign" else CLERK
    assert (await world.act(number, act, seat=seat, **fields)).status_code == 200
    assert await queued(world) == ([number] if act == "assign" else [])
    assert [one async for one in audit(world.database)] == []


async def test_what_stood_at_the_desk_before_is_put_into_the_queue(world: World) -> None:
    number, ordinary = await unmatched(world), await world.whistle("说不清的一件事")
    script = (migrate.HERE / "versions" / "0029_unmatched.sql").read_text(encoding="utf-8")
    async with world.database.transaction() as uow:
        await uow.connection.execute("UPDATE assignment SET active = false, stage = NULL, due_at = NULL")
        await uow.connection.execute(script)
    assert ordinary["number"] != number
    assert await queued(world) == [number]
    assert [one async for one in audit(world.database)] == []
