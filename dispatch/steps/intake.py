"""A whistle comes in: what `prepare` made ready is written, one transaction for all that wait.

The receipt is a promise: it is given after the commit of whistle, state, dispatch clock, event and outbox row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from dispatch.domain.case import Actor
from dispatch.domain.receipt import receive
from dispatch.domain.refusals import Stale
from dispatch.domain.turn import Turn
from dispatch.steps.prepare import NewWhistle, Prepared, prepare
from dispatch.steps.service import Service, raised_row, year_of
from dispatch.store import intake as store
from dispatch.store.group_commit import GroupCommit
from dispatch.store.intake import NewRow, Stored
from dispatch.store.numbers import NumberTaken, number
from dispatch.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Receipt:
    """The promise. `created` is False where the same request had come before."""

    id: UUID
    number: int
    status: str
    version: int
    received_at: datetime
    kind: str
    created: bool
    local: bool = False


class Intake:
    """One process's way in: `raise_` answers after the commit; requests that arrive together share it."""

    def __init__(self, service: Service, *, most: int = 256) -> None:
        self._service = service
        self._group: GroupCommit[Prepared, Stored] = GroupCommit(self._flush, most=most)

    async def raise_(self, actor: Actor, new: NewWhistle) -> Receipt:
        """Take a whistle. Raises `Invalid` for what the rules do not know, `Stale` for a key used otherwise."""
        prepared = prepare(self._service, actor, new)
        return receipt(prepared, await self._group.submit(prepared))

    async def drain(self) -> None:
        """Wait until everything handed in is answered."""
        await self._group.drain()

    async def _flush(self, batch: Sequence[Prepared]) -> Sequence[Stored]:
        service = self._service
        async with service.database.statement() as uow:
            await service.whistle_numbers.ready(year_of(await uow.now()), len(batch))
            return await write(service, uow, batch)


def receipt(prepared: Prepared, stored: Stored) -> Receipt:
    """The answer to one request, from what stands under its key. Raises `Stale`."""
    if stored.request_sha256 != prepared.new.request_sha256:
        raise Stale(
            "这个 Idempotency-Key 已经用在另一件上（{number}），请换一个",
            field="Idempotency-Key",
            value=prepared.new.idempotency_key,
            number=stored.number,
        )
    created = stored.id == prepared.facts.id
    local = bool(prepared.facts.local)
    return Receipt(
        stored.id, stored.number, stored.status, stored.version, stored.received_at, stored.kind, created, local
    )


async def write(service: Service, uow: UnitOfWork, batch: Sequence[Prepared]) -> list[Stored]:
    """Write prepared whistles in this transaction; `whistle_numbers.ready` must have been asked before.

    Raises `NumberTaken` where a number was another's; the next try has others.
    """
    now = await uow.now()
    year = year_of(now)
    turns: dict[str, Turn] = {}
    rows = []
    for prepared in batch:
        district = prepared.facts.district
        turn = turns.get(district) or turns.setdefault(district, service.turn(district, now))
        rows.append(_row(service, prepared, turn, year))
    try:
        return await store.insert(uow, rows, now)
    except NumberTaken:
        await service.whistle_numbers.pass_by(year)
        raise


def _row(service: Service, prepared: Prepared, turn: Turn, year: int) -> NewRow:
    new, facts, now = prepared.new, prepared.facts, turn.now
    facts.received_at = now
    facts.number = number(year, service.whistle_numbers.take())
    case = receive(facts, turn, prepared.event_id, prepared.clock_ids, prepared.actor)
    return NewRow(
        case=case,
        title=prepared.title,
        body=prepared.body,
        address=new.address,
        latitude=new.latitude,
        longitude=new.longitude,
        occurred_at=new.occurred_at,
        source=dict(new.source) if new.source else None,
        reporter=dict(new.reporter) if new.reporter else None,
        photos=list(new.photos),
        principal=prepared.actor.principal,
        idempotency_key=new.idempotency_key,
        request_sha256=new.request_sha256,
        outbox=[] if facts.local else [raised_row(case, prepared.event_id, now, prepared.traceparent)],
    )
