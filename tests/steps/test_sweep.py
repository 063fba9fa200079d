"""The sweep on a real database: any number of schedulers, answers at the same moment, bad rows, frozen holders."""

import asyncio
import contextlib
import hashlib
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson
import pytest
from structlog.testing import capture_logs

from dispatch.clock import VirtualClock, new_id
from dispatch.domain.case import Actor
from dispatch.domain.deadlines import Limit
from dispatch.domain.refusals import Refusal
from dispatch.steps import casework, escalate, route
from dispatch.steps.audit import audit
from dispatch.steps.intake import Intake
from dispatch.steps.prepare import NewWhistle
from dispatch.steps.rules import Rules
from dispatch.steps.service import Service
from dispatch.store import clocks, snapshots
from dispatch.store.database import Database
from dispatch.store.errors import Unavailable
from dispatch.store.numbers import Numbers
from tests.chaos import checker, evidence
from tests.domain.cases import (
    BUILDING,
    DESK,
    DISTRICT,
    FIRE_DOOR,
    MONDAY,
    RUBBISH,
    SEEPAGE,
    STREET,
    clerk,
    head,
    liaison,
)
from tests.servers import TestPostgres

TEXTS = (SEEPAGE, FIRE_DOOR, RUBBISH, "没有这种事的规则", SEEPAGE)


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[Any]]:
    """What was logged; the default console would print a bad row's trace with all the rules in it."""
    with capture_logs() as logs:
        yield logs


class Town:
    """One database, several schedulers with pools of their own, one virtual clock for all."""

    def __init__(self, url: str, clock: VirtualClock, services: list[Service]) -> None:
        self.url, self.clock, self.services = url, clock, services
        self.ids: list[UUID] = []
        self.cut = 0

    async def blow(self, number: int) -> None:
        """Raise and route so many whistles, at one moment."""
        intake = Intake(self.services[0])
        for _ in range(number):
            key = f"sweep-{len(self.ids)}"
            text = TEXTS[len(self.ids) % len(TEXTS)]
            new = NewWhistle(STREET, text, key, hashlib.sha256(key.encode()).digest(), place=BUILDING)
            self.ids.append((await intake.raise_(clerk(), new)).id)
        async with self.services[0].database.transaction() as uow:
            await route.route(self.services[0], uow, self.ids, {})

    async def sweep(self) -> int:
        """All schedulers at once, in batches small enough for several to be under way; how many steps they took."""
        return sum(await asyncio.gather(*(escalate.sweep(service, batch=5) for service in self.services)))

    async def act(self, nth: int, actor: Actor, action: str, **fields: Any) -> bool:
        try:
            return (await casework.act(self.services[0], actor, self.ids[nth], action, fields)).changed
        except Refusal:
            return False

    async def numbers(self) -> list[int]:
        """In the order in which they were raised."""
        async with self.services[0].database.acquire() as connection:
            rows = await connection.fetch("SELECT number FROM whistle ORDER BY number")
            return [row["number"] for row in rows]

    async def ledger(self) -> list[tuple[Any, ...]]:
        """Every step ever taken, told without ids.

        To the second: where a whistle moves twice at one virtual moment, its batch comes a microsecond later.
        """
        async with self.services[0].database.acquire() as connection:
            rows = await connection.fetch(
                """SELECT w.idempotency_key, c.stage, c.unit, l.run, l.rung, l.mark, l.nth,
                          date_trunc('second', l.due_at + interval '500 ms')
                   FROM escalation l JOIN whistle w ON w.id = l.whistle JOIN whistle_clock c ON c.id = l.clock
                   ORDER BY 1, 2, 3, 4, 5, 6, 7"""
            )
            return [tuple(row) for row in rows]

    async def sound(self, *, one_calendar: bool = True) -> None:
        """The log, the ledger and every projection hold; full time, too, where the calendar never changed."""
        assert checker.check(await evidence.read(self.url)) == []
        assert not one_calendar or await self.short_of_time() == []
        assert [found async for found in audit(self.services[0].database)] == []

    async def short_of_time(self) -> list[Any]:
        """Climbs after which what comes next is not due by the calendar's full time: from when the climb was due, or
        from when it came where it was late by more than five minutes or a tenth of the wait."""
        calendar = self.services[0].turn(DISTRICT, self.clock.now()).district_calendar
        async with self.services[0].database.acquire() as connection:
            rows = await connection.fetch(
                """SELECT e.whistle, e.seq, e.at, l.due_at, l.rung, c.policy, e.data ->> 'next_at' AS next
                   FROM whistle_event e JOIN escalation l ON l.event = e.id JOIN whistle_clock c ON c.id = l.clock
                   WHERE e.type = 'clock.climbed' AND c.run = l.run AND l.rung BETWEEN 1 AND 5"""
            )
        wrong = []
        for whistle, seq, at, due_at, rung, policy, told in rows:
            kept = orjson.loads(policy)
            wait = Limit.parse(kept["waits"][rung] if rung < 5 else kept["remind"])
            length = wait.length(calendar.day)
            origin = due_at if at - due_at <= min(timedelta(minutes=5), length / 10) else at
            full = calendar.add(origin, length) if wait.working else origin + length
            if datetime.fromisoformat(told) != full:
                wrong.append((whistle, seq, told, full))
        return wrong


@asynccontextmanager
async def town(postgres: TestPostgres, template: str, schedulers: int) -> AsyncIterator[Town]:
    name = f"town_{uuid4().hex[:8]}"
    await postgres.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
    url, clock = postgres.url(name), VirtualClock(MONDAY)
    databases = [
        await Database.connect(url, size=2, virtual=clock.now, application=f"scheduler-{i}") for i in range(schedulers)
    ]
    rules = Rules(databases[0])
    await rules.refresh()
    made = Town(url, clock, [Service(one, rules, Numbers(one, "whistle", 100), new_id) for one in databases])
    try:
        yield made
        assert await deadlocks(postgres, name) == 0
    finally:
        for one in databases:
            await one.close()
        await postgres.drop(url)


async def deadlocks(postgres: TestPostgres, name: str) -> int:
    connection = await asyncpg.connect(postgres.url("postgres"))
    try:
        found = await connection.fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = $1", name)
        return int(found)
    finally:
        await connection.close()


def schedule(seed: int) -> list[tuple[timedelta, list[tuple[int, Actor, str, dict[str, Any]]]]]:
    """What people do and when the schedulers tick: pauses of minutes and of days of downtime."""
    dice = random.Random(seed)
    ticks = []
    for _ in range(16):
        acts = []
        for _ in range(dice.randint(0, 3)):
            nth = dice.randrange(12)
            unit = liaison(dice.choice(["ZJ", "XF", "CG", "SQ-130403011-D01"]))
            acts.append(
                dice.choice(
                    [
                        (nth, unit, "report-in", {}),
                        (nth, unit, "note", {"text": "看过"}),
                        (nth, unit, "resolve", {"reply": "好了", "reason": "不用"}),
                        (
                            nth,
                            clerk(),
                            "verify",
                            {"accepted": dice.random() < 0.5, "reason": "not-done", "note": "没做完"},
                        ),
                        (nth, clerk(), "call", {"unit": "SF"}),
                    ]
                )
            )
        ticks.append((timedelta(hours=dice.choice([0.1, 1, 4, 9, 30, 120]) * dice.uniform(0.5, 1.5)), acts))
    return ticks


async def live(made: Town, ticks: Sequence[Any], *, shots: random.Random | None = None) -> list[tuple[Any, ...]]:
    await made.blow(12)
    for pause, acts in ticks:
        made.clock.advance(pause)
        if shots is not None:
            made.cut += await shot_down(made, shots)
            for _ in range(50):  # a cut connection is found out when it is used
                with contextlib.suppress(Unavailable):
                    await made.sweep()
                    await made.numbers()
                    break
        await made.sweep()
        for nth, actor, action, fields in acts:
            await made.act(nth, actor, action, **fields)
    return await made.ledger()


async def shot_down(made: Town, dice: random.Random) -> int:
    """Sweeps whose connections are cut somewhere on their way, as by `kill -9` of the process; how many."""
    killer = await asyncpg.connect(made.url)
    try:
        sweeps = [asyncio.create_task(escalate.sweep(service)) for service in made.services]
        while not all(one.done() for one in sweeps):
            await killer.execute("SELECT pg_sleep($1)", dice.uniform(0, 0.01))
            await killer.execute(
                """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE application_name = $1 AND datname = current_database()""",
                f"scheduler-{dice.randrange(len(sweeps))}",
            )
            await asyncio.wait(sweeps, timeout=0.002)
        ends = await asyncio.gather(*sweeps, return_exceptions=True)
        assert all(isinstance(end, int | Unavailable) for end in ends), ends
        return sum(isinstance(end, Unavailable) for end in ends)
    finally:
        await killer.close()


@pytest.mark.parametrize("seed", range(3))
async def test_any_number_of_schedulers_gives_the_ledger_of_one(
    seed: int, postgres: TestPostgres, demo_database: str
) -> None:
    ticks = schedule(seed)
    async with town(postgres, demo_database, 1) as one, town(postgres, demo_database, 3) as three:
        alone, together = await live(one, ticks), await live(three, ticks)
        assert alone == together
        assert len(alone) > 30
        await three.sound()


async def test_shots_at_any_point_change_nothing_but_time(postgres: TestPostgres, demo_database: str) -> None:
    ticks = schedule(7)
    async with town(postgres, demo_database, 1) as one, town(postgres, demo_database, 2) as two:
        quiet, shot = await live(one, ticks), await live(two, ticks, shots=random.Random(7))
        assert quiet == shot
        assert two.cut > 0
        await two.sound()


async def test_answers_at_the_moment_of_the_sweep(postgres: TestPostgres, demo_database: str) -> None:
    """Each signature comes while the clock that it answers is being swept: one of both is first, nobody dies."""
    async with town(postgres, demo_database, 3) as made:
        await made.blow(40)
        leads = {0: "ZJ", 1: "XF", 4: "ZJ"}
        for hours in (0.6, 4.1, 2):  # an emergency's first rung, the warning and the first rung of the others
            made.clock.advance(timedelta(hours=hours))
            acts = [
                made.act(nth, liaison(leads[nth % 5]), action, text="在办")
                for nth in range(40)
                if nth % 5 in leads
                for action in ("report-in", "note")
            ]
            random.Random(hours).shuffle(acts)
            await asyncio.gather(*acts, made.sweep(), made.sweep())
        await made.sweep()
        async with made.services[0].database.acquire() as connection:
            late = await connection.fetchval(
                """SELECT count(*) FROM whistle_event e JOIN whistle_event s USING (whistle)
                   WHERE s.type = 'reported-in' AND e.type LIKE 'clock.%' AND e.seq > s.seq
                   AND e.data ->> 'stage' = 'reported' AND e.data ->> 'unit' = s.data ->> 'unit'
                   AND s.data -> 'on_site_due' IS NULL"""
            )
            signed = await connection.fetchval("SELECT count(*) FROM whistle_event WHERE type = 'reported-in'")
        assert late == 0
        assert signed == 24
        await made.sound()


async def test_acts_that_end_or_rest_a_clock_at_the_moment_of_the_sweep(
    postgres: TestPostgres, demo_database: str
) -> None:
    """Released, put on hold, verified, closed just when the clock that it answers runs out: never after the deed."""
    async with town(postgres, demo_database, 3) as made:
        await made.blow(60)
        ours = [nth for nth in range(60) if TEXTS[nth % len(TEXTS)] == SEEPAGE]
        release, hold, verify, close = (ours[i::4] for i in range(4))
        unit, until = liaison("ZJ"), MONDAY + timedelta(days=90)
        before: list[tuple[list[int], Actor, str, dict[str, Any]]] = [
            (hold + verify + close, unit, "report-in", {}),
            (hold, unit, "request-hold", {"reason": "等资金", "review_on": until}),
            (verify + close, unit, "resolve", {"reply": "好了", "reason": "不用"}),
            (close, clerk(), "verify", {"accepted": True}),
            (close, clerk(), "feedback", {"reply": "好了"}),
        ]
        for some, actor, action, fields in before:
            for nth in some:
                assert await made.act(nth, actor, action, **fields)
        for some, actor, action, fields, stage in (
            (release, DESK, "assign", {"lead": "CG", "assist": []}, "reported"),
            (hold, head(STREET), "decide-hold", {"granted": True}, "ruling"),
            (verify, clerk(), "verify", {"accepted": True}, "verification"),
            (close, clerk(), "close", {}, "answering"),
        ):
            async with made.services[0].database.acquire() as connection:
                due = await connection.fetchval(
                    "SELECT max(due_at) FROM whistle_clock WHERE stage = $1 AND whistle = ANY($2)",
                    stage,
                    [made.ids[nth] for nth in some],
                )
            made.clock.advance(due - made.clock.now())
            acts = [made.act(nth, actor, action, **fields) for nth in some]
            random.Random(stage).shuffle(acts)
            done = await asyncio.gather(made.sweep(), made.sweep(), *acts)
            assert all(done[2:]), action
        made.clock.advance(timedelta(days=2))
        await made.sweep()
        await made.sound()


async def test_a_bad_row_is_parked_and_stops_nobody(
    postgres: TestPostgres, demo_database: str, logged: list[Any]
) -> None:
    async with town(postgres, demo_database, 2) as made:
        await made.blow(20)
        database = made.services[0].database
        bad = made.ids[10]
        async with database.transaction() as uow:
            good = await uow.connection.fetchval(
                "SELECT policy FROM whistle_clock WHERE whistle = $1 AND stage = 'handling'", bad
            )
            await uow.connection.execute(
                "UPDATE whistle_clock SET policy = '{broken' WHERE whistle = $1 AND stage = 'handling'", bad
            )
        made.clock.advance(timedelta(days=40))
        while await made.sweep():
            pass
        async with database.acquire() as connection:
            left = await connection.fetch(
                "SELECT whistle, parked FROM whistle_clock WHERE fires_at <= $1", made.clock.now()
            )
            assert {row["whistle"] for row in left} == {bad}
            assert all("JSONDecodeError" in row["parked"] for row in left)
            climbed = await connection.fetchval("SELECT count(DISTINCT whistle) FROM escalation WHERE rung > 0")
            assert climbed == 19
        assert (await snapshots.count(database)).clocks_parked == len(left), "it is seen"
        assert {row["whistle"] for row in logged if row["event"] == "clock.parked"} == {str(bad)}
        async with database.transaction() as uow:
            await uow.connection.execute(
                "UPDATE whistle_clock SET policy = $2 WHERE whistle = $1 AND stage = 'handling'", bad, good
            )
            await clocks.unpark(uow.connection, 100)
        assert await made.sweep() > 0
        await made.sound()


async def test_a_frozen_holder_delays_its_whistle_only(postgres: TestPostgres, demo_database: str) -> None:
    async with town(postgres, demo_database, 2) as made:
        await made.blow(10)
        frozen = made.ids[0]
        holder = await asyncpg.connect(made.url)
        holding = holder.transaction()
        await holding.start()
        await holder.execute("SELECT FROM whistle_state WHERE id = $1 FOR UPDATE", frozen)
        made.clock.advance(timedelta(days=3))
        async with asyncio.timeout(4):  # less than a session would wait for a lock
            while await made.sweep():
                pass
        database = made.services[0].database
        async with database.acquire() as connection:
            waiting = await connection.fetch(
                "SELECT DISTINCT whistle FROM whistle_clock WHERE fires_at <= $1", made.clock.now()
            )
            assert [row["whistle"] for row in waiting] == [frozen]
        assert (await snapshots.count(database)).clocks_due > 0, "it is seen"
        await holding.rollback()
        await holder.close()
        assert await made.sweep() > 0
        await made.sound()


async def test_held_whistles_do_not_hide_those_behind_them(postgres: TestPostgres, demo_database: str) -> None:
    """A frozen sweep holds its whole batch, the longest due: the others are found all the same."""
    async with town(postgres, demo_database, 1) as made:
        await made.blow(12)
        service = made.services[0]
        made.clock.advance(timedelta(hours=6))
        async with service.database.acquire() as connection:
            waiting = await clocks.due(connection, made.clock.now(), 1000)
        frozen = waiting[:4]
        holder = await asyncpg.connect(made.url)
        holding = holder.transaction()
        await holding.start()
        await holder.execute("SELECT FROM whistle_state WHERE id = ANY($1) FOR UPDATE", frozen)
        assert await escalate.sweep(service, batch=3) > 0
        async with service.database.acquire() as connection:
            assert set(await clocks.due(connection, made.clock.now(), 1000)) == set(frozen)
        await holding.rollback()
        await holder.close()
        await made.sweep()
        await made.sound()


@pytest.mark.parametrize("lanes", [1, 2])
async def test_who_holds_the_order_numbers_delays_orders_only(
    lanes: int, postgres: TestPostgres, demo_database: str, logged: list[Any]
) -> None:
    """As a sweep frozen between numbering and commit does: the other clocks climb, the orders come when it lets go."""
    async with town(postgres, demo_database, 1) as made:
        await made.blow(20)
        holder = await asyncpg.connect(made.url)
        await holder.execute("INSERT INTO number_block (kind, year, next) VALUES ('supervision', 2026, 1)")
        holding = holder.transaction()
        await holding.start()
        await holder.execute("SELECT FROM number_block WHERE kind = 'supervision' FOR UPDATE")
        climbed = 0
        for _ in range(12):
            made.clock.advance(timedelta(days=2))
            async with asyncio.timeout(15):  # ends even where it would hang
                climbed += await escalate.sweep(made.services[0], batch=3, lanes=lanes, patience=0.05)
        assert climbed > 20
        assert [row for row in logged if row["event"] == "orders.waiting"]
        orders = "SELECT (data ->> 'order')::int FROM whistle_event WHERE data ? 'order' ORDER BY 1"
        assert await holder.fetch(orders) == []
        await holding.rollback()
        while await escalate.sweep(made.services[0], batch=3, lanes=lanes):
            pass
        numbers = [row[0] for row in await holder.fetch(orders)]
        await holder.close()
        assert len(numbers) > 10
        assert numbers == list(range(1, len(numbers) + 1)), "no gap, none twice"
        await made.sound()
