"""What every step works with, and what all of them do at the end: announce and save."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from dispatch.domain.case import RAISED, Case
from dispatch.domain.turn import ZONE, Turn
from dispatch.observe import tracing
from dispatch.steps.rules import Rules
from dispatch.store import cases as store
from dispatch.store.database import Database
from dispatch.store.numbers import Numbers
from dispatch.store.outbox import OutboxRow
from dispatch.store.unit_of_work import UnitOfWork
from schemas import envelope, lifecycle, whistle


@dataclass(slots=True)
class Service:
    """One process's means. `channels` are those that notices go out by (none: nobody is told outside)."""

    database: Database
    rules: Rules
    whistle_numbers: Numbers
    new_id: Callable[[], UUID]
    channels: tuple[str, ...] = ()

    def turn(self, district: str, now: datetime) -> Turn:
        """The rules of a district at one moment."""
        return Turn(self.rules.of(district), now, self.new_id)

    async def save(self, uow: UnitOfWork, cases: Sequence[Case]) -> None:
        """Write what these cases decided, with its outbox rows, in this transaction."""
        now = await uow.now()
        await store.save(uow, cases, outbox_rows(cases, now), self.channels)
        uow.facts.extend(ended_stages(cases, now))


def ended_stages(cases: Sequence[Case], now: datetime) -> Iterator[tuple[str, dict[str, Any]]]:
    """For the metrics: each stage that ended in this step, with the seconds since it began."""
    for case in cases:
        for key in case.touched_clocks:
            clock = case.clocks[key]
            if clock.answered_at == now:
                yield "stage.ended", {"stage": clock.stage, "seconds": (now - clock.started_at).total_seconds()}


def year_of(now: datetime) -> int:
    """The year on the district's calendar."""
    return now.astimezone(ZONE).year


def outbox_rows(cases: Sequence[Case], now: datetime) -> list[OutboxRow]:
    """One row on the lifecycle topic for each event of these cases, in the order of their logs."""
    rows: list[OutboxRow] = []
    for case in cases:
        facts = case.facts
        traceparent = None if tracing.ON is None else tracing.ON.of(str(facts.id))
        for event in case.events:
            made = lifecycle.from_domain(
                id=event.id,
                type=event.type,
                data=event.data,
                at=now,
                whistle=facts.id,
                number=facts.number,
                district=facts.district,
                sequence=event.seq,
                kind=facts.kind,
                status=case.status,
                version=case.version,
                gen=case.gen,
                seat=case.actor.seat,
                urgent=case.emergency,
                traceparent=traceparent,
            )
            key, headers, payload = envelope.encode(made)
            rows.append(OutboxRow(made.topic, key, headers, payload, made.urgent))
        if case.events and case.entered and case.status == RAISED:
            rows.append(raised_row(case, uuid5(case.events[-1].id, "raised"), now))
    return rows


def raised_row(case: Case, id: UUID, at: datetime, traceparent: str | None = None) -> OutboxRow:
    """Announced to be routed: it came in, came from below the street or from another one, or was opened again without
    units. `id` is the announcement's own."""
    facts = case.facts
    made = whistle.raised(
        id=id,
        at=at,
        whistle=facts.id,
        number=facts.number,
        district=facts.district,
        street=facts.street,
        place=facts.place,
        kind=facts.kind,
        danger=facts.danger,
        category=facts.category,
        via=facts.via,
        parent=facts.parent,
        duty_list=facts.matched["version"] if facts.matched else None,
        traceparent=traceparent,
    )
    key, headers, payload = envelope.encode(made)
    return OutboxRow(made.topic, key, headers, payload, made.urgent)
