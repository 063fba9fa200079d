"""A fact on its way, and a fact with where it came from."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from schemas.fields import Message


@dataclass(frozen=True, slots=True)
class Event:
    """One fact, as a CloudEvent. `data` is what is sent; decoded ones keep unknown fields there, and carry the
    checked shape in `body`.

    `key` decides the partition: the whistle's id. `sequence` is the place in the whistle's log. `urgent` only says
    that it leaves before others; it is not sent.
    """

    topic: str
    key: str
    id: str
    source: str
    type: str
    time: datetime | None
    data: dict[str, Any]
    subject: str | None = None
    sequence: int | None = None
    traceparent: str | None = None
    urgent: bool = False
    body: Message | None = None
    extensions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Incoming:
    """A decoded record with where it came from, and its raw parts, so that it can still become a dead letter.

    `time` is the record's own (UTC): with a broker that forgot everything, offsets begin again, times do not.
    """

    event: Event
    topic: str
    partition: int
    offset: int
    time: datetime
    key: bytes | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    value: bytes | None = None
