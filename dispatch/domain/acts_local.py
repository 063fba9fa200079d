"""Below the street (能在这里解决吗): an item climbs to the street by the same clocks before it becomes a whistle.

Its clock is `handling`: the raiser's own level has the wait of the next rung, then one rung is asked after the other.
On the street's rung it is `raised` (`ladder.fire`), and goes the way of every whistle.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from dispatch.domain import parts
from dispatch.domain.asking import need
from dispatch.domain.case import CLOSED, LOCAL, Actor, Case, Clock
from dispatch.domain.clocks import HANDLING, StagePolicy
from dispatch.domain.reference import Node
from dispatch.domain.refusals import NotNow
from dispatch.domain.rungs import STREET, answering
from dispatch.domain.turn import Turn
from dispatch.domain.units import node_seat

Fields = Mapping[str, Any]
#: how it came in: from below the street, to be solved there first
VIA = "local"


def policy_of(case: Case, turn: Turn) -> StagePolicy:
    """The clock of an item that level `facts.local` raised: its own time is the wait of the next rung."""
    return _policy(turn.stage_policy(case, HANDLING), case.facts.local)


@lru_cache(maxsize=256)
def _policy(stage: StagePolicy, level: int) -> StagePolicy:
    return replace(stage, limit=stage.waits[level], start=level + 1)


def is_below(actor: Actor, turn: Turn) -> bool:
    """Somebody in charge below the street."""
    node = turn.reference.tree.get(actor.node) if actor.node else None
    return actor.unit is None and node is not None and node.level < STREET


def asked(case: Case, clock: Clock, turn: Turn) -> Node | None:
    """Who solves it now: the level that raised it, later the rung it stands on; vacant seats pass upward."""
    rung = clock.rung or StagePolicy.of(clock).start - 1
    return answering(case, turn, rung)[0]


def can_keep(case: Case) -> None:
    """Not a whistle yet."""
    if case.status != LOCAL:
        raise NotNow("这件已经吹哨，由街道和单位在办")


def keep(case: Case, actor: Actor, fields: Fields, turn: Turn) -> None:
    """能，我们来办: said, and seen; the clock goes on until it is solved."""
    reason = turn.text(case, "reason", str(fields["reason"])) if fields.get("reason") else None
    turn.event(case, "kept", node=actor.node, local=True, reason=reason)


def can_resolve(case: Case, fields: Fields) -> None:
    """Not a whistle yet; with what was done."""
    can_keep(case)
    need(fields, "reply", "写上怎么办好的（回复内容）")


def resolve(case: Case, actor: Actor, fields: Fields, turn: Turn) -> str:
    """Solved where it arose: whoever raised it is told, and it is over."""
    parts.answer_all(case, turn)
    event = turn.event(
        case,
        "resolved",
        node=actor.node,
        local=True,
        reply=turn.text(case, "reply", str(fields["reply"])),
        photos=[str(photo) for photo in fields.get("photos") or ()] or None,
    )
    clock = case.clock(HANDLING)
    level = StagePolicy.of(clock).start - 1 if clock else 0
    raiser = turn.chain(case.facts.place)[level - 1] if level else None
    if raiser is not None and raiser.code != actor.node:
        turn.tell(case, event, node_seat(raiser.code), "solved-below")
    return CLOSED


__all__ = ["VIA", "asked", "can_keep", "can_resolve", "is_below", "keep", "policy_of", "resolve"]
