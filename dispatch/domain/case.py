"""A whistle's case as one step sees it: what stands, and what the step decided.

A step locks a case, asks the rules to change it, and saves it. The rules change the plain objects below and note
each row they touched; nothing here reads a clock, a file or a database.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from dispatch.domain.effects import Event, LedgerRow, Notice, Text

RAISED, AT_DESK, LOCAL, ASSIGNED, HANDLING = "raised", "at-desk", "local", "assigned", "handling"
RESOLVED, VERIFIED, ANSWERED, CLOSED = "resolved", "verified", "answered", "closed"
CANCELLED, MERGED, ON_HOLD = "cancelled", "merged", "on-hold"
#: statuses after which nothing runs any more, but the ruling on an objection (`requests.REQUESTS`)
ENDED = frozenset({CLOSED, CANCELLED, MERGED})
STATUSES = frozenset({RAISED, AT_DESK, LOCAL, ASSIGNED, HANDLING, RESOLVED, VERIFIED, ANSWERED, ON_HOLD} | ENDED)
LIVE = STATUSES - ENDED
#: while units work; once the result holds
WORK, DONE = frozenset({ASSIGNED, HANDLING}), frozenset({VERIFIED, ANSWERED})

#: kinds of requests: units called to one table, and a unit's asking for it
CONSULTATION, ASKED_TABLE = "consultation", "consult"

LEAD, ASSIST, INFORM = "lead", "assist", "inform"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person on a seat, or the service itself (`role="system"`)."""

    role: str
    person: str | None = None
    seat: str | None = None
    node: str | None = None
    unit: str | None = None
    district: str | None = None
    name: str = ""
    #: what idempotency keys and throttles belong to
    principal: str = "system"


SYSTEM = Actor(role="system")


@dataclass(slots=True)
class Facts:
    """What was said at intake. `place` is a node's code, or None where it is unknown."""

    id: UUID
    number: int
    district: str
    received_at: datetime
    kind: str
    danger: bool
    category: str | None
    place: str | None
    street: str
    """The node that raised it, mostly a street."""
    raised_by: str | None = None
    via: str = "api"
    local: int = 0
    """The level below the street that raised it and solves it first; 0: a whistle from the start. Kept in the log."""
    source_due_at: datetime | None = None
    callback_required: bool = False
    sealed: bool = False
    hidden_from: list[str] = field(default_factory=list)
    matched: Mapping[str, Any] | None = None
    named: Mapping[str, Any] | None = None
    parent: UUID | None = None
    merged_into: UUID | None = None
    place_by: str | None = None
    """"text": nobody chose the place, it was found in what was written. Known at intake; the log keeps it."""
    danger_answer: str | None = None
    """What a person answered to 现在有危险吗: yes, no, none (left open); None: nobody was asked. The log keeps it."""


@dataclass(slots=True)
class Assignment:
    """One unit's part in one generation of a case."""

    gen: int
    unit: str
    role: str
    status: str
    assigned_at: datetime
    on_site: bool = False
    handed_back: bool = False
    started: bool = False
    reported_at: datetime | None = None
    done_at: datetime | None = None
    version: int = 0
    stage: str | None = None
    due_at: datetime | None = None
    active: bool = True


@dataclass(slots=True)
class Clock:
    """One stage's clock. It runs (`running_since`), rests (`remaining`) or is answered (`answered_at`)."""

    id: UUID
    stage: str
    unit: str | None
    gen: int
    run: int
    started_at: datetime
    policy: str
    calendar: str
    rung: int = 0
    mark: str | None = None
    nth: int = 0
    fires_at: datetime | None = None
    due_at: datetime | None = None
    running_since: datetime | None = None
    used: timedelta = timedelta()
    remaining: timedelta | None = None
    fires_in: timedelta | None = None
    answered_at: datetime | None = None
    provisional: bool = False
    parked: str | None = None
    #: the district's calendar (`code@revision`) that the wait for the next climb, reminder or notice is counted on,
    #: where `calendar` is a unit's own
    waits_on: str | None = None

    @property
    def running(self) -> bool:
        return self.running_since is not None

    @property
    def open(self) -> bool:
        return self.answered_at is None


@dataclass(slots=True)
class Request:
    """Something asked for that somebody else decides: hand-back, extension, hold, cancel, transfer, objection."""

    id: UUID
    gen: int
    kind: str
    unit: str | None
    status: str
    asked_by: str | None
    asked_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Aside:
    """What a label says beside the state; nothing is decided by it. `children`: (ended, all).

    `archived`: part of the log stands in a file. `reached`: whoever is answered was called back. `rated`: units.
    `said`: what was said to or by a unit (None: all) that has done nothing since, "urged" or "explained", the last
    last.
    """

    main_number: int | None = None
    children: tuple[int, int] = (0, 0)
    archived: bool = False
    reached: bool = False
    rated: tuple[str, ...] = ()
    said: Mapping[str | None, str] = field(default_factory=dict)


@dataclass(slots=True)
class Case:
    """The aggregate: facts, state, and the rows under it; then what the present step decided."""

    facts: Facts
    status: str
    version: int
    seq: int
    gen: int
    rung: int | None
    outcome: str | None
    lead: str | None
    rework: int
    last_at: datetime
    status_version: int = 0
    called_back: bool = False
    aside: Aside = field(default_factory=Aside)
    """Read for showing only (`cases.many`)."""
    assignments: dict[str, Assignment] = field(default_factory=dict)
    clocks: dict[tuple[str, str | None], Clock] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)

    # what this step decided
    actor: Actor = SYSTEM
    events: list[Event] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    ledger: list[LedgerRow] = field(default_factory=list)
    drafts: list[dict[str, Any]] = field(default_factory=list)
    touched_units: set[str] = field(default_factory=set)
    requeued_units: set[str] = field(default_factory=set)
    touched_clocks: set[tuple[str, str | None]] = field(default_factory=set)
    #: of which only the next mark changed (`rung`, `mark`, `nth`, `fires_at`)
    fired_clocks: set[tuple[str, str | None]] = field(default_factory=set)
    touched_requests: set[UUID] = field(default_factory=set)
    #: calendars on which the ends of these clocks were counted, where what comes next counts on another
    stood_by: dict[str, str] = field(default_factory=dict)
    facts_touched: bool = False
    entered: bool = False
    """Its status or generation is a new one."""

    @property
    def id(self) -> UUID:
        return self.facts.id

    @property
    def emergency(self) -> bool:
        return self.facts.kind == "emergency"

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    def unit(self, code: str | None) -> Assignment | None:
        """The part of unit `code` in the present generation."""
        found = self.assignments.get(code) if code else None
        return found if found and found.gen == self.gen else None

    def parts(self, *roles: str) -> Iterator[Assignment]:
        """The parts in the present generation that are not released, of `roles` (all when none is named)."""
        for part in self.assignments.values():
            if part.gen == self.gen and part.status != "released" and (not roles or part.role in roles):
                yield part

    def clock(self, stage: str, unit: str | None = None) -> Clock | None:
        return self.clocks.get((stage, unit))

    def open_clocks(self) -> Iterator[Clock]:
        return (clock for clock in self.clocks.values() if clock.open)

    def invited(self, unit: str | None) -> bool:
        """Whether a unit was called to one table (会商) in the present generation."""
        return any(
            one.kind == CONSULTATION and one.gen == self.gen and unit in one.data.get("units", ())
            for one in self.requests
        )

    def pending(self, kind: str, unit: str | None = None) -> Request | None:
        """The pending request of `kind`; of `unit` when one is named."""
        for request in self.requests:
            if request.kind == kind and request.status == "pending" and (not unit or request.unit == unit):
                return request
        return None

    def touch(self, part: Assignment) -> None:
        self.assignments[part.unit] = part
        self.touched_units.add(part.unit)

    def touch_clock(self, clock: Clock) -> None:
        self.clocks[(clock.stage, clock.unit)] = clock
        self.touched_clocks.add((clock.stage, clock.unit))

    def touch_request(self, request: Request) -> None:
        if request not in self.requests:
            self.requests.append(request)
        self.touched_requests.add(request.id)
