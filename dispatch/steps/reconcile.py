"""What the broker forgot, the database knows: whistles still raised after a grace period are routed from here."""

from datetime import timedelta
from uuid import UUID

import structlog

from dispatch.steps.route import route
from dispatch.steps.service import Service
from dispatch.store import whistles

log = structlog.get_logger(__name__)

BATCH = 200


def id_at(milliseconds: int) -> UUID:
    """The lowest UUIDv7 of a moment (milliseconds since 1970): ids made before it compare lower."""
    return UUID(int=(milliseconds << 80) | (0x7 << 76) | (0x8 << 60))


async def reconcile(service: Service, grace: timedelta, batch: int = BATCH) -> int:
    """Route what nobody routed within `grace`; publishes nothing. Returns how many were found."""
    found = 0
    while True:
        moment = await service.database.now() - grace
        async with service.database.acquire() as connection:
            ids = await whistles.still_raised(connection, id_at(int(moment.timestamp() * 1000)), batch)
        if not ids:
            return found
        async with service.database.transaction() as uow:
            routed = await route(service, uow, ids, {})
            uow.facts.extend(("retried", {"what": "reconcile"}) for _ in routed)
        for case in routed:
            log.warning("whistle.reconciled", whistle=str(case.id), number=case.facts.number, status=case.status)
        found += len(routed)
        if len(ids) < batch or not routed:
            return found
