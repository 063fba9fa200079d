"""Open whistles under another policy (by explicit choice) or another calendar (when one is loaded), whistle by whistle.

Each batch is one transaction; cut short, it goes on where it was when it is run again, because a clock that was
computed anew is no longer concerned.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import timedelta
from functools import partial
from uuid import UUID

import structlog

from dispatch.domain import recompute
from dispatch.domain.calendar import WorkCalendar
from dispatch.domain.case import Case
from dispatch.domain.finish import finish
from dispatch.domain.recompute import Cause
from dispatch.domain.reference import Reference
from dispatch.steps import earlier
from dispatch.steps.service import Service
from dispatch.store import cases as store
from dispatch.store import recomputing

log = structlog.get_logger(__name__)

BATCH = 200
#: what was received so long after a walk began is under today's policies by itself: a process looks for new rules
#: every few seconds. Without an end the walk would run after what comes in meanwhile, for as long as it comes
STALE = timedelta(seconds=60)


async def apply_policies(service: Service, district: str) -> int:
    """Today's policies for the open whistles of a district, keeping the time used. How many clocks changed."""
    before = await service.database.now() + STALE
    calendars = await counted_calendars(service, district)
    found = partial(recomputing.open_whistles, district=district, before=before)
    return await _each(service, found, "policy", calendars)


async def apply_calendars(service: Service, district: str) -> int:
    """Deadlines (and next marks) beyond the first day that a newly loaded calendar counts otherwise; how many."""
    calendars = await counted_calendars(service, district)
    current = {one.code: one for one in service.rules.of(district).calendars.values()}
    done = 0
    for name, old in calendars.items():
        new = current.get(old.code)
        if new is None or new.name == name:
            continue
        since = old.first_difference(new)
        if since is None:
            continue
        on_old = partial(recomputing.counted_on, district=district, calendar=name, since=since)
        done += await _each(service, on_old, "calendar", calendars)
    # the waits of climbed clocks on a unit's own calendar count on the district's
    waits = partial(recomputing.waiting_on_another, district=district, calendar=current["district"].name)
    return done + await _each(service, waits, "calendar", calendars)


async def counted_calendars(service: Service, district: str) -> dict[str, WorkCalendar]:
    """The calendars in force and those that running clocks still count on, by the name that clocks keep."""
    async with service.database.acquire() as connection:
        names = await recomputing.names_in_use(connection, district)
    return await calendars_named(service, district, names)


async def calendars_named(service: Service, district: str, names: Collection[str]) -> dict[str, WorkCalendar]:
    """The calendars in force, and those of these names from earlier versions, the newest looked at first.

    One that was never stored is left out.
    """
    reference: Reference = service.rules.of(district)
    found = {one.name: one for one in reference.calendars.values()}
    missing = set(names) - found.keys()
    if not missing:
        return found
    async with service.database.acquire() as connection:
        return await earlier.named(connection, district, missing) | found


async def _each(
    service: Service, found: Callable[..., Awaitable[Sequence[UUID]]], cause: Cause, calendars: dict[str, WorkCalendar]
) -> int:
    """All whistles that a query finds, in the order of their ids, batch by batch; how many clocks changed."""
    done, after = 0, UUID(int=0)
    while True:
        async with service.database.acquire() as connection:
            ids = await found(connection, after=after, limit=BATCH)
        if not ids:
            return done
        done += await _batch(service, ids, cause, calendars)
        after = ids[-1]


async def _batch(service: Service, ids: Sequence[UUID], cause: Cause, calendars: dict[str, WorkCalendar]) -> int:
    done = 0
    async with service.database.transaction() as uow:
        cases = await store.lock(uow, ids)
        await store.fill(uow.connection, cases)
        now = await uow.now()
        calendars = await _with_missing(service, cases, calendars)
        for case in cases:
            turn = service.turn(case.facts.district, now)
            changed = recompute.again(case, turn, cause, calendars.__getitem__)
            if changed:
                finish(case, turn)
                done += changed
        await service.save(uow, cases)
    for case in cases:
        for event in case.events:
            log.info(event.type, whistle=str(case.id), number=case.facts.number, seq=event.seq, cause=cause)
    return done


async def _with_missing(
    service: Service, found: Sequence[Case], calendars: dict[str, WorkCalendar]
) -> dict[str, WorkCalendar]:
    """A clock at rest, or one that went on meanwhile, may count on a calendar that none was running on."""
    wanted = {
        (one.facts.district, name)
        for one in found
        for clock in one.open_clocks()
        for name in (clock.calendar, clock.waits_on)
        if (clock.running or clock.remaining is not None) and name
    }
    for district, name in sorted(wanted):
        if name not in calendars:
            calendars = await calendars_named(service, district, [name]) | calendars
    return calendars
