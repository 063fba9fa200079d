"""Group commit: what arrives while one transaction runs goes together into the next; each is answered after it.

No timer: a lone item is flushed at once, and under load the batches grow by themselves.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from dispatch.store.errors import StoreError, Unavailable

Item = TypeVar("Item")
Answer = TypeVar("Answer")


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
    ) -> None:
        self._flush, self._most, self._tries = flush, most, tries
        self._waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._task: asyncio.Task[None] | None = None

    async def submit(self, item: Item) -> Answer:
        """Write `item`; returns once it is committed. Raises what refused it."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        return await future

    async def drain(self) -> None:
        """Wait until everything handed in is answered."""
        while self._task is not None and not self._task.done():
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        while self._waiting:
            await self._gather()
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            await self._commit(batch)

    async def _gather(self) -> None:
        """Let come along what is already there: as long as each turn of the loop brings more, and no longer."""
        seen = 0
        while seen < len(self._waiting) < self._most:
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
