"""The clock of a real database jumps (its own `clock_timestamp` is put before PostgreSQL's): nothing climbs by it."""

import asyncio
import functools
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from random import Random

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
from tests.chaos import checker, evidence
from tests.domain.cases import BUILDING, FIRE_DOOR, STREET, clerk
from tests.servers import TestPostgres
from tests.web.conftest import copied

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

    def another(self, up: float = 0.0) -> ClockGuard:
        """What one more scheduler goes by, on a host that has been up so many seconds longer."""
        database = self.service.database
        return ClockGuard(
            functools.partial(clock_watch.read, database),
            functools.partial(clock_watch.note, database),
            told=self.told.append,
            passed=lambda: self.passed + up,
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

    async def fired(self) -> dict[tuple[int, str, str, int, str, int], timedelta]:
        """Each step of the ladder, by whistle, clock and mark; and how long after the receipt it was taken."""
        async with self.service.database.acquire() as connection:
            rows = await connection.fetch(
                """SELECT right(w.idempotency_key, 1)::int, c.stage, c.unit, e.rung, e.mark, e.nth, e.at - w.received_at
                   FROM escalation e JOIN whistle_clock c ON c.id = e.clock JOIN whistle w ON w.id = e.whistle"""
            )
        return {tuple(row)[:6]: row[6] for row in rows}


@asynccontextmanager
async def founded(demo_url: str) -> AsyncIterator[Town]:
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


@pytest.fixture
async def town(demo_url: str) -> AsyncIterator[Town]:
    async with founded(demo_url) as made:
        yield made


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


MINUTE = timedelta(minutes=1)


class Schedule:
    """A day of a town in which time passes, its database's clock jumps and three schedulers sweep, as the dice say.

    Two of them look at the clock all the time; the third has always just started.
    """

    def __init__(self, town: Town, dice: Random) -> None:
        self.town, self.dice = town, dice
        self.guards = [town.guard, town.another(up=1e7)]
        #: minutes since the last jump that nobody has confirmed; None: the clock is believed
        self.held: int | None = None

    async def look(self) -> None:
        for guard in self.guards:
            await guard.steady()

    async def jump(self, by: timedelta) -> None:
        await self.town.shift(by)
        await self.look()
        self.held = 0

    async def pass_by(self, minutes: int) -> None:
        await self.town.shift(minutes * MINUTE, passing=True)
        await self.look()
        if self.held is not None:
            self.held += minutes
            self.held = self.held if self.held * MINUTE < clock_watch.STEADY else None

    async def confirm(self) -> None:
        async with self.town.service.database.acquire() as connection:
            await clock_watch.confirm(connection)
        self.held = None

    async def sweep(self) -> None:
        before = await self.town.climbs()
        taken = await self.town.sweep(self.dice.choice([*self.guards, self.town.another(up=5.0)]))
        assert await self.town.climbs() == before + taken
        assert not taken or self.held is None, f"{taken} steps, {self.held} min after a jump"
        assert (self.town.told[-1] == 0) is (self.held is None)

    def far(self) -> timedelta:
        """Up to a week, either way; never so little that it is within what clocks part by."""
        return self.dice.choice([-1, 1]) * self.dice.choice([2, 45, 600, 10_080]) * MINUTE


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_the_clock_does_nothing_climbs_while_it_is_not_believed(town: Town, seed: int) -> None:
    dice = Random(seed)
    one = Schedule(town, dice)
    await one.look()
    for _ in range(40):
        match dice.choice(["pass", "pass", "jump", "sweep", "sweep", "sweep", "confirm"]):
            case "pass":
                await one.pass_by(dice.randint(1, 40))
            case "jump":
                await one.jump(one.far())
            case "confirm":
                await one.confirm()
            case _:
                await one.sweep()
    await one.pass_by(11)
    await one.sweep()
    assert await town.climbs()
    assert [difference async for difference in audit(town.service.database)] == []
    assert checker.check(await evidence.read(town.url)) == []


@pytest.mark.parametrize("seed", range(4))
async def test_jumps_that_were_put_right_change_nothing_but_time(
    postgres: TestPostgres, demo_database: str, seed: int
) -> None:
    """Beside a town whose clock is right and that sweeps at the same moments: no step that it has not, none earlier."""
    dice = Random(100 + seed)
    async with (
        copied(postgres, demo_database) as url, founded(url) as town,
        copied(postgres, demo_database) as other_url, founded(other_url) as right,
    ):  # fmt: skip
        one, beside = Schedule(town, dice), Schedule(right, Random(seed))
        await one.look()
        for _ in range(12):
            minutes = dice.randint(5, 40)
            await one.pass_by(minutes)
            await beside.pass_by(minutes)
            if dice.random() < 0.6:
                by = one.far()
                await one.jump(by)
                await one.sweep()
                await one.jump(-by)
            await one.sweep()
            await beside.sweep()
        for each in (one, beside):
            await each.pass_by(11)
            await each.sweep()
        fired, due = await town.fired(), await right.fired()
    assert fired
    assert fired.keys() <= due.keys()
    assert all(at > due[step] - MINUTE for step, at in fired.items())
