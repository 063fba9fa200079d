"""The ticker on APScheduler, its watchdog, and the guard of the clock."""

import asyncio
import contextlib
import itertools
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import inf

import pytest

from dispatch.observe.metrics import Metrics
from dispatch.scheduler import EXIT_STUCK, Job, Ticker
from dispatch.steps.clock_guard import ClockGuard
from dispatch.store import clock_watch
from dispatch.store.clock_watch import Jump, Look
from dispatch.store.database import Database
from dispatch.store.errors import Rejected, Unavailable
from dispatch.store.locks import singleton


@contextlib.asynccontextmanager
async def free(_name: str) -> AsyncIterator[bool]:
    yield True


async def nothing() -> None:
    return None


class Clockwork:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def ticks(metrics: Metrics, job: str, result: str) -> float:
    return metrics.registry.get_sample_value("dispatch_scheduler_ticks_total", {"task": job, "result": result}) or 0


async def test_jobs_tick_again_and_again_and_an_error_kills_neither_job_nor_ticker() -> None:
    metrics, enough, calls = Metrics("scheduler"), asyncio.Event(), {"good": 0, "bad": 0}

    async def good() -> None:
        calls["good"] += 1

    async def bad() -> None:
        calls["bad"] += 1
        if calls["bad"] >= 3 and calls["good"] >= 3:
            enough.set()
        raise ValueError("row 7 of somebody")

    ticker = Ticker([Job("good", 0.02, good), Job("bad", 0.02, bad)], free, metrics)
    assert await ticker.ready() == "good has not ticked yet"
    await asyncio.wait_for(ticker.run(enough), 20)
    assert ticks(metrics, "bad", "failed") >= 3
    assert ticks(metrics, "good", "done") >= 3
    assert await ticker.ready() is None


async def test_a_tick_that_takes_long_is_not_run_twice_at_once() -> None:
    at_once = most = other = 0
    go, enough = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await go.wait()
        at_once -= 1

    async def beside() -> None:
        nonlocal other
        other += 1
        if other == 10:
            go.set()
            enough.set()

    await asyncio.wait_for(
        Ticker([Job("slow", 0.01, slow), Job("beside", 0.01, beside)], free, Metrics("scheduler")).run(enough), 20
    )
    assert most == 1


async def test_stopping_lets_a_running_tick_end() -> None:
    stopping, ended = asyncio.Event(), []

    async def work() -> None:
        stopping.set()
        for _ in range(10):
            await asyncio.sleep(0)
        ended.append(True)

    await asyncio.wait_for(Ticker([Job("work", 5, work)], free, Metrics("scheduler")).run(stopping), 20)
    assert ended == [True]


async def test_while_the_database_is_away_a_job_waits_longer_and_longer() -> None:
    clock, metrics, tries = Clockwork(), Metrics("scheduler"), []

    async def away() -> None:
        tries.append(clock.seconds)
        if clock.seconds < 1100:
            raise Unavailable("gone")

    given_up: list[str] = []
    ticker = Ticker(
        [Job("sweep", 1, away)], free, metrics, monotonic=clock, give_up=lambda job, _seconds: given_up.append(job)
    )
    while clock.seconds < 1150:
        await ticker.tick("sweep")
        clock.seconds += 1
    waits = [round(after - before) for before, after in itertools.pairwise(tries)]
    assert waits[:6] == [1, 2, 4, 8, 16, 30]
    assert waits[-1] == 1  # back to its own pace
    assert ticks(metrics, "sweep", "waiting") > 50
    ticker.turned()
    assert ticker.check()  # waiting is not being stuck
    assert given_up == []


async def test_a_singleton_runs_in_one_place_at_a_time(db: Database) -> None:
    inside, leave, seen = asyncio.Event(), asyncio.Event(), []

    async def first() -> None:
        inside.set()
        await leave.wait()
        seen.append("first")

    async def second() -> None:
        seen.append("second")

    def ticker(run: object) -> Ticker:
        return Ticker([Job("prune", 1, run, singleton=True)], lambda n: singleton(db, n), Metrics("scheduler"))  # type: ignore[arg-type]

    one, two = ticker(first), ticker(second)
    running = asyncio.create_task(one.tick("prune"))
    await asyncio.wait_for(inside.wait(), 10)
    assert await two.tick("prune") == "elsewhere"
    leave.set()
    assert await running == "done"
    assert await two.tick("prune") == "done"
    assert seen == ["first", "second"]


async def test_what_fails_under_the_lock_lets_go_of_it(db: Database) -> None:
    async def work() -> None:
        async with singleton(db, "prune") as mine:
            assert mine
            raise Rejected("x")

    with pytest.raises(Rejected):
        await work()
    async with singleton(db, "prune") as mine, singleton(db, "other") as other:
        assert mine
        assert other


async def test_a_living_holder_keeps_its_lock_beyond_the_limit_of_idle_sessions(db: Database) -> None:
    async with singleton(db, "long", hold=0.3), db.acquire() as connection:
        await connection.execute("SELECT pg_sleep(1)")
        async with singleton(db, "long") as mine:
            assert not mine


async def test_a_job_that_no_longer_ticks_gives_the_process_up() -> None:
    clock, given_up = Clockwork(), []
    ticker = Ticker(
        [Job("sweep", 1, nothing), Job("prune", 3600, nothing)], free, Metrics("scheduler"), monotonic=clock,
        give_up=lambda job, seconds: given_up.append((job, seconds)),
    )  # fmt: skip
    clock.seconds += 59
    assert ticker.check()
    clock.seconds += 2
    ticker.turned()
    assert await ticker.ready() is not None
    assert not ticker.check()
    assert given_up == [("sweep", 61.0)]


async def test_a_tick_at_work_may_take_long_but_not_for_ever() -> None:
    clock, given_up, hold = Clockwork(), [], asyncio.Event()

    async def drain() -> None:
        await hold.wait()

    ticker = Ticker(
        [Job("sweep", 1, drain, limit=300)], free, Metrics("scheduler"), monotonic=clock,
        give_up=lambda job, _seconds: given_up.append(job),
    )  # fmt: skip
    running = asyncio.create_task(ticker.tick("sweep"))
    await asyncio.sleep(0)
    clock.seconds += 299
    ticker.turned()
    assert ticker.check()
    clock.seconds += 2
    ticker.turned()
    assert not ticker.check()
    assert given_up == ["sweep"]
    hold.set()
    assert await running == "done"


STUCK = """
import asyncio, time
from contextlib import asynccontextmanager
from dispatch.observe import logs
from dispatch.observe.metrics import Metrics
from dispatch.scheduler import Job, Ticker
logs.configure(role="scheduler")
@asynccontextmanager
async def free(name):
    yield True
async def block():
    time.sleep(60)
asyncio.run(Ticker([Job("sweep", 0.05, block)], free, Metrics("scheduler"), least=0.5).run(asyncio.Event()))
"""


def test_a_blocked_event_loop_ends_the_process_with_one_line() -> None:
    done = subprocess.run([sys.executable, "-c", STUCK], capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == EXIT_STUCK
    (line,) = done.stdout.splitlines()
    told = json.loads(line)
    assert (told["event"], told["job"], told["level"], told["code"]) == (
        "scheduler.stuck",
        "loop",
        "error",
        EXIT_STUCK,
    )


# ── the clock ───────────────────────────────────────────────────────────────────────────────────


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
