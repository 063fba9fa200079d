"""The one-minute whistle: one for any number of visitors, up the ladder in seconds, then a new one."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from dispatch.clock import VirtualClock, new_id
from dispatch.steps.demo_minute import demo_minute
from dispatch.steps.escalate import sweep
from dispatch.steps.intake import Intake
from dispatch.steps.load import load
from dispatch.steps.route import route
from dispatch.steps.rules import Rules
from dispatch.steps.service import Service
from dispatch.store import cases
from dispatch.store.database import Database
from dispatch.store.numbers import Numbers

PLACE = "130403011-D01-X1-B3"
DEMO = Path(__file__).parents[2] / "deploy" / "demo"


@pytest.fixture
async def simulated(database: str) -> AsyncIterator[tuple[Service, VirtualClock]]:
    real = await Database.connect(database, size=1)
    await load(real, DEMO, "test")
    clock = VirtualClock(await real.now())
    await real.close()
    db = await Database.connect(database, size=4, virtual=clock.now)
    service = Service(db, Rules(db), Numbers(db, "whistle", 10), new_id)
    await service.rules.refresh()
    yield service, clock
    await db.close()


async def test_visitors_share_one_and_it_climbs_to_the_district(simulated: tuple[Service, VirtualClock]) -> None:
    service, clock = simulated
    intake = Intake(service)
    ids = set(await asyncio.gather(*(demo_minute(service, intake, PLACE) for _ in range(8))))
    assert len(ids) == 1
    (whistle,) = ids
    assert whistle is not None
    async with service.database.transaction() as uow:
        await route(service, uow, [whistle], {})
    rungs = []
    for _ in range(6):
        clock.advance(timedelta(seconds=15.5))
        await sweep(service)
        async with service.database.acquire() as connection:
            case = await cases.read(connection, whistle)
        assert case is not None
        rungs.append(case.rung)
    assert rungs[:5] == [1, 2, 3, 4, 5]
    assert await demo_minute(service, intake, PLACE) == whistle
    clock.advance(timedelta(minutes=4))
    assert await demo_minute(service, intake, PLACE, visited=False) == whistle  # a tab left open
    again = await demo_minute(service, intake, PLACE)
    assert again not in (None, whistle)
    async with service.database.acquire() as connection:
        before = await cases.read(connection, whistle)
    assert before is not None
    assert before.status == "cancelled"


async def test_where_there_is_no_demo_category_nothing_is_raised(db: Database) -> None:
    service = Service(db, Rules(db), Numbers(db, "whistle", 10), new_id)
    assert await demo_minute(service, Intake(service), PLACE) is None
