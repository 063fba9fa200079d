"""Repeats that were proposed (`duplicates`), for the desk to look at: merged into the earlier, or refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from dispatch.domain.case import Actor, Case
from dispatch.domain.refusals import NotFound, NotNow, Refusal
from dispatch.domain.turn import Turn
from dispatch.steps import casework, readable
from dispatch.steps.duplicates import common
from dispatch.steps.lists import Item, item
from dispatch.steps.service import Service
from dispatch.store import repeats as store
from dispatch.store import search, whistles
from dispatch.store.connection import Connection
from dispatch.store.search import Scope

log = structlog.get_logger(__name__)

TAKE, REFUSE = "take", "refuse"
#: the act that takes a pair, and whose grant refusing it asks for
ACT = "merge"


@dataclass(frozen=True, slots=True)
class Repeat:
    """The later whistle, the earlier that it seems to repeat, how alike they are (0–1), and passages both have.

    `at`, `into_at`: when what they tell of happened. Of a sealed one no passage is told.
    """

    item: Item
    into: Item
    at: datetime
    into_at: datetime
    score: float
    alike: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of one pair, as it was named: nothing if `refusal` says why."""

    whistle: str
    into: str
    refusal: Refusal | None = None


async def waiting(connection: Connection, scope: Scope, turn: Turn, limit: int) -> tuple[Repeat, ...]:
    """Pairs that nobody has decided and whose both sides this scope may see, the latest proposed first."""
    pairs = await store.waiting(connection, scope.district, limit)
    ids = list({id for pair in pairs for id in (pair.whistle, pair.into)})
    if not ids:
        return ()
    seen = {row.head.id: item(row, turn) for row in await search.by_ids(connection, scope, ids)}
    texts = await whistles.texts(connection, [id for id, one in seen.items() if not one.sealed])
    at = await whistles.happened(connection, list(seen))
    made: list[Repeat] = []
    for pair in pairs:
        if pair.whistle in seen and pair.into in seen:
            later, earlier = ("\n".join(texts.get(id, ())) for id in (pair.whistle, pair.into))
            when = at[pair.whistle], at[pair.into]
            made.append(Repeat(seen[pair.whistle], seen[pair.into], *when, pair.score, common(later, earlier)))
    return tuple(made)


async def take(service: Service, actor: Actor, whistle: str, into: str) -> None:
    """Merge the later into the earlier, or into what that became part of meanwhile.

    Raises `NotFound`, `Forbidden`, `NotNow`.
    """
    later, earlier = await _pair(service, actor, whistle, into)
    main = earlier.facts.merged_into or earlier.id
    await _standing(service, later.id, main)
    await casework.act(service, actor, later.id, ACT, {"into": str(main)})
    log.info("repeat.taken", whistle=str(later.id), into=str(main), seat=actor.seat)


async def refuse(service: Service, actor: Actor, whistle: str, into: str) -> None:
    """They are not the same; the pair is not proposed again. Raises `NotFound`, `Forbidden`, `NotNow`."""
    later, earlier = await _pair(service, actor, whistle, into)
    async with service.database.transaction() as uow:
        if not await store.refuse(uow, later.id, earlier.id, actor.person, await uow.now()):
            raise _settled()
    log.info("repeat.refused", whistle=str(later.id), into=str(earlier.id), seat=actor.seat)


async def many(service: Service, actor: Actor, decision: str, pairs: Sequence[tuple[str, str]]) -> list[Decided]:
    """`take` or `refuse` each pair by itself: one that will not costs the others nothing."""
    one = take if decision == TAKE else refuse
    done: list[Decided] = []
    for whistle, into in dict.fromkeys(pairs):
        try:
            await one(service, actor, whistle, into)
        except Refusal as refusal:
            done.append(Decided(whistle, into, refusal))
        else:
            done.append(Decided(whistle, into))
    return done


async def _pair(service: Service, actor: Actor, whistle: str, into: str) -> tuple[Case, Case]:
    """Both whistles, for whoever may merge them."""
    async with service.database.acquire() as connection:
        return await _one(service, connection, actor, whistle), await _one(service, connection, actor, into)


async def _one(service: Service, connection: Connection, actor: Actor, ref: str) -> Case:
    try:
        return await casework.admit(service, connection, actor, await readable.resolve(connection, ref), ACT)
    except NotFound as refusal:
        raise (refusal if refusal.field else readable.gone(ref)) from refusal


async def _standing(service: Service, whistle: UUID, into: UUID) -> None:
    async with service.database.acquire() as connection:
        if not await store.stands(connection, whistle, into):
            raise _settled()


def _settled() -> NotNow:
    return NotNow("这一对已经有人处理过了")
