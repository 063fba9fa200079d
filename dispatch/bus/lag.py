"""How far the consumers are behind, and whether they still poll.

The lag is the fetch's high watermark less what was handled: a broker's `end_offsets` may lie (the embedded one gives
the base of the last batch), a fetch's watermark does not. A consumer that silently stops polling is known bug
territory of the client, so the age of the last answered fetch is watched too.

A record carries the broker's time. How long ago that was is told by the database's clock, never by this host's, which
may be days wrong.
"""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from dispatch.bus.sift import RawRecord, moment

Partition = tuple[str, int]


class ServersTime:
    """The database's clock as this process last heard it, going on by seconds that never run backwards."""

    def __init__(self, host: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._host, self._monotonic = host, monotonic
        #: what is added to the monotonic clock; None: nothing was heard yet
        self._ahead: float | None = None

    async def ask(self, database_now: Callable[[], Awaitable[datetime]]) -> None:
        """Hear it anew; wrong by half of what the answer took. Raises what asking raises, and keeps what it knew."""
        before = self._monotonic()
        heard = await database_now()
        self._ahead = heard.timestamp() - (before + self._monotonic()) / 2

    def now(self) -> float:
        """Seconds since 1970; this host's, as long as the database has said nothing."""
        return self._host() if self._ahead is None else self._monotonic() + self._ahead


class Progress:
    """What this process has handled: per partition the time of the last record, and totals."""

    def __init__(self, clock: ServersTime | None = None, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock or ServersTime()
        self.monotonic = monotonic
        #: time (ms) of the last record handled; of the first one polled, where none is handled yet
        self.last_time: dict[Partition, int] = {}
        #: records polled, and not done with yet
        self.in_hand: Counter[Partition] = Counter()
        #: when a topic's last batch was begun, tried or done (monotonic seconds)
        self.moved: dict[str, float] = {}
        self.records = 0
        self.batches = 0
        self.dead = 0
        self.lost = 0
        #: called with (topic, records, seconds) after each batch; bootstrap connects the metrics
        self.on_batch: Callable[[str, int, float], None] = lambda _topic, _records, _seconds: None
        #: called with each topic whose partitions were dealt anew; bootstrap connects the metrics
        self.on_dealt: Callable[[str], None] = lambda _topic: None
        #: called each time a batch is to be tried again; bootstrap connects the metrics
        self.on_retry: Callable[[], None] = lambda: None

    def forget(self, partitions: Iterable[Partition]) -> None:
        """These are taken away: when they come back, somebody else has handled what came meanwhile."""
        for partition in partitions:
            self.last_time.pop(partition, None)

    def hold(self, records: Sequence[RawRecord]) -> None:
        """These were polled."""
        for record in records:
            self.last_time.setdefault((record.topic, record.partition), record.timestamp)
        self.in_hand.update((record.topic, record.partition) for record in records)

    def release(self, records: Sequence[RawRecord]) -> None:
        """These are done, or will come again."""
        self.in_hand.subtract((record.topic, record.partition) for record in records)
        self.in_hand = +self.in_hand

    @contextmanager
    def handling(self, records: Sequence[RawRecord]) -> Iterator[None]:
        """The effects of all `records` are committed when the block ends without raising."""
        started = self.moved[records[0].topic] = self.monotonic()
        self.hold(records)
        try:
            yield
        finally:
            self.release(records)
            self.moved[records[0].topic] = self.monotonic()
        for record in records:
            self.last_time[(record.topic, record.partition)] = record.timestamp
        self.records += len(records)
        self.batches += 1
        self.on_batch(records[0].topic, len(records), self.monotonic() - started)

    def tried(self, topic: str) -> None:
        """The database was asked, or has answered, about a batch of this topic: an attempt has its time limits, so
        whoever waits for the database moves, however long it is away."""
        self.moved[topic] = self.monotonic()


#: of this process
PROGRESS = Progress()


class Consumer(Protocol):
    """What is read of aiokafka's consumer."""

    def assignment(self) -> Any: ...
    async def position(self, partition: Any) -> int: ...
    def highwater(self, partition: Any) -> int | None: ...
    def last_poll_timestamp(self, partition: Any) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Lag:
    """One assigned partition: records not handled yet, and the seconds since the last handled one was written (0
    when nothing is left), by the servers' clocks."""

    topic: str
    partition: int
    messages: int
    seconds: float
    #: the broker's time of that last one; the same for as long as nothing moves
    until: datetime | None = None


async def lags(consumers: Iterable[Consumer | None], progress: Progress = PROGRESS) -> list[Lag]:
    """The lag of every partition assigned to these consumers that has been fetched from."""
    found = []
    now = progress.clock.now()
    for consumer in consumers:
        for partition in consumer.assignment() if consumer is not None else ():
            end = consumer.highwater(partition) if consumer is not None else None
            if consumer is None or end is None:
                continue
            where = (partition.topic, partition.partition)
            try:
                position = await asyncio.wait_for(consumer.position(partition), 1)
            except Exception:  # nosec B112  # noqa: S112 - taken away while we asked
                continue
            left = max(end - position, 0) + progress.in_hand.get(where, 0)
            last = progress.last_time.get(where)
            if last is None or not left:
                found.append(Lag(*where, left, 0.0))
            else:
                found.append(Lag(*where, left, max(now - last / 1000, 0.0), moment(last)))
    return found


def last_poll_age(consumers: Iterable[Consumer | None], progress: Progress = PROGRESS) -> float | None:
    """Seconds since the stalest assigned partition was last answered; None while nothing is assigned.

    It is no stall to work off what was fetched before: a broker gives thousands of records at once, and is asked again
    when they are done. Nor is it one to try the same batch again while the database is away (`Progress.tried`).
    """
    now, here = time.time() * 1000, progress.monotonic()
    ages = [
        min(now - stamp, (here - progress.moved.get(partition.topic, -math.inf)) * 1000)
        for consumer in consumers
        if consumer is not None
        for partition in consumer.assignment()
        if (stamp := consumer.last_poll_timestamp(partition)) is not None
    ]
    return max(ages) / 1000 if ages else None
