"""Leave and cover: leave is noted, and a running emergency clock with nobody on duty is flagged at once.

The watch looks at the units that are not on site: those that have not come, and the lead while its work goes on. So
whoever goes on leave, or home at a change of shift, is noticed as well. Where a unit is on site, somebody is.
An assisting unit that has gone home after its hours, with no rota, is no news: the lead must always be covered.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from dispatch.domain import cover
from dispatch.domain.case import LEAD, Actor
from dispatch.domain.finish import finish
from dispatch.domain.permissions import DESK
from dispatch.domain.refusals import Forbidden
from dispatch.steps.service import Service
from dispatch.store import absences
from dispatch.store import cases as store
from dispatch.store.absences import Expected

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Uncovered:
    """没人在岗: an emergency's clock runs, nobody of the unit is on duty; `next_seat` is told with the desk."""

    number: int
    whistle: UUID
    unit: str
    unit_name: str
    street: str
    stage: str
    due_at: datetime | None
    flagged_at: datetime | None
    next_seat: str | None


async def watch(service: Service) -> int:
    """Flag every emergency clock with nobody on duty that was not flagged in this run. How many were."""
    async with service.database.acquire() as connection:
        waiting = await absences.expected(connection, unflagged=True)
        if not waiting:
            return 0
        now = await service.database.now()
        away = await absences.away(connection, now)
    bare = _unmanned(service, waiting, now, away)
    if not bare:
        return 0
    units: dict[UUID, list[str]] = {}
    for one in bare:
        units.setdefault(one.whistle, []).append(one.unit)
    return await _flag(service, units, away)


def _nobody(service: Service, one: Expected, now: datetime, away: frozenset[str]) -> bool:
    reference = service.rules.of(one.district)
    if one.role != LEAD and not cover.expected(reference, one.unit, now):
        return False
    return cover.on_duty(reference, one.unit, now, away) is None


def _unmanned(service: Service, waiting: Sequence[Expected], now: datetime, away: frozenset[str]) -> list[Expected]:
    """Those whose unit has nobody on duty; each unit is looked at once."""
    known: dict[tuple[str, str, str], bool] = {}
    for one in waiting:
        key = (one.district, one.unit, one.role)
        if key not in known:
            known[key] = _nobody(service, one, now, away)
    return [one for one in waiting if known[one.district, one.unit, one.role]]


async def _flag(service: Service, units: dict[UUID, list[str]], away: frozenset[str]) -> int:
    flagged = 0
    async with service.database.transaction() as uow:
        cases = await store.lock(uow, units, skip_locked=True)
        await store.fill(uow.connection, cases)
        now = await uow.now()
        for case in cases:
            turn = service.turn(case.facts.district, now)
            for unit in units[case.id]:
                if cover.running(case, unit) is None or cover.flagged(case, unit):
                    continue
                cover.missing(case, unit, cover.next_seat(turn.reference, unit, now, away), turn)
                flagged += 1
                log.warning("cover.missing", whistle=str(case.id), number=case.facts.number, unit=unit)
            if case.events:
                finish(case, turn)
        await service.save(uow, cases)
    return flagged


async def uncovered(service: Service, actor: Actor, now: datetime | None = None) -> list[Uncovered]:
    """没人在岗 `now` (None: the database is asked when that is), the earliest due first: the desk sees the district's,
    a unit's people their own.

    Raises `Forbidden`, `Unavailable`.
    """
    if actor.role != DESK and actor.unit is None:
        raise Forbidden("调度台是区调度中心的页面", field="role", value=actor.role)
    reference = service.rules.of(actor.district or "")
    now = now or await service.database.now()
    async with service.database.acquire() as connection:
        away = await absences.away(connection, now)
        if actor.unit is not None and cover.on_duty(reference, actor.unit, now, away) is not None:
            return []
        waiting = await absences.expected(connection, unflagged=False, district=actor.district, unit=actor.unit)
    return [
        Uncovered(
            one.number,
            one.whistle,
            one.unit,
            unit.short if (unit := reference.units.get(one.unit)) else one.unit,
            one.street,
            one.stage,
            one.due_at,
            one.flagged_at,
            cover.next_seat(reference, one.unit, now, away),
        )
        for one in _unmanned(service, waiting, now, away)
    ]
