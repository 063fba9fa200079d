"""The ticker on APScheduler, and its watchdog."""

import asyncio
import contextlib
import itertools
import json
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest

from dispatch.observe.metrics import Metrics
from dispatch.scheduler import EXIT_STUCK, Job, Ticker
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
