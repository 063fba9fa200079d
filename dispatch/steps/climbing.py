"""What has climbed to a rung of the ladder, and what will today: rows of clocks as the boards show them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from dispatch.domain import rungs
from dispatch.domain.case import Case, Facts
from dispatch.domain.clocks import StagePolicy
from dispatch.domain.turn import Turn
from dispatch.steps.lists import Item, item
from dispatch.store import queues
from dispatch.store.connection import Connection
from dispatch.store.search import Found, Scope

#: so many of each kind are shown
MOST = 100


@dataclass(frozen=True, slots=True)
class Climbing:
    """A clock that will climb: to which rung, when."""

    item: Item
    rung: int
    at: datetime


async def coming(connection: Connection, scope: Scope, turn: Turn, rung: int) -> tuple[Climbing, ...]:
    """Those clocks whose next climb is to this very rung, today; the first first. Raises `Unavailable`."""
    made: list[Climbing] = []
    for row in await queues.climbing(connection, scope, rung, turn.end_of_day, 3 * MOST):
        if row.clock is None:
            continue
        policy = StagePolicy.of(row.clock)
        if not policy.start or rungs.next_rung(case_of(row), row.clock, turn, policy) != rung:
            continue
        at = row.clock.due_at if row.clock.mark == "warn" else row.clock.fires_at
        if at is not None:
            made.append(Climbing(item(row, turn), rung, at))
    return tuple(sorted(made, key=lambda one: one.at)[:MOST])


def once(rows: Iterable[Found]) -> list[Found]:
    """One row for each whistle: its first clock."""
    return list({row.head.id: row for row in reversed(list(rows))}.values())[::-1]


def case_of(row: Found) -> Case:
    """As much of a case as the ladder asks for: where it is."""
    head = row.head
    facts = Facts(
        head.id, head.number, head.district, head.received_at, head.kind, head.danger, head.category, head.place,
        head.street, sealed=head.sealed,
    )  # fmt: skip
    return Case(
        facts, head.status, head.version, 0, head.gen, head.rung, head.outcome, head.lead, head.rework, head.received_at
    )
