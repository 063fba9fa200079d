"""The main job on real parts: whistled, committed, relayed, routed through Kafka, signed for, solved, verified."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from dispatch.bootstrap.worker import working
from dispatch.domain.case import Actor
from dispatch.steps.casework import act
from dispatch.steps.intake import Receipt
from dispatch.steps.prepare import NewWhistle
from dispatch.steps.reconcile import Reconciler
from dispatch.steps.route import route
from dispatch.store.waker import Waker
from schemas import topics as declared
from tests.factories import BUILDING, CLERK, DISTRICT, FIRE_DOOR, STREET, World


async def until(holds: Callable[[], Awaitable[Any]], within: float = 30.0) -> Any:
    """Wait until it holds; what it returned. Asks the database, which is where the truth is."""
    async with asyncio.timeout(within):
        while not (found := await holds()):
            await asyncio.sleep(0.01)
        return found


async def value(world: World, sql: str, *arguments: Any) -> Any:
    async with world.database.acquire() as connection:
        return await connection.fetchval(sql, *arguments)


async def raised(world: World, text: str, key: str = "k") -> Receipt:
    clerk = Actor("street-clerk", "p", CLERK, node=STREET, district=DISTRICT, principal="person:p")
    return await world.intake.raise_(clerk, NewWhistle(STREET, text, key, text.encode(), place=BUILDING))


def waking(world: World) -> Waker:
    waker = Waker()
    world.database.on_outbox = waker.wake
    return waker


async def test_from_receipt_to_queue_and_back(world: World, topics: str) -> None:
    async with working(world.service, waking(world), topics):
        receipt = await raised(world, FIRE_DOOR)
        queued = "SELECT count(*) FROM assignment WHERE whistle = $1 AND unit = 'XF' AND active"
        await until(lambda: value(world, queued, receipt.id))
        lead = await world.actor("unit:XF:liaison")
        await act(world.service, lead, receipt.id, "report-in", {})
        await act(world.service, lead, receipt.id, "arrive", {"latitude": 36.6, "longitude": 114.5})
        await act(world.service, lead, receipt.id, "resolve", {"reply": "锁已打开", "reason": "无需协办"})
        clerk = await world.actor(f"node:{STREET}:clerk")
        await act(world.service, clerk, receipt.id, "verify", {"accepted": True})
        await act(world.service, clerk, receipt.id, "feedback", {"reply": "已处理"})
        await act(world.service, clerk, receipt.id, "close", {})
        await until(lambda: value(world, "SELECT NOT EXISTS (SELECT FROM outbox)"))
    facts = await lifecycle(topics, receipt.id)
    assert [fact["sequence"] for fact in facts] == [2, 3, 4, 5, 6, 7, 8]
    log = await value(world, "SELECT array_agg(type ORDER BY seq) FROM whistle_event WHERE whistle = $1", receipt.id)
    assert log == ["raised", "routed", "reported-in", "arrived", "resolved", "verified", "answered", "closed"]
    origin = await value(
        world, "SELECT data -> 'origin' FROM whistle_event WHERE whistle = $1 AND type = 'routed'", receipt.id
    )
    assert orjson.loads(origin)["topic"] == declared.RAISED_URGENT


async def lifecycle(bootstrap: str, whistle: UUID) -> list[dict[str, Any]]:
    """Every fact of this whistle on the lifecycle topic, in the order it stands there."""
    consumer = AIOKafkaConsumer(declared.LIFECYCLE, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        found: list[dict[str, Any]] = []
        while batch := await consumer.getmany(timeout_ms=1500):
            for records in batch.values():
                found += [orjson.loads(record.value) for record in records if record.key == str(whistle).encode()]
        return found
    finally:
        await consumer.stop()


async def test_a_thousand_each_ends_in_a_queue_or_at_the_desk_once(world: World, topics: str) -> None:
    texts = [FIRE_DOOR, "天沟渗水，三户漏水", "没有规则说的事", "垃圾成堆没人清", "跳楼了快来人"]
    async with working(world.service, waking(world), topics):
        await asyncio.gather(*(raised(world, texts[i % 5], f"k{i}") for i in range(1000)))
        await until(lambda: value(world, "SELECT NOT EXISTS (SELECT FROM whistle_state WHERE status = 'raised')"))
    assert await value(world, "SELECT count(*) FROM whistle") == 1000
    assert await value(world, "SELECT count(*) FROM whistle_event WHERE type = 'routed'") == 1000
    nowhere = """SELECT count(*) FROM whistle_state s WHERE status <> 'at-desk' AND outcome <> 'statutory'
                 AND NOT EXISTS (SELECT FROM assignment a WHERE a.whistle = s.id AND active)"""
    assert await value(world, nowhere) == 0


async def test_another_system_whistles_once_however_often_it_says_so(world: World, topics: str) -> None:
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", b"a-1"),
        ("ce_source", b"/example/grid-patrol"),
        ("ce_type", b"whistle.inbound.v1"),
        ("content-type", b"application/json"),
    ]
    body = orjson.dumps({"body": "天沟渗水，三户漏水", "place": BUILDING, "source_number": "HD-77"})
    strange = [("ce_source", b"/nobody") if name == "ce_source" else (name, text) for name, text in headers]
    producer = AIOKafkaProducer(bootstrap_servers=topics)
    await producer.start()
    try:
        async with working(world.service, waking(world), topics):
            for _ in range(3):
                await producer.send_and_wait(declared.INBOUND, body, key=b"a-1", headers=headers)
            await producer.send_and_wait(declared.INBOUND, body, key=b"a-1", headers=strange)
            await producer.send_and_wait(declared.INBOUND, b"{not json", key=b"a-1", headers=headers)
            await until(lambda: value(world, "SELECT count(*) = 2 FROM dead_letter"))
            await until(lambda: value(world, "SELECT count(*) FROM whistle_state WHERE status = 'assigned'"))
    finally:
        await producer.stop()
    assert await value(world, "SELECT count(*) FROM whistle") == 1
    reasons = await value(world, "SELECT array_agg(reason ORDER BY reason) FROM dead_letter")
    assert reasons == ["forbidden-source", "undecodable"]


async def test_what_the_broker_forgot_is_routed_from_the_database(world: World) -> None:
    receipt = await raised(world, FIRE_DOOR)
    assert await Reconciler(world.service, timedelta(minutes=5)).tick() == 0
    assert await Reconciler(world.service, timedelta(seconds=-5)).tick() == 1
    assert await value(world, "SELECT status FROM whistle_state WHERE id = $1", receipt.id) == "assigned"
    assert await Reconciler(world.service, timedelta(seconds=-5)).tick() == 0


@pytest.mark.parametrize("copies", [2, 5])
async def test_a_late_duplicate_finds_its_effect_and_does_nothing(world: World, copies: int) -> None:
    receipt = await raised(world, FIRE_DOOR)
    for _ in range(copies):
        async with world.database.transaction() as uow:
            await route(world.service, uow, [receipt.id], {})
    assert await value(world, "SELECT count(*) FROM whistle_event WHERE whistle = $1", receipt.id) == 2
