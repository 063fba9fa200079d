"""层级督办: what stands on one's rung of the ladder, what will today, and who helps below."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from dispatch.domain import acts_local, rungs
from dispatch.domain.case import LIVE, LOCAL, Actor
from dispatch.domain.clocks import LAST_RUNG
from dispatch.domain.permissions import may_ever
from dispatch.domain.reference import Node
from dispatch.domain.refusals import Forbidden
from dispatch.domain.turn import Turn
from dispatch.domain.units import node_seat
from dispatch.steps import climbing
from dispatch.steps.climbing import MOST, Climbing, case_of, once
from dispatch.steps.lists import Item, item
from dispatch.steps.scope import places_of, scope_of, subtree
from dispatch.steps.service import Service
from dispatch.steps.shown import seat_view
from dispatch.store import beside, queues, search
from dispatch.store.connection import Connection
from dispatch.store.search import Filters, Found, Scope

#: so many are counted
MOST_HERE = 1000
#: so many that somebody is only informed of are shown
MOST_INFORMED = 20
#: under way as a whistle
IN_HAND = tuple(sorted(LIVE - {LOCAL}))


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
class Informed:
    """What a person in charge was only told of, and when: nothing in it is asked of them."""

    item: Item
    at: datetime


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
    informed: tuple[Informed, ...] = ()
    """Under way, told of without being asked (rungs below the one that it began on), the newest first."""


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
        own = await queues.below(connection, scope, MOST) if rung < rungs.STREET else []
        coming = await climbing.coming(connection, scope, turn, rung)
        answered_for = Filters(status=IN_HAND, places=subtree(node.code, reference))
        here = await queues.count(connection, scope, answered_for, MOST_HERE) if rung <= rungs.STREET else 0
        reached = once([*(row for row in rows if row.head.rung == rung and _on(row, rung)), *passed])
        informed = await _informed(connection, scope, node, turn, {row.head.id for row in reached})
    above = once(row for row in rows if (row.head.rung or 0) > rung and not _on(row, rung))
    return ChainView(
        node=node.code,
        node_name=node.name,
        rung=rung,
        own=tuple(item(row, turn) for row in own if _own(row, node, turn)),
        reached=tuple(item(row, turn) for row in reached),
        above=tuple(item(row, turn) for row in above),
        coming=coming,
        below=tuple(_helpers(node, turn)),
        as_of=turn.now,
        here=here,
        informed=informed,
    )


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


async def _informed(
    connection: Connection, scope: Scope, node: Node, turn: Turn, asked: set[UUID]
) -> tuple[Informed, ...]:
    """What the node's own seat was informed of, but for what has come to be `asked` of it meanwhile."""
    if scope.places is None:
        return ()
    most = MOST_INFORMED + len(asked)
    at = await beside.told_to(connection, node_seat(node.code), scope.places, IN_HAND, most)
    among = Filters(among=tuple(id for id in at if id not in asked))
    if not among.among:
        return ()
    rows = await search.listed(connection, scope, among, None, MOST_INFORMED)
    return tuple(Informed(item(row, turn), at[row.head.id]) for row in rows)


def _own(row: Found, node: Node, turn: Turn) -> bool:
    asked = acts_local.asked(case_of(row), row.clock, turn) if row.clock else None
    return asked is not None and asked.code == node.code


def _answers(row: Found, rung: int, node: Node, turn: Turn) -> bool:
    found, _vacant = rungs.answering(case_of(row), turn, rung)
    return found is not None and found.code == node.code


def _on(row: Found, rung: int) -> bool:
    return row.clock is not None and row.clock.rung == rung


def _helpers(node: Node, turn: Turn) -> list[Helper]:
    """The seats of the two rungs below, in the tree's order."""
    found: list[Helper] = []
    tree = turn.reference.tree
    for child in tree.children(node.code):
        for one in (child, *tree.children(child.code)):
            seat = seat_view(node_seat(one.code), turn)
            found.append(Helper(one.level, one.code, one.name, one.kind, seat["position"], seat["person"]))
    return found
