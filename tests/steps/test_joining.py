"""Merging and splitting on a real database: one answer for all, undone exactly, a child with its parent."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import pytest

from dispatch.clock import VirtualClock
from dispatch.domain.refusals import NotNow
from dispatch.steps import casework, route
from dispatch.steps.audit import audit
from dispatch.steps.casework import act
from dispatch.steps.escalate import sweep
from tests.chaos import checker, evidence
from tests.domain.cases import IDLE_STREET
from tests.factories import BUILDING, CLERK, DESK, SECRETARY, STREET, ZJ, World, monday, open_world
from tests.web.browsing import somebody
from tests.web.conftest import demo_database, demo_url, world

__all__ = ["demo_database", "demo_url", "world"]
SEEPAGE = "天沟渗水，三户漏水"
IN_A_WEEK = (datetime.now(UTC) + timedelta(days=7)).isoformat()


async def state(world: World, number: int) -> tuple[str, int]:
    async with world.database.acquire() as connection:
        row = await connection.fetchrow(
            "SELECT status, seq FROM whistle_state JOIN whistle USING (id) WHERE number = $1", number
        )
        assert row is not None
        return row["status"], row["seq"]


async def ok(answer: httpx.Response) -> httpx.Response:
    assert answer.status_code == 200, answer.text
    return answer


async def test_a_merged_one_gets_the_mains_answer_and_closing(world: World) -> None:
    main, double = await world.whistle(SEEPAGE), await world.whistle(SEEPAGE)
    await ok(await world.act(double["number"], "merge", seat=DESK, into=str(main["number"])))
    assert (await state(world, double["number"]))[0] == "merged"
    await ok(await world.act(main["number"], "report-in", seat=ZJ))
    await ok(await world.act(main["number"], "resolve", seat=ZJ, reply="修好了", reason="社区不用来"))
    await ok(await world.act(main["number"], "verify", seat=CLERK, accepted=True))
    await ok(await world.act(main["number"], "feedback", seat=CLERK, reply="已修好"))
    await ok(await world.act(main["number"], "close", seat=CLERK))
    log = [event["type"] for event in (await world.get(double["number"]))["timeline"]]
    assert log[-3:] == ["merged", "answered", "closed"]
    async with world.database.acquire() as connection:
        running = await connection.fetchval(
            "SELECT count(*) FROM whistle_clock WHERE fires_at IS NOT NULL AND whistle IN (SELECT id FROM whistle)"
        )
    assert running == 0


async def test_undone_within_a_day_it_is_as_it_was(world: World) -> None:
    main, double = await world.whistle(SEEPAGE), await world.whistle(SEEPAGE)
    before = await world.get(double["number"], seat=DESK)
    await ok(await world.act(double["number"], "merge", seat=DESK, into=str(main["number"])))
    await ok(await world.act(double["number"], "unmerge", seat=DESK))
    after = await world.get(double["number"], seat=DESK)
    assert after["status"] == before["status"]
    left = {(clock["stage"], clock["unit"]): clock["due_at"] for clock in after["clocks"]}
    assert left.keys() == {(clock["stage"], clock["unit"]) for clock in before["clocks"]}
    async with world.database.acquire() as connection:
        assert await connection.fetchval(
            """SELECT count(*) FROM whistle_clock c JOIN whistle w ON w.id = c.whistle
               WHERE w.number = $1 AND answered_at IS NULL AND running_since IS NULL""",
            double["number"],
        ) == 0  # fmt: skip


async def test_a_merge_into_itself_or_into_nothing_is_refused(world: World) -> None:
    one = await world.whistle(SEEPAGE)
    for into in (str(one["number"]), "2600000000", "x"):
        answer = await world.act(one["number"], "merge", seat=DESK, into=into)
        assert answer.status_code in (409, 422), answer.text


async def merged(world: World, *numbers: int) -> None:
    """Each into the next, the first one first."""
    for one, into in pairwise(numbers):
        await ok(await world.act(one, "merge", seat=DESK, into=str(into)))


async def answered(world: World, number: int) -> None:
    await ok(await world.act(number, "report-in", seat=ZJ))
    await ok(await world.act(number, "resolve", seat=ZJ, reply="修好了", reason="社区不用来"))
    await ok(await world.act(number, "verify", seat=CLERK, accepted=True))
    await ok(await world.act(number, "feedback", seat=CLERK, reply="已修好"))


async def facts(world: World, number: int) -> list[str]:
    return [event["type"] for event in (await world.get(number, seat=DESK))["timeline"]]


async def whistles(world: World, count: int) -> list[int]:
    return [(await world.whistle(SEEPAGE))["number"] for _ in range(count)]


async def as_logged(world: World) -> list[object]:
    """Where the log says otherwise than the rows."""
    return [found async for found in audit(world.database)]


@pytest.mark.parametrize("way", ["cancel", "decide-cancel"])
async def test_a_main_that_is_called_off_sets_free_what_was_merged_into_it(world: World, way: str) -> None:
    last, double, main = await whistles(world, 3)
    before = await world.get(double, seat=DESK)
    await merged(world, last, double, main)
    if way == "cancel":
        await ok(await world.act(main, "cancel", seat=DESK, reason="看错了"))
    else:
        await ok(await world.act(main, "note", seat=ZJ, text="在修"))
        await ok(await world.act(main, "request-cancel", seat=CLERK, reason="看错了"))
        await ok(await world.act(main, "decide-cancel", seat=DESK, granted=True))
    after = await world.get(double, seat=DESK)
    assert (after["status"], after["timeline"][-1]["type"]) == (before["status"], "unmerged")
    assert after["timeline"][-1]["data"]["of"] == str((await world.get(main, seat=DESK))["id"])
    running = {(clock["stage"], clock["unit"]) for clock in before["clocks"] if clock["running"]}
    assert running == {(clock["stage"], clock["unit"]) for clock in after["clocks"] if clock["running"]}
    assert (await state(world, last))[0] == "merged", "it goes with the one that it was merged into"
    assert f"{main} 号撤哨，恢复单独办理" in (await (await somebody(world, CLERK)).get(f"/w/{double}")).text
    assert await as_logged(world) == []
    assert checker.check(await evidence.read(world.service.database.url)) == []


async def test_what_came_by_way_of_another_gets_the_answer_too(world: World) -> None:
    last, double, main = await whistles(world, 3)
    await merged(world, last, double, main)
    await answered(world, main)
    await ok(await world.act(main, "close", seat=CLERK))
    for one in (last, double):
        assert (await facts(world, one))[-3:] == ["merged", "answered", "closed"]
    assert await as_logged(world) == []


async def test_nothing_is_merged_into_what_was_answered(world: World) -> None:
    double, main = await whistles(world, 2)
    await answered(world, main)
    refused = await world.act(double, "merge", seat=DESK, into=str(main))
    assert refused.status_code == 409
    assert "已经答复" in refused.json()["detail"]


async def test_a_merged_one_is_called_back_by_itself_once_the_answer_has_reached_it(world: World) -> None:
    double, main = await whistles(world, 2)
    await merged(world, double, main)
    said = {"reached": True, "responded": True, "solved": True, "satisfied": "satisfied"}
    refused = await world.act(double, "callback", seat=CLERK, **said)
    assert (refused.status_code, "还没有答复" in refused.json()["detail"]) == (409, True)
    await answered(world, main)
    await ok(await world.act(double, "callback", seat=CLERK, **said))
    await ok(await world.act(main, "close", seat=CLERK))
    await ok(await world.act(double, "callback", seat=CLERK, **said))
    assert (await facts(world, double))[-4:] == ["answered", "called-back", "closed", "called-back"]
    assert await as_logged(world) == []


async def test_an_answer_reaches_what_is_merged_just_then(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one is merged after the answer has looked for it and before it has the lock."""
    double, main = await whistles(world, 2)
    await ok(await world.act(main, "report-in", seat=ZJ))
    await ok(await world.act(main, "resolve", seat=ZJ, reply="修好了", reason="社区不用来"))
    await ok(await world.act(main, "verify", seat=CLERK, accepted=True))
    lock, joined = casework.store.lock, False

    async def late(uow: Any, ids: Any, **options: Any) -> Any:
        nonlocal joined
        if not joined:
            joined = True
            await merged(world, double, main)
        return await lock(uow, ids, **options)

    monkeypatch.setattr(casework.store, "lock", late)
    await ok(await world.act(main, "feedback", seat=CLERK, reply="已修好"))
    assert (await facts(world, double))[-1] == "answered"


async def test_a_child_is_a_whistle_of_its_own_named_in_the_parents_log(world: World) -> None:
    parent = await world.whistle("物业不管，楼道消防门被锁")
    await ok(await world.act(parent["number"], "add-child", seat=CLERK, body="天沟渗水，三户漏水"))
    assert await world.count("whistle") == 2
    added = [event for event in (await world.get(parent["number"]))["timeline"] if event["type"] == "child.added"]
    child = await world.get(added[0]["data"]["number"])
    assert child["status"] == "raised"
    assert child["clocks"]


@pytest.mark.parametrize("how", ["add-child", "minutes"])
async def test_a_child_is_hidden_from_whom_its_parent_is(world: World, how: str) -> None:
    """Its own text complains about nobody, and would be the squad's of the very street."""
    parent, texts = (await world.whistle(IDLE_STREET))["number"], ("沿街商铺占道经营", "天沟渗水，三户漏水")
    if how == "add-child":
        for text in texts:
            await ok(await world.act(parent, "add-child", seat=DESK, body=text, place=BUILDING))
    else:
        await ok(await world.act(parent, "assign", seat=DESK, lead="ZJ"))
        await ok(await world.act(parent, "consult", seat=DESK, units=["CG"], at=IN_A_WEEK, text="怎么办"))
        await ok(await world.act(parent, "minutes", seat=DESK, text="分头办", decisions=texts))
    async with world.database.transaction() as uow:
        found = await uow.connection.fetch("SELECT id, number FROM whistle WHERE via = 'child' ORDER BY number")
        await route.route(world.service, uow, [row["id"] for row in found], {})
    squads, others = [await world.get(row["number"], seat=DESK) for row in found]
    assert (squads["status"], squads["routing"]["reason"]["code"]) == ("at-desk", "avoidance")
    assert (others["status"], others["assignments"][0]["unit"]) == ("assigned", "ZJ")
    for child in (squads, others):
        assert child["sealed"]
        for hidden in (CLERK, SECRETARY, f"unit:JD-{STREET}:liaison"):
            assert (await (await world.as_(hidden)).get(f"/api/v1/whistles/{child['number']}")).status_code == 404
    await as_stood(world)


async def test_what_was_late_is_late_no_more_once_it_is_merged(world: World) -> None:
    main, double = await world.whistle(SEEPAGE), await world.whistle(SEEPAGE)
    async with world.database.transaction() as uow:
        await uow.connection.execute(
            "UPDATE whistle_clock SET due_at = due_at - interval '90 days', running_since = running_since - interval"
            " '90 days' WHERE whistle = (SELECT id FROM whistle WHERE number = $1)",
            double["number"],
        )
    assert "red" in {clock["lamp"] for clock in (await world.get(double["number"]))["clocks"]}
    await ok(await world.act(double["number"], "merge", seat=DESK, into=str(main["number"])))
    after = await world.get(double["number"])
    waited_for = [clock for clock in after["clocks"] if clock["stage"] != "total"]
    assert {(clock["lamp"], clock["remaining"]) for clock in waited_for} == {(None, None)}
    street = await world.as_(CLERK)
    listed = (await street.get("/api/v1/whistles?status=merged")).json()["items"]
    assert [(one["number"], one["lamp"], one["working_seconds_left"]) for one in listed] == [
        (double["number"], None, None)
    ]
    page = (await street.get(f"/w/{double['number']}", headers={"accept": "text/html", "accept-language": "zh"})).text
    assert "已逾期" not in page.partition("<main")[2]


async def test_after_a_day_it_stays_merged(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from dispatch.domain import acts_joining

    main, double = await world.whistle(SEEPAGE), await world.whistle(SEEPAGE)
    await ok(await world.act(double["number"], "merge", seat=DESK, into=str(main["number"])))
    monkeypatch.setattr(acts_joining, "UNDO_WITHIN", timedelta(0))
    async with world.database.acquire() as connection:
        id = await connection.fetchval("SELECT id FROM whistle WHERE number = $1", double["number"])
    with pytest.raises(NotNow):
        await act(world.service, await world.actor(DESK), id, "unmerge", {})


async def total(world: World, number: int) -> dict[str, Any]:
    clocks = (await world.get(number, seat=DESK))["clocks"]
    found: dict[str, Any] = next(clock for clock in clocks if clock["stage"] == "total")
    return found


async def as_stood(world: World) -> None:
    """The log and the rows say the same, and no rule is broken."""
    assert await as_logged(world) == []
    assert checker.check(await evidence.read(world.service.database.url)) == []


@pytest.fixture
async def slow(demo_url: str) -> AsyncIterator[tuple[World, VirtualClock]]:
    """A service whose clock moves only when told."""
    clock = VirtualClock(monday())
    world = await open_world(demo_url, clock.now)
    yield world, clock
    await world.close()


async def test_a_merged_one_is_timed_by_itself_until_its_main_is_closed(slow: tuple[World, VirtualClock]) -> None:
    world, clock = slow
    double, main = await whistles(world, 2)
    due = (await total(world, double))["due_at"]
    await merged(world, double, main)
    clock.advance_to(datetime.fromisoformat(due) + timedelta(minutes=1))
    world.tokens.clear()
    await sweep(world.service)
    late = await total(world, double)
    assert (late["due_at"], late["running"], late["lamp"], late["answered_at"]) == (due, True, "red", None)
    timeline = (await world.get(double, seat=DESK))["timeline"]
    told = [(one["type"], one["data"]["stage"]) for one in timeline if one["type"].startswith("clock")]
    assert told == [("clock.warned", "total"), ("clock.overdue", "total")]
    await answered(world, main)
    assert (await total(world, double))["running"], "answered, and not closed yet"
    clerk = await somebody(world, CLERK)
    assert f"随 {main} 号办理；从收到起算的总时间接着走" in (await clerk.get(f"/w/{double}")).text
    await ok(await world.act(main, "close", seat=CLERK))
    assert f"随 {main} 号办结了" in (await clerk.get(f"/w/{double}")).text
    assert (await total(world, double))["answered_at"] == (await total(world, main))["answered_at"] is not None
    await as_stood(world)


async def test_unmerged_after_its_main_was_closed_its_time_has_never_stopped(slow: tuple[World, VirtualClock]) -> None:
    world, clock = slow
    double, main = await whistles(world, 2)
    before = await total(world, double)
    await merged(world, double, main)
    clock.advance(timedelta(hours=1))
    await answered(world, main)
    await ok(await world.act(main, "close", seat=CLERK))
    clock.advance(timedelta(hours=1))
    await ok(await world.act(double, "unmerge", seat=DESK))
    after = await total(world, double)
    assert (after["due_at"], after["started_at"], after["running"]) == (before["due_at"], before["started_at"], True)
    assert before["remaining"] - after["remaining"] == pytest.approx(7200)
    await as_stood(world)


async def closed_late(world: World, clock: VirtualClock) -> tuple[list[int], dict[str, Any]]:
    """Three, each merged into the next; an hour later the last one is answered and closed, and an hour passes. With the
    total of the first as it was before."""
    chain = await whistles(world, 3)
    before = await total(world, chain[0])
    await merged(world, *chain)
    clock.advance(timedelta(hours=1))
    await answered(world, chain[-1])
    await ok(await world.act(chain[-1], "close", seat=CLERK))
    clock.advance(timedelta(hours=1))
    return chain, before


async def test_what_is_joined_to_one_that_parts_from_a_closed_main_is_timed_again_and_goes_with_it(
    slow: tuple[World, VirtualClock],
) -> None:
    world, clock = slow
    (last, double, main), before = await closed_late(world, clock)
    assert (await total(world, last))["answered_at"] is not None
    await ok(await world.act(double, "unmerge", seat=DESK))
    for one in (double, last):
        after = await total(world, one)
        assert (after["due_at"], after["running"], after["answered_at"]) == (before["due_at"], True, None)
    assert [(await state(world, one))[0] for one in (last, main)] == ["merged", "closed"]
    assert (await facts(world, last))[-4:] == ["merged", "answered", "closed", "reopened"]
    assert f"随 {double} 号重新办理" in (await (await somebody(world, CLERK)).get(f"/w/{last}")).text
    said = {"reached": True, "responded": True, "solved": True, "satisfied": "satisfied"}
    assert (await world.act(last, "callback", seat=CLERK, **said)).status_code == 409, "not answered by its own main"
    clock.advance_to(datetime.fromisoformat(before["due_at"]) + timedelta(minutes=1))
    world.tokens.clear()
    await sweep(world.service)
    assert (await facts(world, last))[-2:] == ["clock.warned", "clock.overdue"]
    await answered(world, double)
    await ok(await world.act(double, "close", seat=CLERK))
    assert (await total(world, last))["answered_at"] == (await total(world, double))["answered_at"] is not None
    await as_stood(world)


async def test_a_main_that_is_opened_again_is_waited_for_by_all_that_came_to_it(
    slow: tuple[World, VirtualClock],
) -> None:
    world, clock = slow
    (last, double, main), before = await closed_late(world, clock)
    await ok(await world.act(main, "reopen", seat=CLERK, reason="又漏了"))
    for one in (double, last):
        after = await total(world, one)
        assert (after["due_at"], after["running"], after["answered_at"]) == (before["due_at"], True, None)
        assert (await facts(world, one))[-1] == "reopened"
    await ok(await world.act(double, "unmerge", seat=DESK))
    assert (await facts(world, last))[-1] == "reopened", "told once"
    await as_stood(world)


async def test_reopened_before_most_of_its_time_is_used_it_is_still_warned(slow: tuple[World, VirtualClock]) -> None:
    world, clock = slow
    number = (await whistles(world, 1))[0]
    due = datetime.fromisoformat((await total(world, number))["due_at"])
    await answered(world, number)
    await ok(await world.act(number, "close", seat=CLERK))
    clock.advance(timedelta(hours=1))
    await ok(await world.act(number, "reopen", seat=CLERK, reason="又漏了"))
    clock.advance_to(due + timedelta(minutes=1))
    world.tokens.clear()
    await sweep(world.service)
    timeline = (await world.get(number, seat=DESK))["timeline"]
    told = [one["type"] for one in timeline if one["data"].get("stage") == "total"]
    assert told == ["clock.warned", "clock.overdue"]
    await as_stood(world)
