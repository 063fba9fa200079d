"""What stands in the form, field by field, as it was typed; and the whistle it would make."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from starlette.datastructures import FormData

from dispatch.domain.pasted import take_apart
from dispatch.domain.reference import Node, Reference
from dispatch.domain.turn import ZONE
from dispatch.steps import categories
from dispatch.web.api.fields import PHOTOS
from dispatch.web.api.raising import WHISTLE, Whistle, canonical_hash, place_in
from dispatch.web.auth import text_of
from dispatch.web.whistle.danger import phoned_line
from dispatch.web.whistle.page import CHANNELS

#: fields that the check page carries on as they are
PLAIN = (
    "body", "place_text", "danger", "category", "lead", "override_reason", "source_channel", "source_number",
    "source_due_at", "callback_required", "reporter_name", "reporter_phone", "occurred_at", "idempotency_key",
    "called_at", "latitude", "longitude", "written_at", "split",
)  # fmt: skip
LISTS = ("assist", "kept", "called")


#: whom one phones before whistling
CALLED = ("110", "119", "120", "抢修")


@dataclass(frozen=True, slots=True)
class Typed:
    """The form's fields. `place` is a node's code that is known to lie in the street; "" where none is found."""

    step: str
    plain: dict[str, str]
    assist: tuple[str, ...]
    kept: tuple[str, ...]
    place: str
    place_auto: bool
    choosing: bool
    called: tuple[str, ...] = ()

    def said(self) -> str:
        """What happened as it was written, with whom was phoned before and when."""
        body = self.get("body").strip()
        return f"{body}\n{phoned_line(self.called, self.get('called_at').strip())}" if self.called and body else body

    def get(self, name: str) -> str:
        """A plain field, as typed."""
        return self.plain.get(name, "")


def read(form: FormData, reference: Reference, street: str | None) -> Typed:
    """The form as it came; the place is looked for in the text where nobody has chosen one."""
    plain = {name: text_of(form, name).replace("\r\n", "\n") for name in PLAIN}
    step = text_of(form, "step") or "check"
    below = text_of(form, "below")
    if below:
        plain["place_text"], step = "", "find"
    if text_of(form, "pick"):
        plain["category"], step = text_of(form, "pick"), "edit"
    if step == "apart":
        plain |= _apart(plain)
    plain["category"] = _category(plain["category"], reference)
    choosing = bool(text_of(form, "choosing") or below) or step == "place"
    chosen = _place(below or text_of(form, "place"), reference, street) if step != "place" else None
    auto = bool(text_of(form, "place_auto"))
    if chosen is None and plain["place_text"].strip() and step != "place":
        chosen = _named(plain["place_text"], reference, street)
        auto = False
    if (chosen is None or auto) and not choosing:
        found = place_in(plain["body"], reference, street)
        chosen, auto = (found, True) if found is not None else (chosen, auto)
    return Typed(
        step,
        plain,
        tuple(one for one in form.getlist("assist") if isinstance(one, str) and one),
        tuple(one for one in form.getlist("kept") if isinstance(one, str) and one)[:PHOTOS],
        chosen.code if chosen else "",
        auto and chosen is not None,
        choosing,
        tuple(one for one in form.getlist("called") if isinstance(one, str) and one in CALLED),
    )


def _apart(plain: dict[str, str]) -> dict[str, str]:
    """The pasted text's fields. One that has been filled in keeps that; what cannot be taken stays in the body."""
    found = take_apart(plain["body"])
    if not found:
        return {}
    given = found.get("source_channel", "")
    channel = next((one for one in CHANNELS if one in given), "")
    kept = {name: value for name, value in found.items() if plain[name] in ("", CHANNELS[0])} | {"body": found["body"]}
    lost = [value for name, value in found.items() if name not in kept and value != plain[name]]
    if "source_channel" in kept:
        kept["source_channel"] = channel
        lost += [given] if given != channel else []
    return kept | {"body": "\n".join([found["body"], *lost])}


def _category(given: str, reference: Reference) -> str:
    """The code of the category that is meant; what is none, or could be several, stays to be refused."""
    meant = categories.named(reference.duties, given) if given.strip() else None
    return meant.code if meant is not None else given.strip()


def _place(code: str, reference: Reference, street: str | None) -> Node | None:
    node = reference.tree.get(code) if code else None
    return node if node and (street is None or reference.tree.covers(street, code)) else None


def place_at(code: str, reference: Reference, street: str | None) -> str:
    """A node's code as an address carries it; "" where it is none of this street's."""
    node = _place(code, reference, street)
    return node.code if node else ""


def _named(text: str, reference: Reference, street: str | None) -> Node | None:
    """The place a person wrote: exactly one that fits, or the one the words name in full."""
    found = reference.tree.find(text, 2, under=street)
    if len(found) == 1:
        return found[0]
    if found and found[0].name == text.strip():
        return found[0]
    return place_in(text, reference, street)


def as_json(typed: Typed, photos: Sequence[str] = ()) -> dict[str, Any]:
    """The body of `POST /whistles` that the form means; empty fields are left out."""
    get = typed.get
    said: dict[str, Any] = {
        "body": typed.said(),
        "danger": get("danger") == "yes",
        "category": get("category") or None,
        "place": typed.place or None,
        "address": get("place_text").strip()[:200] or None if not typed.place else None,
        "lead": get("lead") or None,
        "assist": [one for one in typed.assist if one != get("lead")] or None if get("lead") else None,
        "override_reason": get("override_reason").strip() or None if get("lead") else None,
        "occurred_at": _moment(get("occurred_at")),
        "photos": list(photos) or None,
        "latitude": _degrees(get("latitude")),
        "longitude": _degrees(get("longitude")),
    }
    reporter = {"name": get("reporter_name").strip() or None, "phone": get("reporter_phone").strip() or None}
    if any(reporter.values()):
        said["reporter"] = {key: value for key, value in reporter.items() if value}
    source = {
        "number": get("source_number").strip() or None,
        "due_at": _moment(get("source_due_at")),
        "callback_required": bool(get("callback_required")) or None,
    }
    if get("source_channel"):
        said["source"] = {"channel": get("source_channel")} | {key: value for key, value in source.items() if value}
    return {key: value for key, value in said.items() if value is not None}


def whistle_of(typed: Typed, photos: Sequence[str] = ()) -> Whistle:
    """The whistle, in shape. Raises `pydantic.ValidationError`."""
    return WHISTLE.validate_json(orjson.dumps(as_json(typed, photos)))


def hash_of(typed: Typed, marks: Sequence[bytes]) -> bytes:
    """Tells whether the same form came twice. Uploads count by their marks (what they show): each gets a new id."""
    said = canonical_hash(whistle_of(typed))
    if not marks and not typed.kept:
        return said
    more = [*(one.encode() for one in typed.kept), *marks]
    return hashlib.sha256(said + b"".join(more)).digest()


def _degrees(text: str) -> float | None:
    """What the telephone said; anything else is left out."""
    try:
        return float(text) if text else None
    except ValueError:
        return None


def _moment(text: str) -> str | None:
    """A field's local time with the district's offset; what cannot be read is refused by validation."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (at if at.tzinfo else at.replace(tzinfo=ZONE)).isoformat()
