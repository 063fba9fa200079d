"""Every state of the table of words, on real cases: acts lead to it, and lists and the whistle page say it."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from dispatch.clock import VirtualClock
from dispatch.steps.escalate import sweep
from tests.factories import (
    CLERK,
    COMMUNITY,
    DESK,
    OTHER_STREET,
    SECRETARY,
    SLOW,
    TAMPERING,
    ZJ,
    World,
    monday,
    open_world,
)
from tests.web.browsing import somebody

DUTY = "unit:ZJ:principal"
RATING = {"responded": True, "solved": True, "satisfied": "satisfied"}
Deed = tuple[str, str, dict[str, Any]]

SIGN: Deed = (ZJ, "report-in", {})
RESOLVE: Deed = (ZJ, "resolve", {"reply": "修好了", "reason": "协办还没到，灯先修好了"})
VERIFY: Deed = (CLERK, "verify", {"accepted": True})
ANSWER: Deed = (CLERK, "feedback", {"reply": "修好了"})
CALL: Deed = (CLERK, "callback", {"reached": True, **RATING})
RATE: Deed = (CLERK, "evaluate", {"unit": "ZJ", **RATING})
CLOSE: Deed = (CLERK, "close", {})
REJECT: Deed = (CLERK, "verify", {"accepted": False, "reason": "rejection", "note": "灯还是坏的"})
HAND_BACK: Deed = (ZJ, "hand-back", {"reason": "不归我们"})
EXTEND: Deed = (ZJ, "request-extension", {"until": "2026-07-31T18:00:00+08:00", "reason": "等配件"})
HOLD: Deed = (ZJ, "request-hold", {"review_on": "2026-06-30", "reason": "等施工"})
URGE: Deed = (CLERK, "urge", {})
INSTRUCT: Deed = (SECRETARY, "instruct", {"text": "三天办好"})
NOTE: Deed = (ZJ, "note", {"text": "在修"})
CANCEL: Deed = (CLERK, "request-cancel", {"reason": "居民自己修好了"})
DONE = (SIGN, RESOLVE, VERIFY, ANSWER)

#: what was done, the words in the table
TABLE: dict[str, tuple[Deed, ...]] = {
    "待签收": (),
    "街道自办中": ((CLERK, "keep", {}),),
    "已签收": (SIGN,),
    "已到场·办理中": (SIGN, (ZJ, "arrive", {"note": "到了", "latitude": 36.6, "longitude": 114.5})),
    "待核查": (SIGN, RESOLVE),
    "待答复": (SIGN, RESOLVE, VERIFY),
    "返工办理中": (SIGN, RESOLVE, REJECT),
    "已答复·待回访": DONE,
    "已回访": (*DONE, CALL),
    "已回访·已评价": (*DONE, CALL, RATE),
    "已办结·已评价": (*DONE, RATE, CLOSE),
    "已办结": (*DONE, CLOSE),
    "退单待裁定": (HAND_BACK,),
    "办理中·不得再退": (HAND_BACK, (DESK, "rule", {"upheld": False, "reason": "是你们的"})),
    "延期待批": (SIGN, EXTEND),
    "办理中·已延期至 7/31": (SIGN, EXTEND, (DESK, "decide-extension", {"granted": True})),
    "挂账待批": (SIGN, HOLD),
    "已挂账·复查日 6/30": (SIGN, HOLD, (SECRETARY, "decide-hold", {"granted": True})),
    "待签收·已催办": (URGE,),
    "已签收·已催办": (SIGN, URGE),
    "已签收·已说明": (SIGN, URGE, (DUTY, "explain", {"text": "配件明天到"})),
    "已签收·有批示待签收": (SIGN, URGE, INSTRUCT),
    "提级办理中": (SIGN, (SECRETARY, "take-over", {})),
    "会商中": (SIGN, (SECRETARY, "consult", {"units": ["ZJ", "CG"], "at": "2026-06-18T09:00:00+08:00", "text": "定"})),
    "办理中·子单 0/1": (SIGN, (CLERK, "add-child", {"body": "3号楼下水道也堵了", "place": COMMUNITY})),
    "异议待复核": (*DONE, RATE, (ZJ, "object", {"text": "办得很好"})),
    "重新办理·第 2 次": (*DONE, CLOSE, (CLERK, "reopen", {"reason": "又坏了"}), SIGN),
    "撤哨待批": (SIGN, NOTE, CANCEL),
    "已撤哨": ((CLERK, "cancel", {"reason": "吹错了"}),),
    "待对方接收": ((CLERK, "transfer", {"to": OTHER_STREET}),),
}


@pytest.fixture
async def turned(demo_url: str) -> AsyncIterator[tuple[World, VirtualClock]]:
    """A service on a Monday in June; its time is turned."""
    clock = VirtualClock(monday(9))
    world = await open_world(demo_url, virtual=clock.now)
    yield world, clock
    await world.close()


async def do(world: World, number: object, *deeds: Deed) -> None:
    """One act after the other; each must succeed."""
    for seat, action, given in deeds:
        fields = dict(given)
        if fields.get("reason") == "rejection":
            rules = (await (await world.as_(CLERK)).get("/api/v1/policies")).json()["items"]
            fields["reason"] = rules[0]["rejections"][0]["code"]
        answer = await world.act(number, action, seat=seat, **fields)
        assert answer.status_code == 200, (action, answer.text)


async def labels(world: World, number: object, seat: str = CLERK, path: str = "/street") -> set[str]:
    """The state in the list and on the page of one whistle."""
    person = await somebody(world, seat)
    listed = (await person.get(f"{path}?q={number}")).html
    page = (await person.get(f"/w/{number}")).html
    said = re.findall(r'class="c-state">(?:<span class="tag.*?</span></span>)?<span>([^<]+)<', listed)
    return {*said, *re.findall(r'class="state"[^>]*>([^<]+)<', page)}


@pytest.mark.parametrize("state", TABLE)
async def test_the_words_of_the_table_stand_where_they_are_true(turned: tuple[World, VirtualClock], state: str) -> None:
    world, _clock = turned
    number = (await world.whistle(SLOW))["number"]
    await do(world, number, *TABLE[state])
    assert await labels(world, number) == {state}


async def test_a_merged_one_says_with_whom_and_a_parent_how_far_its_children_are(
    turned: tuple[World, VirtualClock],
) -> None:
    world, _clock = turned
    main, other = [(await world.whistle(SLOW))["number"] for _ in range(2)]
    await do(world, other, (DESK, "merge", {"into": str(main)}))
    assert await labels(world, other) == {f"随 {main} 号办理"}
    await do(world, main, SIGN)
    for body in ("3号楼下水道堵了", "3号楼门禁坏了"):
        await do(world, main, (CLERK, "add-child", {"body": body, "place": COMMUNITY}))
    child = (await world.get(main))["children"][0]["number"]
    await do(world, child, (CLERK, "cancel", {"reason": "通了"}))
    assert await labels(world, main) == {"办理中·子单 1/2"}


async def test_a_unit_reads_what_was_said_to_it_and_how_it_was_rated(turned: tuple[World, VirtualClock]) -> None:
    world, _clock = turned
    number = (await world.whistle(SLOW))["number"]
    squad = "unit:JD-130403011:liaison"
    await do(world, number, (CLERK, "urge", {"unit": "JD-130403011"}))
    assert await labels(world, number, ZJ, "/queue") == {"待签收"}
    assert await labels(world, number, squad, "/queue") == {"待签收·已催办"}
    await do(world, number, SIGN, INSTRUCT)
    assert await labels(world, number, ZJ, "/queue") == {"已签收·有批示待签收"}
    assert await labels(world, number, squad, "/queue") == {"待签收·已催办"}
    await do(world, number, (squad, "report-in", {}), (ZJ, "sign-instruction", {}))
    assert await labels(world, number, squad, "/queue") == {"已签收"}
    await do(world, number, RESOLVE, VERIFY, ANSWER, RATE)
    page = (await (await somebody(world, ZJ)).get(f"/w/{number}")).text
    assert "已办完・已评价" in page


async def test_whom_nobody_reached_is_still_to_be_called(turned: tuple[World, VirtualClock]) -> None:
    world, _clock = turned
    number = (await world.whistle(SLOW))["number"]
    await do(world, number, *DONE, (CLERK, "callback", {"reached": False}))
    assert await labels(world, number) == {"已答复·待回访"}


async def test_what_climbed_to_the_district_is_supervised_then_noticed(turned: tuple[World, VirtualClock]) -> None:
    world, clock = turned
    for seat in (CLERK, ZJ, DUTY):
        await world.token(seat, lasts=timedelta(days=90))
    number = (await world.whistle(SLOW))["number"]
    assert await seen(world, clock, number) == ["待签收", "待签收·督办中", "待签收·已通报"]
    await do(world, number, (DUTY, "explain", {"text": "配件没到"}))
    assert await labels(world, number) == {"待签收·已通报·已说明"}


async def seen(world: World, clock: VirtualClock, number: int) -> list[str]:
    """The labels it had, one after the other, until the notice went out; the small ladder says each rung on the way."""
    states, climbed = ["待签收"], dict[str, None]()
    for _day in range(80):
        clock.advance(timedelta(hours=6))
        await sweep(world.service)
        page = (await (await somebody(world, CLERK)).get(f"/street?q={number}")).html
        climbed |= dict.fromkeys(re.findall(r"已报(?:楼栋|小区|社区|街道|区)", page))
        (state,) = await labels(world, number)
        if state != states[-1]:
            states.append(state)
        if state.endswith("已通报"):
            break
    assert {"已报社区", "已报街道", "已报区"} <= set(climbed)
    return states


async def test_a_closed_one_is_archived_once_its_log_is(turned: tuple[World, VirtualClock]) -> None:
    world, _clock = turned
    number = (await world.whistle(SLOW))["number"]
    await do(world, number, *DONE, CLOSE)
    async with world.database.transaction() as uow:  # as if the month stood in a file
        await uow.connection.execute(f"{TAMPERING}; DELETE FROM whistle_event WHERE type = 'raised'")
    assert await labels(world, number) == {"已归档"}
