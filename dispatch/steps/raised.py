"""What the handlers of the raised topics do with a batch: route the good, keep the bad, in one transaction."""

from collections.abc import Sequence
from uuid import UUID

import structlog

from dispatch.domain.case import Case
from dispatch.steps.replay import keep
from dispatch.steps.route import route
from dispatch.steps.service import Service
from dispatch.store.dead_letters import DeadLetter
from schemas.event import Incoming
from schemas.whistle import WhistleRaisedV1

log = structlog.get_logger(__name__)


async def take(service: Service, good: Sequence[Incoming], bad: Sequence[DeadLetter]) -> list[Case]:
    """Route what these messages point at; the message is a signal, the state decides. Returns what was routed."""
    origins: dict[UUID, dict[str, object]] = {}
    for item in good:
        if isinstance(item.event.body, WhistleRaisedV1):
            origins[item.event.body.whistle] = {
                "topic": item.topic,
                "partition": item.partition,
                "offset": item.offset,
                "recorded_at": item.time.isoformat(),
            }
    async with service.database.transaction() as uow:
        routed = await route(service, uow, list(origins), origins)
        if bad:
            await keep(uow, bad)
    for case in routed:
        where = origins.get(case.id, {})
        log.info(
            "whistle.routed",
            whistle=str(case.id),
            number=case.facts.number,
            outcome=case.outcome,
            status=case.status,
            unit=case.lead,
            topic=where.get("topic"),
            partition=where.get("partition"),
            offset=where.get("offset"),
        )
    return routed
