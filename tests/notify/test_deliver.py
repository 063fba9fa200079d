"""Delivery of real notices to a real webhook: once in health, again after a death, never in a transaction."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from dispatch.notify.channel import Null, Result
from dispatch.notify.deliver import BACKOFF, LEASE, MOST_TRIES, outcome
from dispatch.notify.robot import Robot
from dispatch.steps import notices as steps
from dispatch.store import notices
from dispatch.store.notices import Claimed
from tests.factories import DESK, XF, World
from tests.notify.hook import Hook, refusal
from tests.notify.rig import GAS, Rig

SEEPAGE = "广泰小区3号楼天沟渗水，三户漏水"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ordinary messages need keep no distance."""
    monkeypatch.setattr(Robot, "room", lambda _self, *, urgent: 100)


async def test_an_emergency_reaches_the_group_one_message_for_each_who_is_asked(rig: Rig, hook: Hook) -> None:
    raised = await rig.world.whistle(GAS)
    await rig.all()
    texts = hook.texts
    assert texts
    assert all("【紧急】" in text and str(raised["number"]) in text for text in texts)
    assert all(body["text"]["mentioned_list"] == ["@all"] for body in hook.bodies)
    assert any("燃气联络员：派给贵单位，请" in text and "到场报到" in text for text in texts)
    assert all(f"http://test/w/{raised['number']}" in text for text in texts)
    assert not any("漏气" in text or "燃气味" in text for text in texts)
    rows = await rig.rows()
    assert {row["status"] for row in rows} == {"sent"}
    assert rig.counted("sent") == len(rows)


async def test_who_is_on_leave_is_not_told_but_the_deputy(rig: Rig, hook: Hook, quick: None) -> None:
    await rig.run(
        "INSERT INTO absence (id, person, from_at, to_at, noted_at) SELECT gen_random_uuid(), person,"
        " clock_timestamp() - interval '1 hour', clock_timestamp() + interval '1 hour', clock_timestamp()"
        " FROM tenure WHERE seat = 'unit:ZJ:liaison'"
    )
    await rig.world.whistle(SEEPAGE)
    await rig.all()
    said = "\n".join(hook.texts)
    assert "住建代理人：派给贵单位" in said
    assert "住建联络员" not in said


async def test_the_ledger_shows_every_attempt(rig: Rig, hook: Hook, quick: None) -> None:
    hook.answers.extend([(502, b""), refusal(93000)])
    raised = await rig.world.whistle(SEEPAGE)
    await rig.run("DELETE FROM notice WHERE recipient <> 'unit:ZJ:liaison'")
    for _ in range(3):
        await rig.all()
        await rig.overdue()
    async with rig.world.database.acquire() as connection:
        attempts = await notices.ledger(connection, UUID(raised["id"]))
    assert [(each.nth, each.ok, each.detail) for each in attempts] == [
        (1, False, "http-502"),
        (2, False, "errcode-93000"),
        (3, True, "errcode-0"),
    ]
    assert attempts[-1].status == "sent"
    assert (rig.counted("retried"), rig.counted("sent")) == (2, 1)


async def test_nothing_is_sent_inside_a_transaction(rig: Rig, hook: Hook) -> None:
    open_ones = []

    async def look() -> None:
        open_ones.extend(
            await rig.rows(
                """SELECT 1 FROM pg_stat_activity WHERE datname = current_database()
                   AND state LIKE 'idle in transaction%'"""
            )
        )

    hook.on_call = look
    await rig.world.whistle(GAS)
    await rig.all()
    assert hook.bodies
    assert open_ones == []


async def test_what_a_dead_process_had_in_hand_goes_out_after_the_lease(rig: Rig, hook: Hook, quick: None) -> None:
    raised = await rig.world.whistle(SEEPAGE)
    reached = asyncio.Event()
    forever = asyncio.Event()

    async def die_here() -> None:
        hook.on_call = None
        reached.set()
        await forever.wait()

    hook.on_call = die_here
    dying = asyncio.create_task(rig.another().once())
    await asyncio.wait_for(reached.wait(), 20)
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    forever.set()

    await rig.all()
    assert all(row["status"] == "pending" for row in await rig.rows())  # not before the lease is over
    assert len(hook.bodies) == 1
    await rig.run("UPDATE notice SET next_try_at = next_try_at - $1::interval", LEASE)
    await rig.all()
    assert {row["status"] for row in await rig.rows()} == {"sent"}
    async with rig.world.database.acquire() as connection:
        attempts = await notices.ledger(connection, UUID(raised["id"]))
    assert [(each.nth, each.detail) for each in attempts if each.recipient == "unit:ZJ:liaison"] == [
        (1, "sending"),
        (2, "errcode-0"),
    ]


async def test_processes_beside_each_other_send_each_notice_once(rig: Rig, hook: Hook, quick: None) -> None:
    for _ in range(6):
        await rig.world.whistle(SEEPAGE)
    await asyncio.gather(*(rig.all(rig.another()) for _ in range(3)))
    rows = await rig.rows()
    assert {row["tries"] for row in rows} == {1}
    assert "\n".join(hook.texts).count("http://test/w/") == len(rows)


async def test_ordinary_notices_go_together_and_within_the_size(
    rig: Rig, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Robot, "room", lambda _self, *, urgent: 0 if hook.bodies else 1)
    for _ in range(8):
        await rig.world.whistle(SEEPAGE)
    total = len(await rig.rows())
    await rig.all()
    assert len(hook.bodies) == 1  # the next one waits for its distance
    assert "件：\n1. " in hook.texts[0]
    assert len(hook.texts[0].encode()) <= 2048
    sent = [row for row in await rig.rows() if row["status"] == "sent"]
    assert 2 <= len(sent) < total
    waiting = [row for row in await rig.rows() if row["status"] == "pending"]
    assert {row["tries"] for row in waiting} == {0}  # given back untried
    assert await rig.rows("SELECT 1 FROM delivery d JOIN notice n ON n.id = d.notice WHERE n.status = 'pending'") == []


async def test_urgent_overtakes_what_piled_up(rig: Rig, hook: Hook) -> None:
    for _ in range(3):
        await rig.world.whistle(SEEPAGE)
    raised = await rig.world.whistle(GAS)
    await rig.all()
    urgent = [index for index, text in enumerate(hook.texts) if "【紧急】" in text]
    assert urgent == list(range(len(urgent)))
    assert all(str(raised["number"]) in hook.texts[index] for index in urgent)


async def test_urgent_ones_go_together_rather_than_late_when_there_is_hardly_any_room(world: World, hook: Hook) -> None:
    robot = Robot(hook.url, most=2)
    rig = Rig(world, robot)
    await world.whistle(GAS)
    asked = len([row for row in await rig.rows() if row["urgent"]])
    assert asked > 2
    await rig.all()
    await robot.close()
    assert len(hook.bodies) == 1
    assert hook.texts[0].count("【紧急】") == asked


async def test_too_many_is_waited_out_and_counts_as_no_failure(rig: Rig, hook: Hook) -> None:
    hook.answers.append(refusal(45009))
    await rig.world.whistle(GAS)
    await rig.all()
    assert rig.counted("throttled") == 1
    assert rig.counted("retried") == 0
    rows = await rig.rows()
    (told_later,) = [row for row in rows if row["status"] == "pending" and row["tries"] == 1]
    assert told_later["next_try_at"] - told_later["created_at"] >= timedelta(seconds=55)
    assert await rig.delivery.once() == 0  # the robot is left alone
    assert "failed" not in {row["status"] for row in rows}


async def test_who_signed_meanwhile_is_not_told(rig: Rig, hook: Hook, quick: None) -> None:
    raised = await rig.world.whistle(SEEPAGE)
    answer = await rig.world.act(raised["number"], "report-in", seat="unit:ZJ:liaison")
    assert answer.status_code == 200, answer.text
    await rig.all()
    assert not any("住建联络员：派给贵单位" in text for text in hook.texts)
    (row,) = [row for row in await rig.rows() if row["recipient"] == "unit:ZJ:liaison" and row["kind"] == "assigned"]
    assert row["status"] == "skipped"
    assert rig.counted("skipped") >= 1


async def test_one_that_cannot_be_put_into_words_holds_up_nobody(rig: Rig, hook: Hook, quick: None) -> None:
    await rig.world.whistle(SEEPAGE)
    broken = await rig.world.whistle(SEEPAGE)
    await rig.run("UPDATE whistle SET district = 'gone' WHERE id = $1", UUID(broken["id"]))
    await rig.all()
    rows = await rig.rows()
    assert {row["status"] for row in rows if row["whistle"] != UUID(broken["id"])} == {"sent"}
    assert {row["status"] for row in rows if row["whistle"] == UUID(broken["id"])} == {"pending"}


async def test_given_up_in_the_end_and_taken_up_by_hand(rig: Rig, hook: Hook, quick: None) -> None:
    hook.answers.extend([(500, b"")] * 50)
    await rig.world.whistle(SEEPAGE)
    await rig.run("DELETE FROM notice WHERE recipient <> 'unit:ZJ:liaison'")
    for _ in range(len(BACKOFF) + 1):
        await rig.all()
        await rig.run(
            "UPDATE notice SET next_try_at = next_try_at - interval '2 days', tries = tries WHERE status = 'pending'"
        )
    (row,) = await rig.rows()
    assert (row["status"], row["tries"]) == ("pending", len(BACKOFF) + 1)  # it is only seconds old
    # the event's own time says how old it is
    await rig.run("UPDATE notice SET created_at = created_at - interval '6 hours'")
    await rig.all()
    (row,) = await rig.rows()
    assert row["status"] == "failed"
    assert rig.counted("failed") == 1
    assert await taken_up(rig) == 1
    await rig.all()
    (row,) = await rig.rows()
    assert (row["status"], row["tries"]) == ("failed", len(BACKOFF) + 3)  # one try, and it is listed again
    hook.answers.clear()
    assert (await taken_up(rig), await taken_up(rig)) == (1, 0)
    await rig.all()
    assert (await rig.rows())[0]["status"] == "sent"


async def taken_up(rig: Rig) -> int:
    """By the desk, all that failed: how many."""
    return await steps.retry(rig.world.service, await rig.world.actor(DESK), None, "修好了")


async def given_up(rig: Rig) -> str:
    """A whistle of days ago, of which its lead has not been told: its number."""
    raised = await rig.world.whistle(SEEPAGE)
    await rig.run("DELETE FROM notice WHERE recipient <> 'unit:ZJ:liaison'")
    await rig.run(
        "UPDATE notice SET status = 'failed', next_try_at = NULL, tries = $1, created_at = created_at - interval '3 d'",
        MOST_TRIES + 1,
    )
    return str(raised["number"])


async def test_taken_up_it_is_sent_however_often_it_was_in_hand(rig: Rig, hook: Hook, quick: None) -> None:
    await given_up(rig)
    await taken_up(rig)
    await rig.all()
    assert [row["status"] for row in await rig.rows()] == ["sent"]


async def test_taken_up_it_waits_while_the_channel_says_later(rig: Rig, hook: Hook, quick: None) -> None:
    hook.answers.append(refusal(45009))
    await given_up(rig)
    await taken_up(rig)
    await rig.all()
    assert [row["status"] for row in await rig.rows()] == ["pending"]
    await rig.overdue()
    await rig.all()
    assert [row["status"] for row in await rig.rows()] == ["sent"]


async def test_taken_up_it_is_left_out_where_there_is_nothing_to_tell_any_more(
    rig: Rig, hook: Hook, quick: None
) -> None:
    await given_up(rig)
    await rig.run("UPDATE whistle_state SET status = 'closed'")
    assert await taken_up(rig) == 1
    await rig.all()
    assert [row["status"] for row in await rig.rows()] == ["skipped"]
    assert hook.bodies == []


async def test_the_null_twin_keeps_the_ledger(world: World) -> None:
    rig = Rig(world, Null())
    raised = await world.whistle(GAS)
    await rig.all()
    async with world.database.acquire() as connection:
        attempts = await notices.ledger(connection, UUID(raised["id"]))
    assert attempts
    assert {(each.ok, each.detail) for each in attempts} == {(True, "kept")}


def test_waits_grow_and_throttling_uses_none_of_them_up() -> None:
    at = datetime.fromisoformat("2026-11-23T09:00:00+00:00")
    one = UUID(int=1)

    def after(
        tries: int, result: Result, age: timedelta = timedelta(), taken_up: datetime | None = None
    ) -> tuple[str, datetime | None]:
        claimed = Claimed(one, one, one, XF, "robot", "assigned", False, tries, at - age, taken_up)
        return outcome(claimed, result, at)

    no, later = Result(False, "http-500"), Result(False, "errcode-45009", timedelta(seconds=60))
    assert [after(tries, no)[1] for tries in range(1, 8)] == [at + wait for wait in BACKOFF]
    assert after(50, later) == ("pending", at + timedelta(seconds=60))
    assert after(50, no)[0] == "pending"  # fifty waits, and an hour old: there is time left
    assert after(8, no, timedelta(hours=6)) == ("failed", None)
    assert after(8, later, timedelta(days=2)) == ("failed", None)
    assert after(8, later, timedelta(days=2), at) == ("pending", at + timedelta(seconds=60))
    assert after(8, no, timedelta(days=2), at) == ("failed", None)
    assert after(1, Result(True, "errcode-0")) == ("sent", None)
