"""Records to a step, whatever happens: the one loop between the topics and the transactions.

- A record cannot be decoded: its dead letter stands in the very transaction of its neighbours' effects.
- The database or the network is away: wait and try the same again. Nothing is dead-lettered, nothing acknowledged.
- The time given to it ran out: halve the batch at once, so that what fits into the time, or waits for nobody's lock,
  stands; a record alone waits as if the database were away. Any other weather would hit the halves as it hit the whole.
- The data is refused: halve the batch until the guilty record is alone; it goes to the dead letters.
- A mistake of our own counts as refused data: it is kept, shown and retried, and the partition goes on.

A batch may be fed twice (a rebalance, a crash before the acknowledgement): effects are keyed by what they are.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import structlog

from dispatch.bus.lag import PROGRESS, Progress
from dispatch.bus.sift import RawRecord, sift
from dispatch.observe import tracing
from dispatch.store.dead_letters import REJECTED, DeadLetter
from dispatch.store.errors import Rejected, TimeRanOut, Unavailable
from schemas.event import Incoming

#: one transaction: the effects of the good ones, the rows of the bad ones
Step = Callable[[list[Incoming], list[DeadLetter]], Awaitable[Any]]

FIRST_WAIT = 0.1
LONGEST_WAIT = 10.0

_log = structlog.get_logger(__name__)


async def feed(records: Sequence[RawRecord], step: Step, progress: Progress = PROGRESS) -> None:
    """Hand every record to `step`, for good or as a dead letter; returns when all of it is committed.

    Raises nothing but `CancelledError`; then what was not committed will come again.
    """
    if not records:
        return
    with progress.handling(records):
        sifted = sift(records)
        progress.dead += len(sifted.bad)
        if tracing.ON is None:
            await _give(step, sifted.good, sifted.bad, progress)
        else:
            with tracing.ON.batch(records[0].topic, [(each.event.key, each.event.traceparent) for each in sifted.good]):
                await _give(step, sifted.good, sifted.bad, progress)


async def _give(step: Step, good: list[Incoming], bad: list[DeadLetter], progress: Progress) -> None:
    """One transaction, or as many as it takes to leave only the guilty out."""
    refusal = await _try(step, good, bad, progress)
    if refusal is None:
        return
    if len(good) > 1:
        middle = len(good) // 2
        await _give(step, good[:middle], bad, progress)
        await _give(step, good[middle:], [], progress)
    elif good and bad:  # one of the two heaps is to blame
        await _give(step, good, [], progress)
        await _give(step, [], bad, progress)
    elif good:
        _log.warning("record.refused", topic=good[0].topic, offset=good[0].offset, error=_kind(refusal))
        progress.dead += 1
        await _give(step, [], [DeadLetter.of(good[0], REJECTED, _say(refusal))], progress)
    elif len(bad) > 1:
        for letter in bad:
            await _give(step, [], [letter], progress)
    else:
        await _bury(step, bad[0], refusal, progress)


async def _bury(step: Step, letter: DeadLetter, refusal: BaseException, progress: Progress) -> None:
    """Even the dead letter is refused: keep the fact without the bytes, so that the partition goes on."""
    bare = replace(letter, key=None, headers=(), value=None, error=f"{letter.error}; not kept: {_kind(refusal)}")
    again = await _try(step, [], [bare], progress)
    if again is not None:
        progress.lost += 1
        _log.error("dead-letter.lost", topic=letter.topic, partition=letter.partition, offset=letter.offset)


async def _try(step: Step, good: list[Incoming], bad: list[DeadLetter], progress: Progress) -> Exception | None:
    """Run the step until the database has answered; returns why not all of it can be, None when it is committed."""
    wait, topic = FIRST_WAIT, (good or bad)[0].topic
    while True:
        progress.tried(topic)
        try:
            await step(good, bad)
            return None
        except Rejected as refusal:
            return refusal
        except (Unavailable, OSError, TimeoutError) as away:
            if isinstance(away, TimeRanOut) and len(good) > 1:
                _log.warning("feed.halved", records=len(good), error=_say(away))
                return away
            _log.warning("feed.paused", seconds=round(wait, 1), records=len(good), error=_kind(away))
        except Exception as mistake:  # a mistake of ours must not block a partition
            _log.exception("step.failed", records=len(good), error=_kind(mistake))
            return mistake
        progress.tried(topic)
        progress.on_retry()
        await asyncio.sleep(wait * random.uniform(0.8, 1.2))  # nosec B311  # noqa: S311 - spreads the replicas
        wait = min(wait * 2, LONGEST_WAIT)


def _kind(error: BaseException) -> str:
    return type(error).__name__


def _say(error: BaseException) -> str:
    """The error for the administrator's eyes; PostgreSQL's DETAIL would quote the row."""
    text = str(error).split("\nDETAIL:", 1)[0].splitlines()
    return f"{_kind(error)}: {text[0] if text else ''}"
