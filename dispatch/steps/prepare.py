"""A whistle is made ready outside any transaction: checked against the rules, masked, matched with the duty list.

Ids and the request's hash are fixed here, before the first attempt to write: a retry recognises its own whistle.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from dispatch.domain.acts_local import VIA
from dispatch.domain.calendar import OutOfCalendarError
from dispatch.domain.case import Actor, Facts
from dispatch.domain.masking import mask
from dispatch.domain.matching import Match, match
from dispatch.domain.reference import Reference
from dispatch.domain.refusals import Invalid
from dispatch.domain.routing import Routing, UnknownUnitError, decide, named
from dispatch.domain.turn import Turn
from dispatch.observe import tracing
from dispatch.steps import categories
from dispatch.steps.service import Service

TITLE_LENGTH = 120
#: how many categories that could be meant are named
FEW = 5
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class NewWhistle:
    """What somebody wants to raise, in shape (lengths, types) but not yet checked against the rules."""

    street: str
    body: str
    idempotency_key: str
    request_sha256: bytes
    title: str = ""
    kind: str | None = None
    danger: bool = False
    category: str | None = None
    place: str | None = None
    address: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    occurred_at: datetime | None = None
    reporter: Mapping[str, Any] | None = None
    source: Mapping[str, Any] | None = None
    named: Mapping[str, Any] | None = None
    photos: Sequence[str] = ()
    via: str = "api"
    parent: UUID | None = None
    local: int = 0
    """The level below the street that raised it and would solve it first."""
    place_unknown: bool = False
    """The place is not known, not even the street: it stands at the desk as 地点不明."""
    sealed: bool = False
    hidden_from: Sequence[str] = ()
    """What the whistle that it was split off is, beside what its own text says."""
    place_by: str | None = None
    """"text": nobody chose the place, it was found in what was written."""
    danger_answer: str | None = None
    """What a person answered to 现在有危险吗: yes, no, none (left open); None: nobody was asked."""
    danger_by_words: bool = False
    """Danger words count as danger (imports, other systems); at the form a person is asked instead."""


@dataclass(slots=True)
class Prepared:
    """A whistle checked, masked and matched; only the moment and the number are missing."""

    new: NewWhistle
    actor: Actor
    facts: Facts
    title: str
    body: str
    event_id: UUID
    clock_ids: tuple[UUID, UUID]
    routing: Routing = field(repr=False)
    traceparent: str | None = None


def prepare(service: Service, actor: Actor, new: NewWhistle) -> Prepared:
    """Check a whistle against the rules, mask it, match it. Raises `Invalid` naming field, value and remedy."""
    district = actor.district or service.rules.district_of(new.street) or ""
    reference = service.rules.of(district)
    _check(new, reference)
    title, _ = mask(new.title.strip())
    body, _ = mask(new.body.strip())
    found = match(reference.duties, title, body)
    routing = _route(service, district, new, found)
    _departs_for_a_reason(service, district, new, found, routing)
    danger = new.danger or (new.danger_by_words and bool(found.danger))
    local = _local(new, routing, danger)
    facts = Facts(
        id=service.new_id(),
        number=0,
        district=district,
        received_at=_NEVER,
        kind=routing.kind,
        danger=danger,
        category=new.category,
        place=None if new.place_unknown else new.place or new.street,
        street=new.street,
        raised_by=actor.person,
        via=VIA if local else new.via,
        local=local,
        source_due_at=_source_due(new, reference),
        callback_required=bool(new.source and new.source.get("callback_required")),
        sealed=routing.sealed or new.sealed,
        hidden_from=list(dict.fromkeys((*new.hidden_from, *routing.hidden_from))),
        matched=found.as_json(),
        named=dict(new.named) if new.named else None,
        parent=new.parent,
        place_by=new.place_by,
        danger_answer=new.danger_answer,
    )
    made_title = title or _title(reference, facts, body)
    ids = (service.new_id(), service.new_id())
    # here, in the request's own task: what waits together is written by another
    traceparent = None if tracing.ON is None else tracing.ON.current()
    return Prepared(new, actor, facts, made_title, body, service.new_id(), ids, routing, traceparent)


def _local(new: NewWhistle, routing: Routing, danger: bool) -> int:
    """Below the street first; never what is dangerous, or complains about somebody."""
    away = danger or routing.kind == "emergency" or routing.sealed or routing.hidden_from
    return 0 if away else new.local


def _no_category(given: str, reference: Reference) -> Invalid:
    """Naming those that could be meant, the likeliest of many."""
    near = categories.find(reference.duties, given, FEW + 1)
    names = "、".join(f"{duty.code} {duty.name}" for duty in near[:FEW])
    if len(near) > FEW:
        return Invalid("「{value}」可以是好几类：{names}……；请写全一些", field="category", value=given, names=names)
    if near:
        return Invalid("「{value}」可以是：{names}；请写清是哪一个", field="category", value=given, names=names)
    return Invalid("没有「{value}」这个类别，请从权责清单里选", field="category", value=given)


def _check(new: NewWhistle, reference: Reference) -> None:
    if not new.body.strip():
        raise Invalid("写一句是什么事", field="body", value=new.body)
    if new.category is not None and reference.duties.get(new.category) is None:
        raise _no_category(new.category, reference)
    street = reference.tree.get(new.street)
    if street is None:
        raise Invalid("没有「{value}」这个街道，请填街道代码", field="street", value=new.street)
    if new.place is None:
        return
    node = reference.tree.get(new.place)
    if node is None:
        raise Invalid("没有「{value}」这个地点，请从地点列表里选", field="place", value=new.place)
    if new.place != new.street and getattr(reference.tree.chain(new.place)[3], "code", None) != new.street:
        raise Invalid(
            "「{value}」不在本街道；别的街道的事请由那个街道吹哨",
            field="place",
            value=new.place,
            code_hint="other-street",
        )


def _route(service: Service, district: str, new: NewWhistle, found: Match) -> Routing:
    """Where it would go, which also says of what kind it is; the handler decides again from what is stored."""
    reference = service.rules.of(district)
    place = None if new.place_unknown else new.place or new.street
    chain = reference.tree.chain(place) if place else (None,) * 5
    kind: Any = new.kind
    routing = decide(
        reference.duties,
        found,
        chain=chain,
        units=reference.units,
        category=new.category,
        kind=kind,
        danger=new.danger or (new.danger_by_words and bool(found.danger)),
    )
    if not new.named:
        return routing
    try:
        return named(
            routing,
            str(new.named["lead"]),
            new.named.get("assist") or (),
            str(new.named.get("override_reason") or ""),
            chain=chain if place else reference.tree.chain(new.street),
            units=reference.units,
        )
    except UnknownUnitError as error:
        raise Invalid("没有「{value}」这个单位，请从单位名单里选", field=error.field, value=error.value) from error


def _departs_for_a_reason(service: Service, district: str, new: NewWhistle, found: Match, routing: Routing) -> None:
    """The street may name other units than the duty list does, saying why."""
    if not new.named or str(new.named.get("override_reason") or "").strip():
        return
    listed = _route(service, district, replace(new, named=None), found)
    if listed.lead is not None and (listed.lead, set(listed.assist)) != (routing.lead, set(routing.assist)):
        raise Invalid("点名的单位和权责清单不同，请写明理由", field="override_reason", value=None)


def preview(service: Service, actor: Actor, new: NewWhistle) -> tuple[Routing, Turn]:
    """What would happen if this were raised now; nothing is written. `turn.now` must not be relied on."""
    district = actor.district or ""
    reference = service.rules.of(district)
    _check(new, reference)
    found = match(reference.duties, new.title.strip(), new.body.strip())
    return _route(service, district, new, found), service.turn(district, _NEVER)


def _source_due(new: NewWhistle, reference: Reference) -> datetime | None:
    """The source's own deadline, within the years that the calendar knows."""
    due = new.source.get("due_at") if new.source else None
    if not isinstance(due, datetime):
        return None
    try:
        reference.calendars["district"].worked(due, due)
    except OutOfCalendarError as error:
        raise Invalid(
            "来源时限「{value}」太远，填一个几年以内的时间", field="source.due_at", value=due.isoformat()
        ) from error
    return due


def _title(reference: Reference, facts: Facts, body: str) -> str:
    """From place and category, or the body's first words."""
    duty = reference.duties.get(facts.category) if facts.category else None
    label = reference.tree.labels.get(facts.place, "") if facts.place else ""
    if duty is not None:
        return f"{label}{duty.name}"[:TITLE_LENGTH]
    first = body.split("\n", 1)[0].split("。", 1)[0].strip()
    return first[:40] or label
