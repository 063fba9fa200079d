"""The reconciler: what was forgotten is routed, what is only late is left alone, never too much at once."""

import time
from datetime import timedelta
from random import getrandbits
from uuid import UUID

import pytest

from dispatch.steps.reconcile import Reconciler
from dispatch.store import progress
from schemas import topics
from tests.factories import World

GRACE = timedelta(seconds=30)


class Later:
    """The whistles were raised some time ago; the reconciler's own watch."""

    def __init__(self, world: World) -> None:
        self.world, self.passed = world, 0.0
        self.reconciler = Reconciler(world.service, GRACE, monotonic=lambda: self.passed)

    async def raised(self, count: int) -> None:
        for _ in range(count):
            await self.world.raised()
        async with self.world.database.transaction() as uow:
            await uow.connection.execute("UPDATE outbox SET created_at = created_at - interval '90 s'")
        moment = await self.world.database.now()
        self.world.database._virtual = lambda: moment + timedelta(seconds=90)

    async def sent(self) -> None:
        async with self.world.database.transaction() as uow:
            await uow.connection.execute("DELETE FROM outbox")

    async def handled(self, left: int, behind: float) -> None:
        until = await self.world.database.now() - timedelta(seconds=behind)
        await progress.say(
            self.world.database, [(topics.RAISED, 0, left, until), (topics.RAISED_URGENT, 1, left, until)]
        )


async def test_what_the_broker_forgot_is_routed(world: World) -> None:
    later = Later(world)
    await later.raised(3)
    await later.sent()
    await later.handled(0, 0.0)
    assert await later.reconciler.tick() == 3
    assert await later.reconciler.tick() == 0


@pytest.mark.parametrize("days", [3, -3])
async def test_the_clock_of_the_host_that_made_the_id_plays_no_part(world: World, days: int) -> None:
    later = Later(world)
    milliseconds = int((time.time() + days * 86_400) * 1000)
    world.service.new_id = lambda: UUID(int=milliseconds << 80 | 0x7 << 76 | 0x8 << 60 | getrandbits(60))
    await later.raised(2)
    await later.sent()
    await later.handled(0, 0.0)
    assert await later.reconciler.tick() == 2
    await world.raised()
    await later.sent()
    assert await later.reconciler.tick() == 0, "only just received"


async def test_what_climbed_while_it_was_forgotten_is_routed(world: World) -> None:
    later = Later(world)
    await later.raised(1)
    await later.sent()
    async with world.database.transaction() as uow:
        await uow.connection.execute("UPDATE whistle_state SET seq = 2, last_at = $1", await uow.now())
    await later.handled(0, 0.0)
    assert await later.reconciler.tick() == 1


async def test_plain_lag_is_left_alone(world: World) -> None:
    later = Later(world)
    await later.raised(3)
    await later.sent()
    for behind in (80, 75, 70, 65):  # each time a little nearer
        await later.handled(500, behind)
        assert await later.reconciler.tick() == 0
        later.passed += 20
    await later.handled(0, 0.0)
    assert await later.reconciler.tick() == 3, "everything was handled and these were not among it"


async def test_a_partition_that_nobody_moves_holds_nobody_back(world: World) -> None:
    later = Later(world)
    await later.raised(2)
    await later.sent()
    await later.handled(500, 80)
    assert await later.reconciler.tick() == 0
    later.passed += 31
    assert await later.reconciler.tick() == 2


async def test_a_relay_on_its_way_is_waited_for_and_one_that_stands_still_is_not(world: World) -> None:
    later = Later(world)
    await later.raised(2)
    assert await later.reconciler.tick() == 0
    later.passed += 31
    assert await later.reconciler.tick() == 2, "the broker has been away for the grace period"


async def test_never_more_than_so_many_at_once(world: World) -> None:
    later = Later(world)
    await later.raised(5)
    await later.sent()
    later.reconciler.most = 2
    assert [await later.reconciler.tick() for _ in range(3)] == [2, 2, 1]


async def test_one_whose_worker_says_so_again_and_again_holds_nobody_back_either(world: World) -> None:
    """What a worker says every few seconds is the time of a record; a distance would move with every saying."""
    later = Later(world)
    await later.raised(2)
    await later.sent()
    moment, until = world.database._virtual, await world.database.now() - timedelta(seconds=80)
    assert moment is not None
    began = moment()
    for passed, expected in ((0, 0), (20, 0), (40, 2)):
        later.passed = passed
        world.database._virtual = lambda passed=passed: began + timedelta(seconds=passed)  # type: ignore[misc]
        await progress.say(world.database, [(topics.RAISED, 0, 500, until)])
        assert await later.reconciler.tick() == expected
