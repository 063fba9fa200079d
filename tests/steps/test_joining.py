"""Merging and splitting on a real database: one answer for all, undone exactly, a child with its parent."""

from datetime import timedelta

import httpx
import pytest

from dispatch.domain.refusals import NotNow
from dispatch.steps.casework import act
from tests.factories import CLERK, DESK, ZJ, World
from tests.web.conftest import demo_database, demo_url, world

__all__ = ["demo_database", "demo_url", "world"]
SEEPAGE = "天沟渗水，三户漏水"


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


async def test_a_child_is_a_whistle_of_its_own_named_in_the_parents_log(world: World) -> None:
    parent = await world.whistle("物业不管，楼道消防门被锁")
    await ok(await world.act(parent["number"], "add-child", seat=CLERK, body="天沟渗水，三户漏水"))
    assert await world.count("whistle") == 2
    added = [event for event in (await world.get(parent["number"]))["timeline"] if event["type"] == "child.added"]
    child = await world.get(added[0]["data"]["number"])
    assert child["status"] == "raised"
    assert child["clocks"]


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
    assert {(clock["lamp"], clock["remaining"]) for clock in after["clocks"]} == {(None, None)}
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
