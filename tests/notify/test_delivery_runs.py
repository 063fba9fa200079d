"""How delivery runs: what wakes it, what it leaves for the next look, and how it stops."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from dispatch.notify import deliver
from dispatch.notify.channel import Null
from dispatch.store import notices as store
from dispatch.store.errors import Unavailable
from dispatch.store.unit_of_work import UnitOfWork
from tests.factories import SLOW, World
from tests.notify.hook import Hook
from tests.notify.rig import GAS, Rig


async def test_it_runs_wakes_at_once_and_stops(rig: Rig, hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliver, "POLL", 60.0)
    stopping, came = asyncio.Event(), asyncio.Event()

    async def tell() -> None:
        came.set()

    hook.on_call = tell
    running = asyncio.create_task(rig.delivery.run(stopping))
    await rig.world.whistle(GAS)
    rig.delivery.wake()
    await asyncio.wait_for(came.wait(), 20)
    stopping.set()
    await asyncio.wait_for(running, 20)


def noting(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> tuple[list[bool], asyncio.Event]:
    """Each look of the delivery, whether ordinary ones were looked for, and that there was one."""
    looks, looked, once = list[bool](), asyncio.Event(), rig.delivery.once

    async def noted(*, ordinary: bool = True) -> int:
        found = await once(ordinary=ordinary)
        looks.append(ordinary)
        looked.set()
        return found

    monkeypatch.setattr(rig.delivery, "once", noted)
    return looks, looked


async def delivered(
    rig: Rig, looked: asyncio.Event, done: Callable[[list[dict[str, Any]]], bool]
) -> list[dict[str, Any]]:
    """The notices when delivery, run until they are `done`, has stopped."""
    stopping = asyncio.Event()
    running = asyncio.create_task(rig.delivery.run(stopping))
    async with asyncio.timeout(20):
        while not done(await rig.rows()):
            await looked.wait()
            looked.clear()
    stopping.set()
    await asyncio.wait_for(running, 20)
    return await rig.rows()


async def test_an_emergency_wakes_for_what_is_urgent_alone(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliver, "POLL", 60.0)
    stopping, (looks, looked) = asyncio.Event(), noting(rig, monkeypatch)
    running = asyncio.create_task(rig.delivery.run(stopping))
    await asyncio.wait_for(looked.wait(), 20)
    looked.clear()
    await rig.world.whistle(SLOW)
    await rig.world.whistle(GAS)
    rig.delivery.wake()
    await asyncio.wait_for(looked.wait(), 20)
    stopping.set()
    await asyncio.wait_for(running, 20)
    assert looks == [True, False], "the next look of the minute takes the rest, together"
    assert {(row["urgent"], row["status"]) for row in await rig.rows()} == {(True, "sent"), (False, "pending")}


async def test_urgent_ones_that_are_left_over_go_on_at_once_ordinary_ones_at_the_next_look(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "POLL", 60.0)
    monkeypatch.setattr(deliver, "AT_ONCE", 1)
    monkeypatch.setattr(Null, "bundle", 1)
    rig = Rig(world, Null())
    _looks, looked = noting(rig, monkeypatch)
    await world.whistle(SLOW)
    await world.whistle(GAS)
    rows = await delivered(rig, looked, lambda rows: all(row["status"] == "sent" for row in rows if row["urgent"]))
    assert len([row for row in rows if row["urgent"]]) > 1
    assert [row["status"] for row in rows if not row["urgent"]].count("sent") == 1 < sum(not r["urgent"] for r in rows)


@pytest.mark.parametrize(("together", "transactions"), [(60.0, 1), (0.0, 4)])
async def test_what_took_a_blink_to_send_is_settled_together(
    world: World, monkeypatch: pytest.MonkeyPatch, together: float, transactions: int
) -> None:
    monkeypatch.setattr(deliver, "TOGETHER", together)
    rig, settled, settle = Rig(world, Null()), list[int](), store.settle

    async def noted(uow: UnitOfWork, claimed: Sequence[store.Claimed], **more: Any) -> None:
        settled.append(len(claimed))
        await settle(uow, claimed, **more)

    monkeypatch.setattr(store, "settle", noted)
    await world.whistle(GAS)
    await rig.delivery.once(ordinary=False)
    assert settled == [4 // transactions] * transactions
    assert {row["status"] for row in await rig.rows() if row["urgent"]} == {"sent"}


async def test_what_is_left_over_goes_with_the_looks_that_follow(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliver, "POLL", 0.2)
    monkeypatch.setattr(deliver, "AT_ONCE", 1)
    monkeypatch.setattr(Null, "bundle", 1)
    rig = Rig(world, Null())
    looks, looked = noting(rig, monkeypatch)
    await world.whistle(SLOW)
    rows = await delivered(rig, looked, lambda rows: all(row["status"] == "sent" for row in rows))
    assert looks.count(True) >= len(rows) > 1


async def test_what_is_to_be_told_does_not_wait_behind_what_is_moot(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "POLL", 60.0)
    monkeypatch.setattr(deliver, "AT_ONCE", 1)
    monkeypatch.setattr(Null, "bundle", 1)
    rig = Rig(world, Null())
    _looks, looked = noting(rig, monkeypatch)
    await world.whistle(SLOW)
    await rig.run("UPDATE whistle_state SET status = 'closed'")
    await world.whistle(SLOW)
    rows = await delivered(rig, looked, lambda rows: any(row["status"] == "sent" for row in rows))
    assert [row["status"] for row in rows].count("skipped") > 1


async def test_who_finds_the_database_back_looks_again_as_usual(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliver, "POLL", 60.0)
    stopping, failed, looks = asyncio.Event(), asyncio.Event(), list[bool]()

    async def once(*, ordinary: bool = True) -> int:
        looks.append(ordinary)
        if len(looks) == 1:
            failed.set()
            raise Unavailable("away")
        if len(looks) == 3:
            stopping.set()
        return 0

    monkeypatch.setattr(rig.delivery, "once", once)
    running = asyncio.create_task(rig.delivery.run(stopping))
    await asyncio.wait_for(failed.wait(), 20)
    monkeypatch.setattr(deliver, "POLL", 0.0)
    rig.delivery.wake()
    await asyncio.wait_for(running, 20)
    assert looks == [True, False, True]
