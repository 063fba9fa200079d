"""What a step leaves beside the rows of a case that it changed: facts for the log, texts, notices, ladder steps."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(slots=True)
class Event:
    """One fact for the log: `data` holds codes, ids (as text), moments (ISO) and numbers, never free text."""

    id: UUID
    type: str
    data: dict[str, Any]
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Text:
    """Free text that an event names by id, kept apart so that it can be erased."""

    id: UUID
    kind: str
    body: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Somebody (a seat) is to be told of an event."""

    event: UUID
    recipient: str
    kind: str
    urgent: bool


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One step of the ladder: it happens once."""

    clock: UUID
    run: int
    rung: int
    mark: str
    nth: int
    due_at: datetime
    event: UUID
