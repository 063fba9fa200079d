"""Parts of a whistle as shown: place, unit's part, clock, who is accountable. Seconds are counted ones."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from dispatch.domain import clocks as rules
from dispatch.domain import counterparts, involved, rungs
from dispatch.domain.case import Assignment, Case, Clock
from dispatch.domain.parts import AT_ONCE
from dispatch.domain.turn import Turn
from dispatch.domain.units import node_seat


@dataclass(frozen=True, slots=True)
class PlaceView:
    """A place: its full name, and the nodes above it from the building up (None: not known)."""

    code: str
    name: str
    label: str
    chain: tuple[dict[str, Any] | None, ...]


@dataclass(frozen=True, slots=True)
class PartView:
    """A unit's part. `role`: lead, assist, inform."""

    unit: str
    unit_name: str
    role: str
    status: str
    on_site: bool
    handed_back: bool
    started: bool
    assigned_at: datetime
    reported_at: datetime | None
    done_at: datetime | None
    stage: str | None
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class ClockView:
    """A stage's clock. Seconds are counted ones (working time where `working`); `remaining` is negative when late.

    `total` is what the present run gives from start to end. `lamp`: green, yellow, red; hold while it rests.
    """

    id: UUID
    stage: str
    unit: str | None
    run: int
    rung: int
    due_at: datetime | None
    started_at: datetime
    answered_at: datetime | None
    running: bool
    remaining: float | None
    total: float
    working: bool
    day_seconds: float
    limit: str | None
    provisional: bool
    lamp: str | None
    next_mark: str | None
    next_at: datetime | None
    start_rung: int
    calendar: str


@dataclass(frozen=True, slots=True)
class Accountable:
    """Who answers for it now. `rung` 0: nothing is late, the units work; then `node` is None."""

    rung: int
    node: str | None
    node_name: str | None
    position: str | None
    person: str | None
    seat: str | None
    counterpart: dict[str, Any] | None


def place_view(code: str | None, turn: Turn) -> PlaceView | None:
    """A place with its names; None: unknown."""
    tree = turn.reference.tree
    node = tree.get(code) if code else None
    if node is None:
        return None
    chain = tuple(
        {"rung": rung, "code": one.code, "name": one.name, "kind": one.kind} if one else None
        for rung, one in enumerate(turn.chain(code), 1)
    )
    return PlaceView(node.code, node.name, tree.label(node.code), chain)


def in_order(case: Case, turn: Turn) -> list[Assignment]:
    """The parts of the present generation: those still in it first, the lead, then as the units' list has them."""
    order = {"lead": 0, "assist": 1, "inform": 2}
    listed = {unit.code: place for place, unit in enumerate(turn.reference.units.all)}
    parts = [part for part in case.assignments.values() if part.gen == case.gen]
    return sorted(
        parts,
        key=lambda part: (
            part.status == "released",
            order.get(part.role, 3),
            part.assigned_at,
            listed.get(part.unit, 0),
        ),
    )


def part_view(part: Assignment, name: str) -> PartView:
    """A unit's part as shown."""
    return PartView(
        unit=part.unit,
        unit_name=name,
        role=part.role,
        status=part.status,
        on_site=part.on_site,
        handed_back=part.handed_back,
        started=part.started,
        assigned_at=part.assigned_at,
        reported_at=part.reported_at,
        done_at=part.done_at,
        stage=part.stage,
        due_at=part.due_at if part.due_at != AT_ONCE else None,
    )


def clock_view(clock: Clock, turn: Turn, *, over: bool = False) -> ClockView:
    """A clock as shown at the turn's moment; of a whistle that is `over` none has time left, and none is late."""
    policy, calendar = rules.StagePolicy.of(clock), turn.calendar(clock.calendar)
    left = rules.seconds_left(clock, turn.now, calendar)
    used = clock.used.total_seconds()
    if clock.running_since is not None:
        used += rules.seconds_between(policy, clock.running_since, turn.now, calendar)
    total = used + left
    lamp, counts = None, clock.open and not over
    if counts:
        lamp = "red" if left < 0 else "yellow" if left * 5 < total else "green"
        lamp = "hold" if not clock.running and left >= 0 else lamp
    # round the clock, a working hour is an hour: said as such
    working = bool(policy.limit and rules.parse(policy.limit).working) and not calendar.always
    return ClockView(
        id=clock.id,
        stage=clock.stage,
        unit=clock.unit,
        run=clock.run,
        rung=clock.rung,
        due_at=clock.due_at,
        started_at=clock.started_at,
        answered_at=clock.answered_at,
        running=clock.running,
        remaining=left if counts else None,
        total=total
        if clock.open
        else rules.seconds_between(policy, clock.started_at, clock.due_at, calendar)
        if clock.due_at
        else used,
        working=working,
        day_seconds=calendar.day.total_seconds() if working else 0,
        limit=policy.limit,
        provisional=clock.provisional,
        lamp=lamp,
        next_mark=clock.mark,
        next_at=clock.fires_at,
        start_rung=policy.start,
        calendar=clock.calendar,
    )


def accountable(case: Case, turn: Turn) -> Accountable:
    """Who answers for it now: the person in charge on the present rung, and whom of the late unit is called."""
    late = [clock for clock in case.open_clocks() if clock.rung and clock.rung == case.rung]
    late.sort(key=lambda clock: clock.stage != rules.HANDLING)
    unit = (late[0].unit if late and late[0].stage == rules.REPORTED else None) or case.lead
    rung = case.rung or 0
    posts = turn.policy(case).counterpart(rung) if rung else ("liaison",)
    called = counterparts.held(turn, unit, posts) if unit and posts else ([], [])
    counterpart = next((seat_view(seat, turn) for seats in called for seat in seats), None)
    if not rung:
        return Accountable(0, None, None, None, None, None, counterpart)
    taken = case.pending("take-over")
    code = taken.data.get("node") if taken is not None and taken.data.get("rung") == rung else None
    node = turn.reference.tree.get(code) if code else None
    if node is None or turn.holder(node_seat(node.code)) is None:
        node, _vacant = rungs.answering(case, turn, rung)
    if node is None:
        return Accountable(rung, None, None, None, None, None, counterpart)
    seat = seat_view(involved.rung_seat(case, node.code, rung), turn)
    return Accountable(rung, node.code, node.name, seat["position"], seat["person"], seat["seat"], counterpart)


def seat_view(seat: str, turn: Turn) -> dict[str, Any]:
    """A seat with its words and who holds it today (None: vacant)."""
    people = turn.reference.people
    found = people.seats.get(seat)
    person = people.holder(seat, turn.today)
    return {
        "seat": seat,
        "unit": found.unit if found else None,
        "node": found.node if found else None,
        "position": found.position if found else None,
        "person": person.name if person else None,
    }
