"""The handlers on a real broker: what is committed is acknowledged, what is not comes again, nothing blocks."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from dispatch.bus import feed as feed_module
from dispatch.bus import lag
from dispatch.bus.broker import consumers, make_broker, start, stop
from dispatch.bus.topics import ensure
from dispatch.clock import new_id
from dispatch.store.database import Database
from dispatch.store.dead_letters import DeadLetter
from dispatch.store.errors import Unavailable
from handlers import on_inbound, on_raised
from schemas import inbound, topics, whistle
from schemas.envelope import encode
from schemas.event import Incoming
from tests.bus.rig import until
from tests.servers import TestBroker

Step = Callable[[list[Incoming], list[DeadLetter]], Awaitable[None]]


@pytest.fixture
def own_broker() -> Iterator[str]:
    """A broker of this test's own: the topics have their real names."""
    one = TestBroker()
    try:
        yield one.start()
    finally:
        one.stop()


class Notes:
    """A step that notes what it was given."""

    def __init__(self) -> None:
        self.good: list[Incoming] = []
        self.bad: list[DeadLetter] = []
        self.batches = 0

    async def __call__(self, good: list[Incoming], bad: list[DeadLetter]) -> None:
        self.batches += 1
        self.good += good
        self.bad += bad

    def ids(self) -> list[str]:
        return [item.event.id for item in self.good]


async def away(_good: list[Incoming], _bad: list[DeadLetter]) -> None:
    raise Unavailable("the database is away")


@asynccontextmanager
async def handling(bootstrap: str, route: Step, take: Step | None = None) -> AsyncIterator[Any]:
    broker = make_broker(bootstrap)
    broker.include_routers(on_raised.router, on_inbound.router)
    broker.context.set_global("route_step", route)
    broker.context.set_global("inbound_step", take or Notes())
    await start(broker)
    try:
        yield broker
    finally:
        await stop(broker)


def raised(kind: str = "appeal") -> Any:
    id = new_id()
    return whistle.raised(
        id=id,
        at=datetime.now(UTC),
        whistle=id,
        number=2600000017,
        district="130403",
        street="130403011",
        place=None,
        kind=kind,
        danger=False,
        category=None,
        via="form",
    )


async def send(bootstrap: str, *events: Any, raw: list[tuple[str, bytes, list[tuple[str, bytes | None]]]] = []) -> None:  # noqa: B006
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    await producer.start()
    try:
        for event in events:
            key, headers, payload = encode(event)
            pairs = [(name, value.encode()) for name, value in headers.items()]
            await producer.send(event.topic, payload, key=key.encode(), headers=pairs)
        for topic, value, odd in raw:
            await producer.send(topic, value, headers=odd)
        await producer.flush()
    finally:
        await producer.stop()


async def test_both_raised_topics_reach_the_one_step_and_bad_records_block_nothing(own_broker: str) -> None:
    await ensure(own_broker, replication=1)
    route, take = Notes(), Notes()
    events = [raised() for _ in range(300)] + [raised("emergency") for _ in range(20)]
    odd = [
        (topics.RAISED, b"{", [("ce_type", b"\xff\xfe")]),
        (topics.RAISED, b"not json", [("none", None)]),
        (topics.INBOUND, b"\x00", [("bin", b"\x00\xff")]),
    ]
    await send(own_broker, *events[:100], raw=odd)
    async with handling(own_broker, route, take) as broker:
        await send(own_broker, *events[100:])
        await until(lambda: len(route.good) >= 320 and len(route.bad) >= 2 and take.bad)
        assert sorted(route.ids()) == sorted(event.id for event in events)
        assert {letter.reason for letter in route.bad} == {"undecodable"}
        assert take.bad[0].headers == (("bin", b"\x00\xff"),)
        await until(lambda: idle(broker))
        assert (lag.last_poll_age(consumers(broker)) or 0) < 5


async def idle(broker: Any) -> bool:
    found = await lag.lags(consumers(broker))
    return bool(found) and all(each.messages == 0 for each in found)


async def test_a_host_with_a_wrong_clock_shows_the_right_lag(
    own_broker: str, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two hours fast, until the database is heard. What nothing was handled of yet is as old as its first record."""
    clock = lag.ServersTime(host=lambda: time.time() + 7200)
    monkeypatch.setattr(lag.PROGRESS, "clock", clock)
    await ensure(own_broker, replication=1)
    held = asyncio.Event()

    async def holds(_good: list[Incoming], _bad: list[DeadLetter]) -> None:
        await held.wait()

    async with handling(own_broker, holds) as broker:
        await send(own_broker, raised())

        async def behind() -> float:
            return max((each.seconds for each in await lag.lags(consumers(broker)) if each.messages), default=0.0)

        await until(behind)
        assert 7100 < await behind() < 7300
        await clock.ask(db.now)
        assert 0 < await behind() < 60
        stands = [each.until for each in await lag.lags(consumers(broker)) if each.messages]
        assert stands == [each.until for each in await lag.lags(consumers(broker)) if each.messages], "nothing moved"
        assert None not in stands
        held.set()
        await until(lambda: idle(broker))
        lag.PROGRESS.forget(list(lag.PROGRESS.last_time))


async def test_what_was_committed_is_not_delivered_again(own_broker: str) -> None:
    await ensure(own_broker, replication=1)
    first, second = Notes(), Notes()
    await send(own_broker, *[raised() for _ in range(50)])
    async with handling(own_broker, first):
        await until(lambda: len(first.good) == 50)
    marker = raised()
    await send(own_broker, marker)
    async with handling(own_broker, second):
        await until(lambda: marker.id in second.ids())
    assert second.ids() == [marker.id]


async def test_what_was_not_committed_comes_again(own_broker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dispatch.bus.broker.GRACE", 0.2)
    monkeypatch.setattr(feed_module, "FIRST_WAIT", 0.01)
    await ensure(own_broker, replication=1)
    events = [raised() for _ in range(20)]
    await send(own_broker, *events)
    again = asyncio.Event()
    monkeypatch.setattr(lag.PROGRESS, "on_retry", again.set)
    async with handling(own_broker, away):
        await asyncio.wait_for(again.wait(), 20)
    notes = Notes()
    async with handling(own_broker, notes):
        await until(lambda: len(notes.good) >= 20)
    assert sorted(notes.ids()) == sorted(event.id for event in events)
    assert notes.bad == []


async def test_inbound_reaches_its_own_step(own_broker: str) -> None:
    await ensure(own_broker, replication=1)
    route, take = Notes(), Notes()
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", b"471"),
        ("ce_source", b"/hotline"),
        ("ce_type", inbound.TYPE.encode()),
    ]
    await send(own_broker, raw=[(topics.INBOUND, '{"body":"路灯不亮"}'.encode(), headers)])
    async with handling(own_broker, route, take):
        await until(lambda: take.good)
    body = take.good[0].event.body
    assert isinstance(body, inbound.WhistleInboundV1)
    assert body.body == "路灯不亮"
    assert route.good == []


def test_groups_and_settings_lose_nothing() -> None:
    from dispatch.bus import beat
    from dispatch.bus.broker import reading

    options = reading("g")
    assert options["auto_offset_reset"] == "earliest"
    assert options["ack_policy"].value == "manual"
    # FastStream sleeps as long again as a look that found nothing was to take: what comes in that sleep waits
    assert options["batch_timeout_ms"] <= beat.BEAT * 1000
