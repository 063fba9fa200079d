"""The five rungs of a place: whose each is, who answers on it, and which a clock climbs to next."""

from dispatch.domain.case import Case, Clock
from dispatch.domain.clocks import LAST_RUNG, StagePolicy
from dispatch.domain.reference import Node
from dispatch.domain.turn import Turn
from dispatch.domain.units import node_seat

#: the rung on which an item from below becomes a whistle
STREET = 4


def first_rung(case: Case, turn: Turn, start: int) -> int:
    """The rung a clock climbs to first: the policy's, or the lowest one that the place is known down to."""
    rung = start
    while rung < LAST_RUNG and turn.rung_node(case, rung) is None:
        rung += 1
    return rung


def next_rung(case: Case, clock: Clock, turn: Turn, policy: StagePolicy) -> int:
    """The rung that the clock climbs to when it next runs out."""
    return clock.rung + 1 if clock.rung else first_rung(case, turn, policy.start)


def asked_node(case: Case, turn: Turn, rung: int) -> Node | None:
    """Whose a rung is, whoever sits there; of a sealed case every rung is the district's."""
    return turn.rung_node(case, LAST_RUNG if case.facts.sealed else rung)


def answering(case: Case, turn: Turn, rung: int) -> tuple[Node | None, list[Node]]:
    """Whose person in charge answers on a rung: its node, or the next one above whose seat is held (the district
    whoever holds it); and the nodes that were passed because their seats are vacant. A sealed case has no chain: the
    district answers on every rung."""
    passed: list[Node] = []
    for level in range(LAST_RUNG if case.facts.sealed else max(rung, 1), LAST_RUNG + 1):
        node = turn.rung_node(case, level)
        if node is None:
            continue
        if level == LAST_RUNG or turn.holder(node_seat(node.code)) is not None:
            return node, passed
        passed.append(node)
    return None, passed
