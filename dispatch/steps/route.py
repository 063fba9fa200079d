"""Route what was raised: the duty list decides, in one transaction for a whole batch.

Whether a whistle is still to be routed is read from its state, never from the message: a late duplicate finds it
routed and does nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from dispatch.domain import outcome
from dispatch.domain.case import RAISED, Case
from dispatch.domain.finish import finish
from dispatch.domain.matching import Match, match
from dispatch.domain.routing import Routing, UnknownUnitError, away_from, decide, named
from dispatch.domain.turn import Turn
from dispatch.steps.service import Service
from dispatch.store import cases as store
from dispatch.store import whistles
from dispatch.store.unit_of_work import UnitOfWork

Origin = Mapping[str, object]


async def route(service: Service, uow: UnitOfWork, ids: Sequence[UUID], origins: Mapping[UUID, Origin]) -> list[Case]:
    """Route every one of these whistles that is still `raised`. `origins` say where on which topic they came from."""
    cases = await store.lock(uow, ids, status=RAISED)
    if not cases:
        return []
    # one just raised has nothing but its clocks; one that another street took over has more
    await store.fill(uow.connection, cases, fresh=all(case.seq == 1 for case in cases))
    texts = await whistles.texts(uow.connection, [case.id for case in cases if _changed(service, case)])
    now = await uow.now()
    for case in cases:
        turn = service.turn(case.facts.district, now)
        origin = origins.get(case.id)
        outcome.apply(case, _decide(case, turn, texts), turn, dict(origin) if origin else None)
        finish(case, turn, status_changed=True)
    await service.save(uow, cases)
    return cases


def _changed(service: Service, case: Case) -> bool:
    """Whether the duty list is another one than at intake: then the text is matched again."""
    matched = case.facts.matched
    return matched is None or matched["version"] != service.rules.of(case.facts.district).duties.version


def _decide(case: Case, turn: Turn, texts: Mapping[UUID, tuple[str, str]]) -> Routing:
    reference, facts = turn.reference, case.facts
    if case.id in texts:
        found = match(reference.duties, *texts[case.id])
    else:
        assert facts.matched is not None
        found = Match.from_json(facts.matched)
    chain = turn.chain(facts.place)
    kind: Any = facts.kind
    routing = decide(
        reference.duties,
        found,
        chain=chain,
        units=reference.units,
        category=facts.category,
        kind=kind,
        danger=facts.danger,
    )
    if facts.hidden_from:
        routing = away_from(routing, facts.hidden_from, chain, reference.units)
    if facts.named is None:
        return routing
    try:
        return named(
            routing,
            facts.named["lead"],
            facts.named.get("assist") or (),
            facts.named.get("override_reason") or "",
            chain=turn.chain(facts.place or facts.street),
            units=reference.units,
        )
    except UnknownUnitError:  # named at intake, gone from the list since: the rule decides
        return routing
