"""Whistles of other systems: what may be raised is raised once, what may not becomes a dead letter with the reason.

A message is known for ever by (source, id): its whistle carries them as principal and idempotency key. Both kinds of
answer go out on the lifecycle topic, in the same transaction.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
import structlog

from dispatch.domain.case import Actor
from dispatch.domain.refusals import Invalid, Refusal
from dispatch.steps.intake import write
from dispatch.steps.prepare import NewWhistle, Prepared, prepare
from dispatch.steps.replay import keep
from dispatch.steps.rules import Source
from dispatch.steps.service import Service, year_of
from dispatch.store import foreign
from dispatch.store.dead_letters import FORBIDDEN_SOURCE, REJECTED, DeadLetter
from dispatch.store.intake import Stored
from dispatch.store.outbox import OutboxRow
from dispatch.store.unit_of_work import UnitOfWork
from schemas import envelope, inbound
from schemas.event import Event, Incoming
from schemas.inbound import WhistleInboundV1

log = structlog.get_logger(__name__)


class Forbidden(Refusal):
    """The source may not whistle, or not there."""

    code = "forbidden"


@dataclass(slots=True)
class _Sorted:
    prepared: list[tuple[Incoming, Prepared]]
    refused: list[tuple[DeadLetter, Event]]
    answers: list[Event]


async def take(service: Service, good: Sequence[Incoming], bad: Sequence[DeadLetter]) -> list[DeadLetter]:
    """One transaction: raise the good ones, keep the bad ones, answer both. Returns the letters made here."""
    if good:
        now = await service.database.now()
        await service.whistle_numbers.ready(year_of(now), len(good))
    async with service.database.transaction() as uow:
        now = await uow.now()
        known = await foreign.known(uow.connection, [(item.event.source, item.event.id) for item in good])
        fresh = [item for item in good if (item.event.source, item.event.id) not in known]
        kept = _sort(service, fresh, now)
        await _raise(service, uow, kept, now)
        new = {letter.id for letter in await keep(uow, [*bad, *(letter for letter, _ in kept.refused)])}
        # a record that comes again, or is replayed and refused again, was answered before
        answers = [*kept.answers, *(answer for letter, answer in kept.refused if letter.id in new)]
        await uow.announce([row_of(event) for event in answers], now)
    return [letter for letter, _ in kept.refused]


def _sort(service: Service, items: Sequence[Incoming], now: datetime) -> _Sorted:
    kept = _Sorted([], [], [])
    for item in items:
        source = service.rules.source(item.event.source)
        try:
            kept.prepared.append((item, _prepare(service, item, source)))
        except Refusal as refusal:
            reason = FORBIDDEN_SOURCE if isinstance(refusal, Forbidden) else REJECTED
            letter = DeadLetter.of(item, reason, f"{refusal.field}: {refusal.message}")
            answer = inbound.refused(
                id=service.new_id(),
                at=now,
                district=source.district if source else "unknown",
                source=item.event.source,
                source_id=item.event.id,
                reason=reason,
                field=refusal.field,
            )
            kept.refused.append((letter, answer))
    return kept


def _prepare(service: Service, item: Incoming, source: Source | None) -> Prepared:
    if source is None:
        raise Forbidden("这个来源没有登记，不能吹哨", field="source", value=item.event.source)
    body = item.event.body
    if not isinstance(body, WhistleInboundV1):
        raise Invalid("这个主题上只收 {value}", field="type", value=inbound.TYPE)
    reference = service.rules.of(source.district)
    place = body.place or source.street
    if not any(place in service.rules.of(district).tree for district in service.rules.districts):
        raise Invalid("没有「{value}」这个地点，请从地点列表里选", field="place", value=place)
    chain = reference.tree.chain(place) if place in reference.tree else ()
    if not any(node is not None and node.code in source.places for node in chain):
        raise Forbidden("这个来源不能在「{value}」吹哨", field="place", value=place)
    street = next((node.code for node in chain if node is not None and node.level == 4), source.street)
    actor = Actor(role="source", district=source.district, node=street, principal=f"source:{item.event.source}")
    return prepare(service, actor, _new(item, body, place, street, source))


def _new(item: Incoming, body: WhistleInboundV1, place: str, street: str, source: Source) -> NewWhistle:
    return NewWhistle(
        street=street,
        place=place,
        title=body.title or "",
        body=body.body,
        kind=body.kind,
        danger=bool(body.danger),
        danger_by_words=body.danger is None,
        category=body.category,
        address=body.address,
        occurred_at=body.occurred_at,
        reporter=body.reporter.model_dump(exclude_none=True) if body.reporter else None,
        source={
            "channel": source.channel,
            "number": body.source_number,
            "due_at": body.due_at,
            "callback_required": bool(body.callback_required),
        },
        via="inbound",
        idempotency_key=item.event.id,
        request_sha256=hashlib.sha256(orjson.dumps(item.event.data, option=orjson.OPT_SORT_KEYS)).digest(),
    )


async def _raise(service: Service, uow: UnitOfWork, kept: _Sorted, now: datetime) -> None:
    if not kept.prepared:
        return
    stored = await write(service, uow, [prepared for _, prepared in kept.prepared])
    await foreign.remember(
        uow,
        [(item.event.source, item.event.id, row.id) for (item, _), row in zip(kept.prepared, stored, strict=True)],
        now,
    )
    for (item, prepared), row in zip(kept.prepared, stored, strict=True):
        kept.answers.append(accepted(service, prepared, row, item.event.source, item.event.id, now))
        log.info("whistle.raised", whistle=str(row.id), number=row.number, via="inbound")


def accepted(service: Service, prepared: Prepared, row: Stored, source: str, source_id: str, now: datetime) -> Event:
    """The answer to another system's message that became a whistle."""
    return inbound.accepted(
        id=service.new_id(),
        at=now,
        district=prepared.facts.district,
        source=source,
        source_id=source_id,
        whistle=row.id,
        number=row.number,
    )


def row_of(event: Event) -> OutboxRow:
    """How an answer leaves."""
    key, headers, payload = envelope.encode(event)
    return OutboxRow(event.topic, key, headers, payload, event.urgent)
