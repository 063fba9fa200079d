"""Group commit: what arrives while transactions run goes together into the next; each is answered after its own.

A lone item is flushed at once, and under load the batches grow by themselves; in between, beside others under way and
after a batch of more than one, a batch waits until `PACE` has passed since the last one began. A few are under way at
once, so that this process makes one ready while the database commits another: with one, callers fall into step, and
either side waits for the other (a third of the throughput).
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from dispatch.store.errors import StoreError, Unavailable

Item = TypeVar("Item")
Answer = TypeVar("Answer")

#: items from which on a batch gains little by growing
ENOUGH = 32
#: while fewer than that are about, and they do not come one by one, the next batch waits until so long after the last
#: one began (seconds): a transaction costs the same for one as for ten, and so does all that follows it, through Kafka
#: to the queue
PACE = 0.012


class GroupCommit(Generic[Item, Answer]):
    """`flush` writes a batch in one transaction and returns one answer for each item, in order.

    A batch that fails for its data is retried item by item, so one bad item costs its neighbours nothing. After a
    lost connection the outcome is unknown: the batch is sent again (`flush` must recognise its own items, which is
    what ids fixed beforehand and `ON CONFLICT DO NOTHING` are for), up to `tries` times.
    """

    def __init__(
        self,
        flush: Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]],
        *,
        most: int = 256,
        tries: int = 3,
        lanes: int = 3,
    ) -> None:
        """`most`: items of one batch; `lanes`: batches under way at once, each on a connection of its own."""
        self._flush, self._most, self._tries, self._lanes = flush, most, tries, lanes
        self._waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._running: set[asyncio.Task[None]] = set()
        self._gathering = False
        self._under_way = 0
        #: the last batch held more than one
        self._together = False
        self._began = -PACE
        #: enough are about to keep no pace
        self._many = asyncio.Event()

    async def submit(self, item: Item) -> Answer:
        """Write `item`; returns once it is committed. Raises what refused it."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if not self._few():
            self._many.set()
        self._start()
        return await future

    async def drain(self) -> None:
        """Wait until everything handed in is answered."""
        while self._running:
            await asyncio.wait(self._running)

    def _start(self) -> None:
        if self._due() and len(self._running) < self._lanes:
            self._gathering = True
            self._running.add(asyncio.create_task(self._run()))

    def _few(self) -> bool:
        return len(self._waiting) + self._under_way < ENOUGH

    def _due(self) -> bool:
        """Never fewer than are under way: batches must not shrink because there are lanes for more of them."""
        return not self._gathering and len(self._waiting) >= max(self._under_way, 1)

    async def _run(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        while True:
            await self._gather()
            size = min(max(ENOUGH, len(self._waiting) // 2), self._most)
            batch, self._waiting = self._waiting[:size], self._waiting[size:]
            self._gathering = False
            self._under_way += len(batch)
            self._together = len(batch) > 1
            self._start()
            await self._commit(batch)
            self._under_way -= len(batch)
            if not self._due():
                # at once: whoever hands something in before the task has ended must find the lane free
                self._running.discard(task)
                return
            self._gathering = True

    async def _gather(self) -> None:
        """Let come along what is already there: as long as each turn of the loop brings more, and no longer, except
        to keep the pace."""
        loop = asyncio.get_running_loop()
        early = self._began + PACE - loop.time()
        if early > 0 and (self._under_way or self._together) and self._few():
            self._many.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._many.wait(), early)
        self._began = loop.time()
        seen = 0
        while seen < len(self._waiting) < ENOUGH:
            seen = len(self._waiting)
            await asyncio.sleep(0)

    async def _commit(self, batch: list[tuple[Item, asyncio.Future[Answer]]]) -> None:
        try:
            answers = await self._attempt([item for item, _ in batch])
        except Unavailable as error:
            _fail(batch, error)
        except Exception as error:  # refused data, or a mistake of ours that one item brings out
            if len(batch) == 1:
                _fail(batch, error)
            else:
                for one in batch:
                    await self._commit([one])
        else:
            for (_, future), answer in zip(batch, answers, strict=True):
                if not future.done():
                    future.set_result(answer)

    async def _attempt(self, items: list[Item]) -> Sequence[Answer]:
        for attempt in range(1, self._tries + 1):
            try:
                return await self._flush(items)
            except Unavailable:
                if attempt == self._tries:
                    raise
                await asyncio.sleep(0.05 * attempt)
        raise StoreError("unreachable")


def _fail(batch: list[tuple[Item, asyncio.Future[Answer]]], error: Exception) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(error)
