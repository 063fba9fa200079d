"""One whistle as one person sees it: pages and API show the same, assembled here."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from dispatch.domain import clocks as rules
from dispatch.domain import whistle as machine
from dispatch.domain.case import ENDED, RAISED, Actor, Case, Clock
from dispatch.domain.masking import mask_name, mask_phone
from dispatch.domain.turn import Turn
from dispatch.steps.readable import family_of, gone, readable_in
from dispatch.steps.service import Service
from dispatch.steps.shown import (
    Accountable,
    ClockView,
    PartView,
    PlaceView,
    accountable,
    clock_view,
    in_order,
    part_view,
    place_view,
)
from dispatch.steps.told import Told, Words, struck, words_of
from dispatch.store import archives, timeline
from dispatch.store.timeline import Logged, Relative, Said


@dataclass(frozen=True, slots=True)
class Barred:
    """An act that is the reader's, but cannot be done now, and why."""

    action: str
    reason: str


@dataclass(frozen=True, slots=True)
class WhistleView:
    """Everything `GET /whistles/{ref}` promises, as one actor sees it at `as_of`."""

    id: UUID
    number: int
    district: str
    title: str
    body: str
    kind: str
    danger: bool
    category: str | None
    category_name: str | None
    status: str
    outcome: str | None
    version: int
    seq: int
    gen: int
    rework: int
    sealed: bool
    place: PlaceView | None
    address: str | None
    latitude: float | None
    longitude: float | None
    raised_by: dict[str, Any]
    received_at: datetime
    occurred_at: datetime | None
    last_at: datetime
    source: dict[str, Any] | None
    reporter: dict[str, Any] | None
    assignments: tuple[PartView, ...]
    routing: dict[str, Any] | None
    clocks: tuple[ClockView, ...]
    accountable: Accountable
    requests: tuple[dict[str, Any], ...]
    timeline: tuple[Told, ...]
    archived: tuple[str, ...]
    """Months (2020-11) of the timeline that were archived and are not shown."""
    allowed_actions: tuple[str, ...]
    barred_actions: tuple[Barred, ...]
    parent: Relative | None
    children: tuple[Relative, ...]
    merged_into: Relative | None
    merged: tuple[Relative, ...]
    repeats: tuple[Relative, ...]
    """What it perhaps repeats, or is repeated by; proposed by comparing, decided by the desk."""
    photos: tuple[dict[str, Any], ...]
    as_of: datetime
    case: Case = field(repr=False)
    """The case itself, for pages that ask the rules more; never sent."""
    hindrances: Any = field(repr=False)
    """What `barred_actions` says, as refusals by action: for whoever says them in another language; never sent."""


async def whistle_view(service: Service, actor: Actor, ref: str) -> WhistleView:
    """One whistle as this actor sees it. Raises `NotFound`, `Unavailable`."""
    now = await service.database.now()
    async with service.database.acquire() as connection:
        case, turn = await readable_in(service, connection, actor, ref, now)
        facts = case.facts
        said = await timeline.said(connection, case.id)
        # a step may commit between reading state and log: what came after is left to the next look
        log = [one for one in await timeline.events(connection, case.id, facts.received_at) if one.seq <= case.seq]
        texts = await timeline.texts(connection, [case.id])
        family, unseen = await family_of(connection, case, actor, turn)
        words = replace(await words_of(connection, turn, log, texts, facts.raised_by), unseen=unseen)
        elsewhere = await archives.missing(connection, len(log), case.seq, facts.received_at, case.last_at)
    if said is None:
        raise gone(ref)
    return _assemble(case, actor, turn, said, log, words, family, elsewhere)


def _assemble(
    case: Case,
    actor: Actor,
    turn: Turn,
    said: Said,
    log: list[Logged],
    words: Words,
    family: list[Relative],
    archived: tuple[str, ...],
) -> WhistleView:
    facts, told = case.facts, struck([words.told(event) for event in log])
    duty = turn.reference.duties.get(facts.category) if facts.category else None
    barred = machine.barred(case, actor, turn)

    def relatives(how: str) -> tuple[Relative, ...]:
        return tuple(one for one in family if one.how == how)

    return WhistleView(
        id=case.id, number=facts.number, district=facts.district, title=said.title, body=said.body, kind=facts.kind,
        danger=facts.danger, category=facts.category, category_name=duty.name if duty else None, status=case.status,
        outcome=case.outcome, version=case.version, seq=case.seq, gen=case.gen, rework=case.rework, sealed=facts.sealed,
        place=place_view(facts.place, turn), address=said.address, latitude=said.latitude, longitude=said.longitude,
        raised_by=_raised_by(case, words), received_at=facts.received_at, occurred_at=said.occurred_at,
        last_at=case.last_at, source=said.source, reporter=_reporter(case, actor, turn, said),
        assignments=tuple(part_view(part, turn.unit_name(part.unit)) for part in in_order(case, turn)),
        routing=_routing(log, words),
        clocks=tuple(clock_view(clock, turn, over=_over(case, clock)) for clock in _clocks(case)),
        accountable=accountable(case, turn), requests=tuple(words.request(request) for request in case.requests),
        timeline=told, archived=archived, allowed_actions=machine.allowed(case, actor, turn),
        barred_actions=tuple(Barred(act, why.words()) for act, why in barred.items()),
        parent=next(iter(relatives("parent")), None), children=relatives("child"),
        merged_into=next(iter(relatives("merged-into")), None), merged=relatives("merged"),
        repeats=relatives("repeat") if case.status not in ENDED else (),
        photos=_photos(facts.number, said, told), as_of=turn.now, case=case, hindrances=barred,
    )  # fmt: skip


def _raised_by(case: Case, words: Words) -> dict[str, Any]:
    facts, street = case.facts, words.turn.reference.tree.get(case.facts.street)
    return {
        "node": facts.street,
        "node_name": street.name if street else facts.street,
        "person": words.name(facts.raised_by),
        "via": facts.via,
    }


def _over(case: Case, clock: Clock) -> bool:
    """Whether nobody waits for the clock's act any more; a merged whistle's own time goes on until it is closed."""
    return case.status in ENDED and clock.stage != rules.TOTAL


def _clocks(case: Case) -> list[Clock]:
    order = {stage: place for place, stage in enumerate(rules.STAGES)}
    return sorted(case.clocks.values(), key=lambda clock: (order.get(clock.stage, 9), clock.unit or ""))


def _reporter(case: Case, actor: Actor, turn: Turn, said: Said) -> dict[str, Any] | None:
    """Whom to call back, masked; for whoever may have it whole (`steps.disclose`), nobody else."""
    if not said.reporter or not machine.may(case, actor, "reporter", turn):
        return None
    hidden = {"name": mask_name, "phone": mask_phone}
    return {name: hidden[name](str(value)) for name, value in said.reporter.items() if name in hidden and value}


def _routing(log: list[Logged], words: Words) -> dict[str, Any] | None:
    """The last decision of the duty list, or None while it is `raised`."""
    event = next((event for event in reversed(log) if event.type == "routed"), None)
    if event is None:
        return None
    data = event.data
    rule = data.get("rule")
    duty = words.turn.reference.duties.get(rule) if rule else None
    return {
        "outcome": data.get("outcome"),
        "rule": rule,
        "rule_name": duty.name if duty else None,
        "reason": data.get("reason"),
        "note": words.text(data.get("note")),
        "lead": data.get("lead"),
        "assist": data.get("assist", []),
        "inform": data.get("inform", []),
        "on_call": data.get("on_call", []),
        "say": duty.say if duty else "",
        "basis": duty.basis if duty else "",
        "duty_list_version": data.get("duty_list_version"),
        "at": event.at,
        "origin": data.get("origin"),
    }


def _photos(number: int, said: Said, told: tuple[Told, ...]) -> tuple[dict[str, Any], ...]:
    def shown(photo: object, at: datetime | None, by: object, event: str) -> dict[str, Any]:
        url = f"/api/v1/photos/{photo}?whistle={number}"
        return {"id": str(photo), "url": url, "at": at, "by": by, "event": event}

    first = told[0] if told else None
    made = [shown(photo, first.at if first else None, first.by if first else None, RAISED) for photo in said.photos]
    for one in told:
        named = [one.data.get("photo"), *(one.data.get("photos") or ())]
        made.extend(shown(photo, one.at, one.by, one.type) for photo in named if photo)
    return tuple(made)
