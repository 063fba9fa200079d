"""A town on a database whose clock can be put: its own `clock_timestamp` stands before PostgreSQL's."""

import functools
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import count
from typing import NamedTuple
from uuid import UUID

import asyncpg

from dispatch.steps import escalate, route
from dispatch.steps.clock_guard import ClockGuard
from dispatch.steps.intake import Intake
from dispatch.steps.prepare import NewWhistle
from dispatch.steps.rules import Rules
from dispatch.steps.service import Service
from dispatch.store import clock_watch, clocks
from dispatch.store.clock_watch import Jump
from dispatch.store.database import Database
from dispatch.store.numbers import Numbers
from tests.domain.cases import BUILDING, FIRE_DOOR, MONDAY, STREET, clerk
from tests.factories import clear, empty_tables, id_at

#: it stands still until it is told, or a slow machine would move it, too
SHIFTED = """
CREATE SCHEMA shifted;
CREATE TABLE shifted.clock (shows timestamptz);
CREATE FUNCTION shifted.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
    AS 'SELECT shows FROM shifted.clock';
DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET search_path = shifted, public, pg_catalog', current_database());
END $$"""


class Step(NamedTuple):
    """A step of the ladder: whose, of which clock, and its mark."""

    key: str
    stage: str
    unit: str | None
    rung: int
    mark: str
    nth: int


class Town:
    """Four emergencies, routed, and a scheduler whose own clock is right."""

    def __init__(self, url: str, service: Service, tables: list[str]) -> None:
        self.url, self.service, self._tables = url, service, tables
        self._ids = count(1)

    async def begin(self) -> None:
        """Nothing has happened; then four are raised and routed, on Monday at nine."""
        async with self.service.database.transaction() as uow:
            await clear(uow.connection, self._tables)
            await uow.connection.execute("DELETE FROM snapshot WHERE name = $1", clock_watch.NAME)
            await uow.connection.execute("DELETE FROM shifted.clock")
            await uow.connection.execute("INSERT INTO shifted.clock VALUES ($1)", MONDAY)
        #: what has truly passed since then; and how much later the database's clock shows
        self.passed, self.off = timedelta(), timedelta()
        self.told: list[float] = []
        self.noted: list[Jump] = []
        self.guard = self.another()
        intake, ids = Intake(self.service), []
        for n in range(4):
            new = NewWhistle(STREET, FIRE_DOOR, f"jump-{n}", hashlib.sha256(bytes([n])).digest(), place=BUILDING)
            ids.append((await intake.raise_(clerk(), new)).id)
        async with self.service.database.transaction() as uow:
            await route.route(self.service, uow, ids, {})

    def another(self, up: float = 0.0) -> ClockGuard:
        """What one more scheduler goes by, on a host that has been up so many seconds longer."""
        database = self.service.database

        async def note(jump: Jump) -> None:
            self.noted.append(jump)
            await clock_watch.note(database, jump)

        return ClockGuard(
            functools.partial(clock_watch.read, database),
            note,
            told=self.told.append,
            passed=lambda: self.passed.total_seconds() + up,
        )

    @property
    def shows(self) -> datetime:
        """The database's clock."""
        return MONDAY + self.passed + self.off

    def id_made(self, wall: timedelta = timedelta()) -> UUID:
        """As a process makes ids, on a host whose own wall clock is so wrong."""
        return id_at(MONDAY + self.passed + wall, next(self._ids))

    async def shift(self, by: timedelta, *, passing: bool = False) -> None:
        """The database's clock moves; `passing`: so does everybody's."""
        self.passed, self.off = (self.passed + by, self.off) if passing else (self.passed, self.off + by)
        async with self.service.database.acquire() as connection:
            await connection.execute("UPDATE shifted.clock SET shows = $1", self.shows)

    async def sweep(self, guard: ClockGuard | None = None, service: Service | None = None) -> int:
        return await escalate.sweep(service or self.service, 1, steady=(guard or self.guard).steady)

    async def climbs(self) -> int:
        async with self.service.database.acquire() as connection:
            return int(await connection.fetchval("SELECT count(*) FROM escalation"))

    async def fired(self) -> set[Step]:
        """Each step that was taken."""
        async with self.service.database.acquire() as connection:
            rows = await connection.fetch(
                """SELECT w.idempotency_key, c.stage, c.unit, e.rung, e.mark, e.nth
                   FROM escalation e JOIN whistle_clock c ON c.id = e.clock JOIN whistle w ON w.id = e.whistle"""
            )
        return {Step(*row) for row in rows}

    async def punctual(self, until: timedelta) -> None:
        """Time passes (until so much has), and each step is taken in the moment it is due."""
        while True:
            async with self.service.database.acquire() as connection:
                due = await clocks.next_due(connection)
            if due is None or due - MONDAY > until:
                return await self.shift(until - self.passed, passing=True)
            await self.shift(max(due - MONDAY - self.passed, timedelta()), passing=True)
            assert await self.sweep()


@asynccontextmanager
async def founded(demo_url: str) -> AsyncIterator[Town]:
    connection = await asyncpg.connect(demo_url)
    tables = await empty_tables(connection)
    await connection.execute(SHIFTED)
    await connection.close()
    database = await Database.connect(demo_url, size=4)
    service = Service(database, Rules(database), Numbers(database, "whistle", 10), lambda: made.id_made())
    made = Town(demo_url, service, tables)
    await service.rules.refresh()
    await made.begin()
    yield made
    await database.close()
