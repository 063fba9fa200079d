"""Who may do what: one table of role × action × scope, asked by every view, API and step."""

from collections.abc import Iterable
from dataclasses import dataclass

from dispatch.domain import involved
from dispatch.domain.case import Actor, Case
from dispatch.domain.reference import Chain

CLERK, LIAISON, SUPERIOR, IN_CHARGE = "street-clerk", "liaison", "superior", "person-in-charge"
DESK, DUTY, ADMIN, AUDITOR, SYSTEM = "desk", "duty-officer", "administrator", "auditor", "system"
ROLES = (CLERK, LIAISON, SUPERIOR, IN_CHARGE, DESK, DUTY, ADMIN, AUDITOR)

#: seat post → role
ROLE_OF_POST = {
    "liaison": LIAISON,
    "deputy": LIAISON,
    "rota": LIAISON,
    "section": SUPERIOR,
    "leader": SUPERIOR,
    "principal": SUPERIOR,
    "head": IN_CHARGE,
    "clerk": CLERK,
    "secretary": IN_CHARGE,
    "duty": DUTY,
    "dispatcher": DESK,
    "administrator": ADMIN,
    "auditor": AUDITOR,
}

# scopes: what of a case must be the actor's
UNIT, LEAD, STREET, PLACE, DISTRICT, TARGET = "unit", "lead", "street", "place", "district", "target"
#: the district, in place of a street that may not know of the case
STAND_IN = "stand-in"


@dataclass(frozen=True, slots=True)
class Grant:
    """`role` may do `action` on cases that are the actor's by `scope`; only on rungs `levels` where given."""

    role: str
    action: str
    scope: str
    levels: frozenset[int] = frozenset()


def _grants(role: str, scope: str, actions: str, levels: Iterable[int] = ()) -> list[Grant]:
    return [Grant(role, action, scope, frozenset(levels)) for action in actions.split()]


TABLE: tuple[Grant, ...] = (
    # pages that are no whistle: a unit's queue, a street's list, the chain, the desk; photos to be shown in an act
    *_grants(LIAISON, UNIT, "queue photo"),
    *_grants(SUPERIOR, UNIT, "queue photo"),
    *_grants(CLERK, STREET, "street photo"),
    *_grants(CLERK, PLACE, "queue"),
    *_grants(DUTY, STREET, "street photo"),
    *_grants(DUTY, PLACE, "queue"),
    *_grants(IN_CHARGE, PLACE, "chain photo queue"),
    *_grants(IN_CHARGE, DISTRICT, "queue", (5,)),
    *_grants(IN_CHARGE, STREET, "street", (4,)),
    *_grants(DESK, DISTRICT, "desk queue photo"),
    *_grants(ADMIN, DISTRICT, "queue"),
    *_grants(AUDITOR, DISTRICT, "queue"),
    # the leave of others; one's own is everybody's to note
    *_grants(SUPERIOR, UNIT, "note-leave"),
    *_grants(DESK, DISTRICT, "note-leave"),
    *_grants(ADMIN, DISTRICT, "note-leave"),
    # the duty list, policies and word lists as text: looked at, changes proposed, and decided by a second person
    *_grants(DESK, DISTRICT, "rules propose-rules decide-rules"),
    *_grants(ADMIN, DISTRICT, "rules propose-rules decide-rules"),
    *_grants(AUDITOR, DISTRICT, "rules"),
    # the name and phone of whoever told it, whole, for a reason that is kept
    *_grants(LIAISON, LEAD, "reporter"),
    *_grants(CLERK, STREET, "reporter"),
    *_grants(DESK, DISTRICT, "reporter"),
    # what is done to whistles
    *_grants(
        LIAISON,
        UNIT,
        "read report-in arrive leave note resolve hand-back request-extension request-hold consult object"
        " withdraw sign-instruction explain",
    ),
    *_grants(SUPERIOR, UNIT, "read explain"),
    *_grants(CLERK, DISTRICT, "raise"),
    *_grants(
        CLERK,
        STREET,
        "read assign call keep verify feedback callback evaluate close cancel request-cancel transfer reopen"
        " request-hold note urge add-child deny-arrival resume withdraw sign-instruction",
    ),
    *_grants(CLERK, TARGET, "read accept-transfer decline-transfer"),
    *_grants(CLERK, PLACE, "read", (4,)),
    *_grants(DUTY, STREET, "read note urge"),
    *_grants(
        IN_CHARGE,
        PLACE,
        "read decide-extension decide-hold decide-consult consult minutes take-over instruct urge note send-down",
        (4, 5),
    ),
    # below the street: what they solve themselves (LOCAL) they keep, resolve, call off
    *_grants(IN_CHARGE, PLACE, "read note arrive urge send-up keep resolve cancel sign-instruction", (1, 2, 3)),
    *_grants(IN_CHARGE, DISTRICT, "raise", (1, 2, 3, 4, 5)),
    *_grants(
        DESK,
        DISTRICT,
        "read raise assign call rule decide-extension decide-cancel decide-objection merge unmerge"
        " reopen send-down urge note consult minutes resume cancel keep transfer dead-letters decide-consult"
        " decide-review confirm-clock sign-instruction retry-notices",
    ),
    *_grants(DESK, STAND_IN, "verify feedback callback evaluate close deny-arrival add-child"),
    *_grants(ADMIN, DISTRICT, "read administer dead-letters retry-notices"),
    *_grants(AUDITOR, DISTRICT, "read audit"),
)

_BY_ROLE: dict[tuple[str, str], tuple[Grant, ...]] = {}
for _grant in TABLE:
    _key = (_grant.role, _grant.action)
    _BY_ROLE[_key] = (*_BY_ROLE.get(_key, ()), _grant)


def _covers(grant: Grant, actor: Actor, case: Case, chain: Chain, level: int | None) -> bool:
    if grant.levels and level not in grant.levels:
        return False
    match grant.scope:
        case "unit":
            return actor.unit is not None and (
                any(part.unit == actor.unit for part in case.assignments.values() if part.status != "released")
                or (grant.action == "read" and case.invited(actor.unit))
            )
        case "lead":
            part = case.unit(actor.unit)
            return part is not None and part.role == "lead" and part.status != "released"
        case "street":
            return actor.node == case.facts.street
        case "place":
            if case.facts.place is None:  # then the ladder stands on the street that raised it
                own = {4: case.facts.street, 5: case.facts.district}.get(level or 0)
                return own is not None and actor.node == own
            return any(node is not None and node.code == actor.node for node in chain)
        case "target":
            asked = case.pending("transfer")
            return asked is not None and asked.data.get("to") == actor.node
        case "stand-in":
            return involved.stands_in(case) and actor.district == case.facts.district
        case _:
            return actor.district == case.facts.district


def may(actor: Actor, action: str, case: Case, chain: Chain, level: int | None = None) -> bool:
    """Whether `actor` may do `action` on `case`; `chain` is the place's, `level` the rung of the actor's node.

    Sealed cases are seen by those involved only (`involved`).
    """
    if actor.role == SYSTEM:
        return True
    if actor.district != case.facts.district:
        return False
    if case.facts.hidden_from and (actor.node in case.facts.hidden_from or actor.unit in case.facts.hidden_from):
        return False
    granted = any(_covers(grant, actor, case, chain, level) for grant in _BY_ROLE.get((actor.role, action), ()))
    return granted and (not case.facts.sealed or _involved(actor, case))


def _involved(actor: Actor, case: Case) -> bool:
    match actor.role:
        case "desk":
            return True
        case "liaison" | "superior":
            return case.unit(actor.unit) is not None or case.invited(actor.unit)
        case "street-clerk" | "duty-officer" | "person-in-charge":
            return involved.node_involved(case, actor.node, counter=actor.role != IN_CHARGE)
    return False


def granted(actor: Actor, action: str, level: int | None = None) -> tuple[Grant, ...]:
    """The grants of an action to the actor's role; with `level`, the rung of the actor's node, only those for it."""
    found = _BY_ROLE.get((actor.role, action), ())
    return tuple(grant for grant in found if level is None or not grant.levels or level in grant.levels)


def may_ever(actor: Actor, action: str, level: int | None = None) -> bool:
    """Whether the role, at this rung where one is named, has the action at all, whatever the case."""
    return actor.role == SYSTEM or bool(granted(actor, action, level))
