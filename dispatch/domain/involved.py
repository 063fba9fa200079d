"""Whom a case may reach where not everybody may know of it: sealed (保密), or hidden from somebody (回避).

A sealed case has no chain: whatever would reach the people of its place reaches the district's desk instead. Besides
the desk and the district's person in charge it is the business of the units that have a part in it (their liaisons
and whoever answers for them), and of the street that raised it. A street that is itself complained about knows
nothing of it, and the desk does what is otherwise the street's: what is hidden from somebody is always
sealed.
"""

from dispatch.domain.case import Case
from dispatch.domain.clocks import LAST_RUNG
from dispatch.domain.units import node_seat

#: seats of the desk and of a street, which own stages
DESK_POST, CLERK_POST = "dispatcher", "clerk"
#: posts of a street that are told of what it raised
_COUNTER = frozenset({CLERK_POST, "duty"})


def stands_in(case: Case) -> bool:
    """Whether the desk does the street's acts: the street is the one complained about, or none is known."""
    return case.facts.street in case.facts.hidden_from or case.facts.street == case.facts.district


def node_involved(case: Case, node: str | None, *, counter: bool) -> bool:
    """Whether a sealed case is a node's business; `counter`: its clerk's or duty officer's."""
    if node is None or node in case.facts.hidden_from:
        return False
    asked = case.pending("transfer")
    return node == case.facts.district or (
        counter and (node == case.facts.street or (asked is not None and asked.data.get("to") == node))
    )


def desk_seat(case: Case) -> str:
    return node_seat(case.facts.district, DESK_POST)


def street_seat(case: Case) -> str:
    """Whose act verification, answering and a hold wait for."""
    return desk_seat(case) if stands_in(case) else node_seat(case.facts.street, CLERK_POST)


def secretary_seat(case: Case) -> str:
    """Who decides what a unit asks for."""
    return desk_seat(case) if case.facts.sealed or stands_in(case) else node_seat(case.facts.street)


def leader_seat(case: Case) -> str:
    """Who signs for a hold: a leader in any case, the district's where the street's may not know of it."""
    return node_seat(case.facts.district if case.facts.sealed or stands_in(case) else case.facts.street)


def rung_seat(case: Case, node: str, rung: int) -> str:
    """The seat of the node that answers on a rung: its person in charge; in a sealed case below the top the desk."""
    return desk_seat(case) if case.facts.sealed and rung < LAST_RUNG else node_seat(node)


def told(case: Case, seat: str) -> str:
    """The seat that a notice goes to: in place of one that may not know of the case, the desk."""
    if not case.facts.sealed:
        return seat
    scope, _, rest = seat.partition(":")
    code, _, post = rest.rpartition(":")
    if scope == "node":
        knows = node_involved(case, code, counter=post in _COUNTER)
    else:
        knows = code not in case.facts.hidden_from
    return seat if knows else desk_seat(case)
