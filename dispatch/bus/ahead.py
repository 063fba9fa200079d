"""Reading ahead: while a batch is at work the next one is fetched, and all that came meanwhile is one batch.

The client asks the broker for a partition again only when its records were taken. A loop that takes records, waits for
their transaction and takes the next ones makes a record wait for two transactions where one would do. So a subscriber
hands its records over and reads on; offsets are committed when the effects of their records are, never before.

Nothing new can be lost by it: who dies with records in hand has not committed them, and they come again. Nothing can
be doubled either: effects are keyed by what they are.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError, KafkaError

from dispatch.bus.feed import Step, feed
from dispatch.bus.lag import PROGRESS, Progress
from dispatch.bus.sift import RawRecord

#: records handed to a step at once; no more wait behind them
BATCH = 500
#: with so much waiting it is looked so often whether there is room again (seconds)
LOOK = 0.01
#: offsets are committed so often (seconds): whoever reads on after a death finds the records since then done
COMMIT = 0.25

_log = structlog.get_logger(__name__)


class Line:
    """What one consumer has read: the batch at work, and what waits behind it.

    `broken` is told what ended the work, at once: a mistake of ours, for `feed` raises nothing.
    """

    def __init__(
        self, consumer: AIOKafkaConsumer, step: Step, progress: Progress, broken: Callable[[Exception], None]
    ) -> None:
        self._consumer = consumer
        self._step = step
        self._progress = progress
        self._broken = broken
        self._waiting: list[RawRecord] = []
        self._work: asyncio.Task[None] | None = None
        self._commit: asyncio.Task[None] | None = None
        self._ends: dict[TopicPartition, int] = {}
        self._hurry = asyncio.Event()

    async def take(self, records: Sequence[RawRecord]) -> None:
        """Accept them, and come back when it is time to read on."""
        self._waiting += records
        self._progress.hold(records)
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._run(), name="ahead")
        while len(self._waiting) >= BATCH and not self._work.done():
            await asyncio.wait({self._work}, timeout=LOOK)

    async def drain(self) -> None:
        """Return when everything taken is done and committed. Cancelled: what is not will come again."""
        try:
            if self._work is not None:
                await self._work
            self._hurry.set()
            if self._commit is not None:
                await self._commit
        finally:
            for task in (self._work, self._commit):
                if task is not None:
                    task.cancel()

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
                self._progress.release(batch)
                await feed(batch, self._step, self._progress)
                self._ends |= _ends(batch)
                if self._commit is None or self._commit.done():
                    # beside the next batches: an answer from the broker takes as long as a transaction
                    self._commit = asyncio.create_task(self._commit_ends(), name="offsets")
        except Exception as error:
            self._broken(error)

    async def _commit_ends(self) -> None:
        """Until nothing is left to commit: what is done in a while, at once where the line is drained.

        A partition dealt to somebody else meanwhile is his to commit; he finds these records done. What is refused is
        tried again with what is done by then, but not by one who leaves, and not where all were dealt anew: whoever
        got them reads on from what is committed, and when they come back here, he may have committed more.
        """
        while self._ends:
            leaving = self._hurry.is_set()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), COMMIT)
            ends, self._ends = self._ends, {}
            owned = self._consumer.assignment()
            offsets = {partition: end for partition, end in ends.items() if partition in owned}
            try:
                if offsets:
                    await self._consumer.commit(offsets)
            except KafkaError as error:
                _log.info("offsets.not-committed", error=type(error).__name__, partitions=len(offsets))
                if leaving:
                    return
                if not isinstance(error, CommitFailedError):
                    self._ends = offsets | self._ends
            except Exception as error:
                self._broken(error)
                return


class Ahead:
    """The lines of a broker's subscribers."""

    def __init__(self, progress: Progress = PROGRESS) -> None:
        self._progress = progress
        self._lines: dict[int, Line] = {}
        self._closed = False
        self._error: Exception | None = None
        self._failed = asyncio.Event()

    async def take(self, consumer: AIOKafkaConsumer, records: Sequence[RawRecord], step: Step) -> None:
        """Have `step` work on what `consumer` read. After `drain` nothing is taken any more: it will come again."""
        if self._closed:
            return
        line = self._lines.get(id(consumer))
        if line is None:
            line = self._lines[id(consumer)] = Line(consumer, step, self._progress, self._break)
        await line.take(records)

    def _break(self, error: Exception) -> None:
        self._closed, self._error = True, error
        self._failed.set()

    async def failed(self) -> None:
        """Wait until a line breaks, which only a mistake of ours can do; raises it. The process should end then:
        nothing was committed, and it all comes again."""
        await self._failed.wait()
        if self._error:
            raise self._error

    async def drain(self) -> None:
        """Finish and commit what is in hand, and take nothing more."""
        self._closed = True
        await asyncio.gather(*(line.drain() for line in self._lines.values()))


def _ends(records: Sequence[RawRecord]) -> dict[TopicPartition, int]:
    """The offset behind the last record of each partition."""
    return {TopicPartition(record.topic, record.partition): record.offset + 1 for record in records}
