"""The ticker: APScheduler calls each job again and again, and knows nothing else.

What is due stands in the database. A tick that fails is logged and counted, the next one comes; a job of which no
tick ends any more takes the process with it, and the supervisor starts a fresh one.
"""

import asyncio
import contextlib
import logging
import os
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from dispatch.observe.metrics import Metrics
from dispatch.store.errors import Unavailable

log = structlog.get_logger(__name__)

#: how the process ends when it no longer ticks
EXIT_STUCK = 70
#: intervals without a tick, but at least so many seconds, before the process is given up; an event loop that does not
#: turn for so many seconds is given up likewise
MISSED = 10
LEAST = 60.0
#: a tick at work may take so long (seconds): after a downtime the sweep has much to drain
LONGEST_TICK = 600.0
#: while the database is away a job waits longer and longer between tries, up to this (seconds)
LONGEST_WAIT = 30.0

Run = Callable[[], Awaitable[object]]
Lock = Callable[[str], AbstractAsyncContextManager[bool]]


@dataclass(frozen=True, slots=True)
class Job:
    """Something done `every` so many seconds, by every replica or (`singleton`) by one at a time.

    `limit`: seconds that one tick may take before the process is given up.
    """

    name: str
    every: float
    run: Run
    singleton: bool = False
    limit: float = LONGEST_TICK


@dataclass(slots=True)
class _State:
    ended: float
    #: since when a tick is at work
    since: float | None = None
    ticks: int = 0
    wait: float = 0.0
    not_before: float = 0.0


def _exit(job: str, silent: float) -> None:
    """`job` is "loop" where the event loop itself does not turn."""
    log.error("scheduler.stuck", job=job, seconds=round(silent), code=EXIT_STUCK)
    os._exit(EXIT_STUCK)


class Ticker:
    """`run(stopping)` until stopped. `lock(name)` yields whether this process may run a singleton now."""

    def __init__(
        self,
        jobs: Sequence[Job],
        lock: Lock,
        metrics: Metrics,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        give_up: Callable[[str, float], None] = _exit,
        least: float = LEAST,
    ) -> None:
        self._jobs = {job.name: job for job in jobs}
        assert len(self._jobs) == len(jobs), "job names are unique"
        self._lock = lock
        self._metrics = metrics
        self._monotonic = monotonic
        self._give_up = give_up
        self._least = least
        self._pulse = monotonic()
        self._states = {job.name: _State(monotonic()) for job in jobs}
        self._running: set[asyncio.Task[object]] = set()

    async def run(self, stopping: asyncio.Event, grace: float = 10.0) -> None:
        """Tick until `stopping` is set; then let running ticks end, up to `grace` seconds."""
        logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a tick that outlasts its interval is no news
        scheduler = AsyncIOScheduler(timezone=UTC)
        now = datetime.now(UTC)
        for job in self._jobs.values():
            self._states[job.name].ended = self._monotonic()
            self._metrics.watch_tick(job.name, lambda name=job.name: self.age(name))  # type: ignore[misc]
            scheduler.add_job(
                self.tick,
                IntervalTrigger(seconds=job.every, jitter=min(job.every / 10, 5.0), timezone=UTC),
                args=[job.name],
                id=job.name,
                next_run_time=now,
                coalesce=True,
                max_instances=1,
                misfire_grace_time=None,
            )
        stopped = threading.Event()
        loop = asyncio.get_running_loop()
        watchdog = threading.Thread(target=self._watch, args=[loop, stopped], name="watchdog", daemon=True)
        scheduler.start()
        watchdog.start()
        try:
            await stopping.wait()
            scheduler.pause()
            if self._running:
                await asyncio.wait(self._running, timeout=grace)
        finally:
            stopped.set()
            scheduler.shutdown(wait=False)

    async def tick(self, name: str) -> str:
        """One tick of a job; returns how it ended: done, failed, away, elsewhere, waiting. Never raises."""
        job, state = self._jobs[name], self._states[name]
        started = state.since = self._monotonic()
        task = asyncio.current_task()
        if task is not None:
            self._running.add(task)
        try:
            result = "waiting" if started < state.not_before else await self._run(job, state)
        finally:
            state.ended, state.since = self._monotonic(), None
            state.ticks += 1
            if task is not None:
                self._running.discard(task)
        self._metrics.tick(name, result, state.ended - started)
        return result

    async def _run(self, job: Job, state: _State) -> str:
        try:
            if job.singleton:
                async with self._lock(job.name) as mine:
                    if mine:
                        await job.run()
            else:
                mine = True
                await job.run()
        except Unavailable as error:
            if not state.wait:
                log.warning("job.away", job=job.name, exc_info=error)
            state.wait = min(max(state.wait * 2, job.every, 1.0), LONGEST_WAIT)
            state.not_before = self._monotonic() + state.wait
            return "away"
        except Exception:
            log.exception("job.failed", job=job.name)
            return "failed"
        if state.wait:
            log.info("job.back", job=job.name)
            state.wait = 0.0
        return "done" if mine else "elsewhere"

    # ── is it alive ─────────────────────────────────────────────────────────────────────────────

    def age(self, name: str) -> float:
        """Seconds since a tick of this job last ended (or since the start)."""
        return self._monotonic() - self._states[name].ended

    def silent(self, name: str) -> float:
        """How near a job is to being given up: 1 and more is too long without a tick, or for one at work."""
        job, state, now = self._jobs[name], self._states[name], self._monotonic()
        if state.since is not None:
            return (now - state.since) / job.limit
        return (now - state.ended) / max(self._least, MISSED * job.every)

    async def ready(self) -> str | None:
        """For `/readyz`: None, or which job does not tick."""
        for name, state in self._states.items():
            if self.silent(name) > 0.5:
                return f"{name} has not ticked for {self.age(name):.0f} s"
            if not state.ticks:
                return f"{name} has not ticked yet"
        return None

    def check(self) -> bool:
        """Give the process up if a job no longer ticks or the loop no longer turns; True: all is well."""
        stuck = next((name for name in self._jobs if self.silent(name) >= 1), None)
        if stuck is not None:
            self._give_up(stuck, self.age(stuck))
        elif self._monotonic() - self._pulse > self._least:
            self._give_up("loop", self._monotonic() - self._pulse)
        else:
            return True
        return False

    def turned(self) -> None:
        """The event loop turns."""
        self._pulse = self._monotonic()

    def _watch(self, loop: asyncio.AbstractEventLoop, stopped: threading.Event) -> None:
        """In a thread: a blocked event loop cannot watch itself."""
        self._pulse = self._monotonic()
        while not stopped.wait(min(1.0, self._least / 4)):
            with contextlib.suppress(RuntimeError):  # the loop is closing
                loop.call_soon_threadsafe(self.turned)
            if not self.check():
                return
