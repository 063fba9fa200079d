"""The sweep: clocks whose next mark has come say it, once, whoever sweeps and how often.

Candidates are read without locks; their states are then locked in id order, skipping those somebody acts on just
now, and the clocks are read again under the lock. What was answered meanwhile does not fire. Two batches of different
whistles are under way at once: while PostgreSQL writes one, the next is decided.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

import structlog

from dispatch.domain import ladder, parts
from dispatch.domain.case import HANDLING, LOCAL, ON_HOLD, Case
from dispatch.domain.clocks import HOLD, answer
from dispatch.domain.finish import finish
from dispatch.domain.turn import Turn
from dispatch.observe.plain import ids as listed
from dispatch.steps.service import Service, year_of
from dispatch.store import cases as store
from dispatch.store import clocks as due_clocks
from dispatch.store.errors import Unavailable
from dispatch.store.numbers import LockHeld, lease
from dispatch.store.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

BATCH = 500
#: batches under way at once
LANES = 2
#: batches whose whistles are looked for at once: finding them walks over the clocks that were taken before
AHEAD = 4
#: seconds that the numbers of supervision orders are waited for: a commit is shorter, a frozen process is not
PATIENCE = 2.0


async def _steady() -> bool:
    return True


async def sweep(
    service: Service,
    batch: int = BATCH,
    *,
    steady: Callable[[], Awaitable[bool]] = _steady,
    lanes: int = LANES,
    patience: float = PATIENCE,
) -> int:
    """Take every clock that is due, batch after batch, until none is left. Returns how many steps were taken.

    Whistles that somebody else holds are passed over, however many there are: the next tick sees them again.
    `steady` is asked before each batch whether the database's clock may be believed; no: nothing more is taken.
    """
    run = _Sweep(service, batch, steady, patience)
    first = await run.next()
    if not first:
        await steady()  # looked at in quiet times too, or a jump would have nothing to be held against
        return 0
    others = [run.lane() for _ in range(lanes - 1 if run.waiting else 0)]
    for end in await asyncio.gather(run.lane(first), *others, return_exceptions=True):
        if end is not None:
            raise end
    return run.steps


@dataclass(slots=True)
class _Sweep:
    """One sweep: whistles found and not yet taken, those under way, and those that somebody else holds."""

    service: Service
    batch: int
    steady: Callable[[], Awaitable[bool]]
    #: seconds that order numbers are waited for; none once they were found held
    patience: float
    steps: int = 0
    waiting: deque[UUID] = field(default_factory=deque)
    busy: set[UUID] = field(default_factory=set)
    held: set[UUID] = field(default_factory=set)
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)
    stopped: bool = False

    async def next(self) -> list[UUID]:
        """The next batch, that no other lane has; empty: nothing is left to do."""
        async with self.asking:
            if self.stopped:
                return []
            if not self.waiting:
                moment, but = self.service.database.virtual_now(), self.busy | self.held
                async with self.service.database.kept() as connection:
                    self.waiting.extend(await due_clocks.due(connection, moment, self.batch * AHEAD, but))
            some = [self.waiting.popleft() for _ in range(min(self.batch, len(self.waiting)))]
            self.busy.update(some)
            return some

    async def locked(self, uow: UnitOfWork, ids: Sequence[UUID]) -> list[Case]:
        """These whistles under lock, at a moment that may be believed; none once it may not.

        One lane at a time: else one could go by a moment read after another has seen the clock jump.
        """
        async with self.asking:
            self.stopped = self.stopped or not await self.steady()
            return [] if self.stopped else await store.lock(uow, ids, skip_locked=True)

    async def lane(self, some: Sequence[UUID] = ()) -> None:
        """One batch after the other, until nothing is found any more."""
        try:
            while some := some or await self.next():
                taken = await _take(self, some)
                self.steps += taken.steps
                self.held.update(whistle for whistle in some if whistle not in taken.whistles)
                self.busy.difference_update(some)
                some = ()
        except BaseException:
            self.stopped = True
            raise


@dataclass(slots=True)
class _Taken:
    """What became of a batch: how many steps, of which whistles. The others are held by somebody just now."""

    steps: int = 0
    whistles: set[UUID] = field(default_factory=set)


async def _take(run: _Sweep, ids: Sequence[UUID]) -> _Taken:
    """One batch; where it fails for its data, halves of it, until the guilty whistle is alone and is parked."""
    try:
        return await _step(run, ids)
    except Unavailable:
        raise
    except Exception as error:
        if len(ids) == 1:
            log.exception("clock.parked", whistle=str(ids[0]), reason=type(error).__name__)
            async with run.service.database.transaction() as uow:
                await due_clocks.park(uow.connection, ids[0], await uow.now(), f"{type(error).__name__}: {error}")
            return _Taken()
        middle = len(ids) // 2
        one, other = await _take(run, ids[:middle]), await _take(run, ids[middle:])
        return _Taken(one.steps + other.steps, one.whistles | other.whistles)


async def _step(run: _Sweep, ids: Sequence[UUID]) -> _Taken:
    service = run.service
    async with service.database.transaction() as uow:
        cases = await run.locked(uow, ids)
        if not cases:
            return _Taken()
        # only from below the street does a climb start another stage, which may have run before
        await store.fill(uow.connection, cases, answered=any(case.status == LOCAL for case in cases))
        now = await uow.now()
        turns = {district: service.turn(district, now) for district in {case.facts.district for case in cases}}
        cases = await _numbered(run, uow, cases, turns)
        steps = sum(fire_due(case, turns[case.facts.district]) for case in cases)
        await service.save(uow, cases)
    _tell(cases)
    return _Taken(steps, {case.id for case in cases if case.events})


async def _numbered(run: _Sweep, uow: UnitOfWork, cases: list[Case], turns: dict[str, Turn]) -> list[Case]:
    """Give the turns as many numbers as the supervision orders of these cases take; returns those to go on with.

    Where a frozen process holds the series, the cases that need a number wait for it, and no others.
    """
    needed = {case.id: ladder.orders_due(case, turns[case.facts.district]) for case in cases}
    count = sum(needed.values())
    if not count:
        return cases
    now = await uow.now()
    try:
        orders = await lease(uow, "supervision", year_of(now), count, run.patience)
    except LockHeld:
        run.patience = 0.0
        waiting = [str(case.id) for case in cases if needed[case.id]]
        for whistles in listed(waiting):
            log.warning("orders.waiting", whistles=whistles)
        return [case for case in cases if not needed[case.id]]
    for district, turn in turns.items():
        turns[district] = replace(turn, next_order=orders.__next__)
    return cases


def _tell(cases: Sequence[Case]) -> None:
    """A line for each supervision order; of the other steps one for many whistles, by what happened to them."""
    alike: dict[tuple[str, object, object], list[str]] = {}
    for case in cases:
        for event in case.events:
            data = event.data
            if data.get("order") is not None:
                log.info(event.type, whistle=str(case.id), number=case.facts.number, seq=event.seq, **_brief(data))
            else:
                alike.setdefault((event.type, data.get("stage"), data.get("rung")), []).append(str(case.id))
    for (kind, stage, rung), some in alike.items():
        for whistles in listed(some):
            log.info(kind, stage=stage, rung=rung, whistles=whistles)


def _brief(data: dict[str, object]) -> dict[str, object]:
    return {key: data[key] for key in ("stage", "unit", "run", "rung", "nth", "order") if data.get(key) is not None}


def fire_due(case: Case, turn: Turn) -> int:
    """Every clock of the case whose moment has come takes exactly one step."""
    before = (case.status, case.gen)
    steps = 0
    # a hold last: what it sets free and is due at once climbs in the next sweep, which draws a number for its order
    for clock in sorted(case.open_clocks(), key=lambda one: one.stage == HOLD):
        if clock.fires_at is None or clock.fires_at > turn.now or clock.parked is not None:
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
