"""The clock of a real database jumps (its own `clock_timestamp` is put before PostgreSQL's): nothing climbs by it."""

import asyncio
import functools
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest
from typer.testing import CliRunner

from dispatch.__main__ import app
from dispatch.clock import new_id
from dispatch.scheduler import ClockGuard
from dispatch.steps import escalate, route
from dispatch.steps.audit import audit
from dispatch.steps.intake import Intake
from dispatch.steps.prepare import NewWhistle
from dispatch.steps.rules import Rules
from dispatch.steps.service import Service
from dispatch.store import clock_watch
from dispatch.store.database import Database
from dispatch.store.numbers import Numbers
from tests.domain.cases import BUILDING, FIRE_DOOR, STREET, clerk

SHIFTED = """
CREATE SCHEMA shifted;
CREATE TABLE shifted.gap AS SELECT interval '0' AS gap;
CREATE FUNCTION shifted.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
    AS 'SELECT pg_catalog.clock_timestamp() + (SELECT gap FROM shifted.gap)';
DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET search_path = shifted, public, pg_catalog', current_database());
END $$"""


class Town:
    """Four emergencies, routed, and a scheduler whose own clock is right."""

    def __init__(self, url: str, service: Service) -> None:
        self.url, self.service = url, service
        self.passed = 1000.0
        self.told: list[float] = []
        self.guard = self.another()

    def another(self) -> ClockGuard:
        """What one more scheduler goes by."""
        database = self.service.database
        return ClockGuard(
            functools.partial(clock_watch.read, database),
            functools.partial(clock_watch.note, database),
            told=self.told.append,
            passed=lambda: self.passed,
        )

    async def shift(self, by: timedelta, *, passing: bool = False) -> None:
        """The database's clock moves; `passing`: so does everybody's."""
        async with self.service.database.acquire() as connection:
            await connection.execute("UPDATE shifted.gap SET gap = gap + $1", by)
        self.passed += by.total_seconds() if passing else 0.0

    async def sweep(self, guard: ClockGuard | None = None) -> int:
        return await escalate.sweep(self.service, 1, steady=(guard or self.guard).steady)

    async def climbs(self) -> int:
        async with self.service.database.acquire() as connection:
            return int(await connection.fetchval("SELECT count(*) FROM escalation"))


@pytest.fixture
async def town(demo_url: str) -> AsyncIterator[Town]:
    connection = await asyncpg.connect(demo_url)
    await connection.execute(SHIFTED)
    await connection.close()
    database = await Database.connect(demo_url, size=4)
    service = Service(database, Rules(database), Numbers(database, "whistle", 10), new_id)
    await service.rules.refresh()
    intake, ids = Intake(service), []
    for n in range(4):
        new = NewWhistle(STREET, FIRE_DOOR, f"jump-{n}", hashlib.sha256(bytes([n])).digest(), place=BUILDING)
        ids.append((await intake.raise_(clerk(), new)).id)
    async with database.transaction() as uow:
        await route.route(service, uow, ids, {})
    yield Town(demo_url, service)
    await database.close()


@pytest.mark.parametrize("days", [3, -3])
async def test_a_jump_holds_the_sweep_until_somebody_confirms(
    town: Town, days: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await town.sweep() == 0
    await town.shift(timedelta(days=days))
    assert await town.sweep() == 0
    assert await town.sweep(town.another()) == 0, "one that has just started holds, too"
    assert town.told[-1] == pytest.approx(days * 86400, abs=60)
    monkeypatch.setenv("DISPATCH_DATABASE_URL", town.url)
    said = await asyncio.to_thread(CliRunner().invoke, app, ["clock", "confirm"])
    assert (said.exit_code, "Confirmed" in said.stdout) == (0, True)
    taken = await town.sweep()
    assert (taken > 0) == (days > 0)
    assert await town.climbs() == taken
    assert town.told[-1] == 0
    assert [one async for one in audit(town.service.database)] == []


async def test_ten_steady_minutes_are_enough_and_a_second_jump_begins_them_anew(town: Town) -> None:
    assert await town.sweep() == 0
    await town.shift(timedelta(days=3))
    assert await town.sweep() == 0
    await town.shift(timedelta(minutes=9), passing=True)
    assert await town.sweep() == 0
    await town.shift(timedelta(days=-3))
    assert await town.sweep() == 0
    await town.shift(timedelta(minutes=9), passing=True)
    assert await town.sweep() == 0
    assert await town.climbs() == 0
    await town.shift(timedelta(minutes=40), passing=True)
    assert await town.sweep() > 0


async def test_a_jump_while_the_sweep_drains_stops_it(town: Town) -> None:
    """By the true time each has been due once; a week that never was must not bring the next rung."""
    await town.guard.steady()
    await town.shift(timedelta(minutes=31), passing=True)
    looks = 0

    async def steady() -> bool:
        nonlocal looks
        looks += 1
        if looks == 3:
            await town.shift(timedelta(days=7))
        return await town.guard.steady()

    await escalate.sweep(town.service, 1, steady=steady)
    assert looks == 3
    async with town.service.database.acquire() as connection:
        late = await connection.fetchval(
            "SELECT count(*) FROM escalation WHERE at > clock_timestamp() - interval '1 day'"
        )
        rows = await connection.fetchval("SELECT count(DISTINCT whistle) FROM escalation")
    assert (late, rows) == (0, 2)


async def test_time_that_truly_passed_is_no_jump(town: Town) -> None:
    assert await town.sweep() == 0
    await town.shift(timedelta(days=3), passing=True)
    assert await town.sweep() > 0
