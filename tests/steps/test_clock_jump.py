"""The clock of a real database jumps (its own `clock_timestamp` is put before PostgreSQL's): nothing climbs by it."""

import asyncio
import functools
import hashlib
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any, ClassVar, NamedTuple, TypeVar
from uuid import UUID

import asyncpg
import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from typer.testing import CliRunner

from dispatch.__main__ import app
from dispatch.steps import escalate, route
from dispatch.steps.audit import audit
from dispatch.steps.clock_guard import ClockGuard
from dispatch.steps.intake import Intake
from dispatch.steps.prepare import NewWhistle
from dispatch.steps.rules import Rules
from dispatch.steps.service import Service
from dispatch.store import clock_watch, clocks
from dispatch.store.clock_watch import Jump
from dispatch.store.database import Database
from dispatch.store.numbers import Numbers
from tests.chaos import checker, evidence
from tests.domain.cases import BUILDING, FIRE_DOOR, MONDAY, STREET, clerk
from tests.factories import clear, empty_tables, id_at
from tests.servers import TestPostgres
from tests.web.conftest import copied

T = TypeVar("T")

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


SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
#: as promised: clocks may part by so much between two looks; one that has not jumped again for so long is believed
ALLOWED, STEADY = MINUTE, 10 * MINUTE
#: beyond what clocks may part by: a little, hours, days
FAR = st.builds(
    lambda seconds, sign: seconds * sign * SECOND,
    st.one_of(st.integers(61, 150), st.integers(300, 20_000), st.integers(20_000, 700_000)),
    st.sampled_from([1, -1]),
)
#: what a clock may be wrong by without anybody noticing, however it came to it
NEAR = 30
SCHEDULERS = st.sampled_from(range(3))


class Host:
    """A scheduler: how long its machine has been up (seconds), and how wrong its wall clock is."""

    def __init__(self, town: Town, up: float, wall: timedelta = timedelta()) -> None:
        self.town, self.wall = town, wall
        self.guard = town.another(up)
        self.service = replace(town.service, new_id=lambda: town.id_made(self.wall))

    async def sweep(self) -> int:
        return await self.town.sweep(self.guard, self.service)


class Pair:
    """A town whose database's clock jumps, and one whose clock is right, driven from outside any loop."""

    def __init__(self, postgres: TestPostgres, demo_database: str) -> None:
        self.runner = asyncio.Runner()
        self._open = self._opened(postgres, demo_database)
        self.town, self.right = self.run(anext(self._open))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @staticmethod
    async def _opened(postgres: TestPostgres, demo_database: str) -> AsyncIterator[tuple[Town, Town]]:
        async with (
            copied(postgres, demo_database) as url, founded(url) as town,
            copied(postgres, demo_database) as other_url, founded(other_url) as right,
        ):  # fmt: skip
            yield town, right

    def close(self) -> None:
        self.run(self._open.aclose())  # type: ignore[attr-defined]
        self.runner.close()


class Schedule(RuleBasedStateMachine):
    """Time passes, the clock jumps, three schedulers sweep, start anew and have wall clocks of their own.

    Each looks at the clock as soon as anything has happened to it, as it does every second, one before the other. As
    long as nobody believes a wrong clock, the town takes its steps as the one beside it does, and none before it.
    """

    pair: ClassVar[Pair]

    @initialize(careful=st.booleans())
    def begin(self, careful: bool) -> None:
        """`careful`: whoever confirms has looked, and a wrong clock is put right before it is believed for its age."""
        self.careful = careful
        self.town, self.right = self.pair.town, self.pair.right
        for each in (self.town, self.right):
            self.pair.run(each.begin())
        self.hosts = [Host(self.town, up) for up in (0.0, 1e7, 5.0)]
        self.jumped: datetime | None = None
        self.confirmed = self.misled = False
        self.taken = set[Step]()
        self.looked(range(3))

    @property
    def wrong(self) -> bool:
        return abs(self.town.off) > NEAR * SECOND

    @property
    def held(self) -> bool:
        """Whether the last jump is neither confirmed nor old enough."""
        return self.jumped is not None and not self.confirmed and self.town.shows - self.jumped < STEADY

    def looked(self, order: Any) -> None:
        """Every scheduler looks at the clock, and all of them say the same."""
        for one in order:
            assert self.pair.run(self.hosts[one].guard.steady()) is not self.held
            assert (self.town.told[-1] != 0) is self.held
        self.misled = self.misled or (self.wrong and not self.held)

    def moved(self, by: timedelta, order: list[int]) -> None:
        """The database's clock jumps: it is noted once, by whoever looks first; a small step is not."""
        self.pair.run(self.town.shift(by))
        shows, noted = self.town.shows, len(self.town.noted)
        far = abs(by) > ALLOWED or (self.jumped is not None and shows < self.jumped - ALLOWED)
        if far:
            self.jumped, self.confirmed = shows, False
        self.looked(order)
        assert [jump.at for jump in self.town.noted[noted:]] == [shows] * far
        assert not far or (self.town.noted[-1].by > timedelta()) is (by > timedelta())

    def stepped(self, steps: int) -> None:
        """What a sweep took, the punctual town has taken by now; give or take what clocks may part by."""
        fired = self.pair.run(self.town.fired())
        assert len(fired - self.taken) == steps
        assert not steps or not self.held
        self.taken = fired
        if not self.misled:
            self.pair.run(self.right.punctual(self.town.passed + ALLOWED))
            assert fired <= self.pair.run(self.right.fired())

    @precondition(lambda self: self.town.passed < 5 * 60 * MINUTE and not (self.careful and self.wrong))
    @rule(minutes=st.integers(1, 40), order=st.permutations(range(3)))
    def time_passes(self, minutes: int, order: list[int]) -> None:
        self.pair.run(self.town.shift(minutes * MINUTE, passing=True))
        self.looked(order)

    @precondition(lambda self: self.wrong and self.held and self.town.shows + 4 * MINUTE - self.jumped < STEADY)
    @rule(minutes=st.integers(1, 4), order=st.permutations(range(3)))
    def time_passes_by_a_wrong_clock(self, minutes: int, order: list[int]) -> None:
        self.pair.run(self.town.shift(minutes * MINUTE, passing=True))
        self.looked(order)

    @rule(by=FAR, order=st.permutations(range(3)))
    def jumps(self, by: timedelta, order: list[int]) -> None:
        self.moved(by, order)

    @rule(by=FAR, order=st.permutations(range(3)), one=SCHEDULERS, up=st.floats(0, 1e7))
    def jumps_while_a_scheduler_is_down(self, by: timedelta, order: list[int], one: int, up: float) -> None:
        """It has nothing to hold the clock against; but one that went back to before the jump noted last shows."""
        self.hosts[one] = Host(self.town, up, self.hosts[one].wall)
        back = self.jumped is not None and self.town.shows + by < self.jumped - ALLOWED
        self.moved(by, order if back else sorted(order, key=lambda each: each == one))

    @precondition(lambda self: self.wrong)
    @rule(off=st.integers(-NEAR, NEAR), order=st.permutations(range(3)))
    def is_put_right(self, off: int, order: list[int]) -> None:
        self.moved(off * SECOND - self.town.off, order)

    @precondition(lambda self: not self.wrong)
    @rule(off=st.integers(-NEAR, NEAR), order=st.permutations(range(3)))
    def moves_a_little(self, off: int, order: list[int]) -> None:
        self.moved(off * SECOND - self.town.off, order)

    @precondition(lambda self: not (self.careful and self.wrong))
    @rule()
    def somebody_confirms(self) -> None:
        self.pair.run(self.confirm())
        self.confirmed = True
        self.looked(range(3))

    @precondition(lambda self: len(self.town.noted) > 1)
    @rule()
    def somebody_confirms_an_earlier_jump(self) -> None:
        earlier, last = self.town.noted[-2:]
        if earlier.at != last.at:
            assert not self.pair.run(self.confirm(earlier.at))

    async def confirm(self, at: datetime | None = None) -> bool:
        async with self.town.service.database.acquire() as connection:
            return await clock_watch.confirm(connection, at)

    @rule(one=SCHEDULERS)
    def sweeps(self, one: int) -> None:
        self.stepped(self.pair.run(self.hosts[one].sweep()))

    @rule(one=SCHEDULERS)
    def sweeps_again(self, one: int) -> None:
        self.sweeps(one)

    @rule(one=SCHEDULERS, up=st.floats(0, 1e7))
    def starts_anew(self, one: int, up: float) -> None:
        self.hosts[one] = Host(self.town, up, self.hosts[one].wall)
        self.sweeps(one)

    @rule(one=SCHEDULERS, days=st.integers(-400, 400))
    def has_a_wrong_wall_clock(self, one: int, days: int) -> None:
        self.hosts[one].wall = timedelta(days=days)

    def teardown(self) -> None:
        if not hasattr(self, "jumped"):
            return
        self.moved(-self.town.off, [0, 1, 2])
        for minutes in [11, 31, 31, 31, 31]:
            self.pair.run(self.town.shift(minutes * MINUTE, passing=True))
            self.sweeps(0)
        self.pair.run(self.end())

    async def end(self) -> None:
        """At night, when nothing is due, both have taken the same steps; so they have the night after."""
        for day in range(1 if self.misled else 3):
            night = timedelta(days=day, hours=14)
            await self.town.punctual(night)
            if not self.misled:
                await self.right.punctual(night)
                fired = await self.town.fired()
                assert fired == await self.right.fired()
                assert {(step.key, step.rung) for step in fired} >= {(f"jump-{n}", 5) for n in range(4)}
        assert [difference async for difference in audit(self.town.service.database)] == []
        assert checker.check(await evidence.read(self.town.url)) == []


@pytest.fixture
def pair(postgres: TestPostgres, demo_database: str) -> Iterator[Pair]:
    made = Pair(postgres, demo_database)
    yield made
    made.close()


def test_whatever_the_clock_does_the_steps_are_those_of_a_town_whose_clock_is_right(pair: Pair) -> None:
    Schedule.pair = pair
    run_state_machine_as_test(
        Schedule, settings=settings(max_examples=12, stateful_step_count=40, phases=(Phase.explicit, Phase.generate))
    )
