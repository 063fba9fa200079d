"""The first moment of a case: its facts, its two first clocks, its first event."""

from uuid import UUID

from dispatch.domain import acts_local, clocks
from dispatch.domain.case import LOCAL, RAISED, Actor, Case, Facts
from dispatch.domain.clocks import DISPATCH, HANDLING, TOTAL
from dispatch.domain.effects import Event
from dispatch.domain.turn import Turn


def receive(facts: Facts, turn: Turn, event: UUID, clock_ids: tuple[UUID, UUID], actor: Actor) -> Case:
    """A case as it stands with its receipt: the clocks of `DISPATCH` and `TOTAL` run, `raised` is in the log.

    One raised below the street is LOCAL, and its HANDLING runs instead.
    """
    status, first = (LOCAL, HANDLING) if facts.local else (RAISED, DISPATCH)
    case = Case(facts, status, 1, 1, 1, None, None, None, 0, turn.now, 1, actor=actor)
    for stage, clock_id in zip((first, TOTAL), clock_ids, strict=True):
        policy = acts_local.policy_of(case, turn) if stage == HANDLING else turn.stage_policy(case, stage)
        clocks.start(
            case, stage, None, turn.now, policy, turn.district_calendar, clock_id,
            source=(facts.source_due_at, turn.policy(case).source_margin) if stage == TOTAL else None,
        )  # fmt: skip
    data = {
        "kind": facts.kind,
        "danger": facts.danger,
        "category": facts.category,
        "place": facts.place,
        "street": facts.street,
        "via": facts.via,
        "status": status,
        "version": 1,
        "rules": turn.reference.edition,
    }
    if facts.place_by:
        data["place_by"] = facts.place_by
    if facts.danger_answer:
        data["danger_answer"] = facts.danger_answer
    if facts.local:
        data["local"] = facts.local
    if facts.sealed or facts.hidden_from:
        data |= {"sealed": facts.sealed, "hidden_from": list(facts.hidden_from)}
    case.events.append(Event(event, "raised", data, seq=1))
    return case
