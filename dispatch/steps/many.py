"""Many people's acts at one moment, in one transaction: lock, ask the rules for each, save once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from dispatch.domain import whistle
from dispatch.domain.case import Actor, Case
from dispatch.domain.refusals import Refusal
from dispatch.steps.service import Service
from dispatch.store import cases as store


@dataclass(frozen=True, slots=True)
class Wanted:
    """Somebody wants to act on a whistle (nothing that concerns a second whistle: no merge, no child)."""

    actor: Actor
    target: UUID
    action: str
    fields: Mapping[str, Any] = field(default_factory=dict)


async def act_many(service: Service, wanted: Sequence[Wanted]) -> list[Case | Refusal]:
    """Do them, each whistle at most once; for each the case as it then stands, or why not.

    A refusal concerns its own act only. Raises `Unavailable`; an act that fails otherwise undoes all of them.
    """
    targets = [one.target for one in wanted]
    if len(set(targets)) != len(targets):
        raise ValueError("a whistle is named twice; its second act must see the first")
    results: list[Case | Refusal] = []
    async with service.database.transaction() as uow:
        cases = await store.lock(uow, targets)
        await store.fill(uow.connection, cases)
        by_id = {case.id: case for case in cases}
        now = await uow.now()
        for one in wanted:
            case = by_id[one.target]
            turn = service.turn(case.facts.district, now)
            try:
                whistle.act(case, one.actor, one.action, one.fields, turn)
            except Refusal as refusal:
                by_id.pop(case.id)
                results.append(refusal)
            else:
                results.append(case)
        await service.save(uow, list(by_id.values()))
    return results
