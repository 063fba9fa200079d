"""Poison among the good on `whistles.inbound`: all of it in the dead letters, all the good ones through, and how fast.

The same good ones alone, on the same Kafka and by the same worker, are what it is compared with. 20,000 good ones and
2,000 poisoned; for the figures in `deploy/docs/operations.md`: `POISON_GOOD=100000`.
"""

import asyncio
import os
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import orjson
import pytest
from aiokafka import AIOKafkaProducer

from dispatch.bus.topics import ensure
from schemas import topics
from tests.chaos.crowd import PLACE, TEXTS
from tests.chaos.fleet import Fleet
from tests.chaos.others import SOURCE
from tests.kafka_node import Kafka
from tests.servers import TestPostgres
from tests.web.conftest import demo_database

__all__ = ["demo_database"]

pytestmark = [pytest.mark.chaos, pytest.mark.kafka, pytest.mark.timeout(1800)]

GOOD = int(os.environ.get("POISON_GOOD", "20000"))
POISON = GOOD // 10
#: seconds over which a rate is taken
WINDOW = 5.0

Headers = dict[str, str]
Spoil = Callable[[Headers, dict[str, Any]], bytes | None]


@dataclass(frozen=True)
class Run:
    """Records settled (as a whistle or as a dead letter) a second: over all, in the middle, in the slowest window."""

    overall: float
    middle: float
    slowest: float

    def __str__(self) -> str:
        return f"{self.overall:,.0f}/s, windows {self.middle:,.0f}/s in the middle, {self.slowest:,.0f}/s the slowest"


def _headers(change: Headers) -> Spoil:
    def spoil(headers: Headers, body: dict[str, Any]) -> bytes:
        headers |= change
        return orjson.dumps(body)

    return spoil


def _body(change: dict[str, Any]) -> Spoil:
    return lambda _headers, body: orjson.dumps(body | change)


def _value(value: bytes | None) -> Spoil:
    return lambda _headers, _body: value


#: what is wrong with a record, and the reason that its dead letter must give
SPOILED: tuple[tuple[str, Spoil], ...] = (
    ("undecodable", _value(b'{"body": ')),
    ("undecodable", _value(None)),
    ("undecodable", _value(b"\xff\x00\xfe")),
    ("undecodable", _body({"body": ""})),
    ("undecodable", _body({"body": "x" * 10_001})),
    ("undecodable", _body({"body": "井盖\x00缺失"})),
    ("undecodable", _headers({"ce_specversion": "0.1"})),
    ("unknown-type", _headers({"ce_type": "parcel.sent.v1"})),
    ("newer-version", _headers({"ce_type": "whistle.inbound.v9"})),
    ("forbidden-source", _headers({"ce_source": "/nobody/knows"})),
    ("forbidden-source", _body({"place": "130403001"})),
    ("rejected", _body({"place": "990000"})),
    ("rejected", _body({"category": "no-such-category"})),
)


def records(good: int, poison: int, dice: Random) -> Iterator[tuple[bytes, bytes | None, list[tuple[str, bytes]]]]:
    """Key, value and headers of each, in an order of chance."""
    order = [*range(good), *range(-1, -poison - 1, -1)]
    dice.shuffle(order)
    for nth in order:
        name = f"good-{nth}" if nth >= 0 else f"bad{nth}"
        headers = {"ce_specversion": "1.0", "ce_id": name, "ce_source": SOURCE, "ce_type": "whistle.inbound.v1"}
        body = {"body": f"{TEXTS[nth % len(TEXTS)]}（{name}）", "place": PLACE, "source_number": name}
        spoil = SPOILED[-nth % len(SPOILED)][1] if nth < 0 else None
        value = spoil(headers, body) if spoil else orjson.dumps(body)
        yield name.encode(), value, [(header, text.encode()) for header, text in headers.items()]


async def publish(kafka: str, poison: int) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", linger_ms=5)
    await producer.start()
    try:
        sent = [
            await producer.send(topics.INBOUND, value, key, headers=headers)
            for key, value, headers in records(GOOD, poison, Random(20261126))
        ]
        await asyncio.gather(*sent)
    finally:
        await producer.stop()


async def timed(connection: asyncpg.Connection, wanted: int) -> Run:
    """Watch until so many are settled; rates from the first one on."""
    settled = "SELECT (SELECT count(*) FROM foreign_message) + (SELECT count(*) FROM dead_letter)"
    seen: list[tuple[float, int]] = []
    async with asyncio.timeout(1200):
        while not seen or seen[-1][1] < wanted:
            count = int(await connection.fetchval(settled))
            if count:
                seen.append((time.monotonic(), count))
            await asyncio.sleep(0.25)
    rates = [
        (later - count) / (then - at)
        for at, count in seen
        for then, later in [next((one for one in seen if one[0] >= at + WINDOW), (0.0, 0))]
        if then
    ]
    overall = (seen[-1][1] - seen[0][1]) / (seen[-1][0] - seen[0][0])
    return Run(overall, statistics.median(rates or [overall]), min(rates or [overall]))


async def run(postgres: TestPostgres, template: str, folder: Path, poison: int) -> tuple[Run, Counter[str], int]:
    """A worker and a Kafka of their own read what lies there; the rates, dead letters by reason, whistles routed."""
    name = f"poison_{poison}"
    await postgres.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    url, node = postgres.url(name), Kafka()
    await asyncio.to_thread(node.start)
    connection = await asyncpg.connect(url)
    try:
        await ensure(node.address, replication=1, within=60)
        await publish(node.address, poison)
        (folder / name).mkdir()
        async with Fleet(folder / name, url, node.address, ("worker",)):
            found = await timed(connection, GOOD + poison)
            async with asyncio.timeout(600):
                while await connection.fetchval("SELECT EXISTS (SELECT FROM whistle_state WHERE status = 'raised')"):
                    await asyncio.sleep(0.5)
        rows = await connection.fetch("SELECT reason, count(*) FROM dead_letter GROUP BY 1")
        once = await connection.fetchval(
            """SELECT count(*) FROM (SELECT f.ce_id FROM foreign_message f JOIN whistle w ON w.id = f.whistle
               JOIN whistle_event e ON e.whistle = w.id AND e.type = 'routed'
               WHERE f.ce_id LIKE 'good-%' GROUP BY 1 HAVING count(*) = 1) AS once"""
        )
        return found, Counter(dict(map(tuple, rows))), once
    finally:
        await connection.close()
        await asyncio.to_thread(node.stop)
        await postgres.drop(url)


async def test_poison_among_the_good(postgres: TestPostgres, demo_database: str, tmp_path: Path) -> None:
    clean, none, all_good = await run(postgres, demo_database, tmp_path, 0)
    print(f"\n{GOOD:,} good ones alone: {clean}")
    assert (none, all_good) == (Counter(), GOOD)
    mixed, letters, through = await run(postgres, demo_database, tmp_path, POISON)
    print(f"with {POISON:,} poisoned among them: {mixed}; dead letters {dict(letters)}")
    share = GOOD / (GOOD + POISON)
    print(f"good ones a second beside them alone: {mixed.overall * share / clean.overall:.2f}")
    assert letters == Counter(SPOILED[nth % len(SPOILED)][0] for nth in range(1, POISON + 1))
    assert through == GOOD
    assert mixed.overall * share > clean.overall / 2
    assert mixed.slowest * share > clean.slowest / 2
