"""What waits for the ruling of a street's or the district's person in charge: more time, a hold, a consultation."""

from dataclasses import dataclass
from typing import Any

from dispatch.domain.case import Actor, Case
from dispatch.domain.permissions import may_ever
from dispatch.domain.requests import REQUESTS, SECRETARY
from dispatch.domain.turn import Turn
from dispatch.steps.lists import Item, item
from dispatch.steps.scope import scope_of
from dispatch.steps.service import Service
from dispatch.steps.told import Words
from dispatch.store import cases, queues, timeline
from dispatch.store.connection import Connection
from dispatch.store.search import Scope

KINDS = tuple(kind for kind, rule in REQUESTS.items() if rule.decided_by == SECRETARY)
MOST = 50


@dataclass(frozen=True, slots=True)
class Decision:
    """A request that waits for its ruling."""

    item: Item
    request: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with the case it is about."""

    decision: Decision
    case: Case


async def decisions(
    connection: Connection, scope: Scope, turn: Turn, kinds: tuple[str, ...], limit: int
) -> tuple[Decision, ...]:
    """Requests of these kinds that nobody has decided, the most urgent first. Raises `Unavailable`."""
    waiting = await queues.pending(connection, scope, kinds, limit)
    ids = list({one.found.head.id for one in waiting})
    words = Words(turn, await timeline.texts(connection, ids) if ids else {}, {})
    return tuple(Decision(item(one.found, turn), words.request(one.request)) for one in waiting)


async def asked_of(service: Service, actor: Actor, turn: Turn) -> tuple[Asked, ...]:
    """What this person may rule on, the most urgent first; nothing for whoever rules on nothing.

    Raises `Unavailable`.
    """
    reference = service.rules.of(actor.district or "")
    node = reference.tree.get(actor.node) if actor.node else None
    if node is None or not may_ever(actor, "decide-extension", node.level):
        return ()
    async with service.database.acquire() as connection:
        waiting = await decisions(connection, scope_of(actor, reference), turn, KINDS, MOST)
        found = {case.id: case for case in await cases.many(connection, list({one.item.id for one in waiting}))}
    return tuple(Asked(one, found[one.item.id]) for one in waiting if one.item.id in found)
