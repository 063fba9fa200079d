"""The state machine at work: what somebody may do on a case now, and doing it.

`act` is the only way a person's deed changes a case. The table is `transitions.TABLE`, who may do what is
`permissions.TABLE`.
"""

from collections.abc import Mapping
from typing import Any

from dispatch.domain import permissions
from dispatch.domain.case import Actor, Case
from dispatch.domain.finish import finish
from dispatch.domain.reasons import not_in
from dispatch.domain.refusals import Forbidden, Invalid, NotFound, NotNow, Refusal, Stale
from dispatch.domain.transitions import TABLE, Transition
from dispatch.domain.turn import Turn

__all__ = ["TABLE", "act", "admit", "allowed", "barred", "hindrance", "may", "possible"]

Fields = Mapping[str, Any]


def _level(actor: Actor, turn: Turn) -> int | None:
    node = turn.reference.tree.get(actor.node) if actor.node else None
    return node.level if node else None


def may(case: Case, actor: Actor, action: str, turn: Turn) -> bool:
    """Whether the table of permissions lets this actor do it on this case."""
    chain = turn.chain(case.facts.place)
    return permissions.may(actor, action, case, chain, _level(actor, turn))


def possible(case: Case, actor: Actor, action: str, turn: Turn) -> bool:
    """Whether the act could be done now by this actor, with some fields."""
    return may(case, actor, action, turn) and hindrance(case, actor, action, turn) is None


def hindrance(case: Case, actor: Actor, action: str, turn: Turn) -> Refusal | None:
    """Why an act of this actor's cannot be done now, whatever its fields; None: it can."""
    row = TABLE[action]
    if case.status not in row.sources:
        return _wrong_status(case, action)
    if row.guard is None:
        return None
    try:
        row.guard(case, actor, PROBE, turn)
    except (Invalid, NotFound):  # a missing field is no reason against offering the act
        return None
    except Refusal as refusal:
        return refusal
    return None


class _Probe(dict[str, Any]):
    """Fields of an act that is only asked about: guards see that nothing was given yet."""


PROBE: Fields = _Probe()


def allowed(case: Case, actor: Actor, turn: Turn) -> tuple[str, ...]:
    """The acts this actor could do now, in the table's order."""
    return tuple(action for action in TABLE if possible(case, actor, action, turn))


def barred(case: Case, actor: Actor, turn: Turn) -> dict[str, Refusal]:
    """The acts that are this actor's, but cannot be done now: each with the reason, in the table's order."""
    mine = (action for action in TABLE if may(case, actor, action, turn))
    return {action: why for action in mine if (why := hindrance(case, actor, action, turn)) is not None}


def admit(case: Case, actor: Actor, action: str, turn: Turn) -> Transition:
    """The act's row, for an actor who may do it on this case in some state of it; asked before anything is looked up.

    Raises `NotFound` where the case is not this actor's to know of, `Forbidden` where the act is not theirs.
    """
    row = TABLE.get(action)
    if row is None:
        raise NotFound("没有「{action}」这个动作", field="action", value=action, action=action)
    if may(case, actor, action, turn):
        return row
    if not may(case, actor, "read", turn):
        raise NotFound("没有这件，或不归您看")
    raise Forbidden("您的岗位不能做「{action}」", field="action", value=action, action=action)


def _wrong_status(case: Case, action: str, instead: tuple[str, ...] = ()) -> NotNow:
    stands, then = not_in(action, case.status)
    return NotNow("{stands}；{then}", allowed=instead, action=action, stands=stands, then=then)


def act(case: Case, actor: Actor, action: str, fields: Fields, turn: Turn, version: int | None = None) -> bool:
    """Do it. False: it already holds, nothing was changed. Raises a `Refusal`, naming the remedy."""
    row = admit(case, actor, action, turn)
    if row.in_force(case, actor, fields):
        return False
    _fresh(case, actor, version)
    if case.status not in row.sources:
        raise _wrong_status(case, action, allowed(case, actor, turn))
    if row.guard is not None:
        row.guard(case, actor, fields, turn)
    case.actor = actor
    before = (case.status, case.gen)
    status = row.effect(case, actor, fields, turn)
    if status is not None:
        case.status = status
    finish(case, turn, status_changed=before != (case.status, case.gen))
    return True


def _fresh(case: Case, actor: Actor, version: int | None) -> None:
    """A unit's view is stale only if its own part, the status or gen changed; anyone else's if anything did."""
    if version is None or version == case.version:
        return
    part = case.unit(actor.unit)
    if part is not None and version >= max(part.version, case.status_version):
        return
    raise Stale("别人刚办了一步，请看过再继续", field="version", value=version)
