"""On the lifecycle topic a whistle's events are first seen in the order of its log, whatever becomes of the relay.

People act on a few whistles, side by side and in transactions that commit late; meanwhile sends fail, arrive twice or
long afterwards, records are refused, and relays are stopped, killed and deposed. Then the topic is read back.
"""

import asyncio
import contextlib
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from dispatch.bus import lane, relay
from dispatch.bus.topics import ensure
from dispatch.domain import whistle as machine
from dispatch.domain.refusals import Refusal
from dispatch.steps import casework, escalate
from dispatch.store import cases, outbox
from dispatch.store.database import Database
from dispatch.store.waker import Waker
from schemas.topics import LIFECYCLE, RAISED, RAISED_URGENT, TOPICS
from tests.bus.rig import Post, left, until
from tests.domain.cases import DESK, DISTRICT, FIRE_DOOR, MONDAY, RUBBISH, SEEPAGE, STREET, clerk, head, liaison
from tests.servers import TestBroker
from tests.steps.test_audit_life import Ground

SENDS = ("well", "well", "well", "fails", "arrives", "refused", "late")
#: an end of a relay: told to stop, cancelled wherever it is, or its session with the database cut
ENDS = ("stop", "cancel", "cut")
#: seconds in which the reader has seen what was sent
SEEN_WITHIN = 10.0
TEXTS = (SEEPAGE, FIRE_DOOR, RUBBISH)

whistles = st.integers(0, len(TEXTS) - 1)
chosen = st.integers(0, 999)
acts = st.tuples(st.just("act"), whistles, chosen)
doings = st.one_of(
    acts,
    acts,
    st.tuples(st.just("held"), whistles),
    st.tuples(st.just("burst"), whistles, st.integers(3, 9)),
    st.tuples(st.just("together"), chosen),
    st.tuples(st.just("later"), st.integers(1, 60)),
    st.tuples(st.just("let"), st.integers(1, 4)),
    st.tuples(st.just("end"), st.sampled_from(ENDS)),
    st.tuples(st.just("free")),
)


class Relays:
    """Two relays, one of which holds; whoever ends is followed by another."""

    def __init__(self, database: Database, post: Post) -> None:
        self.database, self.post = database, post
        self.at_work: list[tuple[relay.Relay, asyncio.Task[None], Waker]] = []
        database.on_outbox = lambda: [waker.wake() for *_, waker in self.at_work] and None
        self.begin()
        self.begin()

    def begin(self) -> None:
        waker = Waker()
        made = relay.Relay(self.database, self.post.connect, waker, read=3)
        self.at_work.append((made, asyncio.create_task(made.run()), waker))

    async def end(self, how: str) -> None:
        """End the one that holds; where none does, the first."""
        if how == "cut":
            async with self.database.acquire() as connection:
                await connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_stat_activity USING (pid)"
                    " WHERE locktype = 'advisory' AND granted AND application_name LIKE 'dispatch-relay%'"
                    " AND datname = current_database()"
                )
            return
        at = next((n for n, (one, *_) in enumerate(self.at_work) if one.holding), 0)
        one, task, _ = self.at_work.pop(at)
        self.begin()
        if how == "cancel":
            task.cancel()
        await self._ended(one, task)

    async def _ended(self, one: relay.Relay, task: asyncio.Task[None]) -> None:
        await one.stop()
        done, _ = await asyncio.wait([task], timeout=15)
        assert done
        if not task.cancelled():
            task.result()

    async def close(self) -> None:
        self.database.on_outbox = lambda: None
        await asyncio.gather(*(self._ended(one, task) for one, task, _ in self.at_work))


class Town:
    """A few whistles, and what is done to them while the relays are at work."""

    def __init__(self, ground: Ground, post: Post) -> None:
        self.ground, self.post = ground, post
        self.raised: list[tuple[UUID, int]] = []

    async def live(self, doings: list[tuple[Any, ...]]) -> None:
        """Do all that, and relay everything."""
        self.ground.now = MONDAY
        self.relays = Relays(self.ground.database, self.post)
        for text in TEXTS:
            self.raised.append(await self.ground.raise_(text))
            await self.ground.route(self.raised[-1][0])
        for what, *more in doings:
            await getattr(self, what)(*more)
        self.post.plan.clear()
        await self.free()
        await until(self.nothing_left)
        await self.relays.close()
        await self.post.close()

    async def act(self, which: int, choice: int) -> None:
        """One of the acts that are offered on a whistle."""
        case = await self.ground.case(self.raised[which][0])
        turn = self.ground.service.turn(DISTRICT, self.ground.now)
        actors = (clerk(), DESK, head(STREET), head(DISTRICT), *(liaison(part.unit) for part in case.parts()))
        offered = [(actor, action) for actor in actors for action in machine.allowed(case, actor, turn)]
        if offered:
            actor, action = offered[choice % len(offered)]
            with contextlib.suppress(Refusal):
                await casework.act(self.ground.service, actor, case.id, action, self.fields(which))

    def fields(self, which: int) -> dict[str, Any]:
        until = self.ground.now + timedelta(days=3)
        return {
            "into": str(self.raised[which - 1][1]), "body": "另一件事：垃圾成堆没人清", "rung": 4, "lead": "CG",
            "assist": ["JJ"], "unit": "JJ", "units": ["CG"], "text": "说明", "reply": "办好了", "to": "CG",
            "reason": "有理由", "latitude": 1.0, "longitude": 2.0, "accepted": True, "granted": True, "upheld": True,
            "until": until, "review_on": until, "reached": True, "responded": True, "solved": False,
            "satisfied": "not", "note": "现场看过",
        }  # fmt: skip

    async def together(self, choice: int) -> None:
        """Acts on all of them at the same time."""
        await asyncio.gather(*(self.act(n, choice + n) for n in range(len(self.raised))))

    async def held(self, which: int) -> None:
        """A step that commits after steps on the others that began later, and another on the same one at once."""
        service, id = self.ground.service, self.raised[which][0]
        async with self.ground.database.transaction() as uow:
            found = await cases.lock(uow, [id])
            await cases.fill(uow.connection, found)
            with contextlib.suppress(Refusal):
                machine.act(found[0], DESK, "note", {"text": "看过"}, service.turn(DISTRICT, await uow.now()))
                await service.save(uow, found)
            for n in range(len(self.raised)):
                if n != which:
                    await self.note(n)
            await self.let(1)
        await self.note(which)

    async def burst(self, which: int, count: int) -> None:
        """One note after the other."""
        for _ in range(count):
            await self.note(which)

    async def note(self, which: int) -> None:
        with contextlib.suppress(Refusal):
            await casework.act(self.ground.service, DESK, self.raised[which][0], "note", {"text": "又看过"})

    async def later(self, hours: int) -> None:
        """Time passes; what is due climbs."""
        self.ground.now += timedelta(hours=hours)
        await escalate.sweep(self.ground.service)

    async def let(self, batches: int) -> None:
        """The relays go on until so many more batches were handed over, or nothing more is to be done."""
        goal = self.post.sends + batches

        async def enough() -> bool:
            return self.post.sends >= goal or await self._idle()

        await until(enough)

    async def end(self, how: str) -> None:
        await self.relays.end(how)

    async def free(self) -> None:
        """Somebody mends what was refused."""
        while await self._parked():
            async with self.ground.database.acquire() as connection:
                await outbox.unpark(connection, [row.id for row in await outbox.parked(connection)])
            if not self.post.plan:
                await until(self._idle)

    async def _parked(self) -> bool:
        async with self.ground.database.acquire() as connection:
            return bool(await outbox.parked_keys(connection))

    async def _idle(self) -> bool:
        """Nothing waits but behind a parked row."""
        async with self.ground.database.acquire() as connection:
            behind = set((await outbox.parked_keys(connection)).values())
            rows = await connection.fetch("SELECT topic, key FROM outbox WHERE parked IS NULL")
        return {(topic, key.encode()) for topic, key in rows} <= behind

    async def nothing_left(self) -> bool:
        await self.free()
        return await left(self.ground.database) == 0


async def logs(database: Database) -> dict[str, list[tuple[int, str, str]]]:
    """The log of every whistle from its routing on: (seq, event, type)."""
    found = defaultdict(list)
    async with database.acquire() as connection:
        rows = await connection.fetch(
            "SELECT whistle, seq, id, type FROM whistle_event WHERE type <> 'raised' ORDER BY whistle, seq"
        )
        for row in rows:
            found[str(row["whistle"])].append((row["seq"], str(row["id"]), f"whistle.{row['type']}.v1"))
    return found


class Reader:
    """Everything that comes on the lifecycle topic, from its beginning: first occurrences, whistle by whistle."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self.consumer = consumer
        self.firsts: dict[str, list[tuple[int, str, str]]] = defaultdict(list)

    async def until(self, expected: dict[str, list[tuple[int, str, str]]]) -> None:
        """Read until as many events of each were seen as are expected, or nothing more comes for long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SEEN_WITHIN):
                while any(len(self.firsts[id]) < len(log) for id, log in expected.items()):
                    for records in (await self.consumer.getmany(timeout_ms=50)).values():
                        for record in records:
                            headers = {name: value.decode() for name, value in record.headers}
                            event = (int(headers["ce_sequence"]), headers["ce_id"], headers["ce_type"])
                            firsts = self.firsts[record.key.decode()]
                            if event not in firsts:
                                firsts.append(event)


async def open_reader(address: str) -> Reader:
    """A reader at the beginning."""
    consumer = AIOKafkaConsumer(bootstrap_servers=address, auto_offset_reset="earliest", fetch_max_wait_ms=20)
    await consumer.start()
    consumer.assign([TopicPartition(LIFECYCLE, 0)])
    return Reader(consumer)


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few rows at a time, and short waits: what takes thousands of rows and minutes happens to a handful."""
    for module, name, value in (
        *((lane, "MOST", 3), (lane, "FIRST_WAIT", 0.01), (lane, "LONGEST_WAIT", 0.04), (lane, "KEPT_WHILE_AWAY", 3)),
        *((relay, "KEPT_WHILE_AWAY", 3), (relay, "HOLD", 6), (relay, "LOCK_WAIT", 0.005), (relay, "POLL", 0.02)),
        *((relay, "RECHECK", 0.01), (relay, "CLEAN", 0.005)),
    ):
        monkeypatch.setattr(module, name, value)


@pytest.mark.usefixtures("narrow")
def test_first_occurrences_come_in_the_order_of_the_log(ground: Ground) -> None:
    broker = TestBroker()
    address = broker.start()
    topics = [replace(TOPICS[name], partitions=1) for name in (LIFECYCLE, RAISED, RAISED_URGENT)]
    ground.run(ensure(address, replication=1, topics=topics))
    reader = ground.run(open_reader(address))

    @settings(max_examples=20, deadline=None, phases=(Phase.explicit, Phase.generate))
    @given(st.lists(doings, min_size=8, max_size=16), st.lists(st.sampled_from(SENDS), min_size=20, max_size=40))
    def lives(done: list[tuple[Any, ...]], sends: list[str]) -> None:
        ground.run(Town(ground, Post(address, sends)).live(done))
        expected = ground.run(logs(ground.database))
        ground.run(reader.until(expected))
        ground.run(ground.clear())
        for id, log in expected.items():
            assert reader.firsts[id] == log

    try:
        lives()
    finally:
        ground.run(reader.consumer.stop())
        broker.stop()
