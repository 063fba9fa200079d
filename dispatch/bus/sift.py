"""Raw records in, two heaps out: events that can be handled, and dead letters with the reason.

Each record is decoded by itself, so that a broken one costs its neighbours nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from dispatch.store.dead_letters import DeadLetter
from schemas.envelope import Unusable, decode
from schemas.event import Incoming


class RawRecord(Protocol):
    """What is read of aiokafka's ConsumerRecord. `timestamp` is in milliseconds since 1970."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    headers: Any
    value: bytes | None


@dataclass(slots=True)
class Sifted:
    """The two heaps, each in the order of the records."""

    good: list[Incoming]
    bad: list[DeadLetter]


@dataclass(frozen=True, slots=True)
class _Raw:
    topic: str
    partition: int
    offset: int
    time: datetime
    key: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    value: bytes | None


def sift(records: Iterable[RawRecord]) -> Sifted:
    """Decode each record alone."""
    good: list[Incoming] = []
    bad: list[DeadLetter] = []
    for record in records:
        time = moment(record.timestamp)
        headers = tuple(record.headers)
        try:
            event = decode(record.topic, record.key, headers, record.value)
        except Unusable as unusable:
            raw = _Raw(record.topic, record.partition, record.offset, time, record.key, headers, record.value)
            bad.append(DeadLetter.of(raw, unusable.reason, str(unusable)))
        else:
            good.append(
                Incoming(event, record.topic, record.partition, record.offset, time, record.key, headers, record.value)
            )
    return Sifted(good, bad)


def moment(milliseconds: int) -> datetime:
    """A record's time; brokers and producers may send none (-1) or nonsense, which becomes 1970."""
    try:
        return datetime.fromtimestamp(max(milliseconds, 0) / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return datetime.fromtimestamp(0, UTC)
