"""A year lived through the real steps, from event to event on a virtual clock; nobody sleeps.

What falls on the same moment shares a transaction: moments are multiples of `SLOT`, or of `QUICK` while an emergency
is under way. The sweep comes whenever a clock has something to say, before whatever else happens then.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from dispatch.clock import VirtualClock
from dispatch.domain.case import ENDED, Actor, Case
from dispatch.domain.refusals import Refusal
from dispatch.domain.turn import ZONE
from dispatch.local.demo_seed import identity
from dispatch.local.simulation.arrivals import Arrival
from dispatch.local.simulation.habits import Habits
from dispatch.local.simulation.people import Next, People
from dispatch.local.trouble import Trouble
from dispatch.steps.escalate import sweep
from dispatch.steps.intake import write
from dispatch.steps.many import Wanted, act_many
from dispatch.steps.prepare import NewWhistle, prepare
from dispatch.steps.route import route
from dispatch.steps.rules import Rules
from dispatch.steps.service import Service, year_of
from dispatch.store import cases as store
from dispatch.store import clocks
from dispatch.store.database import Database
from dispatch.store.numbers import Numbers

SLOT, QUICK = timedelta(minutes=5), timedelta(minutes=1)
#: an act that was not possible is tried again so often, after a slot
TRIES = 3
BATCH = 200


@dataclass(frozen=True, slots=True)
class Lived:
    """What a run did. `refused` acts came too late, or twice; `stuck` were given up."""

    whistles: int
    acts: int
    steps: int
    refused: int
    stuck: int


@dataclass(slots=True)
class _Life:
    arrival: Arrival
    id: UUID
    emergency: bool
    plans: dict[tuple[object, ...], Next] = field(default_factory=dict)
    done: set[tuple[object, ...]] = field(default_factory=set)
    tries: dict[tuple[object, ...], int] = field(default_factory=dict)


class Year:
    """One run: the same arrivals, seed and rules give the same log, event by event."""

    def __init__(
        self, database: Database, clock: VirtualClock, district: str, arrivals: Sequence[Arrival], seed: int
    ) -> None:
        self._database, self._clock, self._district, self._arrivals = database, clock, district, arrivals
        self._service = Service(database, Rules(database), Numbers(database, "whistle", 1000), self._new_id)
        self._noise, self._habits = Random(f"{seed}:ids"), Habits(seed)  # nosec B311  # noqa: S311 — a simulation
        self._lives: list[_Life] = []
        self._by_clock: dict[str, _Life] = {}
        self._by_id: dict[UUID, _Life] = {}
        self._queue: list[tuple[datetime, int, _Life, Next]] = []
        self._heard: list[tuple[str, dict[str, Any]]] = []
        self._actors: dict[str, Actor | None] = {}
        self._count = self._acts = self._steps = self._refused = self._stuck = self._hurry = 0
        database.on_fact = lambda kind, data: self._heard.append((kind, data))

    async def run(self, until: datetime, told: Callable[[datetime], None] = lambda _at: None) -> Lived:
        """Live until that moment. Raises `Unavailable`."""
        await self._service.rules.refresh()
        self._people = People(self._service.rules.of(self._district), self._habits)
        coming = 0
        while True:
            moment = self._slot(self._arrivals[coming].at) if coming < len(self._arrivals) else until
            if self._queue:
                moment = min(moment, self._queue[0][0])
            moment = max(moment, self._clock.now())
            swept = await self._sweep_before(min(moment, until))
            if swept:
                continue
            if moment >= until:
                return Lived(len(self._lives), self._acts, self._steps, self._refused, self._stuck)
            self._clock.advance_to(moment)
            told(moment)
            first = coming
            while coming < len(self._arrivals) and self._slot(self._arrivals[coming].at) <= moment:
                coming += 1
            if coming > first:
                await self._raise(self._arrivals[first:coming])
            await self._act(moment)

    def _slot(self, at: datetime, *, emergency: bool = False) -> datetime:
        size = int((QUICK if emergency or self._hurry else SLOT).total_seconds())
        seconds = -(-int(at.timestamp()) // size) * size
        return datetime.fromtimestamp(seconds, UTC)

    # ── the sweep, and what people do about it ───────────────────────────────────────────────────
    async def _sweep_before(self, moment: datetime) -> bool:
        """Let the clocks that are due by then say so; whether any was."""
        async with self._database.acquire() as connection:
            due = await clocks.next_due(connection)
        if due is None or due > moment:
            return False
        self._clock.advance_to(min(self._slot(due), max(moment, due)))
        self._heard.clear()
        taken = await sweep(self._service, lanes=1)
        self._steps += taken
        returned = [self._react(kind, data) for kind, data in self._heard]
        if back := [life for life in returned if life is not None]:
            await self._look_again(back)
        return bool(taken)

    def _react(self, kind: str, data: dict[str, Any]) -> _Life | None:
        """People hurry when a clock is warned or climbs; the life to look at again when a hold is over."""
        life = self._by_clock.get(str(data.get("clock")))
        if life is None:
            return None
        now = self._clock.now()
        if kind in ("clock.warned", "clock.climbed"):
            rung = int(data.get("rung", 0))
            for plan in list(life.plans.values()):
                if plan.stage == data["stage"] and plan.unit == data.get("unit"):
                    self._plan(life, replace(plan, at=self._people.hurried(plan, rung, now)))
            unit = data.get("unit") if data["stage"] == "reported" else None
            if rung == 5 and unit:
                said = self._people.explanation((life.arrival.index, 1), data, str(unit), now)
                if said is not None:
                    self._plan(life, said)
        return life if kind == "hold.lapsed" else None

    # ── what comes in ────────────────────────────────────────────────────────────────────────────
    async def _raise(self, arrivals: Sequence[Arrival]) -> None:
        service = self._service
        prepared = [prepare(service, self._clerk(one), _new(one)) for one in arrivals]
        await service.whistle_numbers.ready(year_of(self._clock.now()), len(prepared))
        async with self._database.transaction() as uow:
            stored = await write(service, uow, prepared)
        for arrival, row in zip(arrivals, stored, strict=True):
            life = _Life(arrival, row.id, row.kind == "emergency")
            self._hurry += life.emergency
            self._lives.append(life)
            self._by_id[row.id] = life
        async with self._database.transaction() as uow:
            cases = await route(service, uow, [row.id for row in stored], {})
        self._look(cases)

    def _clerk(self, arrival: Arrival) -> Actor:
        return self._held(f"node:{arrival.street}:clerk")

    def _held(self, seat: str) -> Actor:
        found = self._actor(seat)
        if found is None:
            day = self._clock.now().astimezone(ZONE).date()
            raise Trouble(f"Nobody holds the seat {seat} on {day}.", "Name a holder in people.yaml, or begin later.")
        return found

    def _actor(self, seat: str) -> Actor | None:
        if seat not in self._actors:
            self._actors[seat] = identity(self._service.rules.of(self._district), seat, self._clock.now())
        return self._actors[seat]

    # ── what people do ───────────────────────────────────────────────────────────────────────────
    async def _act(self, moment: datetime) -> None:
        while batch := self._due(moment):
            wanted = []
            for life, plan in batch:
                wanted.append(Wanted(self._held(plan.seat), life.id, plan.action, plan.fields))
            results = await act_many(self._service, wanted)
            self._look([one for one in results if isinstance(one, Case)])
            self._acts += sum(isinstance(one, Case) for one in results)
            again = [pair for pair, one in zip(batch, results, strict=True) if isinstance(one, Refusal)]
            self._refused += len(again)
            for life, plan in again:
                life.tries[plan.key] = life.tries.get(plan.key, 0) + 1
                if life.tries[plan.key] < TRIES:
                    life.done.discard(plan.key)
                else:
                    self._stuck += 1
            if again:
                await self._look_again([life for life, _ in again], later=SLOT)

    def _due(self, moment: datetime) -> list[tuple[_Life, Next]]:
        """What is to be done by now, each whistle once; superseded plans are dropped."""
        found: dict[UUID, tuple[_Life, Next]] = {}
        put_back = []
        while self._queue and self._queue[0][0] <= moment and len(found) < BATCH:
            entry = heapq.heappop(self._queue)
            _, _, life, plan = entry
            if life.plans.get(plan.key) is not plan:
                continue
            if life.id in found:
                put_back.append(entry)
                continue
            del life.plans[plan.key]
            life.done.add(plan.key)
            found[life.id] = (life, plan)
        for entry in put_back:
            heapq.heappush(self._queue, entry)
        return list(found.values())

    async def _look_again(self, lives: Sequence[_Life], later: timedelta = timedelta()) -> None:
        async with self._database.acquire() as connection:
            cases = await store.many(connection, [life.id for life in lives])
        self._look(cases, later)

    def _look(self, cases: Sequence[Case], later: timedelta = timedelta()) -> None:
        """Plan what is awaited now on these."""
        now = self._clock.now() + later
        for case in cases:
            life = self._by_id[case.id]
            if case.status in ENDED:
                self._hurry -= life.emergency
                life.emergency = False
                life.plans.clear()
                continue
            for clock in case.clocks.values():
                self._by_clock[str(clock.id)] = life
            for plan in self._people.awaited(case, life.arrival.index, now):
                if plan.key not in life.done and plan.key not in life.plans:
                    self._plan(life, plan)

    def _plan(self, life: _Life, plan: Next) -> None:
        at = max(self._slot(plan.at, emergency=life.emergency), self._clock.now())
        kept = replace(plan, at=at)
        life.plans[plan.key] = kept
        self._count += 1
        heapq.heappush(self._queue, (at, self._count, life, kept))

    def _new_id(self) -> UUID:
        """A UUIDv7 of the virtual moment, its noise from the seed."""
        moment, noise = int(self._clock.now().timestamp() * 1000), self._noise.getrandbits(74)
        return UUID(int=(moment << 80) | (0x7 << 76) | ((noise >> 62) << 64) | (0x2 << 62) | (noise & ((1 << 62) - 1)))


def _new(arrival: Arrival) -> NewWhistle:
    key = f"simulated-{arrival.index}"
    return NewWhistle(
        street=arrival.street,
        place=arrival.place,
        title=arrival.title,
        body=arrival.body,
        category=arrival.category,
        danger=arrival.danger,
        via="form",
        idempotency_key=key,
        request_sha256=hashlib.sha256(key.encode()).digest(),
    )
