"""The database's clock is watched: it decides when something climbs, and nothing does for a while after it jumped."""

import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from dispatch.store.clock_watch import Jump, Look

log = structlog.get_logger(__name__)

#: the database's clock and the process's may part by so much between two looks
ALLOWED = timedelta(seconds=60)
#: seconds after which a look is kept for whoever starts next on this host
KEPT = 30.0


def elapsed() -> float:
    """Seconds that pass also while the machine sleeps: a laptop waking up is no jump."""
    boot_time = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot_time is None else time.clock_gettime(boot_time)


async def _nothing() -> Look | None:
    return None


async def _nowhere(_look: Look) -> None:
    return None


class ClockGuard:
    """Climbing pauses when the database's clock jumps, until it has been steady or somebody confirms it.

    `read` gives what the database's clock shows and the last jump noted by any process; `note` keeps one, which the
    others then do not note again, or they would take back what somebody has confirmed meanwhile. `looked` gives the
    last look that `keep` kept from this host since it was started, else another's (None: none): what jumped while no
    process looked is noticed by it. By another's only what went back is: a host that was started just now cannot tell
    a jump forwards from the time it was off. `told` hears the jump's seconds while climbing pauses, 0 when it goes on.
    """

    def __init__(
        self,
        read: Callable[[], Awaitable[tuple[datetime, Jump | None]]],
        note: Callable[[Jump], Awaitable[None]],
        *,
        looked: Callable[[], Awaitable[Look | None]] = _nothing,
        keep: Callable[[Look], Awaitable[None]] = _nowhere,
        told: Callable[[float], None] = lambda _seconds: None,
        passed: Callable[[], float] = elapsed,
    ) -> None:
        self._read = read
        self._note = note
        self._looked = looked
        self._keep = keep
        self._told = told
        self._passed = passed
        self._last: Look | None = None
        self._kept: float | None = None
        self._paused = False

    async def steady(self) -> bool:
        """Look at the clock; whether climbing may go on. Raises `Unavailable`."""
        if self._last is None:
            self._last = await self._looked()
        before = self._passed()
        now, jump = await self._read()
        look = Look(now, before, self._passed(), jump.at if jump else None)
        by = self._jumped(look)
        if by is None and jump is not None and now < jump.at - ALLOWED:
            by = now - jump.at  # it went back while nobody looked
        if by is not None:
            jump = Jump(now, by)
            await self._note(jump)
            look = self._last = look._replace(noted=now)
            log.error("clock.jumped", seconds=round(by.total_seconds()))
        if self._kept is None or by is not None or look.after - self._kept >= KEPT:
            await self._keep(look)
            self._kept = look.after
        paused = jump is not None and jump.holds(now)
        if paused != self._paused:
            log.warning("sweep.paused" if paused else "sweep.resumed", confirmed=bool(jump and jump.confirmed))
        self._paused = paused
        self._told(jump.by.total_seconds() if paused and jump else 0.0)
        return not paused

    def _jumped(self, look: Look) -> timedelta | None:
        """By how much at least, unless somebody has noted it; the answer is from some moment of the reading."""
        last, self._last = self._last, look
        if last is None:
            return None
        if last.after > look.before:  # not of the same count of seconds; but no clock goes back
            back = look.now - last.now
            return back if back < -ALLOWED and last.noted == look.noted else None
        moved, most = look.now - last.now, timedelta(seconds=look.after - last.before)
        at_least, at_most = moved - most, moved - timedelta(seconds=look.before - last.after)
        by = at_least if at_least > ALLOWED else at_most if at_most < -ALLOWED else None
        if look.noted is not None and look.noted != last.noted and -ALLOWED <= look.now - look.noted <= most + ALLOWED:
            return None  # another process has looked since it jumped, and it has not jumped again
        return by

    def guarded(self, run: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[object]]:
        """A job's `run` that does nothing while climbing pauses."""

        async def when_steady() -> None:
            if await self.steady():
                await run()

        return when_steady
