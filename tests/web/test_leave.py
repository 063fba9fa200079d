"""Leave by page: one's own, one's unit's, anybody's; who stands in; each note in the log."""

from datetime import timedelta

from dispatch.domain.turn import ZONE
from tests.factories import ADMIN, CLERK, DESK, XF, XF_DEPUTY, World
from tests.web.browsing import Page, Person, somebody

LEADER = "unit:XF:leader"


async def gone(world: World, who: Person, days: int = 2, **more: str) -> Page:
    today = (await world.database.now()).astimezone(ZONE).date()
    form = (await who.get("/leave")).form("/leave")
    return await who.send(form, **({"first": str(today), "last": str(today + timedelta(days=days))} | more))


async def test_a_liaison_goes_the_deputy_stands_in_and_both_are_in_the_log(world: World) -> None:
    liaison, leader = await somebody(world, XF), await somebody(world, LEADER)
    page = await gone(world, liaison)
    assert "示例消防代理人乙代" in page.text
    assert "请假中" in page.text
    assert (await gone(world, liaison)).status == 422, "the same days once"
    page = await gone(world, leader, person=XF_DEPUTY)
    assert "没有人代" in page.text
    page = await leader.get("/leave")
    assert [form.value("person") for form in page.forms if form.action == "/leave/back"] == [XF, XF_DEPUTY]
    assert "没有人请假" in (await liaison.send((await liaison.get("/leave")).form("/leave/back"))).text
    assert (await liaison.client.post("/leave/back", data={"csrf": page.forms[0].value("csrf")})).status_code == 403
    log = await (await somebody(world, ADMIN)).get("/admin/log")
    assert log.text.count("登记了请假") == 2
    assert "登记了回来" in log.text


async def test_whose_leave_somebody_may_note(world: World) -> None:
    clerk, leader = await somebody(world, CLERK), await somebody(world, LEADER)
    csrf = (await clerk.get("/leave")).form("/leave").value("csrf")
    own = {"csrf": csrf, "person": XF, "first": "2099-01-01", "last": "2099-01-02"}
    assert (await clerk.client.post("/leave", data=own)).status_code == 403
    assert (await gone(world, leader, person="unit:ZJ:liaison")).status == 403
    desk = await somebody(world, DESK)
    page = await gone(world, desk, person="130403011.clerk")
    assert page.status == 200
    assert (await gone(world, desk, person="nobody")).status == 404
    assert "没有人请假" in (await leader.get("/leave")).text


async def test_days_that_cannot_be_are_named(world: World) -> None:
    clerk = await somebody(world, CLERK)
    for given, said in (
        ({"first": "昨天"}, "不是日期"),
        ({"last": "2020-01-01"}, "早于第一天"),
        ({"first": "2020-01-01", "last": "2020-01-02"}, "已经过去"),
        ({"first": "2098-01-01", "last": "2099-06-01"}, "超过一年"),
    ):
        page = await gone(world, clerk, **given)
        assert (page.status, said in page.text) == (422, True), page.text
    assert await world.count("absence") == 0
