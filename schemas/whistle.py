"""A whistle was blown: codes and ids only. Who needs the words reads them from the service."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from schemas import topics
from schemas.event import Event
from schemas.fields import Code, Count, Message, Moment

RAISED = "whistle.raised.v1"

Kind = Literal["appeal", "enforcement", "emergency"]


class WhistleRaisedV1(Message):
    """A whistle has a number; its dispatch clock runs."""

    whistle: UUID
    number: Count
    district: Code
    street: Code
    """The node that raised it."""
    place: Code | None = None
    """The node it is about, as deep as known; absent: unknown."""
    kind: Kind
    danger: bool
    category: Code | None = None
    via: Code
    """How it came: form, api, inbound, import, bulk, child."""
    received_at: Moment
    parent: UUID | None = None
    duty_list: Count | None = None
    """Version of the duty list that its text was matched against."""


def raised(
    *,
    id: UUID,
    at: datetime,
    whistle: UUID,
    number: int,
    district: str,
    street: str,
    place: str | None,
    kind: str,
    danger: bool,
    category: str | None,
    via: str,
    parent: UUID | None = None,
    duty_list: int | None = None,
    traceparent: str | None = None,
) -> Event:
    """The event of a receipt. `kind` as it is at intake selects the topic; a kind changed later moves nothing."""
    urgent = kind == "emergency"
    key = str(whistle)
    data: dict[str, Any] = {
        "whistle": key,
        "number": number,
        "district": district,
        "street": street,
        "place": place,
        "kind": kind,
        "danger": danger,
        "category": category,
        "via": via,
        "received_at": at,
    }
    if parent is not None:
        data["parent"] = str(parent)
    if duty_list is not None:
        data["duty_list"] = duty_list
    return Event(
        topics.RAISED_URGENT if urgent else topics.RAISED,
        key,
        str(id),
        "/dispatch/" + district,
        RAISED,
        at,
        data,
        subject=str(number),
        sequence=1,
        traceparent=traceparent,
        urgent=urgent,
    )
