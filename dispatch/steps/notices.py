"""Failed notices taken up again by a person, once the channel is mended; who and why is kept.

What has nothing to tell any more (closed, answered, released) is left out by the delivery, as at any other try.
"""

from collections.abc import Sequence

from dispatch.domain.case import Actor
from dispatch.domain.permissions import may_ever
from dispatch.domain.refusals import Forbidden, Invalid, NotFound
from dispatch.steps.service import Service
from dispatch.store import administration, whistles
from dispatch.store import notices as store

ACTION = "retry-notices"
LONGEST_WHY = 500


async def retry(service: Service, by: Actor, numbers: Sequence[int] | None, why: str) -> int:
    """Failed notices of these whistles (None: all of the actor's district) are due at once; how many.

    What is due already is not counted, so doing it again changes nothing. Raises `Forbidden`, `Invalid`, `NotFound`.
    """
    if not may_ever(by, ACTION):
        raise Forbidden("没发出去的通知由区调度台和管理员重发", field="role", value=by.role)
    why = why.strip()[:LONGEST_WHY]
    if not why:
        raise Invalid("写上为什么", field="why", value=why)
    district = by.district or ""
    async with service.database.transaction() as uow:
        known = await whistles.of_district(uow.connection, district, numbers or ())
        if unknown := sorted(set(numbers or ()) - known):
            raise NotFound("本区没有「{value}」号哨，请核对编号", field="number", value=unknown[0])
        again = await store.take_up(uow, district, numbers, await uow.now())
        count = sum(again.values())
        noted = again.items() if numbers is not None else [(district, count)] if count else []
        for subject, some in noted:
            told = {"count": some, "why": why}
            await administration.note(uow, district, by.person, by.seat, "notices-retried", str(subject), told)
    return count
