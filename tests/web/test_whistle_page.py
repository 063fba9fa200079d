"""A whistle's page and the forms of its acts: who sees what, what is missing, what came too late."""

from __future__ import annotations

from tests.domain.cases import SEEPAGE
from tests.factories import (
    AUDITOR,
    BUILDING_HEAD,
    CLERK,
    COMMUNITY_HEAD,
    DESK,
    FIRE_DOOR,
    SECRETARY,
    XF,
    ZJ,
    World,
)
from tests.web.browsing import somebody
from tests.web.whistling import blow, photo, routed


async def test_a_photo_of_what_is_not_done_stands_with_the_rejection_and_not_under_after(world: World) -> None:
    number = (await world.whistle(SEEPAGE))["number"]
    for action, fields in (("report-in", {}), ("resolve", {"reply": "修好了", "reason": "不用来"})):
        assert (await world.act(number, action, seat=ZJ, **fields)).status_code == 200
    clerk = await somebody(world, CLERK)
    page = await clerk.act(number, "verify-no", {"photo": photo()}, reason="not-done")
    assert "退回重办（第 1 次）" in page.text
    course = page.html.index("timeline-card")
    assert "/api/v1/photos/" in page.html[course:]
    assert "/api/v1/photos/" not in page.html[:course]


async def test_an_act_names_everything_that_is_missing_at_once(world: World) -> None:
    number = (await world.whistle(FIRE_DOOR))["number"]
    assert (await world.act(number, "arrive", seat=XF, latitude=36.6, longitude=114.5)).status_code == 200
    fire, clerk = await somebody(world, XF), await somebody(world, CLERK)
    resolved = await fire.act(number, "resolve")
    assert "办得怎么样：这一项要填" in resolved.text
    assert "协办没到，为什么也能报结：这一项要填" in resolved.text
    half = await fire.act(number, "resolve", reply="门已打开")
    assert "办得怎么样：这一项要填" not in half.text
    await fire.act(number, "resolve", reply="门已打开，物业换锁", reason="协办不必到")
    bare = await clerk.act(number, "verify-no")
    assert "哪一条理由" in bare.text
    assert "退回要选一条理由" in bare.text
    assert "退回要有凭据：附现场照片，或写明现场情况" in bare.text
    shown = await clerk.act(number, "verify-no", {"photo": photo()})
    assert "退回要选一条理由" in shown.text
    assert "退回要有凭据" not in shown.text


async def test_every_role_sees_the_same_whistle_its_own_way(world: World) -> None:
    clerk = await somebody(world, CLERK)
    number = await blow(clerk)
    await routed(world, number)
    buttons: dict[str, set[str]] = {}
    for seat in (CLERK, XF, DESK, COMMUNITY_HEAD, SECRETARY, BUILDING_HEAD, AUDITOR):
        who = await somebody(world, seat)
        page = await who.get(f"/w/{number}")
        assert page.status == 200, (seat, page.text[:200])
        acts = [*page.links(f"/w/{number}/do/"), *(form.action for form in page.forms if "/do/" in form.action)]
        buttons[seat] = {act.rsplit("/", 1)[1].split("?")[0] for act in acts}
        for act in acts:
            assert (await who.get(act)).status == 200, (seat, act)
        for path in ("receipt", "strip", "who", "slip"):
            assert (await who.get(f"/w/{number}/{path}")).status == 200
    assert {"arrive", "report-in", "hand-back"} <= buttons[XF]
    assert "call" in buttons[CLERK]
    assert "report-in" not in buttons[CLERK]
    assert not buttons[AUDITOR]
    assert "instruct" in buttons[SECRETARY]


async def test_stale_says_what_happened_and_keeps_the_words(world: World) -> None:
    clerk, fire = await somebody(world, CLERK), await somebody(world, XF)
    number = await blow(clerk)
    await routed(world, number)
    page = await clerk.get(f"/w/{number}/do/call")
    await fire.act(number, "arrive", {"photo": photo()})
    late = await clerk.send(page.form(f"/w/{number}/do/call"), unit="GA", role="inform")
    assert late.status == 409
    assert "别人刚办了一步" in late.text
    assert "到场报到" in late.text
    form = late.form(f"/w/{number}/do/call")
    assert form.value("unit") == "GA"
    done = await clerk.send(form)
    assert "公安分局" in done.text


async def test_what_is_not_possible_any_more_is_said_and_gives_the_words_back(world: World) -> None:
    clerk, fire = await somebody(world, CLERK), await somebody(world, XF)
    number = await blow(clerk)
    await routed(world, number)
    cancel, call = [
        (await clerk.get(f"/w/{number}/do/{act}")).form(f"/w/{number}/do/{act}") for act in ("cancel", "call")
    ]
    assert (await clerk.send(call, unit="GA", role="inform")).status == 200
    again = await clerk.send(call, unit="HB", role="inform")
    assert "您刚才已经办了一步" in again.text, "two tabs of one person: nobody else did anything"
    assert "您写的字还在" not in again.text, "nothing was written"
    await fire.act(number, "arrive", {"photo": photo()})
    late = await clerk.send(cancel, reason="报错了楼号")
    assert late.status == 409
    assert "现在不能再「撤哨」了" in late.text
    assert "您写的字还在" not in late.text
    assert "从这里复制：「报错了楼号」" in late.text


async def test_an_act_without_its_fields_names_them(world: World) -> None:
    clerk, fire = await somebody(world, CLERK), await somebody(world, XF)
    number = await blow(clerk)
    await routed(world, number)
    nothing = await fire.act(number, "arrive", note="到了")
    assert nothing.status == 422
    assert 'href="#f-photo"' in nothing.html
    assert nothing.form(f"/w/{number}/do/arrive").value("note") == "到了"
    back = await fire.act(number, "hand-back")
    assert back.status == 422
    assert 'href="#f-reason"' in back.html
