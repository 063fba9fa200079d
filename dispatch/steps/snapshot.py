"""Counted once by the scheduler, shown by every process: the gauges of the whole deployment."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from dispatch.domain.case import AT_DESK
from dispatch.observe.gauges import Snapshot
from dispatch.observe.metrics import Metrics
from dispatch.store import snapshots
from dispatch.store.database import Database
from dispatch.store.snapshots import Figures

NAME = "gauges"
#: a process reads the snapshot at most this often (seconds)
FRESH = 5.0


async def take(database: Database) -> Figures:
    """Count and keep. Raises `Unavailable`."""
    await snapshots.fold(database)
    figures = await snapshots.count(database)
    await snapshots.keep(database, NAME, figures.at, as_gauges(figures))
    return figures


def as_gauges(figures: Figures) -> dict[str, list[list[Any]]]:
    """Figures under the names of `dispatch.observe.gauges.GAUGES`: lists of [labels, value]."""
    at = figures.at
    desks = {key: n for key, n in figures.statuses.items() if key[1] == AT_DESK}
    return {
        "dispatch_whistles": [[list(key), n] for key, n in figures.statuses.items()],
        "dispatch_queue_depth": [[[unit], n] for unit, (n, _) in figures.queues.items()],
        "dispatch_queue_oldest_seconds": [[[unit], _age(at, first)] for unit, (_, first) in figures.queues.items()],
        "dispatch_desk_depth": [[[district], n] for (district, _), n in desks.items()],
        "dispatch_outbox_rows": [[[], figures.outbox.waiting]],
        "dispatch_outbox_parked": [[[], figures.outbox.parked]],
        "dispatch_outbox_oldest_seconds": [[[], _age(at, figures.outbox.oldest)]],
        "dispatch_dead_letters_waiting": [[[reason], n] for reason, n in figures.dead_letters.items()],
        "dispatch_clocks_not_taken": [[[], figures.clocks_due]],
        "dispatch_clocks_not_taken_seconds": [[[], _age(at, figures.clocks_first)]],
        "dispatch_clocks_parked": [[[], figures.clocks_parked]],
        "dispatch_notices_pending": [[[_yes(urgent)], n] for urgent, (n, _) in figures.notices.items()],
        "dispatch_notices_oldest_seconds": [
            [[_yes(urgent)], _age(at, first)] for urgent, (_, first) in figures.notices.items()
        ],
        "dispatch_notices_failed": [[[], figures.notices_failed]],
    }


def _age(now: datetime, since: datetime | None) -> float:
    return max((now - since).total_seconds(), 0.0) if since else 0.0


def _yes(value: bool) -> str:
    return "yes" if value else "no"


class Shown:
    """This process's copy of the snapshot, read again when a scrape finds it older than `FRESH`."""

    def __init__(
        self, database: Database, metrics: Metrics, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._metrics = metrics
        self._monotonic = monotonic
        self._read_at: float | None = None
        self._reading = asyncio.Lock()

    async def refresh(self) -> None:
        """For `before_scrape`: one read at a time, however many scrape. Raises `Unavailable`."""
        async with self._reading:
            now = self._monotonic()
            if self._read_at is not None and now - self._read_at < FRESH:
                return
            async with self._database.acquire() as connection:
                found = await snapshots.read(connection, NAME)
            self._read_at = now
            if found is not None:
                values, age = found
                self._metrics.show_snapshot(Snapshot(values, age))
