"""Nobody on duty for a running emergency clock: the desk and the next seat hear at once, once."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from typer.testing import CliRunner

from dispatch.__main__ import app
from dispatch.clock import VirtualClock, new_id
from dispatch.domain.case import Actor
from dispatch.domain.refusals import Forbidden, Invalid, NotFound
from dispatch.steps import casework, cover, leave, route
from dispatch.steps.audit import audit
from dispatch.steps.intake import Intake
from dispatch.steps.prepare import NewWhistle
from dispatch.steps.rules import Rules
from dispatch.steps.service import Service
from dispatch.store import absences
from dispatch.store.database import Database
from dispatch.store.numbers import Numbers
from tests.domain.cases import BUILDING, DESK, MONDAY, STREET, clerk, liaison

NIGHT = MONDAY + timedelta(hours=14)
#: who leads (civil affairs, without a rota), and who assists: the police round the clock, the street's squad by day
LEADER, HELPER, SQUAD = "MZ", "GA", f"JD-{STREET}"
TWO = ("unit:GA:liaison", "unit:GA:deputy")


class Night:
    """A service at eleven in the evening, and somebody who lives alone is missing."""

    def __init__(self, service: Service, clock: VirtualClock, id: UUID) -> None:
        self.service, self.clock, self.id = service, clock, id

    async def facts(self) -> list[tuple[str, str | None, str | None]]:
        async with self.service.database.acquire() as connection:
            rows = await connection.fetch(
                """SELECT type, data ->> 'unit' AS unit, data ->> 'next_seat' AS seat FROM whistle_event
                   WHERE whistle = $1 AND type = 'cover.missing' ORDER BY seq""",
                self.id,
            )
        return [tuple(row.values()) for row in rows]

    async def told(self) -> set[str]:
        async with self.service.database.acquire() as connection:
            rows = await connection.fetch("SELECT recipient FROM notice WHERE kind = 'uncovered' AND urgent")
        return {row["recipient"] for row in rows}


@pytest.fixture
async def night(demo_url: str) -> AsyncIterator[Night]:
    clock = VirtualClock(NIGHT)
    database = await Database.connect(demo_url, size=4, virtual=clock.now)
    service = Service(database, Rules(database), Numbers(database, "whistle", 10), new_id, ("null",))
    await service.rules.refresh()
    new = NewWhistle(STREET, "独居老人失联", "cover", hashlib.sha256(b"cover").digest(), place=BUILDING, danger=True)
    receipt = await Intake(service).raise_(clerk(), new)
    async with database.transaction() as uow:
        await route.route(service, uow, [receipt.id], {})
    yield Night(service, clock, receipt.id)
    await database.close()


async def test_a_lead_that_has_gone_home_is_flagged_once_and_before_the_deadline(night: Night) -> None:
    """The squad, which assists, has gone home too: at night that is as it should be."""
    assert await cover.watch(night.service) == 1
    assert await night.facts() == [("cover.missing", LEADER, f"unit:{LEADER}:section")]
    assert await night.told() == {"node:130403:dispatcher", f"unit:{LEADER}:section"}
    assert await cover.watch(night.service) == 0
    (shown,) = await cover.uncovered(night.service, DESK)
    assert (shown.unit, shown.flagged_at is not None, shown.next_seat) == (LEADER, True, f"unit:{LEADER}:section")
    assert shown.due_at is not None
    assert shown.due_at > night.clock.now()
    with pytest.raises(Forbidden):
        await cover.uncovered(night.service, clerk())
    assert [one async for one in audit(night.service.database)] == []


async def test_whoever_goes_on_leave_meanwhile_is_noticed_and_whoever_comes_back_too(night: Night) -> None:
    await cover.watch(night.service)
    desk = replace(DESK, district="130403")
    for person in TWO:
        await leave.go(night.service, desk, person, night.clock.now(), night.clock.now() + timedelta(days=3))
    assert await cover.watch(night.service) == 1
    assert [unit for _, unit, _ in await night.facts()] == [LEADER, HELPER]
    assert {one.unit for one in await cover.uncovered(night.service, DESK)} == {LEADER, HELPER}
    night.clock.advance(timedelta(minutes=1))
    assert await leave.back(night.service, desk, TWO[1]) == 1
    assert {one.unit for one in await cover.uncovered(night.service, DESK)} == {LEADER}
    assert [one async for one in audit(night.service.database)] == []


async def test_by_day_an_assisting_unit_with_nobody_is_flagged_too(night: Night) -> None:
    await cover.watch(night.service)
    desk, morning = replace(DESK, district="130403"), MONDAY + timedelta(days=1)
    for post in ("liaison", "deputy"):
        await leave.go(night.service, desk, f"unit:{SQUAD}:{post}", morning, morning + timedelta(days=1))
    night.clock.advance_to(morning)
    assert await cover.watch(night.service) == 1
    assert [unit for _, unit, _ in await night.facts()] == [LEADER, SQUAD]


async def test_a_unit_that_has_come_is_not_looked_for(night: Night) -> None:
    await casework.act(night.service, liaison(LEADER), night.id, "arrive", {"latitude": 36.6, "longitude": 114.5})
    assert await cover.watch(night.service) == 0
    assert await cover.uncovered(night.service, DESK) == []


async def test_a_unit_that_signed_and_has_not_come_is_looked_for(night: Night) -> None:
    for unit in (LEADER, HELPER):
        await casework.act(night.service, liaison(unit), night.id, "report-in", {})
    for person in TWO:
        await leave.go(night.service, DESK, person, night.clock.now(), night.clock.now() + timedelta(days=3))
    assert await cover.watch(night.service) == 2
    assert {(unit, seat) for _, unit, seat in await night.facts()} == {
        (LEADER, f"unit:{LEADER}:section"),
        (HELPER, f"unit:{HELPER}:section"),
    }


async def test_a_lead_that_is_not_on_site_is_looked_for_while_the_work_goes_on(night: Night) -> None:
    """It came by day and left before it was done; when its people go home, the handling clock still runs. Once."""
    lead, place = liaison(LEADER), {"latitude": 36.6, "longitude": 114.5}
    await casework.act(night.service, lead, night.id, "arrive", place)
    await casework.act(night.service, lead, night.id, "leave", {"reason": "去拿工具"})
    assert await cover.watch(night.service) == 1
    async with night.service.database.acquire() as connection:
        stage = await connection.fetchval("SELECT data ->> 'stage' FROM whistle_event WHERE type = 'cover.missing'")
    assert stage == "handling"
    assert await cover.watch(night.service) == 0
    (shown,) = await cover.uncovered(night.service, DESK)
    assert (shown.unit, shown.stage) == (LEADER, "handling")
    assert [one async for one in audit(night.service.database)] == []


async def test_leave_is_for_oneself_or_ones_unit_and_ends_after_it_begins(night: Night) -> None:
    now, later = night.clock.now(), night.clock.now() + timedelta(days=1)
    own = Actor("liaison", TWO[0], TWO[0], unit="GA", district="130403")
    leader = Actor("superior", "unit:GA:leader", "unit:GA:leader", unit="GA", district="130403")
    stranger = replace(leader, unit="ZJ", person="unit:ZJ:leader")
    await leave.go(night.service, own, TWO[0], now, later)
    await leave.go(night.service, leader, TWO[1], now, later)
    with pytest.raises(Forbidden):
        await leave.go(night.service, own, TWO[1], now, later)
    with pytest.raises(Forbidden):
        await leave.go(night.service, stranger, TWO[1], now, later)
    with pytest.raises(Invalid):
        await leave.go(night.service, own, TWO[0], later, now)
    with pytest.raises(NotFound):
        await leave.go(night.service, own, "unit:GA:ghost", now, later)


async def test_the_command_notes_leave_and_return(demo_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCH_DATABASE_URL", demo_url)
    database = await Database.connect(demo_url, size=2)

    async def away(*arguments: str) -> tuple[int, list[str]]:
        done = await asyncio.to_thread(CliRunner().invoke, app, ["leave", *arguments])
        async with database.acquire() as connection:
            rows = await absences.listed(connection, [TWO[0]], await database.now())
        return done.exit_code, [one.person for one in rows]

    assert await away(TWO[0], "--from", "2020-01-01", "--until", "2099-12-31") == (0, [TWO[0]])
    assert await away(TWO[0], "--back") == (0, [])
    assert await away("unit:GA:ghost", "--back") == (1, [])
    assert await away(TWO[0]) == (1, [])
    await database.close()
