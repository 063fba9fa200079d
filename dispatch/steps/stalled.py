"""停着的: what the sweep does not take. Clocks that could not be taken, and climbing held by a jump of the clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from dispatch.domain.case import Actor
from dispatch.domain.permissions import may_ever
from dispatch.domain.refusals import Forbidden
from dispatch.steps.service import Service
from dispatch.store import clock_watch, clocks
from dispatch.store.clock_watch import Jump
from dispatch.store.clocks import Parked

log = structlog.get_logger(__name__)

ACTION = "confirm-clock"


@dataclass(frozen=True, slots=True)
class Held:
    """Nothing climbs until somebody says that the database's clock is right, or it has been steady until `until`.

    It showed `at` just after it had jumped by `seconds` (backwards: negative).
    """

    at: datetime
    seconds: float
    until: datetime


@dataclass(frozen=True, slots=True)
class Stalled:
    """What stands still in a district."""

    held: Held | None
    parked: Sequence[Parked]


async def stalled(service: Service, district: str) -> Stalled:
    """Clocks that are set aside, the longest due first, and whether climbing is held. Raises `Unavailable`."""
    now, jump = await clock_watch.read(service.database)
    async with service.database.acquire() as connection:
        parked = await clocks.parked(connection, district)
    return Stalled(_held(now, jump), parked)


def _held(now: datetime, jump: Jump | None) -> Held | None:
    if jump is None or not jump.holds(now):
        return None
    return Held(jump.at, jump.by.total_seconds(), jump.at + clock_watch.STEADY)


def permit(actor: Actor) -> None:
    """Raises `Forbidden` for whoever may not say that the clock is right."""
    if not may_ever(actor, ACTION):
        raise Forbidden("只有区调度台能确认时钟", field="role", value=actor.role)


async def confirm(service: Service, actor: Actor, at: datetime) -> bool:
    """The database's clock has been looked at since the jump `at` and is right: climbing goes on.

    False: that jump holds nothing any more; a later one may.

    Raises `Forbidden`, `Unavailable`.
    """
    permit(actor)
    async with service.database.transaction() as uow:
        done = await clock_watch.confirm(uow.connection, at)
    if done:
        log.warning("clock.confirmed", seat=actor.seat)
    return done
