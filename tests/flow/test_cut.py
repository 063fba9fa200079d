"""Connections to PostgreSQL cut at any moment, also at COMMIT: the outcome is unknown, the effect is there once."""

import asyncio
import itertools
import tempfile
from pathlib import Path

import orjson
import pytest

from dispatch.bootstrap.worker import working
from dispatch.domain.case import Actor
from dispatch.steps.prepare import NewWhistle
from dispatch.store.errors import Unavailable
from schemas import topics as declared
from tests.bus.rig import read
from tests.cutting import Cutting
from tests.factories import BUILDING, CLERK, DISTRICT, STREET, World, open_world
from tests.flow.test_flow import until, value, waking

TEXTS = ["楼道消防门被锁", "天沟渗水，三户漏水", "没有规则说的事", "垃圾成堆没人清"]
WHISTLES, CLIENTS = 400, 8


async def blow(world: World) -> dict[str, int]:
    """Each is raised with one key until there is an answer; the numbers by key."""
    clerk = Actor("street-clerk", "p", CLERK, node=STREET, district=DISTRICT, principal="person:p")
    told: dict[str, int] = {}
    turn = itertools.count()

    async def client() -> None:
        while (i := next(turn)) < WHISTLES:
            key, text = f"cut-{i}", f"{TEXTS[i % 4]}（{i}）"
            new = NewWhistle(STREET, text, key, text.encode(), place=BUILDING)
            while key not in told:
                try:
                    told[key] = (await world.intake.raise_(clerk, new)).number
                except Unavailable:
                    await asyncio.sleep(0.01)

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return told


async def test_cut_at_any_moment_each_receipt_is_one_whistle_routed_once(
    demo_url: str, topics: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a batch of hundreds is cut nearly every time it is tried: it must be tried often
    monkeypatch.setattr("dispatch.bus.feed.LONGEST_WAIT", 0.5)
    with tempfile.TemporaryDirectory() as folder:
        async with Cutting(demo_url, Path(folder), seed=7) as way:
            world = await open_world(way.url)
            async with working(world.service, waking(world), topics):
                way.cutting = True
                told = await blow(world)
                await until(
                    lambda: value_again(world, "SELECT NOT EXISTS (SELECT FROM whistle_state WHERE status = 'raised')"),
                    within=60,
                )
                way.cutting = False
                await until(lambda: value_again(world, "SELECT NOT EXISTS (SELECT FROM outbox)"), within=60)
            await world.close()
    # how many there are depends on how many statements share a transaction, and so on how busy the machine is
    assert way.cuts.before
    assert way.cuts.after
    world = await open_world(demo_url)
    stored = orjson.loads(await value(world, "SELECT json_object_agg(idempotency_key, number)::text FROM whistle"))
    assert {key: int(number) for key, number in stored.items()} == told
    once = """SELECT count(*) = count(DISTINCT whistle) AND count(DISTINCT whistle) = (SELECT count(*) FROM whistle)
              FROM whistle_event WHERE type = 'routed'"""
    assert await value(world, once)
    assert await value(world, "SELECT count(*) FROM dead_letter") == 0
    ours = {str(id).encode() for id in await value(world, "SELECT array_agg(id) FROM whistle")}
    await world.close()
    records = await read(topics, declared.LIFECYCLE, lambda found: ours <= {one.key for one in found})
    assert {orjson.loads(one.value)["sequence"] for one in records if one.key in ours} == {2}


async def value_again(world: World, sql: str) -> object:
    try:
        return await value(world, sql)
    except Unavailable:
        return None
