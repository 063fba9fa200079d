"""Whistles of other systems: the one message with text in it, and the two answers."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from schemas import topics
from schemas.event import Event
from schemas.fields import NO_NUL, Code, Count, Message, Moment, upto

TYPE = "whistle.inbound.v1"
ACCEPTED = "inbound.accepted.v1"
REFUSED = "inbound.refused.v1"

Title = Annotated[str, NO_NUL, upto(120)]
Body = Annotated[str, NO_NUL, upto(10_000, 1)]
Address = Annotated[str, NO_NUL, upto(200)]
Name = Annotated[str, NO_NUL, upto(64)]
Phone = Annotated[str, NO_NUL, upto(32)]
SourceNumber = Annotated[str, NO_NUL, upto(64)]


class ReporterV1(Message):
    """Whoever told the other system. Erasable; it never leaves again."""

    name: Name | None = None
    phone: Phone | None = None


class WhistleInboundV1(Message):
    """A whistle blown by another system. The CloudEvent's (source, id) is its name for ever."""

    title: Title | None = None
    body: Body
    kind: Literal["appeal", "enforcement", "emergency"] | None = None
    danger: bool | None = None
    category: Code | None = None
    place: Code | None = None
    """Code of the node it is about; the source's own place where absent."""
    address: Address | None = None
    occurred_at: Moment | None = None
    reporter: ReporterV1 | None = None
    source_number: SourceNumber | None = None
    """Its number over there, shown on the whistle."""
    due_at: Moment | None = None
    callback_required: bool | None = None


class InboundAcceptedV1(Message):
    """The whistle stands; `source` and `source_id` name the CloudEvent it came from."""

    source: Code
    source_id: Code
    whistle: UUID
    number: Count


class InboundRefusedV1(Message):
    """Nothing was written; a dead letter keeps the record. `reason` and `field` are codes."""

    source: Code
    source_id: Code
    reason: Code
    field: Code | None = None


def accepted(
    *, id: UUID, at: datetime, district: str, source: str, source_id: str, whistle: UUID, number: int
) -> Event:
    """The answer to a message that became a whistle (or had become one before)."""
    key = str(whistle)
    data = {"source": source[:128], "source_id": source_id[:128], "whistle": key, "number": number}
    return Event(topics.LIFECYCLE, key, str(id), "/dispatch/" + district, ACCEPTED, at, data, subject=str(number))


def refused(
    *,
    id: UUID,
    at: datetime,
    district: str,
    source: str,
    source_id: str,
    reason: str,
    field: str | None = None,
) -> Event:
    """The answer to a message that did not become a whistle, e.g. reason `forbidden-source`, field `place`."""
    data = {"source": source[:128], "source_id": source_id[:128], "reason": reason, "field": field}
    key = f"{source}:{source_id}"
    return Event(topics.LIFECYCLE, key, str(id), "/dispatch/" + district, REFUSED, at, data)
