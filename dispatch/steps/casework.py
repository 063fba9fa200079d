"""A person acts on a whistle: one transaction — lock, ask the rules, save."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
import structlog

from dispatch.domain import whistle
from dispatch.domain.case import Actor, Case
from dispatch.domain.refusals import NotFound, Stale
from dispatch.steps import joining
from dispatch.steps.prepare import Prepared
from dispatch.steps.service import Service
from dispatch.store import action_keys
from dispatch.store import cases as store
from dispatch.store.connection import Connection

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Done:
    """What an act left behind. `changed` is False where it already held."""

    case: Case
    changed: bool


async def admit(
    service: Service, connection: Connection, actor: Actor, target: UUID, action: str, key: str | None = None
) -> Case:
    """The case (without its clocks) for whoever may do `action` on it: asked before anything else is looked at.

    What has been done before under the same `key` may be asked for again, whoever has the whistle by now.
    Raises `NotFound`, which is the same for what does not exist and what is not this actor's to know of; `Forbidden`.
    """
    case = await store.read(connection, target, clocks=False)
    if case is None or case.facts.district not in service.rules.districts:
        raise NotFound("没有这件，或不归您看")
    before = await action_keys.find(connection, actor.principal, key) if key is not None else None
    if before is None or before.whistle != case.id:
        whistle.admit(case, actor, action, service.turn(case.facts.district, case.last_at))
    return case


async def act(
    service: Service,
    actor: Actor,
    target: UUID,
    action: str,
    fields: Mapping[str, Any],
    *,
    version: int | None = None,
    key: str | None = None,
) -> Done:
    """Do `action`. `version` is the one the actor saw; `key` makes a repeatable act happen once.

    Raises a `Refusal`; `Unavailable` when the database is away.
    """
    children: list[Prepared] = []
    if joining.needs_others(action, fields):
        async with service.database.acquire() as connection:
            parent = await admit(service, connection, actor, target, action, key)
        children = await joining.children(service, actor, parent, action, fields, key)
    while (done := await _done(service, actor, target, action, fields, version, key, children)) is None:
        pass  # another one was merged into it just before its lock was ours: that one is locked, too
    return done


async def _done(
    service: Service,
    actor: Actor,
    target: UUID,
    action: str,
    fields: Mapping[str, Any],
    version: int | None,
    key: str | None,
    children: list[Prepared],
) -> Done | None:
    """In one transaction; None: nothing was done, whistles that must be locked with this one became more."""
    async with service.database.transaction() as uow:
        others = await joining.others(uow.connection, target, action, fields)
        cases = await store.lock(uow, [target, *others])
        if action in joining.FOLLOWED and await joining.others(uow.connection, target, action, fields) != others:
            return None
        await store.fill(uow.connection, cases)
        case = next((one for one in cases if one.id == target), None)
        if case is None:
            raise NotFound("没有这件，或不归您看")
        turn = service.turn(case.facts.district, await uow.now())
        if key is not None and await _done_before(uow, actor, case, action, fields, key):
            return Done(case, False)
        full = joining.fields_with(case, cases, action, fields)
        if children:
            full = {**full, **await joining.write_children(service, uow, action, children)}
        changed = whistle.act(case, actor, action, full, turn, version)
        if changed:
            joining.follow(case, cases, action, turn)
            await service.save(uow, cases)
            await joining.note(uow, case, action, turn)
            if key is not None:
                await action_keys.keep(
                    uow, actor.principal, key, case.id, action, _digest(action, fields), case.seq, turn.now
                )
    for child in children if changed else ():
        facts = child.facts
        log.info("whistle.raised", whistle=str(facts.id), number=facts.number, kind=facts.kind, via=facts.via)
    return Done(case, changed)


def _digest(action: str, fields: Mapping[str, Any]) -> bytes:
    body = orjson.dumps([action, dict(fields)], option=orjson.OPT_SORT_KEYS, default=str)
    return hashlib.sha256(body).digest()


async def _done_before(uow: Any, actor: Actor, case: Case, action: str, fields: Mapping[str, Any], key: str) -> bool:
    before = await action_keys.find(uow.connection, actor.principal, key)
    if before is None:
        return False
    if before.whistle != case.id or before.sha256 != _digest(action, fields):
        raise Stale("这个 Idempotency-Key 已经用在另一件事上，请换一个", field="Idempotency-Key", value=key)
    return True
