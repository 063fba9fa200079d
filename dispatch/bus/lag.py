"""How far the consumers are behind, and whether they still poll.

The lag is the fetch's high watermark less what was handled: a broker's `end_offsets` may lie (the embedded one gives
the base of the last batch), a fetch's watermark does not. A consumer that silently stops polling is known bug
territory of the client, so the age of the last answered fetch is watched too.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from dispatch.bus.sift import RawRecord

Partition = tuple[str, int]


class Progress:
    """What this process has handled: per partition the next offset and the time of the last record, and totals."""

    def __init__(self) -> None:
        self.next: dict[Partition, int] = {}
        self.last_time: dict[Partition, int] = {}
        self.records = 0
        self.batches = 0
        self.dead = 0
        self.lost = 0
        self.paused_since: float | None = None
        #: called with (topic, records, seconds) after each batch; bootstrap connects the metrics
        self.on_batch: Callable[[str, int, float], None] = lambda _topic, _records, _seconds: None

    def handled(self, records: Sequence[RawRecord], seconds: float, dead: int) -> None:
        """All of `records` is committed, after `seconds`."""
        for record in records:
            where = (record.topic, record.partition)
            self.next[where] = record.offset + 1
            self.last_time[where] = record.timestamp
        self.records += len(records)
        self.batches += 1
        self.dead += dead
        self.on_batch(records[0].topic, len(records), seconds)

    @contextmanager
    def pausing(self) -> Iterator[None]:
        """Consumption stands still because the database or the network is away."""
        if self.paused_since is None:
            self.paused_since = time.monotonic()
        try:
            yield
        finally:
            self.paused_since = None


#: of this process
PROGRESS = Progress()


class Consumer(Protocol):
    """What is read of aiokafka's consumer."""

    def assignment(self) -> Any: ...
    def highwater(self, partition: Any) -> int | None: ...
    def last_poll_timestamp(self, partition: Any) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Lag:
    """One assigned partition: records not handled yet, and the seconds since the last handled one was written (0
    when nothing is left)."""

    topic: str
    partition: int
    messages: int
    seconds: float


def lags(consumers: Iterable[Consumer | None], progress: Progress = PROGRESS) -> list[Lag]:
    """The lag of every partition assigned to these consumers that has been fetched from."""
    found = []
    now = time.time()
    for consumer in consumers:
        for partition in consumer.assignment() if consumer is not None else ():
            end = consumer.highwater(partition) if consumer is not None else None
            where = (partition.topic, partition.partition)
            done = progress.next.get(where)
            if end is None:
                continue
            left = max(end - done, 0) if done is not None else 0
            age = max(now - progress.last_time[where] / 1000, 0.0) if left and done is not None else 0.0
            found.append(Lag(partition.topic, partition.partition, left, age))
    return found


def last_poll_age(consumers: Iterable[Consumer | None]) -> float | None:
    """Seconds since the stalest assigned partition was last answered; None while nothing is assigned.

    Grows while a step pauses for the database: ask `Progress.paused_since` before calling it a stall.
    """
    now = time.time() * 1000
    ages = [
        now - stamp
        for consumer in consumers
        if consumer is not None
        for partition in consumer.assignment()
        if (stamp := consumer.last_poll_timestamp(partition)) is not None
    ]
    return max(ages) / 1000 if ages else None
