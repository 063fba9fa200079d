"""The case behind a reference, and its family, as far as somebody may read them.

What somebody may not see is answered exactly like what does not exist.
"""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from dispatch.domain import whistle as machine
from dispatch.domain.case import Actor, Case
from dispatch.domain.refusals import NotFound
from dispatch.domain.turn import Turn
from dispatch.steps.service import Service
from dispatch.store import cases as store
from dispatch.store import timeline, whistles
from dispatch.store.connection import Connection
from dispatch.store.numbers import is_number
from dispatch.store.timeline import Relative

#: in lists, and among relatives, in place of a sealed one's title
SEALED = "（已封存）打开才看得见"


def gone(ref: object) -> NotFound:
    """What is not there, or not for this person to know of; `ref` is what was asked for."""
    return NotFound("没有这件，或不归您看", field="ref", value=str(ref))


async def resolve(connection: Connection, ref: str) -> UUID:
    """The id of a whistle by its id or number. Raises `NotFound`."""
    found: UUID | None = None
    if is_number(ref):
        found = await whistles.id_of_number(connection, int(ref))
    else:
        try:
            found = UUID(ref) if len(ref) in (32, 36) else None
        except ValueError:
            found = None
    if found is None:
        raise gone(ref)
    return found


async def readable(service: Service, actor: Actor, ref: str) -> tuple[Case, Turn]:
    """The case behind a reference, if this actor may read it. Raises `NotFound`, `Unavailable`."""
    now = await service.database.now()
    async with service.database.acquire() as connection:
        return await readable_in(service, connection, actor, ref, now)


async def readable_in(
    service: Service, connection: Connection, actor: Actor, ref: str, now: datetime
) -> tuple[Case, Turn]:
    """The same on a connection that is open, as of `now`."""
    case = await store.read(connection, await resolve(connection, ref), aside=True)
    if case is None or case.facts.district not in service.rules.districts:
        raise gone(ref)
    turn = service.turn(case.facts.district, max(now, case.last_at))
    if not machine.may(case, actor, "read", turn):
        raise gone(ref)
    return case, turn


async def family_of(
    connection: Connection, case: Case, actor: Actor, turn: Turn
) -> tuple[list[Relative], frozenset[str]]:
    """Parent, children, what was merged or perhaps repeats it, as far as this actor may read them; and what names
    those that are kept from them."""
    found = await timeline.relatives(connection, case.id, case.facts.parent, case.facts.merged_into)
    known = await store.many(connection, [one.id for one in found]) if found else []
    seen = {one.id: one.facts.sealed for one in known if machine.may(one, actor, "read", turn)}
    kept = {one.id for one in known if one.id not in seen and (one.facts.sealed or one.facts.hidden_from)}
    unseen = frozenset(str(name) for one in found if one.id in kept for name in (one.id, one.number))
    return [replace(one, title=SEALED) if seen[one.id] else one for one in found if one.id in seen], unseen
