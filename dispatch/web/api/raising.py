"""The body of `POST /whistles`, and what is made of it."""

import hashlib
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from pydantic import AfterValidator, Field, StringConstraints, TypeAdapter

from dispatch.domain import permissions
from dispatch.domain.case import LOCAL, RAISED, Actor
from dispatch.domain.reference import Node, Reference
from dispatch.domain.refusals import Forbidden, Invalid
from dispatch.steps.intake import Receipt
from dispatch.steps.prepare import NewWhistle
from dispatch.web.api.fields import BODY, KEY, PHOTOS, SHORT, TITLE, UNITS, Body, Code, Line, Moment, _no_nul

KEY_HEADER = "Idempotency-Key"


class Reporter(Body):
    """Who told the street; erasable, never on a topic."""

    name: Line | None = None
    phone: Annotated[str, StringConstraints(max_length=40), AfterValidator(_no_nul)] | None = None


class Source(Body):
    """来源: where it came from, with its own number and deadline."""

    channel: Line
    number: Line | None = None
    due_at: Moment | None = None
    callback_required: bool = False


class Whistle(Body):
    """A whistle to be raised. Only `body` is required."""

    body: Annotated[str, StringConstraints(min_length=1, max_length=BODY), AfterValidator(_no_nul)]
    title: Annotated[str, StringConstraints(max_length=TITLE), AfterValidator(_no_nul)] | None = None
    kind: Literal["appeal", "enforcement", "emergency"] | None = None
    danger: bool = False
    category: Code | None = None
    place: Code | None = None
    street: Code | None = None
    """For the desk and the district: in whose name. A street whistles in its own."""
    address: Annotated[str, StringConstraints(max_length=SHORT), AfterValidator(_no_nul)] | None = None
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None
    reporter: Reporter | None = None
    occurred_at: Moment | None = None
    source: Source | None = None
    lead: Code | None = None
    assist: Annotated[list[Code], Field(max_length=UNITS)] | None = None
    override_reason: Line | None = None
    photos: Annotated[list[UUID], Field(max_length=PHOTOS)] | None = None


WHISTLE: TypeAdapter[Whistle] = TypeAdapter(Whistle)


def canonical_hash(whistle: Whistle) -> bytes:
    """The hash that tells whether two requests are the same: order, spaces and absent fields play no part."""
    return hashlib.sha256(orjson.dumps(_said(whistle), default=_said)).digest()


def _said(body: Any) -> dict[str, Any]:
    """The fields that say anything, in the order of the model; every default is None or False."""
    return {name: value for name, value in body.__dict__.items() if value is not None and value is not False}


def key_of(given: str | None) -> str | None:
    """The idempotency key from its header. Raises `Invalid`."""
    if given is None:
        return None
    if not 0 < len(given) <= KEY or not given.isascii() or not given.isprintable():
        raise Invalid("Idempotency-Key 要是 1 到 {most} 个可见的 ASCII 字符", field=KEY_HEADER, value=given, most=KEY)
    return given


def permit(actor: Actor) -> None:
    """Raises `Forbidden` for a role that may not whistle; asked before anything of the whistle is read."""
    if not permissions.may_ever(actor, "raise"):
        raise Forbidden("您的岗位不能吹哨；请由街道经办来吹", field="Authorization", value=actor.role)


def street_of(actor: Actor, reference: Reference, street: str | None, place: str | None) -> str:
    """In whose name: the actor's own street, or for the desk and the district the one named, else the place's.

    Raises `Forbidden` for a role that may not whistle or for another street, `Invalid` where none is named.
    """
    node = reference.tree.get(actor.node) if actor.node else None
    level = node.level if node else None
    permit(actor)
    if node is not None and (level or 0) < 4:
        return _street_above(node, reference, street, place)
    if level == 4 and node is not None:
        if street is not None and street != node.code:
            raise Forbidden("只能替本街道吹哨；「{value}」请由那个街道来吹", field="street", value=street)
        return node.code
    if street is not None:
        found = reference.tree.get(street)
        if found is None or found.level != 4:
            raise Invalid("没有「{value}」这个街道，请填街道代码", field="street", value=street)
        return street
    if place is not None and place not in reference.tree:
        raise Invalid("没有「{value}」这个地点，请从地点列表里选", field="place", value=place)
    above = reference.tree.street_of(place)
    if above is None:
        raise Invalid("请写明是哪个街道（street），或给出地点（place）", field="street", value=None)
    return above.code


def street_code(actor: Actor, reference: Reference) -> str | None:
    """The street somebody whistles for; None: any (desk and district name the place). Raises `Forbidden`."""
    try:
        return street_of(actor, reference, None, None)
    except Invalid:
        return None


def place_in(text: str, reference: Reference, street: str | None) -> Node | None:
    """The place that a text names, within `street` if given: how form and API find it where nobody has named one."""
    node = reference.tree.locate(text, street) if text.strip() else None
    return node if node is not None and node.level < 5 else None


def _found(whistle: Whistle, actor: Actor, reference: Reference) -> str | None:
    """The place in what was written; a caller who does not want it looked for names the street as the place."""
    own = reference.tree.get(actor.node) if actor.node else None
    street = own.code if own is not None and own.level == 4 else whistle.street
    node = place_in(f"{whistle.title or ''} {whistle.address or ''} {whistle.body}", reference, street)
    return node.code if node else None


def _street_above(node: Node, reference: Reference, street: str | None, place: str | None) -> str:
    """Below the street one speaks of one's own place, and the street above hears it when it is not solved there."""
    above = reference.tree.street_of(node.code)
    if above is None or street not in (None, above.code):
        raise Forbidden("只能报本街道的事；「{value}」请由那个街道来吹", field="street", value=street)
    if place is not None and place in reference.tree and not reference.tree.covers(node.code, place):
        raise Forbidden("只能报您这里的事；「{value}」请由那里的负责人来报", field="place", value=place)
    return above.code


def _below(actor: Actor, reference: Reference) -> Node | None:
    """The node of somebody in charge below the street."""
    node = reference.tree.get(actor.node) if actor.node else None
    return node if node is not None and node.level < 4 else None


def new_whistle(
    whistle: Whistle, actor: Actor, reference: Reference, key: str, sha256: bytes, via: str = "api"
) -> NewWhistle:
    """What intake takes, from a body in shape. Raises `Forbidden`, `Invalid`."""
    named = _named(whistle)
    if (whistle.latitude is None) != (whistle.longitude is None):
        missing = "longitude" if whistle.longitude is None else "latitude"
        raise Invalid("经度和纬度要一起填；请补上 {missing}", field=missing, value=None, missing=missing)
    # the form has looked already, and its person may have said no to what it found
    found = _found(whistle, actor, reference) if whistle.place is None and via != "form" else None
    own = _below(actor, reference)
    if own is not None:
        if named is not None:
            raise Forbidden("点名单位是街道的权力；写清是什么事就行", field="lead", value=whistle.lead)
        if found is not None and not reference.tree.covers(own.code, found):
            found = None
    here = whistle.place or found or (own.code if own else None)
    return NewWhistle(
        street=street_of(actor, reference, whistle.street, here),
        body=whistle.body,
        idempotency_key=key,
        request_sha256=sha256,
        title=whistle.title or "",
        kind=whistle.kind,
        danger=whistle.danger,
        category=whistle.category,
        place=here,
        place_by="text" if found else None,
        address=whistle.address,
        latitude=whistle.latitude,
        longitude=whistle.longitude,
        occurred_at=whistle.occurred_at,
        reporter=whistle.reporter.model_dump(exclude_none=True) if whistle.reporter else None,
        source=whistle.source.model_dump() if whistle.source else None,
        named=named,
        photos=[str(photo) for photo in whistle.photos or ()],
        via=via,
        local=own.level if own else 0,
    )


def _named(whistle: Whistle) -> dict[str, Any] | None:
    if whistle.lead is not None:
        return {"lead": whistle.lead, "assist": whistle.assist or [], "override_reason": whistle.override_reason}
    if whistle.assist or whistle.override_reason:
        raise Invalid("写了协办单位或理由，也要写主办单位（lead）", field="lead", value=None)
    return None


def receipt_json(receipt: Receipt, base_url: str) -> dict[str, Any]:
    """The answer to `POST /whistles`: the same however often it is asked for, as it stood at the receipt."""
    return {
        "id": receipt.id,
        "number": receipt.number,
        "status": LOCAL if receipt.local else RAISED,
        "version": 1,
        "kind": receipt.kind,
        "received_at": moment(receipt.received_at),
        "links": {
            "self": f"{base_url}/api/v1/whistles/{receipt.number}",
            "deadline": f"{base_url}/api/v1/whistles/{receipt.number}/deadline",
            "page": f"{base_url}/w/{receipt.number}",
        },
    }


def moment(value: datetime) -> str:
    """RFC 3339 with offset."""
    return value.isoformat()
