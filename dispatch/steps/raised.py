"""What the handlers of the raised topics do with a batch: route the good, keep the bad, in one transaction."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import structlog

from dispatch.domain.case import Case
from dispatch.observe.plain import ids
from dispatch.steps.replay import keep
from dispatch.steps.route import route
from dispatch.steps.service import Service
from dispatch.store.dead_letters import DeadLetter
from schemas.event import Incoming
from schemas.whistle import WhistleRaisedV1

log = structlog.get_logger(__name__)

#: whistles of one transaction, and how many of these are under way at once: the database works on one while the
#: next is decided
PART, AT_ONCE = 125, 2


async def take(service: Service, good: Sequence[Incoming], bad: Sequence[DeadLetter]) -> list[Case]:
    """Route what these messages point at; the message is a signal, the state decides. Returns what was routed.

    A large batch is committed in parts. Where one fails the batch comes again, and finds the others done.
    """
    origins: dict[UUID, dict[str, object]] = {}
    for item in good:
        if isinstance(item.event.body, WhistleRaisedV1):
            origins[item.event.body.whistle] = {
                "topic": item.topic,
                "partition": item.partition,
                "offset": item.offset,
                "recorded_at": item.time.isoformat(),
            }
    routed = await _route(service, list(origins), origins, bad)
    for whistles in ids(str(case.id) for case in routed):
        log.info("whistles.routed", whistles=whistles)
    return routed


async def _route(
    service: Service, wanted: list[UUID], origins: dict[UUID, dict[str, object]], bad: Sequence[DeadLetter]
) -> list[Case]:
    """In parts side by side; the dead letters go with the first. Raises what the first failing part raised."""
    free = asyncio.Semaphore(AT_ONCE)

    async def one(some: list[UUID], letters: Sequence[DeadLetter]) -> list[Case]:
        async with free, service.database.transaction() as uow:
            routed = await route(service, uow, some, origins)
            if letters:
                await keep(uow, letters)
        return routed

    parts = [wanted[first : first + PART] for first in range(0, len(wanted), PART)] or [[]]
    done = await asyncio.gather(
        *(one(some, () if number else bad) for number, some in enumerate(parts)), return_exceptions=True
    )
    routed: list[Case] = []
    for each in done:
        if isinstance(each, BaseException):
            raise each
        routed += each
    return routed
