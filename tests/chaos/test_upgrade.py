"""A rolling upgrade: two releases side by side on the same topics, then the newer. Nothing lost, nothing doubled."""

import asyncio
import signal
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from dispatch.bus.topics import ensure
from dispatch.domain.case import Actor
from dispatch.steps.prepare import NewWhistle
from tests.chaos import next_version
from tests.chaos.fleet import Fleet, Member
from tests.factories import BUILDING, CLERK, DISTRICT, STREET, World, open_world
from tests.web.conftest import demo_database, demo_url

__all__ = ["demo_database", "demo_url"]

pytestmark = [pytest.mark.chaos, pytest.mark.kafka, pytest.mark.timeout(600)]

EACH = 120


async def by_the_old(world: World, first: int) -> None:
    clerk = Actor("street-clerk", "p", CLERK, node=STREET, district=DISTRICT, principal="person:p")
    for nth in range(first, first + EACH):
        text = f"楼道消防门被锁（{nth}）"
        await world.intake.raise_(clerk, NewWhistle(STREET, text, f"o{nth}", text.encode(), place=BUILDING))


async def by_the_new(web: Member, token: str, first: int) -> None:
    async with httpx.AsyncClient(base_url=web.url, headers={"Authorization": f"Bearer {token}"}) as client:
        for nth in range(first, first + EACH):
            asked = {"street": STREET, "place": BUILDING, "body": f"天沟渗水，三户漏水（{nth}）"}
            told = await client.post("/api/v1/whistles", json=asked, headers={"Idempotency-Key": f"n{nth}"})
            assert told.status_code == 201, told.text


async def upgraded(fleet: Fleet, member: Member) -> None:
    """Stop it, and start the next release in its place."""
    member.process.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(member.process.wait, 40) == 0, fleet.tail(member)
    fleet.again(member)
    await fleet.ready(member)


async def holds(connection: asyncpg.Connection, sql: str, *arguments: Any) -> None:
    async with asyncio.timeout(90):
        while not await connection.fetchval(sql, *arguments):
            await asyncio.sleep(0.1)


async def test_two_releases_side_by_side(demo_url: str, kafka: str, tmp_path: Path) -> None:
    await ensure(kafka, replication=1, within=60)
    connection = await asyncpg.connect(demo_url)
    world = await open_world(demo_url)
    try:
        fleet = Fleet(tmp_path, demo_url, kafka, ("web", "worker", "worker", "scheduler"))
        # what was put aside is to come back by itself, not by the reconciler
        fleet.environment["DISPATCH_RECONCILE_GRACE_SECONDS"] = "3600"
        async with fleet:
            web, *workers, scheduler = fleet.members
            await by_the_old(world, 0)
            fleet.program = next_version.__name__
            await upgraded(fleet, web)
            await upgraded(fleet, workers[0])
            await asyncio.gather(by_the_old(world, EACH), by_the_new(web, await world.token(CLERK), 0))
            await holds(connection, "SELECT NOT EXISTS (SELECT FROM outbox WHERE topic LIKE '%raised%')")
            # whoever is still of the old release puts aside what it does not know, and says why
            await holds(
                connection,
                """SELECT count(*) > 0 AND (SELECT count(*) FROM whistle_state WHERE status = 'raised') = count(*)
                   FROM dead_letter WHERE reason = 'newer-version' AND status = 'waiting'""",
            )
            await upgraded(fleet, workers[1])
            await upgraded(fleet, scheduler)
            await holds(connection, "SELECT NOT EXISTS (SELECT FROM whistle_state WHERE status = 'raised')")
            await holds(connection, "SELECT NOT EXISTS (SELECT FROM dead_letter WHERE status = 'waiting')")
        routed = "SELECT count(*), count(DISTINCT whistle) FROM whistle_event WHERE type = 'routed'"
        assert tuple(await connection.fetchrow(routed)) == (3 * EACH, 3 * EACH)
        assert await connection.fetchval("SELECT count(*) FROM whistle") == 3 * EACH
    finally:
        await world.close()
        await connection.close()
