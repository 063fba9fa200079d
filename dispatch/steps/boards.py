"""层级督办 and 调度台: what stands on one's rung of the ladder, and what waits for the district."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from dispatch.domain import acts_local, ladder
from dispatch.domain.case import LIVE, LOCAL, Actor, Case, Facts
from dispatch.domain.clocks import LAST_RUNG, StagePolicy
from dispatch.domain.permissions import may_ever
from dispatch.domain.reference import Node
from dispatch.domain.refusals import Forbidden
from dispatch.domain.turn import ZONE, Turn
from dispatch.domain.units import node_seat, unit_seat
from dispatch.steps import cover, repeats
from dispatch.steps.cover import Uncovered
from dispatch.steps.lists import Item, item
from dispatch.steps.repeats import Repeat
from dispatch.steps.scope import places_of, scope_of, subtree
from dispatch.steps.service import Service
from dispatch.steps.shown import seat_view
from dispatch.steps.stalled import Stalled, stalled
from dispatch.steps.told import Words
from dispatch.store import desk, desk_counts, queues, timeline
from dispatch.store import repeats as proposed
from dispatch.store.connection import Connection
from dispatch.store.search import Filters, Found, Scope

#: so many of each kind are shown
MOST = 100
#: so many are counted
MOST_HERE = 1000
#: under way as a whistle
IN_HAND = tuple(sorted(LIVE - {LOCAL}))
#: what the desk decides
DECIDED_AT_DESK = ("hand-back", "review", "extension", "hold", "cancel", "objection", "consult", "transfer")


@dataclass(frozen=True, slots=True)
class Climbing:
    """A clock that will climb: to which rung, when."""

    item: Item
    rung: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Helper:
    """A seat on a rung below, and who holds it (None: vacant). Never a score."""

    rung: int
    node: str
    node_name: str
    kind: str
    position: str | None
    person: str | None


@dataclass(frozen=True, slots=True)
class ChainView:
    """What reached a node's person in charge, what will today, and who helps on the two rungs below."""

    node: str
    node_name: str
    rung: int
    own: tuple[Item, ...]
    """Raised here, below the street, and to be solved here first."""
    reached: tuple[Item, ...]
    above: tuple[Item, ...]
    coming: tuple[Climbing, ...]
    below: tuple[Helper, ...]
    as_of: datetime
    here: int = 0
    """Whistles about this place that are under way, up to `MOST_HERE`; not counted for the district."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A request that waits for its ruling."""

    item: Item
    request: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Supervised:
    """A whistle under supervision (督办): its order's number, what comes next (`remind`, `notice`) and when."""

    item: Item
    order: int | None
    next_mark: str | None
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Vacancy:
    """A unit with work in its queue and nobody in the seat that signs for it."""

    unit: str
    unit_name: str
    open: int
    unsigned: int


@dataclass(frozen=True, slots=True)
class Absent:
    """Said to be done though these assisting units never reported in, and why (None: the text was erased)."""

    item: Item
    units: tuple[str, ...]
    reason: str | None


@dataclass(frozen=True, slots=True)
class DeskView:
    """What waits for the district's desk, and what it watches.

    `pending` (requests by kind, `repeat` too) and `rungs` count up to `desk_counts.MOST`; `counts`, `load` are exact.
    """

    at_desk: tuple[Item, ...]
    sealed: tuple[Item, ...]
    """Those that wait for an act that is otherwise the street's, and sealed ones that climbed here."""
    decisions: tuple[Decision, ...]
    repeats: tuple[Repeat, ...]
    supervised: tuple[Supervised, ...]
    coming: tuple[Climbing, ...]
    vacant: tuple[Vacancy, ...]
    uncovered: tuple[Uncovered, ...]
    absent: tuple[Absent, ...]
    stalled: Stalled
    dead_letters: Mapping[str, int]
    counts: Mapping[str, int]
    pending: Mapping[str, int]
    rungs: Mapping[int, int]
    load: Mapping[str, int]
    late_extensions: Mapping[str, int]
    """How often a unit asked for more time only at the last moment, this year."""
    as_of: datetime


async def chain_view(service: Service, actor: Actor) -> ChainView:
    """The chain page of a person in charge. Raises `Forbidden`, `Unavailable`."""
    reference = service.rules.of(actor.district or "")
    node = reference.tree.get(actor.node) if actor.node else None
    if node is None or not may_ever(actor, "chain", node.level):
        raise Forbidden("层级督办是各级负责人的页面", field="role", value=actor.role)
    turn = service.turn(actor.district or "", await service.database.now())
    scope, rung = scope_of(actor, reference), node.level
    below = _vacant_below(node, turn)
    async with service.database.acquire() as connection:
        rows = await queues.climbed(connection, scope, tuple(range(rung, LAST_RUNG + 1)), MOST)
        passed = await _passed_up(connection, scope, node, below, turn)
        own = await queues.below(connection, scope, MOST) if rung < ladder.STREET else []
        coming = await queues.climbing(connection, scope, rung, end_of_day(turn), 3 * MOST)
        answered_for = Filters(status=IN_HAND, places=subtree(node.code, reference))
        here = await queues.count(connection, scope, answered_for, MOST_HERE) if rung <= ladder.STREET else 0
    reached = _once([*(row for row in rows if row.head.rung == rung and _on(row, rung)), *passed])
    above = _once(row for row in rows if (row.head.rung or 0) > rung and not _on(row, rung))
    return ChainView(
        node=node.code,
        node_name=node.name,
        rung=rung,
        own=tuple(item(row, turn) for row in own if _own(row, node, turn)),
        reached=tuple(item(row, turn) for row in reached),
        above=tuple(item(row, turn) for row in above),
        coming=_coming(coming, turn, rung),
        below=tuple(_helpers(node, turn)),
        as_of=turn.now,
        here=here,
    )


def permit_desk(actor: Actor) -> None:
    """Raises `Forbidden` for whoever is not of the desk."""
    if not may_ever(actor, "desk"):
        raise Forbidden("调度台是区调度中心的页面", field="role", value=actor.role)


async def desk_view(service: Service, actor: Actor) -> DeskView:
    """The desk's page. Raises `Forbidden`, `Unavailable`."""
    permit_desk(actor)
    district = actor.district or ""
    reference = service.rules.of(district)
    turn, scope = service.turn(district, await service.database.now()), scope_of(actor, reference)
    async with service.database.acquire() as connection:
        at_desk = await queues.at_desk(connection, scope, MOST)
        sealed = await queues.in_place_of_streets(connection, scope, MOST)
        waiting = await queues.pending(connection, scope, DECIDED_AT_DESK, MOST)
        top = _once(await queues.climbed(connection, scope, (LAST_RUNG,), MOST))
        coming = await queues.climbing(connection, scope, LAST_RUNG, end_of_day(turn), 3 * MOST)
        orders = await queues.orders(connection, [row.clock.id for row in top if row.clock])
        letters = await queues.waiting_letters(connection)
        units = [unit.code for unit in reference.units.all]
        load = await desk_counts.by_unit(connection, units)
        late = await desk_counts.late_extensions(connection, units, start_of_year(turn))
        empty = _unheld(load, turn)
        unsigned = await desk_counts.unsigned(connection, empty) if empty else {}
        counts = await desk_counts.by_status(connection, district)
        pending = await desk_counts.by_request(connection, district, DECIDED_AT_DESK)
        pending["repeat"] = await proposed.count(connection, district, desk_counts.MOST)
        alike = await repeats.waiting(connection, scope, turn, MOST)
        rungs = await desk_counts.by_rung(connection, district)
        missing = await queues.resolved_without(connection, scope, MOST)
        resolved = await desk.resolved(connection, {row.head.id: row.head.received_at for row in missing})
        texts = await timeline.texts(connection, [row.head.id for row in (*(one.found for one in waiting), *missing)])
    words = Words(turn, texts, {})
    uncovered = await cover.uncovered(service, actor)
    still = await stalled(service, district)
    return DeskView(
        at_desk=tuple(item(row, turn) for row in at_desk),
        sealed=tuple(item(row, turn) for row in sealed),
        decisions=tuple(Decision(item(one.found, turn), words.request(one.request)) for one in waiting),
        repeats=alike,
        supervised=tuple(
            Supervised(item(row, turn), orders.get(row.clock.id), row.clock.mark, row.clock.fires_at)
            for row in top
            if row.clock
        ),
        coming=_coming(coming, turn, LAST_RUNG),
        vacant=tuple(_vacancies(empty, load, unsigned, turn)),
        uncovered=tuple(uncovered),
        absent=tuple(
            Absent(item(row, turn), told.absent, words.text(told.reason))
            for row in missing
            if (told := resolved.get(row.head.id)) and told.absent
        ),
        stalled=still,
        dead_letters=letters,
        counts=counts,
        pending=pending,
        rungs=rungs,
        load=load,
        late_extensions=late,
        as_of=turn.now,
    )


def end_of_day(turn: Turn) -> datetime:
    """Midnight to come, on the district's clocks."""
    return datetime.combine(turn.today + timedelta(days=1), time(), ZONE)


def start_of_year(turn: Turn) -> datetime:
    """Midnight of New Year's Day, on the district's clocks."""
    return datetime.combine(turn.today.replace(month=1, day=1), time(), ZONE)


def _vacant_below(node: Node, turn: Turn) -> list[Node]:
    """Nodes under this one whose own seat is vacant: what climbs to them is asked of the next seat above."""
    tree, found = turn.reference.tree, list[Node]()
    waiting = list(tree.children(node.code))
    while waiting:
        here = waiting.pop()
        waiting.extend(tree.children(here.code))
        if turn.holder(node_seat(here.code)) is None:
            found.append(here)
    return found


async def _passed_up(connection: Connection, scope: Scope, node: Node, vacant: list[Node], turn: Turn) -> list[Found]:
    """Clocks that stand on a vacant rung below, for which this node's seat is the next one held."""
    if not vacant:
        return []
    levels = tuple(sorted({one.level for one in vacant}))
    places = {place for one in vacant for place in places_of(one.code, turn.reference)}
    rows = await queues.climbed(connection, scope, levels, MOST, places=tuple(sorted(places)))
    return [row for row in rows if row.clock is not None and _answers(row, row.clock.rung, node, turn)]


def _own(row: Found, node: Node, turn: Turn) -> bool:
    asked = acts_local.asked(_case(row), row.clock, turn) if row.clock else None
    return asked is not None and asked.code == node.code


def _answers(row: Found, rung: int, node: Node, turn: Turn) -> bool:
    found, _vacant = ladder.answering(_case(row), turn, rung)
    return found is not None and found.code == node.code


def _on(row: Found, rung: int) -> bool:
    return row.clock is not None and row.clock.rung == rung


def _once(rows: Any) -> list[Found]:
    """One row for each whistle: its first clock."""
    return list({row.head.id: row for row in reversed(list(rows))}.values())[::-1]


def _coming(rows: list[Found], turn: Turn, rung: int) -> tuple[Climbing, ...]:
    """Those clocks whose next climb is to this very rung."""
    made: list[Climbing] = []
    for row in rows:
        if row.clock is None:
            continue
        policy = StagePolicy.of(row.clock)
        if not policy.start or ladder.next_rung(_case(row), row.clock, turn, policy) != rung:
            continue
        at = row.clock.due_at if row.clock.mark == "warn" else row.clock.fires_at
        if at is not None:
            made.append(Climbing(item(row, turn), rung, at))
    return tuple(sorted(made, key=lambda one: one.at)[:MOST])


def _case(row: Found) -> Case:
    """As much of a case as the ladder asks for: where it is."""
    head = row.head
    facts = Facts(
        head.id, head.number, head.district, head.received_at, head.kind, head.danger, head.category, head.place,
        head.street, sealed=head.sealed,
    )  # fmt: skip
    return Case(
        facts, head.status, head.version, 0, head.gen, head.rung, head.outcome, head.lead, head.rework, head.received_at
    )


def _helpers(node: Node, turn: Turn) -> list[Helper]:
    """The seats of the two rungs below, in the tree's order."""
    found: list[Helper] = []
    tree = turn.reference.tree
    for child in tree.children(node.code):
        for one in (child, *tree.children(child.code)):
            seat = seat_view(node_seat(one.code), turn)
            found.append(Helper(one.level, one.code, one.name, one.kind, seat["position"], seat["person"]))
    return found


def _unheld(load: Mapping[str, int], turn: Turn) -> list[str]:
    """Units with work and neither liaison nor deputy."""
    return [code for code in load if not any(turn.holder(unit_seat(code, post)) for post in ("liaison", "deputy"))]


def _vacancies(empty: list[str], load: Mapping[str, int], unsigned: Mapping[str, int], turn: Turn) -> list[Vacancy]:
    units = turn.reference.units
    found: list[Vacancy] = []
    for code in empty:
        unit = units.get(code)
        found.append(Vacancy(code, unit.short if unit else code, load[code], unsigned.get(code, 0)))
    return sorted(found, key=lambda one: (-one.unsigned, one.unit))
