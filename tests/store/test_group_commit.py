"""Group commit: one flush for all that wait, an answer for each, and no neighbour's harm."""

import asyncio
from collections.abc import Sequence

import pytest

from dispatch.store import group_commit
from dispatch.store.errors import Rejected, Unavailable
from dispatch.store.group_commit import ENOUGH, GroupCommit


async def test_what_arrives_together_is_flushed_together() -> None:
    flushed: list[list[int]] = []
    gate = asyncio.Event()

    async def flush(items: Sequence[int]) -> Sequence[int]:
        flushed.append(list(items))
        if len(flushed) == 1:
            await gate.wait()
        return [item * 10 for item in items]

    group = GroupCommit(flush)
    first = asyncio.create_task(group.submit(1))
    while not flushed:
        await asyncio.sleep(0)
    rest = [asyncio.create_task(group.submit(i)) for i in (2, 3, 4)]
    await asyncio.sleep(0)
    gate.set()
    assert await first == 10
    assert await asyncio.gather(*rest) == [20, 30, 40]
    assert flushed == [[1], [2, 3, 4]]


async def test_one_bad_item_costs_its_neighbours_nothing() -> None:
    async def flush(items: Sequence[int]) -> Sequence[int]:
        if 13 in items:
            raise Rejected("thirteen")
        return list(items)

    group = GroupCommit(flush)
    answers = await asyncio.gather(*(group.submit(i) for i in (11, 12, 13, 14)), return_exceptions=True)
    assert [answer for answer in answers if not isinstance(answer, Exception)] == [11, 12, 14]
    assert isinstance(answers[2], Rejected)


async def test_nor_does_one_that_brings_out_a_mistake_of_ours() -> None:
    async def flush(items: Sequence[int]) -> Sequence[int]:
        return [100 // item for item in items]

    group = GroupCommit(flush)
    answers = await asyncio.gather(*(group.submit(i) for i in (1, 0, 4)), return_exceptions=True)
    assert [answers[0], answers[2]] == [100, 25]
    assert isinstance(answers[1], ZeroDivisionError)


async def test_after_a_lost_connection_the_batch_is_sent_again() -> None:
    tries = 0

    async def flush(items: Sequence[int]) -> Sequence[int]:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise Unavailable("gone")
        return list(items)

    assert await GroupCommit(flush).submit(5) == 5
    assert tries == 2


async def test_when_it_stays_away_everybody_is_told() -> None:
    async def flush(_items: Sequence[int]) -> Sequence[int]:
        raise Unavailable("gone")

    group: GroupCommit[int, int] = GroupCommit(flush, tries=2)
    with pytest.raises(Unavailable):
        await group.submit(1)
    # and the next one is tried anew
    with pytest.raises(Unavailable):
        await group.submit(2)


async def test_a_caller_who_left_does_not_hold_up_the_others() -> None:
    entered, gate = asyncio.Event(), asyncio.Event()

    async def flush(items: Sequence[int]) -> Sequence[int]:
        entered.set()
        await gate.wait()
        return list(items)

    group = GroupCommit(flush)
    gone = asyncio.create_task(group.submit(1))
    await entered.wait()
    stays = asyncio.create_task(group.submit(2))
    gone.cancel()
    gate.set()
    assert await stays == 2
    await group.drain()


@pytest.mark.parametrize("lanes", [1, 2, 3])
async def test_nobody_is_left_waiting_when_lanes_end_as_others_come(lanes: int) -> None:
    under_way = most = 0

    async def flush(items: Sequence[int]) -> Sequence[int]:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        for _ in range(max(items) % 3):
            await asyncio.sleep(0)
        under_way -= 1
        return [-item for item in items]

    group = GroupCommit(flush, lanes=lanes, most=4)

    async def caller(first: int) -> None:
        for item in range(first, first + 40):
            assert await group.submit(item) == -item

    async with asyncio.timeout(20):
        for callers in (1, 2, 3, 7):
            await asyncio.gather(*(caller(i * 7) for i in range(callers)))
        await group.drain()
    assert most <= lanes


async def test_one_batch_is_made_ready_while_another_is_committed() -> None:
    flushed: list[int] = []
    gate = asyncio.Event()

    async def flush(items: Sequence[int]) -> Sequence[int]:
        flushed.append(len(items))
        await gate.wait()
        return list(items)

    group = GroupCommit(flush, lanes=2)
    waiting = [asyncio.create_task(group.submit(i)) for i in range(ENOUGH + ENOUGH)]
    while len(flushed) < 2:
        await asyncio.sleep(0)
    assert flushed == [ENOUGH, ENOUGH]
    gate.set()
    await asyncio.gather(*waiting)


class Gated:
    """Notes the size of each batch, and holds it until it is let."""

    def __init__(self) -> None:
        self.free = asyncio.Event()
        self.sizes: list[int] = []

    async def __call__(self, items: Sequence[int]) -> Sequence[int]:
        self.sizes.append(len(items))
        await self.free.wait()
        return list(items)

    async def under_way(self, batches: int) -> None:
        async with asyncio.timeout(20):
            while len(self.sizes) < batches:
                await asyncio.sleep(0)


async def test_beside_others_few_wait_for_the_pace_and_many_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "PACE", 3600.0)
    flush = Gated()
    group = GroupCommit(flush)
    submitted = [asyncio.create_task(group.submit(0)), asyncio.create_task(group.submit(1))]
    await flush.under_way(1)
    submitted.append(asyncio.create_task(group.submit(2)))
    for _ in range(20):
        await asyncio.sleep(0)
    assert flush.sizes == [2]
    submitted += [asyncio.create_task(group.submit(i)) for i in range(3, ENOUGH)]
    await flush.under_way(2)
    assert flush.sizes == [2, ENOUGH - 2]
    flush.free.set()
    assert await asyncio.gather(*submitted) == list(range(ENOUGH))


async def test_those_that_waited_for_the_pace_go_together_when_it_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "PACE", 0.5)
    flush = Gated()
    group = GroupCommit(flush)
    submitted = [asyncio.create_task(group.submit(0))]
    await flush.under_way(1)
    for item in range(1, 4):
        submitted.append(asyncio.create_task(group.submit(item)))
        await asyncio.sleep(0.005)  # time that they come apart by, not time waited for
    await flush.under_way(2)
    assert flush.sizes == [1, 3]
    flush.free.set()
    assert await asyncio.gather(*submitted) == [0, 1, 2, 3]


async def test_after_a_batch_of_several_the_next_keeps_the_pace_though_none_is_under_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(group_commit, "PACE", 0.5)
    flush = Gated()
    flush.free.set()
    group = GroupCommit(flush)
    assert await asyncio.gather(*(group.submit(item) for item in range(2))) == [0, 1]
    later = [asyncio.create_task(group.submit(2))]
    await asyncio.sleep(0.005)  # time that they come apart by, not time waited for
    later.append(asyncio.create_task(group.submit(3)))
    assert await asyncio.gather(*later) == [2, 3]
    assert flush.sizes == [2, 2]


async def test_one_after_the_other_keeps_no_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "PACE", 3600.0)
    flush = Gated()
    flush.free.set()
    group = GroupCommit(flush)
    async with asyncio.timeout(20):
        assert [await group.submit(i) for i in range(5)] == list(range(5))
    assert flush.sizes == [1] * 5
