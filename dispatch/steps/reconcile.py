"""What the broker forgot, the database knows: whistles still raised after a grace period are routed from here.

Silent under plain lag: what waits in the outbox or on a partition behind others, and comes nearer, is on its way. What
stands still for the grace period (no worker, no relay, no broker, a partition that nobody reads) holds nobody back.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from dispatch.steps.route import route
from dispatch.steps.service import Service
from dispatch.store import outbox, progress, whistles
from schemas import topics

log = structlog.get_logger(__name__)

BATCH = 200
#: whistles of one tick: whoever comes back meanwhile must not find the database busy with this
MOST = 2000
READ = (topics.RAISED, topics.RAISED_URGENT)


@dataclass
class Reconciler:
    """`tick()` again and again, by one process at a time. It remembers what moved since the tick before."""

    service: Service
    grace: timedelta
    most: int = MOST
    monotonic: Callable[[], float] = time.monotonic
    #: source of lag → the moment it was at, and since when (monotonic) it has been there
    _seen: dict[str, tuple[datetime, float]] = field(default_factory=dict)

    async def tick(self) -> int:
        """Route what nobody routed; publishes nothing. Returns how many."""
        horizon = await self._horizon()
        found = 0
        while found < self.most:
            async with self.service.database.acquire() as connection:
                ids = await whistles.still_raised(connection, horizon, min(BATCH, self.most - found))
            if not ids:
                break
            async with self.service.database.transaction() as uow:
                routed = await route(self.service, uow, ids, {})
                uow.facts.extend(("retried", {"what": "reconcile"}) for _ in routed)
            for case in routed:
                log.warning("whistle.reconciled", whistle=str(case.id), number=case.facts.number, status=case.status)
            found += len(routed)
            if not routed:
                break
        return found

    async def _horizon(self) -> datetime:
        """Whistles from before this moment should have been routed by now."""
        now = await self.service.database.now()
        async with self.service.database.acquire() as connection:
            handled = await progress.read(connection, now)
            oldest = await outbox.oldest(connection)
        behind = {
            f"{each.topic}/{each.partition}": each.until for each in handled if each.messages and each.topic in READ
        }
        if oldest is not None:
            behind["outbox"] = oldest
        self._seen = {name: self._since(name, at) for name, at in behind.items()}
        still = self.grace.total_seconds()
        moving = [at for at, since in self._seen.values() if self.monotonic() - since < still]
        return min([now, *moving]) - self.grace

    def _since(self, name: str, at: datetime) -> tuple[datetime, float]:
        seen = self._seen.get(name)
        return seen if seen is not None and seen[0] == at else (at, self.monotonic())
