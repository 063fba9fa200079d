"""The guard of the clock: a jump pauses climbing, and whoever looks next notices."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import inf

import pytest

from dispatch.steps.clock_guard import ClockGuard
from dispatch.store import clock_watch
from dispatch.store.clock_watch import Jump, Look
from dispatch.store.database import Database


class Wall:
    """A database's clock and a process's, moved apart or together, and what was noted."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, tzinfo=UTC)
        self.passed = 50.0
        self.jump: Jump | None = None
        self.told: list[float] = []
        self.slow = 0.0
        self.look: Look | None = None

    async def read(self) -> tuple[datetime, Jump | None]:
        self.passed += self.slow
        return self.now, self.jump

    async def note(self, jump: Jump) -> None:
        self.jump = jump

    async def looked(self) -> Look | None:
        return self.look

    async def keep(self, look: Look) -> None:
        self.look = look

    def guard(self) -> ClockGuard:
        return ClockGuard(
            self.read,
            self.note,
            looked=self.looked,
            keep=self.keep,
            told=self.told.append,
            passed=lambda: self.passed,
        )

    def go(self, seconds: float, *, jump: float = 0) -> None:
        self.now += timedelta(seconds=seconds + jump)
        self.passed += seconds


async def test_time_that_passes_is_no_jump_however_long_between_looks() -> None:
    wall = Wall()
    guard = wall.guard()
    for seconds in (0, 1, 59, 7200):
        wall.go(seconds)
        assert await guard.steady()
    assert wall.jump is None


@pytest.mark.parametrize("jump", [61, -61, 86400 * 365, -86400])
async def test_a_jump_pauses_until_ten_steady_minutes(jump: float) -> None:
    wall = Wall()
    guard = wall.guard()
    assert await guard.steady()
    wall.go(1, jump=jump)
    assert not await guard.steady()
    assert wall.told[-1] == pytest.approx(jump, abs=1)
    wall.go(599)
    assert not await guard.steady()
    wall.go(2)
    assert await guard.steady()
    assert wall.told[-1] == 0


@pytest.mark.parametrize("jump", [0, 30, 61, -61, 86400 * 365])
async def test_a_jump_while_no_process_looked_is_noticed_by_the_next_on_the_host(jump: float) -> None:
    wall = Wall()
    before = wall.guard()
    for seconds in (0, 5, 40, 29):  # the last look is not kept: one was half a minute ago
        wall.go(seconds)
        assert await before.steady()
    wall.go(7200, jump=jump)
    assert await wall.guard().steady() == (abs(jump) <= 60)
    assert wall.told[-1] == pytest.approx(jump if abs(jump) > 60 else 0, abs=1)
    wall.go(1)
    assert await wall.guard().steady() == (abs(jump) <= 60), "one more start notes nothing anew, and believes nothing"
    wall.go(601)
    assert await wall.guard().steady()


@pytest.mark.parametrize("jump", [-3600, -30, 3600])
async def test_a_host_that_was_started_anew_notices_what_went_back_only(jump: float) -> None:
    wall = Wall()
    for seconds in (0, 40):
        wall.go(seconds)
        assert await wall.guard().steady()
    wall.go(1, jump=jump)
    wall.passed = 3.0
    assert await wall.guard().steady() == (jump > -60)
    assert (wall.jump is None) == (jump > -60)
    wall.passed = 1.0
    assert await wall.guard().steady() == (jump > -60), "noted once"
    assert len({told for told in wall.told if told}) == (jump < -60)


async def test_another_jump_starts_the_ten_minutes_again() -> None:
    wall = Wall()
    guard = wall.guard()
    await guard.steady()
    wall.go(1, jump=3600)
    assert not await guard.steady()
    wall.go(500)
    assert not await guard.steady()
    wall.go(1, jump=-3600)
    assert not await guard.steady()
    wall.go(500)
    assert not await guard.steady()


async def test_small_drift_and_a_slow_answer_are_no_jump() -> None:
    wall = Wall()
    guard = wall.guard()
    await guard.steady()
    wall.go(1, jump=45)
    assert await guard.steady()
    wall.slow = 120  # the answer may be from before or after the wait
    wall.go(1)
    assert await guard.steady()


async def test_a_fresh_process_and_every_other_one_see_the_pause() -> None:
    wall = Wall()
    guard = wall.guard()
    await guard.steady()
    wall.go(1, jump=3600)
    await guard.steady()
    assert not await wall.guard().steady()


async def test_a_jump_is_noted_once_and_what_was_confirmed_meanwhile_stays_confirmed() -> None:
    wall = Wall()
    one, other = wall.guard(), wall.guard()
    assert await one.steady()
    assert await other.steady()
    wall.go(1, jump=3600)
    assert not await one.steady()
    assert wall.jump is not None
    wall.jump = confirmed = replace(wall.jump, confirmed=True)
    wall.go(5)
    assert await other.steady()
    assert wall.jump == confirmed


async def test_a_jump_after_the_one_that_another_process_noted_is_noted_too() -> None:
    wall = Wall()
    one, other = wall.guard(), wall.guard()
    await one.steady()
    await other.steady()
    wall.go(1, jump=3600)
    await one.steady()
    wall.go(1, jump=3600)
    assert not await other.steady()
    assert wall.jump is not None
    assert wall.jump.at == wall.now


async def test_a_clock_set_back_while_nobody_looked_does_not_pause_for_ever() -> None:
    wall = Wall()
    wall.jump = Jump(wall.now + timedelta(days=365), timedelta(days=365))
    assert not await wall.guard().steady()
    wall.go(601)
    assert await wall.guard().steady()


async def test_the_sweep_does_not_run_while_climbing_pauses() -> None:
    wall, runs = Wall(), []

    async def sweep() -> None:
        runs.append(wall.now)

    guarded = wall.guard().guarded(sweep)
    await guarded()
    wall.go(1, jump=120)
    await guarded()
    assert len(runs) == 1


async def test_the_database_keeps_each_hosts_last_look(db: Database) -> None:
    now, _jump = await clock_watch.read(db)
    first, second = Look(now, 5.0, 5.1, None), Look(now + timedelta(seconds=30), 35.0, 35.2, now)
    assert await clock_watch.looked(db, "here") is None
    await clock_watch.keep(db, "here", first)
    await clock_watch.keep(db, "here", second)
    await clock_watch.keep(db, "there", first)
    assert (await clock_watch.looked(db, "here"), await clock_watch.looked(db, "there")) == (second, first)
    other = await clock_watch.looked(db, "started just now")
    assert other == first._replace(before=inf, after=inf), "of the last jump's time; none of its seconds are ours"
    await clock_watch.note(db, Jump(now + timedelta(minutes=1), timedelta(seconds=-90)))
    assert await clock_watch.looked(db, "started just now") is None, "they are of before the jump that was noted"
    later = first._replace(now=now + timedelta(days=31), noted=now + timedelta(minutes=1))
    await clock_watch.keep(db, "later", later)
    assert await clock_watch.looked(db, "here") == later._replace(before=inf, after=inf), "those of a month ago went"


async def test_the_database_keeps_the_note_and_a_person_confirms_it(db: Database) -> None:
    now, jump = await clock_watch.read(db)
    assert jump is None
    noted = Jump(now, timedelta(seconds=-90))
    await clock_watch.note(db, Jump(now - timedelta(hours=1), timedelta(seconds=300)))
    await clock_watch.note(db, noted)
    later, read = await clock_watch.read(db)
    assert read == noted
    assert later > now
    guard = ClockGuard(lambda: clock_watch.read(db), lambda each: clock_watch.note(db, each))
    assert not await guard.steady()
    async with db.transaction() as uow:
        assert await clock_watch.confirm(uow.connection)
        assert not await clock_watch.confirm(uow.connection)
    assert await guard.steady()
