"""What the chain pages are made of: the items that reached this seat, with their cases and what was done on the way."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from dispatch.domain import counterparts, rungs
from dispatch.domain.case import LOCAL, Actor, Case, Clock
from dispatch.domain.reference import Node, node_seat
from dispatch.domain.turn import Turn
from dispatch.steps.chain_board import ChainView, chain_view
from dispatch.steps.lists import Item
from dispatch.steps.service import Service
from dispatch.steps.shown import ClockView, clock_view
from dispatch.steps.told import Told, Words
from dispatch.store import cases, chain
from dispatch.web.common.units import full_name


@dataclass(frozen=True, slots=True)
class Reached:
    """A whistle that stands on this rung: the clock that climbed, and what happened on the way."""

    item: Item
    case: Case
    clock: Clock
    view: ClockView
    told: tuple[Told, ...]

    def climbed_at(self, rung: int) -> datetime | None:
        """When this run of the clock came to a rung."""
        for one in self.told:
            data = one.data
            same = data.get("clock") == str(self.clock.id) and data.get("run") == self.clock.run
            if one.type == "clock.climbed" and same and data.get("rung") == rung:
                return one.at
        return None

    def done_by(self, seat: str) -> Iterator[Told]:
        """What the holder of a seat did since it came to their rung."""
        return (one for one in self.told if one.type != "clock.climbed" and one.by and one.by.get("seat") == seat)


@dataclass(frozen=True, slots=True)
class Standing:
    """A person in charge's page: the node, the view, the items that are shown of it, and the cases behind what they
    were only informed of.
    """

    actor: Actor
    node: Node
    turn: Turn
    view: ChainView
    reached: tuple[Reached, ...]
    beside: Mapping[UUID, Case]


async def standing(service: Service, actor: Actor, first: int, most: int) -> Standing:
    """Read it; `first`, `most`: which of the items that reached this rung. Raises `Forbidden`, `Unavailable`."""
    view = await chain_view(service, actor)
    turn = service.turn(actor.district or "", view.as_of)
    node = turn.reference.tree.get(view.node)
    assert node is not None
    items = (view.own + view.reached)[first : first + most]
    ids = [item.id for item in items]
    async with service.database.acquire() as connection:
        found = {case.id: case for case in await cases.many(connection, ids)}
        beside = await cases.many(connection, [one.item.id for one in view.informed], aside=True)
        since = min((item.received_at for item in items), default=turn.now)
        logs = await chain.on_the_ladder(connection, ids, since) if ids else {}
    words = Words(turn, {}, {})
    told = {id: tuple(words.told(event) for event in log) for id, log in logs.items()}
    reached = tuple(_reached(items, found, told, turn, view.rung))
    return Standing(actor, node, turn, view, reached, {case.id: case for case in beside})


def _reached(
    items: tuple[Item, ...],
    found: Mapping[UUID, Case],
    told: Mapping[UUID, tuple[Told, ...]],
    turn: Turn,
    rung: int,
) -> Iterator[Reached]:
    for item in items:
        case = found.get(item.id)
        clock = _clock(case, item, rung) if case else None
        if case is not None and clock is not None:
            yield Reached(item, case, clock, clock_view(clock, turn), told.get(item.id, ()))


def _clock(case: Case, item: Item, rung: int) -> Clock | None:
    """The clock that the list found (on the rung, or on a vacant one below), else the first on the rung."""
    wanted = item.clock.id if item.clock else None
    late = [clock for clock in case.open_clocks() if clock.rung or case.status == LOCAL]
    here = [clock for clock in late if clock.rung == rung]
    return next((clock for clock in late if clock.id == wanted), here[0] if here else None)


def vacant_seats(one: Reached, turn: Turn) -> str:
    """The vacant posts below that this came past: 网格长、楼栋长; "" where none was."""
    _node, passed = rungs.answering(one.case, turn, one.clock.rung)
    return "、".join(said for node in passed if (said := position_of(node, turn)))


def late_unit(one: Reached, turn: Turn) -> str:
    """The unit whose act the clock waits for."""
    code = one.clock.unit if one.clock.stage == "reported" else one.case.lead
    return full_name(code, turn) if code else ""


def called(one: Reached, turn: Turn) -> str:
    """Who of the late unit has been called on this rung: 科室负责人; "" where no unit is late."""
    code = counterparts.counterpart_unit(one.case, one.clock)
    if not code:
        return ""
    seats = turn.reference.people.seats
    held, _vacant = counterparts.called(one.case, turn, code, one.clock.rung)
    return "、".join(seats[seat].position for seat in held if seat in seats)


def position_of(node: Node | None, turn: Turn) -> str:
    """The words for a node's person in charge: 网格长."""
    seat = turn.reference.people.seats.get(node_seat(node.code)) if node else None
    return seat.position if seat else ""


__all__ = ["Reached", "Standing", "called", "late_unit", "position_of", "standing", "vacant_seats"]
