"""Acts that concern more than one whistle: merging, answering those merged in, splitting off a child.

All states are locked together, in id order; the child is written in the transaction of the act that made it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson

from dispatch.domain import acts_joining
from dispatch.domain.case import CANCELLED, Actor, Case
from dispatch.domain.finish import finish
from dispatch.domain.turn import Turn
from dispatch.steps.intake import receipt, write
from dispatch.steps.prepare import NewWhistle, Prepared, prepare
from dispatch.steps.service import Service, year_of
from dispatch.store import repeats, whistles
from dispatch.store.connection import Connection
from dispatch.store.numbers import is_number
from dispatch.store.unit_of_work import UnitOfWork

#: acts of a main case that those merged into it follow
FOLLOWED = frozenset({"feedback", "close", "reopen", "unmerge", "cancel", "decide-cancel"})


async def others(connection: Connection, target: UUID, action: str, fields: Mapping[str, Any]) -> list[UUID]:
    """Which other whistles must be locked with this one."""
    if action in FOLLOWED:
        return await whistles.merged_into(connection, target)
    if action != "merge":
        return []
    found = await _by_ref(connection, str(fields.get("into") or ""))
    return [found] if found is not None and found != target else []


async def _by_ref(connection: Connection, ref: str) -> UUID | None:
    """A whistle by number or id."""
    if is_number(ref):
        return await whistles.id_of_number(connection, int(ref))
    try:
        return UUID(ref)
    except ValueError:
        return None


def fields_with(case: Case, cases: Sequence[Case], action: str, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """The act's fields with the case it joins."""
    if action != "merge":
        return fields
    main = next((one for one in cases if one.id != case.id), None)
    return {**fields, "main": main}


def follow(case: Case, cases: Sequence[Case], action: str, turn: Turn) -> None:
    """Those merged into a case get its answer and its closing, each in its own log; called off, it sets them free.

    Opened again, or parted from the case that it was closed with, it is waited for again.
    """
    if action not in FOLLOWED:
        return
    fact, reply = case.events[0].type, case.events[0].data.get("reply")
    for one in cases:
        if one.id == case.id:
            continue
        one.actor = case.actor
        if fact in ("answered", "closed"):
            acts_joining.with_main(one, fact, reply if isinstance(reply, str) else None, case, turn)
            finish(one, turn)
        elif fact in ("reopened", "unmerged") and acts_joining.was_answered(one):
            acts_joining.with_main(one, "reopened", None, case, turn)
            finish(one, turn)
        elif case.status == CANCELLED and one.facts.merged_into == case.id:
            acts_joining.set_free(one, case, turn)
            finish(one, turn, status_changed=True)


async def note(uow: UnitOfWork, case: Case, action: str, turn: Turn) -> None:
    """A merge answers what was proposed of its two whistles."""
    if action == "merge" and case.facts.merged_into is not None:
        await repeats.merged(uow, case.id, case.facts.merged_into, case.actor.person, turn.now)


def needs_others(action: str, fields: Mapping[str, Any]) -> bool:
    """Whether other whistles are looked up, or made ready, before the act's own is locked."""
    return action == "merge" or bool(_wanted(action, fields))


async def children(
    service: Service, actor: Actor, parent: Case, action: str, fields: Mapping[str, Any], key: str | None
) -> list[Prepared]:
    """The whistles to be split off, checked as any other: the one of `add-child`, or a consultation's decisions.

    They stand for the parent's street, at its place unless another is named. Raises a `Refusal`.
    """
    wanted, facts = _wanted(action, fields), parent.facts
    if not wanted:
        return []
    await service.whistle_numbers.ready(year_of(await service.database.now()), len(wanted))
    made = key or str(service.new_id())
    prepared = []
    for nth, one in enumerate(wanted):
        body = orjson.dumps(dict(one), option=orjson.OPT_SORT_KEYS, default=str)
        new = NewWhistle(
            street=facts.street,
            body=str(one.get("body") or ""),
            title=str(one.get("title") or ""),
            category=one.get("category"),
            place=one.get("place") or facts.place,
            danger=bool(one.get("danger")),
            via="child",
            sealed=facts.sealed,
            hidden_from=facts.hidden_from,
            parent=facts.id,
            idempotency_key=f"child:{facts.id}:{made}" + (f":{nth}" if nth else ""),
            request_sha256=hashlib.sha256(body).digest(),
        )
        prepared.append(prepare(service, actor, new))
    return prepared


def _wanted(action: str, fields: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    match action:
        case "add-child":
            return [fields]
        case "minutes":
            return [{"body": text} for text in fields.get("decisions") or ()]
        case _:
            return []


async def write_children(
    service: Service, uow: UnitOfWork, action: str, prepared: Sequence[Prepared]
) -> dict[str, Any]:
    """Write them in the act's transaction; their ids and numbers for the parent's log."""
    stored = await write(service, uow, prepared)
    made = [receipt(*both) for both in zip(prepared, stored, strict=True)]
    if action == "add-child":
        return {"child": made[0].id, "number": made[0].number}
    return {"children": [str(one.id) for one in made], "numbers": [one.number for one in made]}
