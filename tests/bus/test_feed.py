"""Records to a step: nothing lost, neighbours unharmed, pauses while the database is away."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson
import pytest
from aiokafka import ConsumerRecord

from dispatch.bus import feed as feed_module
from dispatch.bus.feed import feed
from dispatch.bus.lag import Progress
from dispatch.bus.sift import moment, sift
from dispatch.steps.replay import keep
from dispatch.store import dead_letters
from dispatch.store.database import Database
from dispatch.store.dead_letters import DeadLetter
from dispatch.store.errors import Unavailable
from schemas import inbound, topics
from schemas.event import Incoming


def record(n: int, value: bytes | None = None, **other: Any) -> ConsumerRecord:
    headers = {
        "ce_specversion": b"1.0",
        "ce_id": str(n).encode(),
        "ce_source": b"/t",
        "ce_type": inbound.TYPE.encode(),
    }
    headers |= other.pop("headers", {})
    value = orjson.dumps({"body": f"{n}"}) if value is None else value
    return ConsumerRecord(
        topic=topics.INBOUND,
        partition=n % 3,
        offset=n,
        timestamp=other.pop("timestamp", 1_790_000_000_000 + n),
        timestamp_type=0,
        key=other.pop("key", None),
        value=value,
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=0,
        headers=tuple(headers.items()),
    )


class Table:
    """A step over a real table: one row for each event, keyed by the event; refuses what PostgreSQL refuses."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.calls: list[tuple[int, int]] = []
        self.away = 0
        #: seconds that a record takes, and what a transaction is limited to
        self.each, self.limits = 0.0, ""

    async def __call__(self, good: list[Incoming], bad: list[DeadLetter]) -> None:
        self.calls.append((len(good), len(bad)))
        async with self.db.transaction() as uow:
            await uow.connection.execute(self.limits or "SELECT")
            if self.each:
                await uow.connection.execute("SELECT pg_sleep($1::float8)", self.each * len(good))
            if self.away:
                self.away -= 1
                await uow.connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
            for item in good:
                text = item.event.data["body"]
                if text == "mistake":
                    raise KeyError(text)
                await uow.connection.execute(
                    "INSERT INTO foreign_message VALUES ($1, $2, $3, clock_timestamp()) ON CONFLICT DO NOTHING",
                    item.event.source,
                    item.event.id,
                    uuid4(),
                )
                # a division by zero is data that this step can never take
                await uow.connection.execute("SELECT 1 / $1::int", 0 if text == "guilty" else 1)
            await keep(uow, bad)

    async def effects(self) -> set[int]:
        async with self.db.acquire() as connection:
            return {int(row[0]) for row in await connection.fetch("SELECT ce_id FROM foreign_message")}

    async def letters(self) -> dict[int, tuple[str, str]]:
        async with self.db.acquire() as connection:
            rows = await connection.fetch("SELECT position, reason, error FROM dead_letter")
            return {row[0]: (row[1], row[2]) for row in rows}


@pytest.fixture
def step(db: Database) -> Table:
    return Table(db)


async def test_one_bad_json_among_a_thousand(step: Table) -> None:
    records = [record(n) for n in range(1000)]
    records[417] = record(417, b'{"body": ')
    await feed(records, step)
    assert await step.effects() == set(range(1000)) - {417}
    assert {n: reason for n, (reason, _) in (await step.letters()).items()} == {417: "undecodable"}
    assert step.calls == [(999, 1)], "the dead letter must stand in its neighbours' transaction"


async def test_bisecting_leaves_only_the_guilty_out(step: Table) -> None:
    guilty = {0, 333, 334, 999}
    records = [record(n, orjson.dumps({"body": "guilty"}) if n in guilty else None) for n in range(1000)]
    await feed(records, step)
    assert await step.effects() == set(range(1000)) - guilty
    letters = await step.letters()
    assert letters.keys() == guilty
    assert {reason for reason, _ in letters.values()} == {"rejected"}
    assert all("DivisionByZero" in error for _, error in letters.values())


async def test_a_mistake_of_ours_does_not_block_the_partition(step: Table) -> None:
    await feed([record(1), record(2, b'{"body":"mistake"}'), record(3)], step)
    assert await step.effects() == {1, 3}
    assert (await step.letters())[2][0] == "rejected"


async def test_a_database_that_is_away_is_waited_for(step: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "FIRST_WAIT", 0.001)
    step.away = 3
    progress, again = Progress(), list[str]()
    progress.on_retry = lambda: again.append("feed")
    await feed([record(n) for n in range(10)], step, progress)
    assert await step.effects() == set(range(10))
    assert len(again) == 3
    assert await step.letters() == {}
    assert step.calls == [(10, 0)] * 4, "a pause must retry the same batch, not cut it up"


async def test_what_the_time_does_not_suffice_for_is_halved(step: Table) -> None:
    """A batch that takes longer than a statement may would otherwise be tried for ever, and never done."""
    step.each, step.limits = 0.01, "SET LOCAL statement_timeout = 300"
    await feed([record(n) for n in range(40)], step)
    assert await step.effects() == set(range(40))
    assert await step.letters() == {}
    assert step.calls[:2] == [(40, 0), (20, 0)]


async def test_whose_lock_is_held_waits_alone(step: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "FIRST_WAIT", 0.01)
    step.limits = "SET LOCAL lock_timeout = 50"
    held = asyncio.Event()

    async def holding() -> None:
        async with step.db.transaction() as uow:
            held_row = "INSERT INTO foreign_message VALUES ('/t', '7', $1, clock_timestamp())"
            await uow.connection.execute(held_row, uuid4())
            held.set()
            async with asyncio.timeout(30):
                while len(step.calls) < 8:
                    await asyncio.sleep(0.005)

    async with asyncio.TaskGroup() as going:
        going.create_task(holding())
        await held.wait()
        going.create_task(feed([record(n) for n in range(8)], step))
    assert await step.effects() == set(range(8))
    assert await step.letters() == {}
    assert [good for good, _ in step.calls[:8]] == [8, 4, 4, 2, 2, 1, 1, 1], "its neighbours stood before"


async def test_the_pause_shows_and_can_be_cancelled() -> None:
    progress, again = Progress(), asyncio.Event()
    progress.on_retry = again.set

    async def away(_good: list[Incoming], _bad: list[DeadLetter]) -> None:
        raise Unavailable("gone")

    task = asyncio.create_task(feed([record(1)], away, progress))
    await asyncio.wait_for(again.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert progress.records == 0
    assert progress.in_hand == {}


async def test_feeding_twice_changes_nothing(step: Table) -> None:
    records = [record(1), record(2, b"{"), record(3)]
    await feed(records, step)
    await feed(records, step)
    assert await step.effects() == {1, 3}
    assert len(await step.letters()) == 1
    async with step.db.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM outbox WHERE topic = 'whistles.inbound.dlq'") == 1


NASTY = {
    "nul": b"a\x00b",
    "binary": b"\xff\xfe",
    "none": None,
    "说": "好".encode(),
    "empty": b"",
}


async def test_headers_of_every_kind_are_kept_whole(step: Table) -> None:
    odd = record(5, b"\x00\xff{", headers=NASTY, key=b"\xff\x00")
    await feed([odd, record(6)], step)
    async with step.db.acquire() as connection:
        letter = await dead_letters.waiting(connection, await connection.fetchval("SELECT id FROM dead_letter"))
    assert letter is not None
    assert letter.headers == odd.headers
    assert (letter.key, letter.value) == (odd.key, odd.value)
    assert letter.time == moment(odd.timestamp)
    assert await step.effects() == {6}


async def test_a_dead_letter_that_is_refused_itself_is_kept_without_its_bytes(step: Table) -> None:
    async def picky(good: list[Incoming], bad: list[DeadLetter]) -> None:
        if any(letter.value for letter in bad):
            async with step.db.transaction() as uow:
                await uow.connection.execute("SELECT 1 / 0")
        await step(good, bad)

    await feed([record(1, b"{"), record(2), record(3, b"{")], picky)
    assert await step.effects() == {2}
    assert (await step.letters()).keys() == {1, 3}


def test_sift_keeps_order_and_reasons() -> None:
    sifted = sift(
        [
            record(1),
            record(2, headers={"ce_type": b"whistle.inbound.v2"}),
            record(3, headers={"ce_type": b"other.v1"}),
            record(4, b""),
            record(5, timestamp=-1),
        ]
    )
    assert [item.offset for item in sifted.good] == [1, 5]
    assert sifted.good[1].time == datetime(1970, 1, 1, tzinfo=UTC)
    assert [letter.reason for letter in sifted.bad] == ["newer-version", "unknown-type", "undecodable"]


@pytest.mark.parametrize("milliseconds", [-(2**63), -1, 0, 2**62, 2**63 - 1])
def test_any_timestamp_becomes_a_moment(milliseconds: int) -> None:
    assert moment(milliseconds).tzinfo is not None
