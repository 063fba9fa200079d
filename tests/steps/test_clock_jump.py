"""The clock of a real database jumps: nothing climbs by it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from dispatch.__main__ import app
from dispatch.steps import escalate
from dispatch.steps.audit import audit
from tests.steps.shifted import Town, founded


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
