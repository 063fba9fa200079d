"""What the checker looks at: the log, the ledger, what clients were told, what stands on the topic."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg
import orjson


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the log."""

    whistle: str
    seq: int
    at: datetime
    id: str
    type: str
    seat: str | None
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken rule (its number in the list of what must hold, or a word), where, and how."""

    rule: str
    whistle: str
    said: str

    def __str__(self) -> str:
        return f"rule {self.rule}: {self.whistle}: {self.said}"


@dataclass(frozen=True, slots=True)
class Step:
    """A row of the ledger."""

    clock: str
    run: int
    rung: int
    mark: str
    nth: int
    whistle: str
    at: datetime
    due_at: datetime
    event: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """A promise: what a client was given for its key."""

    key: str
    whistle: str
    number: int


@dataclass(frozen=True, slots=True)
class Answered:
    """An act that a client was told is done. `key` where it is one that may be repeated."""

    whistle: str
    action: str
    seat: str
    key: str | None = None


@dataclass(slots=True)
class Journal:
    """What the clients saw. `sent` counts keys of repeatable acts that went out, answered or not."""

    receipts: list[Receipt] = field(default_factory=list)
    answered: list[Answered] = field(default_factory=list)
    sent: Counter[tuple[str, str, str]] = field(default_factory=Counter)


@dataclass(slots=True)
class Inbound:
    """Messages of another system, by name: what the broker said it has, and what was tried; what became of them.

    `spoiled`: name → the reason that its dead letter must give, of those that no whistle may come of.
    """

    tried: set[str] = field(default_factory=set)
    sent: set[str] = field(default_factory=set)
    spoiled: dict[str, str] = field(default_factory=dict)
    #: (name, reason) of every dead letter there is
    letters: set[tuple[str, str]] = field(default_factory=set)
    #: (type, name) of the answers on the lifecycle topic
    answers: set[tuple[str, str]] = field(default_factory=set)


@dataclass(slots=True)
class Evidence:
    """All that is looked at. `waits[r]`: seconds before rung r where they elapse; `topic`: (whistle, seq, event id)
    as they stand on the lifecycle topic from its beginning, None where it is not whole any more. `until`: to then
    schedulers ran; what should have come before must be there. `since`, `read_at`: when all began, and was read, by the
    database's clock.
    `limits`: by stage, seconds that a policy gives which was applied on the way. `parked`: whistles set aside when all
    was read, and why; `spoiled`: those whose row was made bad and mended, and whether it was seen set aside."""

    log: Sequence[Fact]
    ledger: Sequence[Step]
    journal: Journal | None = None
    waits: Mapping[int, float] = field(default_factory=dict)
    topic: Sequence[tuple[str, int, str]] | None = None
    until: datetime | None = None
    since: datetime | None = None
    read_at: datetime | None = None
    limits: Mapping[str, float] = field(default_factory=dict)
    parked: Sequence[tuple[str, str]] = ()
    #: the whistles on the two topics of those just raised, as often as they stand there; None: not whole any more
    raised: Sequence[str] | None = None
    inbound: "Inbound | None" = None
    spoiled: Mapping[str, bool] = field(default_factory=dict)


async def read(url: str, journal: Journal | None = None, waits: Mapping[int, float] | None = None) -> Evidence:
    """The evidence of a database, at one moment."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            log = [
                Fact(str(row[0]), row[1], row[2], str(row[3]), row[4], row[5], orjson.loads(row[6]))
                for row in await connection.fetch(
                    "SELECT whistle, seq, at, id, type, seat, data FROM whistle_event ORDER BY whistle, seq"
                )
            ]
            ledger = [
                Step(str(row[0]), *row[1:5], str(row[5]), row[6], row[7], str(row[8]))
                for row in await connection.fetch(
                    "SELECT clock, run, rung, mark, nth, whistle, at, due_at, event FROM escalation"
                )
            ]
            read_at = await connection.fetchval("SELECT clock_timestamp()")
            parked = [
                (str(row[0]), row[1])
                for row in await connection.fetch("SELECT whistle, parked FROM whistle_clock WHERE parked IS NOT NULL")
            ]
    finally:
        await connection.close()
    return Evidence(log, ledger, journal, waits or {}, parked=parked, read_at=read_at)
