"""The relay: outbox rows to Kafka, in order per whistle, urgent ones first. One at a time, under an advisory lock.

One connection holds the lock, reads and deletes; a frozen holder loses it with its session. Two relays may overlap
for seconds: then records are doubled, but each sends the rows of a key in order, so none is *first* seen out of order.
A relay that stops half-way leaves its rows in the table, and the next one sends them again.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic

import structlog
from aiokafka import AIOKafkaProducer

from dispatch.bus.lane import KEPT_WHILE_AWAY, Lane
from dispatch.bus.producer import Connect, Partitions, close, partition_of
from dispatch.store.database import Database
from dispatch.store.outbox_reader import Lease, Reader, Waiting, in_order, lease
from dispatch.store.waker import Waker

READ = 2000
#: rows at hand for partitions that answer; more are read as these leave
HOLD = 8000
#: ids at hand altogether, of partitions that do not answer too
KNOWN = 500_000
#: looks by itself this often, whatever woke it or not (seconds)
POLL = 1.0
#: after rows it keeps looking for a while, at a beat and whatever is committed: one look for all that came since the
#: last costs less than one for each commit, and than being told of them (seconds)
AWAKE, BEAT = 0.25, 0.005
#: everything is looked at again so often, a few pages at a time with a pause between (seconds)
RECHECK, PAUSE = 60.0, 0.25
#: the next relay is told so often where to begin (seconds)
MARK = 10.0
#: what the broker has is deleted so often at least, or as soon as it is so many rows (seconds)
CLEAN, CLEAN_ROWS = 0.1, 200
#: a producer that has answered nothing for so long while rows wait is replaced (seconds)
STALLED = 40.0
#: one that waits tries so often by itself: the holder says when it stops, not when it dies (seconds)
LOCK_WAIT = 0.5
STAGE_LIMIT = 30.0

_log = structlog.get_logger(__name__)


class _Stopped(Exception):
    """Stopped while another process held the lock."""


@dataclass
class Counts:
    """Totals since the start of the process."""

    sent: int = 0
    batches: int = 0
    parked: int = 0
    failures: int = 0
    producers: int = 0


class Relay:
    """`run()` until cancelled or `stop()`ped. `holding` says whether this process is the one relay now."""

    def __init__(self, database: Database, connect: Connect, waker: Waker, *, read: int = READ) -> None:
        self._database = database
        self._connect = connect
        self._waker = waker
        self._read = read
        self._stop = asyncio.Event()
        #: there may be something to do for one that waits: the lock is free, or it is to stop
        self._stirred = asyncio.Event()
        self._producer: AIOKafkaProducer | None = None
        self._answered = monotonic()
        self.counts = Counts()
        self.holding = False
        self._forget()

    def _forget(self) -> None:
        self._lanes: dict[tuple[str, int], Lane] = {}
        self._partitions = Partitions(self._current)
        self._behind = False
        self._awake = 0.0
        self._known: set[int] = set()
        self._done: list[int] = []
        self._cleaned = 0.0
        self._refusals: list[tuple[Waiting, str]] = []
        # rows behind a parked one, by (topic, key)
        self._blocked: defaultdict[tuple[str, bytes], list[Waiting]] = defaultdict(list)

    async def run(self) -> None:
        """Relay for as long as the process lives. Whatever happens to broker or database is waited out."""
        while not self._stop.is_set():
            try:
                async with self._held() as held:
                    await self._serve(held)
            except _Stopped:
                break
            except Exception as lost:
                _log.warning("relay.interrupted", error=type(lost).__name__, detail=str(lost)[:200])
                await self._pause(LOCK_WAIT)
        if self._producer is not None:
            await close(self._producer)
            self._producer = None

    async def stop(self) -> None:
        """Finish the batches in flight, delete what was sent, let go of the lock; `run()` then returns."""
        self._stop.set()
        self._stirred.set()
        self._waker.event.set()

    def stalled_for(self) -> float:
        """Seconds since the broker last answered while rows were waiting for it; 0 when nothing waits."""
        waiting = self.holding and any(lane.rows for lane in self._lanes.values())
        return monotonic() - self._answered if waiting else 0.0

    # ── holding the lock ────────────────────────────────────────────────────────────────────────

    @asynccontextmanager
    async def _held(self) -> AsyncIterator[Lease]:
        """The lock, won when nobody else has it; let go at the end."""
        if self._producer is None:
            self._producer = await self._connect()
            self.counts.producers += 1
        async with lease(self._database) as held:
            await held.on_free(self._stirred.set)
            while not await held.try_lock():
                if self._stop.is_set():
                    raise _Stopped
                await self._pause(LOCK_WAIT)
            await held.listen(self._woken)
            self.holding = self._waker.local = True
            _log.info("relay.holding")
            try:
                yield held
            finally:
                self.holding = self._waker.local = False
                for lane in self._lanes.values():
                    await lane.finish(0)
                self._forget()

    def _woken(self) -> None:
        self._waker.rows = True
        self._waker.event.set()

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stirred.wait(), seconds)
        self._stirred.clear()

    # ── the loop ────────────────────────────────────────────────────────────────────────────────

    async def _serve(self, lease: Lease) -> None:
        self._forget()
        reader = await lease.reader(self._known)
        recheck, mark, more = 0.0, monotonic() + MARK, True
        self._answered = monotonic()
        while not self._stop.is_set():
            async with asyncio.timeout(STAGE_LIMIT):
                if monotonic() >= recheck:
                    await self._recheck(reader)
                    recheck = monotonic() + (PAUSE if reader.page else RECHECK)
                if more:
                    more = await self._take(reader)
                await self._clean(lease, reader)
                await self._refill(reader)
                if monotonic() >= mark:
                    await lease.set_mark(reader.mark())
                    mark = monotonic() + MARK
            await self._watch()
            if not more:
                more = await self._wait()
        await self._finish(lease, reader)

    async def _wait(self) -> bool:
        """Until rows were committed, a batch was answered, or it is time to look; True: read."""
        if monotonic() < self._awake and not self._behind:
            await asyncio.sleep(BEAT)
            self._waker.rows = True
            self._waker.event.set()
        woken = True
        try:
            async with asyncio.timeout(CLEAN if self._done else POLL):
                await self._waker.event.wait()
        except TimeoutError:
            woken = bool(self._done)  # only to delete
        self._waker.event.clear()
        rows, self._waker.rows = self._waker.rows, False
        return rows or not woken or self._behind

    async def _take(self, reader: Reader) -> bool:
        """Read what is new into the lanes; True when there is more to read at once."""
        if self._behind:  # else what is urgent is among what `newest` reads
            await self._add(await reader.urgent(self._read))
        held = sum(len(lane.rows) for lane in self._lanes.values() if not lane.failures)
        self._behind = held >= HOLD or len(self._known) >= KNOWN
        if self._behind:
            return False
        if rows := await reader.newest(self._read):
            self._awake = monotonic() + AWAKE
            await self._add(rows)
        self._behind = reader.more
        return self._behind

    async def _add(self, rows: list[Waiting]) -> None:
        touched, lanes, partitions = set(), self._lanes, self._partitions.known
        for row in rows:
            topic, key = row.topic, row.key
            if self._blocked and (topic, key) in self._blocked:
                self._blocked[(topic, key)].append(row)
                continue
            where = (topic, partition_of(key, partitions.get(topic) or await self._partitions.ask(topic)))
            lane = lanes.get(where)
            if lane is None:
                lane = lanes[where] = Lane(*where, self._current, self._sent, self._refused, self._failed)
            lane.add(row)
            touched.add(lane)
        for lane in touched:
            lane.start()

    def _current(self) -> AIOKafkaProducer:
        assert self._producer is not None
        return self._producer

    def _sent(self, rows: list[Waiting]) -> None:
        self._done.extend(row.id for row in rows)
        self._answered = monotonic()
        self.counts.sent += len(rows)
        self.counts.batches += 1
        self._waker.event.set()

    def _refused(self, row: Waiting, reason: str) -> None:
        """The broker will never take this row: it is parked, and everything later of its key waits."""
        key = (row.topic, row.key)
        self._blocked[key] = []
        for lane in self._lanes.values():
            if lane.topic == row.topic:
                behind = [each for each in lane.rows if each.key == row.key]
                if behind:
                    self._blocked[key].extend(behind)
                    kept = [each for each in lane.rows if each.key != row.key]
                    lane.rows.clear()
                    lane.rows.extend(kept)
        self._refusals.append((row, reason))
        self._answered = monotonic()
        self.counts.parked += 1
        self._waker.event.set()

    def _failed(self) -> None:
        self.counts.failures += 1

    async def _clean(self, lease: Lease, reader: Reader) -> None:
        """Delete what the broker has, mark what it refuses. Few rows wait for each other a moment: one statement for
        each of them would keep this loop from reading what is new."""
        if len(self._done) >= CLEAN_ROWS or (
            self._done and (monotonic() - self._cleaned >= CLEAN or self._stop.is_set())
        ):
            done, self._done, self._cleaned = self._done, [], monotonic()
            await lease.delete(done)
            self._known.difference_update(done)
        while self._refusals:
            row, reason = self._refusals[0]
            await lease.park(row.id, reason)
            reader.parked[row.id] = (row.topic, row.key)
            self._known.discard(row.id)
            self._refusals.pop(0)
            _log.error("relay.parked", topic=row.topic, key=row.key.decode(), row=row.id, reason=reason)

    async def _refill(self, reader: Reader) -> None:
        """Rows put off while a partition was away, now that it answers, or that none is left to ask it with."""
        for lane in list(self._lanes.values()):
            if lane.later and (not lane.rows or (not lane.failures and len(lane.rows) < KEPT_WHILE_AWAY)):
                ids = [lane.later.popleft() for _ in range(min(KEPT_WHILE_AWAY, len(lane.later)))]
                for row in await reader.again(ids):
                    blocked = self._blocked.get((row.topic, row.key)) if self._blocked else None
                    (lane.rows if blocked is None else blocked).append(row)
                lane.start()
                self._waker.event.set()

    async def _recheck(self, reader: Reader) -> None:
        """Keys that were set free, rows below the floor. While rows of a topic are put off, those of a freed key may
        be among them: they are gathered (`_refill`) before any of that key goes."""
        found = await reader.freed()
        parked = set(reader.parked.values()) | {(row.topic, row.key) for row, _ in self._refusals}
        later = {lane.topic for lane in self._lanes.values() if lane.later}
        freed = [row for key in self._blocked.keys() - parked if key[0] not in later for row in self._blocked.pop(key)]
        for key in parked - self._blocked.keys():
            self._blocked[key] = []
        await self._add(in_order([*freed, *found, *await reader.recheck()]))

    async def _watch(self) -> None:
        """A producer that answers nothing is replaced; each lane sends its batch again from the first row."""
        if not any(lane.rows for lane in self._lanes.values()):
            self._answered = monotonic()
        elif monotonic() - self._answered > STALLED:
            _log.error("relay.producer_stalled", seconds=round(monotonic() - self._answered))
            old, self._producer = self._producer, await self._connect()
            self.counts.producers += 1
            self._answered = monotonic()
            if old is not None:
                await close(old)

    async def _finish(self, lease: Lease, reader: Reader) -> None:
        await asyncio.gather(*(lane.finish(3.0) for lane in self._lanes.values()))
        async with asyncio.timeout(5):
            await self._clean(lease, reader)
            await lease.set_mark(reader.mark())
