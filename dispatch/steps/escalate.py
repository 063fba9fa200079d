"""The sweep: clocks whose next mark has come say it, once, whoever sweeps and how often.

Candidates are read without locks; their states are then locked in id order, skipping those somebody acts on just
now, and the clocks are read again under the lock. What was answered meanwhile does not fire.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

import structlog

from dispatch.domain import ladder, parts
from dispatch.domain.case import HANDLING, ON_HOLD, Case
from dispatch.domain.clocks import HOLD, answer
from dispatch.domain.finish import finish
from dispatch.domain.turn import Turn
from dispatch.steps.service import Service, year_of
from dispatch.store import cases as store
from dispatch.store import clocks as due_clocks
from dispatch.store.errors import Unavailable
from dispatch.store.numbers import lease

log = structlog.get_logger(__name__)

BATCH = 500


@dataclass(slots=True)
class _Taken:
    """What became of a batch: how many steps, of which whistles. The others are held by somebody just now."""

    steps: int = 0
    whistles: set[UUID] = field(default_factory=set)


async def _steady() -> bool:
    return True


async def sweep(service: Service, batch: int = BATCH, *, steady: Callable[[], Awaitable[bool]] = _steady) -> int:
    """Take every clock that is due, batch after batch, until none is left. Returns how many steps were taken.

    Whistles that somebody else holds are passed over, however many there are: the next tick sees them again.
    `steady` is asked before each batch whether the database's clock may be believed; no: nothing more is taken.
    """
    total, held = 0, set[UUID]()
    while await steady():
        now = await service.database.now()
        async with service.database.acquire() as connection:
            candidates = await due_clocks.due(connection, now, batch, held)
        if not candidates:
            return total
        taken = await _take(service, candidates)
        total += taken.steps
        held.update(whistle for whistle in candidates if whistle not in taken.whistles)
    return total


async def _take(service: Service, ids: Sequence[UUID]) -> _Taken:
    """One batch; where it fails for its data, halves of it, until the guilty whistle is alone and is parked."""
    try:
        return await _step(service, ids)
    except Unavailable:
        raise
    except Exception as error:
        if len(ids) == 1:
            log.exception("clock.parked", whistle=str(ids[0]), reason=type(error).__name__)
            async with service.database.transaction() as uow:
                await due_clocks.park(uow.connection, ids[0], await uow.now(), f"{type(error).__name__}: {error}")
            return _Taken()
        middle = len(ids) // 2
        one, other = await _take(service, ids[:middle]), await _take(service, ids[middle:])
        return _Taken(one.steps + other.steps, one.whistles | other.whistles)


async def _step(service: Service, ids: Sequence[UUID]) -> _Taken:
    async with service.database.transaction() as uow:
        cases = await store.lock(uow, ids, skip_locked=True)
        if not cases:
            return _Taken()
        await store.fill(uow.connection, cases)
        now = await uow.now()
        turns = {case.id: service.turn(case.facts.district, now) for case in cases}
        count = sum(ladder.orders_due(case, turns[case.id]) for case in cases)
        orders = await lease(uow, "supervision", year_of(now), count)
        steps = sum(fire_due(case, replace(turns[case.id], next_order=orders.__next__)) for case in cases)
        await service.save(uow, cases)
    for case in cases:
        for event in case.events:
            log.info(event.type, whistle=str(case.id), number=case.facts.number, seq=event.seq, **_brief(event.data))
    return _Taken(steps, {case.id for case in cases if case.events})


def _brief(data: dict[str, object]) -> dict[str, object]:
    return {key: data[key] for key in ("stage", "unit", "run", "rung", "nth", "order") if data.get(key) is not None}


def fire_due(case: Case, turn: Turn) -> int:
    """Every clock of the case whose moment has come takes exactly one step."""
    before = (case.status, case.gen)
    steps = 0
    for clock in list(case.open_clocks()):
        if clock.fires_at is None or clock.fires_at > turn.now or clock.parked is not None or case.ended:
            continue
        ladder.fire(case, clock, turn)
        if clock.stage == HOLD:
            lapse(case, turn)
        steps += 1
    if steps:
        finish(case, turn, status_changed=before != (case.status, case.gen))
    return steps


def lapse(case: Case, turn: Turn) -> None:
    """A hold's review date: it comes back by itself, and the resting clocks count on."""
    answer(case, HOLD, None, turn.now)
    parts.resume_all(case, turn, "handling", "reported")
    if case.status == ON_HOLD:
        case.status = HANDLING
