"""Dead letters settled by a person, one or many: tried again, set aside, or whistled anew; who and why is kept."""

import functools
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import orjson
import structlog

from dispatch.domain.case import Actor
from dispatch.domain.masking import mask
from dispatch.domain.permissions import may_ever
from dispatch.domain.refusals import Forbidden, Invalid, NotFound, Refusal
from dispatch.steps import inbound, raised, replay
from dispatch.steps.intake import write
from dispatch.steps.prepare import NewWhistle, Prepared, prepare
from dispatch.steps.replay import NotWaiting, Step
from dispatch.steps.service import Service, year_of
from dispatch.store import dead_letters, foreign
from dispatch.store.dead_letters import RAISED, WAITING, DeadLetter, Kept
from dispatch.store.intake import Stored
from dispatch.store.unit_of_work import UnitOfWork
from schemas import topics
from schemas.envelope import Unusable, decode

log = structlog.get_logger(__name__)

ACTION = "dead-letters"
LONGEST_WHY = 500


@dataclass(frozen=True, slots=True)
class Retold:
    """What a letter says, as far as it can be read; a person completes it before it is whistled anew.

    `read`: its fields were found, or a person wrote them; else `body` is only what its bytes look like.
    """

    body: str = ""
    title: str = ""
    place: str = ""
    read: bool = True


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one letter: `error` says why nothing did; `number` is the whistle's that it was raised as.

    `refusal`: the rule that `error` comes from, for whoever says it in another language.
    """

    id: UUID
    error: str | None = None
    number: int | None = None
    refusal: Refusal | None = None


def steps(service: Service) -> Mapping[str, Step]:
    """What takes a record of which topic, as the handlers do."""
    route: Step = functools.partial(raised.take, service)
    return {
        topics.RAISED: route,
        topics.RAISED_URGENT: route,
        topics.INBOUND: functools.partial(inbound.take, service),
    }


async def read(service: Service, actor: Actor, id: UUID) -> Kept:
    """One letter with what became of it. Raises `Forbidden`, `NotFound`."""
    permit(actor)
    async with service.database.acquire() as connection:
        found = await dead_letters.read(connection, id)
    if found is None or _district_of(service, found.letter) not in (None, actor.district):
        raise NotFound("没有这条异常消息（{value}）", field="id", value=str(id))
    return found


def _district_of(service: Service, letter: DeadLetter) -> str | None:
    """Whose it is, by its source or what it says; None where nobody can tell: then every district's desk may look."""
    name = _name_of(letter)
    if name is not None:
        known = service.rules.source(name[0])
        return known.district if known else None
    try:
        event = decode(letter.topic, letter.key, letter.headers, letter.value)
    except Unusable:
        return None
    found = event.data.get("district")
    return found if isinstance(found, str) else None


async def replay_one(service: Service, actor: Actor, id: UUID, why: str) -> Settled:
    """Try it now. A record whose effect stands already changes nothing and is settled. Raises as `settle`."""
    why = _reason(actor, why)
    await read(service, actor, id)
    said = await replay.replay(service.database, steps(service), id, by=_name(actor), why=why)
    return Settled(id, said)


async def discard_one(service: Service, actor: Actor, id: UUID, why: str) -> Settled:
    """It needs nothing more. Raises as `settle`."""
    why = _reason(actor, why)
    await read(service, actor, id)
    await replay.discard(service.database, id, by=_name(actor), why=why)
    return Settled(id)


async def raise_one(service: Service, actor: Actor, id: UUID, why: str, told: Retold | None = None) -> Settled:
    """Whistle it anew, in the words of `told` or, without, its own; a second time it is the same whistle.

    A message of another system keeps its name (source, id): should it come again, it finds this whistle.
    Raises `Forbidden`, `Invalid`, `NotFound`, `NotWaiting`.
    """
    why = _reason(actor, why)
    kept = await read(service, actor, id)
    if kept.status == RAISED:
        return Settled(id, number=kept.number)
    source, key = _name_of(kept.letter) or ("", str(id))
    told = told or retold(kept.letter)
    if not told.read:
        raise Invalid("内容读不出来，请打开这一条，自己写上什么事", field="body", value=str(id))
    prepared = _prepare(service, actor, kept.letter, told, source, key)
    await service.whistle_numbers.ready(year_of(await service.database.now()), 1)
    async with service.database.transaction() as uow:
        locked = await dead_letters.read(uow.connection, id, lock=True)
        if locked is None or locked.status not in (WAITING, RAISED):
            raise NotWaiting(str(id))
        if locked.status == RAISED:
            return Settled(id, number=locked.number)
        (row,) = await write(service, uow, [prepared])
        now = await uow.now()
        await dead_letters.settle(uow.connection, id, RAISED, by=_name(actor), at=now, why=why, whistle=row.id)
        if source:
            await _answer(service, uow, prepared, row, source, key)
    if row.id == prepared.facts.id:
        log.info("whistle.raised", whistle=str(row.id), number=row.number, via=prepared.facts.via)
    return Settled(id, number=row.number)


async def many(
    one: Callable[[Service, Actor, UUID, str], Awaitable[Settled]],
    service: Service,
    actor: Actor,
    ids: Sequence[UUID],
    why: str,
) -> list[Settled]:
    """`one` (of the three above) for each letter by itself: one that will not costs the others nothing."""
    _reason(actor, why)
    done: list[Settled] = []
    for id in dict.fromkeys(ids):
        try:
            done.append(await one(service, actor, id, why))
        except NotWaiting:
            done.append(Settled(id, "settled"))
        except Refusal as refusal:
            done.append(Settled(id, refusal.words(), refusal=refusal))
    return done


def permit(actor: Actor) -> None:
    """Raises `Forbidden` for whoever has nothing to do with dead letters."""
    if not may_ever(actor, ACTION):
        raise Forbidden("异常消息由区调度台和管理员处理", field="role", value=actor.role)


def _reason(actor: Actor, why: str) -> str:
    permit(actor)
    why = why.strip()[:LONGEST_WHY]
    if not why:
        raise Invalid("写上为什么", field="why", value=why)
    return why


def _name(actor: Actor) -> str:
    return actor.person or actor.principal


def retold(letter: DeadLetter) -> Retold:
    """What can be read of it: the fields of a JSON object, else the bytes as text. Only a raise could stand there."""
    if letter.topic != topics.INBOUND or letter.value is None:
        return Retold()
    try:
        whole = orjson.loads(letter.value)
    except orjson.JSONDecodeError:
        said = letter.value.decode(errors="replace").replace("\x00", "")
        return Retold(mask(said[:10_000])[0], read=False)
    data = whole.get("data", whole) if isinstance(whole, dict) else {}
    if not isinstance(data, dict):
        return Retold()

    def text(name: str) -> str:
        value = data.get(name)
        return mask(value.replace("\x00", ""))[0] if isinstance(value, str) else ""

    return Retold(text("body")[:10_000], text("title")[:120], text("place")[:128])


def _name_of(letter: DeadLetter) -> tuple[str, str] | None:
    """(source, id) of another system's message, where that much can be read."""
    if letter.topic != topics.INBOUND:
        return None
    try:
        event = decode(letter.topic, letter.key, letter.headers, letter.value)
    except Unusable:
        given = {name: (value or b"").decode(errors="replace") for name, value in letter.headers}
        source, id = given.get("ce_source", ""), given.get("ce_id", "")
        plain = all(text and text.isascii() and text.isprintable() and " " not in text for text in (source, id))
        return (source[:255], id[:255]) if plain else None
    return event.source, event.id


def _prepare(service: Service, actor: Actor, letter: DeadLetter, told: Retold, source: str, key: str) -> Prepared:
    reference = service.rules.of(actor.district or "")
    known = service.rules.source(source) if source else None
    place = told.place.strip() or (known.street if known and known.district == actor.district else "")
    if place not in reference.tree:
        raise Invalid("没有「{value}」这个地点，请从地点列表里选", field="place", value=place)
    street = next((node.code for node in reference.tree.chain(place) if node is not None and node.level == 4), None)
    if street is None:
        raise Invalid("写到街道或更细的一处，不能是整个区", field="place", value=place)
    new = NewWhistle(
        street=street,
        place=place,
        title=told.title,
        body=told.body,
        danger_by_words=True,
        source={"channel": known.channel if known else "异常消息", "number": None, "callback_required": False},
        via="inbound" if letter.topic == topics.INBOUND else "form",
        idempotency_key=key,
        request_sha256=hashlib.sha256(f"{told}".encode()).digest(),
    )
    # the key that the message itself would have had: whichever comes first, the other finds it
    principal = f"source:{source}" if source else "dead-letter"
    return prepare(service, replace(actor, principal=principal), new)


async def _answer(
    service: Service, uow: UnitOfWork, prepared: Prepared, row: Stored, source: str, source_id: str
) -> None:
    now = await uow.now()
    await foreign.remember(uow, [(source, source_id, row.id)], now)
    answer = inbound.accepted(service, prepared, row, source, source_id, now)
    await uow.announce([inbound.row_of(answer)], now)
