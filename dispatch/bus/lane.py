"""One partition's lane of the relay: its rows in order, one batch in flight, a failed one again from its first row."""

import asyncio
from collections import deque
from collections.abc import Callable
from itertools import islice
from time import monotonic
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    MessageSizeTooLargeError,
    PolicyViolationError,
    RecordListTooLargeError,
)

from dispatch.bus.producer import MAX_RECORD_BYTES, REQUEST_TIMEOUT_MS
from dispatch.observe import tracing
from dispatch.observe.plain import ids
from dispatch.store.outbox_reader import Waiting
from schemas import topics

#: a refusal of the record itself: sending it again will not help. (`InvalidTimestampError` is none: it says that this
#: host's clock is wrong and the topic goes by it, which `dispatch topics apply` mends.)
REFUSALS = (MessageSizeTooLargeError, RecordListTooLargeError, PolicyViolationError)

MOST = 4000
#: rows a lane keeps at hand while its partition is away; of the rest only the ids
KEPT_WHILE_AWAY = 1000
FIRST_WAIT, LONGEST_WAIT = 0.1, 5.0

_log = structlog.get_logger(__name__)


class Lane:
    """Sends what is in `rows`, front to back, by itself; tells `sent` and `refused` what became of them."""

    def __init__(
        self,
        topic: str,
        partition: int,
        producer: Callable[[], AIOKafkaProducer],
        sent: Callable[[list[Waiting]], None],
        refused: Callable[[Waiting, str], None],
        failed: Callable[[], None],
    ) -> None:
        self.topic = topic
        self.partition = partition
        self.rows: deque[Waiting] = deque()
        #: ids of rows beyond `KEPT_WHILE_AWAY`, to be read again when the partition is back
        self.later: deque[int] = deque()
        #: failures in a row; 0: the partition answers
        self.failures = 0
        #: when the batch in flight was handed over (monotonic seconds)
        self.since: float | None = None
        self._producer = producer
        self._sent = sent
        self._refused = refused
        self._failed = failed
        self._limit = MOST
        self._gathered = topics.TOPICS[topic].gathered if topic in topics.TOPICS else 0.0
        self._task: asyncio.Task[None] | None = None
        self._open = True

    def add(self, row: Waiting) -> None:
        """Take a row; every earlier row of its key was taken before."""
        if self.later or (self.failures and len(self.rows) >= KEPT_WHILE_AWAY):
            self.later.append(row.id)
        else:
            self.rows.append(row)

    def start(self) -> None:
        """Send, unless that is under way."""
        if self.rows and self._open and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._run(), name=f"lane {self.topic}/{self.partition}")

    async def finish(self, within: float) -> None:
        """Take no further batch; wait for the one in flight."""
        self._open = False
        if self._task is not None and not self._task.done():
            await asyncio.wait([self._task], timeout=within)
            self._task.cancel()

    async def _run(self) -> None:
        wait = FIRST_WAIT
        await asyncio.sleep(self._gathered)
        while self.rows and self._open:
            if await self._send_one():
                wait = FIRST_WAIT
            else:
                await asyncio.sleep(wait)
                wait = min(wait * 2, LONGEST_WAIT)

    async def _send_one(self) -> bool:
        """One batch. False: the broker is away, wait before the next try."""
        count, batch = self._fill()
        if count == 0:
            self._drop_first(f"the record is larger than {MAX_RECORD_BYTES} bytes")
            return True
        self.since = monotonic()
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_MS / 1000 * 2):
                await (await self._producer().send_batch(batch, self.topic, partition=self.partition))
        except REFUSALS as refusal:
            self.failures = 0  # it answers
            self._limit = max(1, count // 2)
            if count == 1:
                self._drop_first(type(refusal).__name__)
            return True
        except Exception as error:
            self.failures += 1
            self._failed()
            _log.warning(
                "relay.send_failed",
                topic=self.topic,
                partition=self.partition,
                rows=count,
                failures=self.failures,
                error=type(error).__name__,
            )
            return False
        finally:
            self.since = None
        self.failures = 0
        self._limit = min(MOST, self._limit * 2)
        sent = [self.rows.popleft() for _ in range(count)]
        self._sent(sent)
        if tracing.ON is not None:
            tracing.ON.sent(self.topic, [(row.key.decode(), row.traceparent()) for row in sent])
        for whistles in ids(row.key.decode() for row in sent):
            _log.info("relay.sent", topic=self.topic, partition=self.partition, whistles=whistles)
        return True

    def _fill(self) -> tuple[int, Any]:
        """As many rows from the front as fit a batch. 0: the first alone is too large for any broker."""
        batch = self._producer().create_batch()
        count = 0
        for row in islice(self.rows, self._limit):
            if len(row.payload) + len(row.key) > MAX_RECORD_BYTES:
                break
            if batch.append(timestamp=None, key=row.key, value=row.payload, headers=row.record_headers()) is None:
                break
            count += 1
        batch.close()
        return count, batch

    def _drop_first(self, reason: str) -> None:
        row = self.rows.popleft()
        self._limit = MOST
        self._refused(row, reason)
