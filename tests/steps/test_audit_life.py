"""Anybody does anything at any moment, on a real database through the real steps: the log amounts to what is stored."""

import asyncio
import dataclasses
import hashlib
from collections.abc import Coroutine, Iterator
from datetime import datetime, timedelta
from itertools import count
from typing import Any, ClassVar, TypeVar
from uuid import UUID, uuid4

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule, run_state_machine_as_test

from dispatch.domain import whistle
from dispatch.domain.case import Actor, Case
from dispatch.domain.turn import Turn
from dispatch.steps import casework, escalate, route
from dispatch.steps.audit import Difference, Editions, compare
from dispatch.steps.intake import Intake
from dispatch.steps.prepare import NewWhistle
from dispatch.steps.rules import Rules
from dispatch.steps.service import Service
from dispatch.store import audit as store
from dispatch.store import cases
from dispatch.store.database import Database
from dispatch.store.numbers import Numbers
from tests.domain.cases import BUILDING, MONDAY, SEEPAGE, STREET, clerk, leaks, liaison
from tests.domain.life import TEXTS, Life
from tests.factories import DISTRICT, clear, empty_tables, id_at
from tests.servers import TestPostgres

T = TypeVar("T")
#: acts that are offered nearly always and change little: others are more worth trying
DULL = {"note", "urge", "instruct", "consult", "minutes", "explain"}


class Ground:
    """One service on a database with a clock of its own, driven from outside any loop."""

    def __init__(self, url: str) -> None:
        self.now = MONDAY
        self.runner = asyncio.Runner()
        self.keys = count()
        self.ids = count(1)
        self.run(self._open(url))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    async def _open(self, url: str) -> None:
        self.database = await Database.connect(url, size=2, virtual=lambda: self.now)
        rules = Rules(self.database)
        await rules.refresh()
        self.service = Service(
            self.database, rules, Numbers(self.database, "whistle", 1000), self.new_id, channels=("null",)
        )
        self.intake = Intake(self.service)
        async with self.database.acquire() as connection:
            # a relay may be sending what stands in the outbox
            self.tables = [table for table in await empty_tables(connection) if table != "outbox"]

    def new_id(self) -> UUID:
        """As the service's own, by the ground's clock: what a life does is in the same order each time it is lived."""
        return id_at(self.now, next(self.ids))

    def close(self) -> None:
        self.run(self.database.close())
        self.runner.close()

    async def raise_(self, text: str) -> tuple[UUID, int]:
        key = f"life-{next(self.keys)}"
        new = NewWhistle(STREET, text, key, hashlib.sha256(key.encode()).digest(), place=BUILDING)
        receipt = await self.intake.raise_(clerk(), new)
        return receipt.id, receipt.number

    async def route(self, whistle: UUID) -> None:
        async with self.database.transaction() as uow:
            await route.route(self.service, uow, [whistle], {})

    async def case(self, whistle: UUID) -> Case:
        async with self.database.acquire() as connection:
            found = await cases.read(connection, whistle)
        assert found is not None
        return found

    async def ledger(self, whistle: UUID) -> list[Any]:
        async with self.database.acquire() as connection:
            return [
                tuple(row)
                for row in await connection.fetch(
                    "SELECT clock, run, rung, mark, nth FROM escalation WHERE whistle = $1 ORDER BY at", whistle
                )
            ]

    async def notices(self, whistle: UUID) -> list[tuple[UUID, str]]:
        async with self.database.acquire() as connection:
            rows = await connection.fetch("SELECT id, recipient FROM notice WHERE whistle = $1", whistle)
        return [(row["id"], row["recipient"]) for row in rows]

    async def differences(self, editions: Editions) -> list[Difference]:
        """Of every whistle that is there."""
        async with self.database.acquire() as connection:
            ids = [row["id"] for row in await connection.fetch("SELECT id FROM whistle_state")]
            standings = await store.read(connection, ids)
            await editions.ready(connection, standings)
        return [found for standing in standings for found in compare(standing, editions.of(DISTRICT))]

    async def clear(self) -> None:
        """No whistle is left, and nothing that was written for one."""
        async with self.database.transaction() as uow:
            await clear(uow.connection, self.tables)


class StoredPlay:
    """As `tests.domain.cases.Play`, on the database."""

    def __init__(self, ground: Ground, text: str) -> None:
        self.ground = ground
        ground.now = MONDAY
        self.id, self.number = ground.run(ground.raise_(text))
        self.case = ground.run(ground.case(self.id))
        self._told, self.leaks = set[UUID](), list[str]()

    def _read(self) -> None:
        """The case as stored, in the object that the machine holds."""
        stored = self.ground.run(self.ground.case(self.id))
        for one in dataclasses.fields(Case):
            setattr(self.case, one.name, getattr(stored, one.name))
        told = {id: seat for id, seat in self.ground.run(self.ground.notices(self.id)) if id not in self._told}
        self._told.update(told)
        self.leaks += [seat for seat in told.values() if leaks(self.case, seat, self.turn)]

    @property
    def now(self) -> datetime:
        return self.ground.now

    @property
    def turn(self) -> Turn:
        return self.ground.service.turn(DISTRICT, self.now)

    @property
    def ledger(self) -> list[Any]:
        return self.ground.run(self.ground.ledger(self.id))

    def route(self) -> "StoredPlay":
        self.ground.run(self.ground.route(self.id))
        self._read()
        return self

    def act(self, actor: Actor, action: str, fields: dict[str, Any]) -> bool:
        done = self.ground.run(casework.act(self.ground.service, actor, self.id, action, fields))
        self._read()
        return done.changed

    def wait(self, **length: float) -> "StoredPlay":
        self.ground.now += timedelta(**length)
        return self

    def sweep(self) -> int:
        steps = self.ground.run(escalate.sweep(self.ground.service))
        self._read()
        return steps


class StoredLife(Life):
    """A life among others: it may be merged into another one, and have children."""

    ground: ClassVar[Ground]
    editions: ClassVar[Editions]

    @initialize(text=st.sampled_from(TEXTS))
    def begin(self, text: str) -> None:  # type: ignore[override]
        self.ground.run(self.ground.clear())  # whatever the life before left, however it ended
        self.joined = False
        play = StoredPlay(self.ground, text)
        _, self.other = self.ground.run(self.ground.raise_(SEEPAGE))
        self.play: Any = play.route()
        self.total = play.case.clock("total").due_at  # type: ignore[union-attr]

    def fields(self, data: Any) -> dict[str, Any]:
        said = super().fields(data) | {"into": str(self.other), "body": "另一件事：垃圾成堆没人清", "rung": 4}
        return said | {"note": "看过现场"} if data.draw(st.booleans()) else said

    @rule(data=st.data(), actor=st.sampled_from(Life.actors), action=st.sampled_from(sorted(whistle.TABLE)))
    def act(self, data: Any, actor: Actor, action: str) -> None:
        super().act(data, actor, action)
        self.joined = self.joined or self.play.case.facts.merged_into is not None

    @rule(data=st.data())
    def something_that_is_offered(self, data: Any) -> None:
        case, turn = self.play.case, self.play.turn
        units = [liaison(part.unit) for part in case.parts()]
        offered = [
            (actor, action)
            for actor in (*Life.actors, *units)
            for action in whistle.allowed(case, actor, turn)
            if action not in DULL
        ]
        if offered:
            actor, action = data.draw(st.sampled_from(offered))
            self.act(data, actor, action)

    @rule(data=st.data())
    def and_another(self, data: Any) -> None:
        self.something_that_is_offered(data)

    @rule(hours=st.one_of(st.floats(0.01, 2), st.floats(0.01, 60)))
    def time_passes(self, hours: float) -> None:
        self.play.wait(hours=hours).sweep()

    @precondition(lambda self: not self.joined)
    @invariant()
    def somebody_answers(self) -> None:
        super().somebody_answers()

    @precondition(lambda self: not self.joined)
    @invariant()
    def the_total_never_restarts(self) -> None:
        super().the_total_never_restarts()

    def teardown(self) -> None:
        if hasattr(self, "play"):
            assert self.ground.run(self.ground.differences(self.editions)) == []


@pytest.fixture
def ground(postgres: TestPostgres, demo_database: str) -> Iterator[Ground]:
    name = f"life_{uuid4().hex[:8]}"
    asyncio.run(postgres.execute(f'CREATE DATABASE "{name}" TEMPLATE "{demo_database}" STRATEGY file_copy'))
    made = Ground(postgres.url(name))
    yield made
    made.close()
    asyncio.run(postgres.drop(postgres.url(name)))


def test_whatever_is_done_the_log_amounts_to_what_is_stored(ground: Ground) -> None:
    StoredLife.ground, StoredLife.editions = ground, Editions()
    run_state_machine_as_test(
        StoredLife,
        settings=settings(
            max_examples=25, stateful_step_count=50, deadline=None, phases=(Phase.explicit, Phase.generate)
        ),
    )
