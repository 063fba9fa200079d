"""The demo's past, lived through the real steps on a virtual clock: raised, routed, worked, neglected, climbed.

Acts are done one after another in the order of their moments, each in its own transaction, with the sweep in between
wherever a clock has something to say. So the last event tells how far a seed came: one that was cut short goes on
from there. What it writes to the outbox is published like anything else once the relay runs; the handlers find those
whistles routed and do nothing. Nobody is sent a notice about the past.
"""

import asyncio
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
import yaml

from dispatch.clock import VirtualClock
from dispatch.domain.case import RAISED, Actor, Case
from dispatch.domain.permissions import ROLE_OF_POST
from dispatch.domain.reference import Reference, node_seat, unit_seat
from dispatch.domain.refusals import Refusal
from dispatch.domain.turn import ZONE
from dispatch.local.demo_plan import DAYS, Planned, Planner
from dispatch.local.demo_script import Act
from dispatch.steps.casework import act
from dispatch.steps.escalate import sweep
from dispatch.steps.intake import Intake
from dispatch.steps.prepare import NewWhistle
from dispatch.steps.route import route
from dispatch.steps.rules import Rules
from dispatch.steps.service import Service
from dispatch.store import cases, clocks, seeds, whistles
from dispatch.store.database import Database
from dispatch.store.numbers import Numbers

log = structlog.get_logger(__name__)

PRINCIPAL = "demo"
SEED = 130403
#: how long after its receipt a seeded whistle is routed
ROUTED = timedelta(milliseconds=180)
#: the sweep's tick
TICK = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Seeded:
    """What a seeding did; `refused` are acts that were not possible any more (each is logged)."""

    whistles: int
    acts: int
    steps: int
    refused: int


@dataclass(frozen=True, slots=True)
class _Moment:
    at: datetime
    planned: Planned
    act: Act | None  # None: it is raised


def identity(reference: Reference, seat: str, now: datetime) -> Actor | None:
    """Whoever holds a seat at a moment, as an actor; None: vacant, or no such seat."""
    found = reference.people.seats.get(seat)
    person = reference.people.holder(seat, now.astimezone(ZONE).date())
    if found is None or person is None:
        return None
    return Actor(
        role=ROLE_OF_POST[found.post],
        person=person.code,
        seat=seat,
        node=found.node,
        unit=found.unit,
        district=reference.tree.roots()[0].code,
        name=person.name,
        principal=f"person:{person.code}",
    )


async def seed(url: str, district: str, texts: Path, *, seed: int = SEED) -> Seeded:
    """Live the demo's past up to now. Complete: does nothing; cut short: goes on. Raises `Unavailable`."""
    real = await Database.connect(url, size=2)
    try:
        async with real.acquire() as connection:
            begun = await seeds.anchor(connection)
        if begun is not None and begun[1]:
            return Seeded(0, 0, 0, 0)
        anchor = begun[0] if begun else await real.now()
        async with real.transaction() as uow:
            await seeds.keep_anchor(uow, anchor, complete=False)
        clock = VirtualClock(anchor - timedelta(days=DAYS + 1))
        # a crash loses the last acts at most, and a seed cut short goes on from what is there
        virtual = await Database.connect(url, size=2, virtual=clock.now, settings={"synchronous_commit": "off"})
        try:
            done = await _Seeder(virtual, clock, district).run(texts, anchor, seed)
        finally:
            await virtual.close()
        async with real.transaction() as uow:
            await seeds.keep_anchor(uow, anchor, complete=True)
        return done
    finally:
        await real.close()


class _Seeder:
    def __init__(self, database: Database, clock: VirtualClock, district: str) -> None:
        self._database, self._clock, self._district = database, clock, district
        self._service = Service(database, Rules(database), Numbers(database, "whistle", 100), self._new_id)
        self._intake = Intake(self._service)
        self._ids: dict[str, UUID] = {}
        self._sent_up: set[str] = set()
        self._acts = self._steps = self._refused = self._raised = 0

    async def run(self, texts: Path, anchor: datetime, seed: int) -> Seeded:
        await self._service.rules.refresh()
        reference = self._service.rules.of(self._district)
        plan = await asyncio.to_thread(_plan, reference, texts, anchor, seed)
        self._sent_up = {one.key for one in plan if any(wanted.action == "send-up" for wanted in one.acts)}
        past = await self._take_up()
        for moment in _moments(plan):
            if past is not None and moment.at <= past:
                continue
            await self._sweep_until(moment.at)
            self._clock.advance_to(moment.at)
            if moment.act is None:
                await self._raise(moment.planned)
            else:
                await self._act(moment.planned, moment.act, reference)
        await self._sweep_until(anchor)
        return Seeded(self._raised, self._acts, self._steps, self._refused)

    async def _take_up(self) -> datetime | None:
        """Where a seed that was cut short stands; what it raised without routing is routed now."""
        async with self._database.acquire() as connection:
            self._ids = await seeds.ids_by_key(connection, PRINCIPAL)
            mine = [*self._ids.values(), *await seeds.children(connection, list(self._ids.values()))]
            past = await seeds.last_event(connection, mine)
            raised = await whistles.still_raised(connection, datetime(9999, 1, 1, tzinfo=UTC), 1000)
        if past is None:
            return None
        self._clock.advance_to(past)
        if unrouted := [found for found in raised if found in set(mine)]:
            await self._route(unrouted)
        return past

    async def _sweep_until(self, moment: datetime) -> None:
        while True:
            async with self._database.acquire() as connection:
                due = await clocks.next_due(connection)
            if due is None or due > moment:
                return
            self._clock.advance_to(min(max(due, self._clock.now()) + TICK, moment))
            taken = await sweep(self._service)
            self._steps += taken
            for key in sorted(self._sent_up & self._ids.keys()):
                # does nothing to one that has not reached the street yet
                if await self._route([self._ids[key]]):
                    self._sent_up.discard(key)
            if not taken:
                return

    async def _raise(self, planned: Planned) -> None:
        reference = self._service.rules.of(self._district)
        seat = node_seat(planned.place) if planned.below and planned.place else node_seat(planned.street, "clerk")
        raiser = identity(reference, seat, planned.at)
        source = {"channel": planned.channel, "number": planned.number, "callback_required": False}
        new = NewWhistle(
            street=planned.street,
            place=planned.place,
            place_unknown=planned.place is None,
            title=planned.title,
            body=planned.body,
            category=planned.category,
            danger=planned.danger,
            source=None if planned.below else source,
            via="below" if planned.below else "form",
            idempotency_key=planned.key,
            request_sha256=hashlib.sha256(f"{planned.key} {planned.title}".encode()).digest(),
            local=int(planned.below),
        )
        assert raiser is not None, f"nobody holds {seat}"
        receipt = await self._intake.raise_(replace(raiser, principal=PRINCIPAL), new)
        self._ids[planned.key] = receipt.id
        self._raised += 1
        self._clock.advance(ROUTED)
        if not receipt.local:
            await self._route([receipt.id])

    async def _route(self, ids: Sequence[UUID]) -> bool:
        """Whether any of them waited for it."""
        async with self._database.transaction() as uow:
            return bool(await route(self._service, uow, ids, {}))

    async def _act(self, planned: Planned, wanted: Act, reference: Reference) -> None:
        case = await self._subject(planned, wanted)
        if case is None:
            self._refused += 1
            return
        fields: dict[str, Any] = wanted.fields(case, wanted.at) if callable(wanted.fields) else wanted.fields
        if wanted.action == "merge":
            fields = {"into": str(self._ids[planned.into])}
        for seat in _seats(case, wanted.who, reference):
            actor = identity(reference, seat, wanted.at)
            if actor is None:
                self._refused += 1
                continue
            try:
                done = await act(self._service, actor, case.id, wanted.action, fields)
                self._acts += 1
                if done.case.status == RAISED:  # another street took it: it is routed anew
                    await self._route([case.id])
                if wanted.action == "add-child":
                    await self._route(await self._children(case.id))
            except Refusal as refusal:
                self._refused += 1
                log.debug(
                    "demo.refused", scenario=planned.scenario, action=wanted.action, seat=seat, why=refusal.message
                )

    async def _subject(self, planned: Planned, wanted: Act) -> Case | None:
        """The whistle, or that child of it, which the act is about; None: it was never split off."""
        own = self._ids[planned.key]
        meant = [own, *(await self._children(own) if wanted.subject else ())]
        if wanted.subject >= len(meant):
            return None
        async with self._database.acquire() as connection:
            return await cases.read(connection, meant[wanted.subject])

    async def _children(self, parent: UUID) -> list[UUID]:
        async with self._database.acquire() as connection:
            return await seeds.children(connection, [parent])

    def _new_id(self) -> UUID:
        """A UUIDv7 of the virtual moment, so that ids sort like what they stand for."""
        moment = int(self._clock.now().timestamp() * 1000)
        noise = int.from_bytes(os.urandom(10), "big")
        return UUID(int=(moment << 80) | (0x7 << 76) | ((noise >> 68) << 64) | (0x2 << 62) | (noise & ((1 << 62) - 1)))


def _plan(reference: Reference, texts: Path, anchor: datetime, seed: int) -> list[Planned]:
    return Planner(reference, yaml.safe_load(texts.read_text(encoding="utf-8")), anchor, seed).plan()


def _moments(plan: Sequence[Planned]) -> list[_Moment]:
    found = [_Moment(planned.at, planned, None) for planned in plan]
    found += [_Moment(wanted.at, planned, wanted) for planned in plan for wanted in planned.acts]
    return sorted(found, key=lambda moment: moment.at)


def _seats(case: Case, who: str, reference: Reference) -> list[str]:
    """Whose seats are meant."""
    match who:
        case "lead":
            return [unit_seat(case.lead, "liaison")] if case.lead else []
        case "head":
            return [unit_seat(case.lead, "principal")] if case.lead else []
        case "assists":
            return [unit_seat(part.unit, "liaison") for part in case.parts("assist")]
        case "clerk":
            return [node_seat(case.facts.street, "clerk")]
        case "other-clerk":
            asked = case.pending("transfer")
            return [node_seat(str(asked.data["to"]), "clerk")] if asked else []
        case "desk":
            return [node_seat(case.facts.district, "dispatcher")]
        case _:
            node = reference.tree.chain(case.facts.place or case.facts.street)[int(who[-1]) - 1]
            return [node_seat(node.code)] if node else []
