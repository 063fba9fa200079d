"""What somebody may see, from the one table of permissions, as a question that the store can ask."""

from dispatch.domain import permissions
from dispatch.domain.case import Actor
from dispatch.domain.permissions import CLERK, DESK, DUTY, IN_CHARGE, LIAISON, SUPERIOR
from dispatch.domain.reference import Node, Reference
from dispatch.store.search import Scope


def scope_of(actor: Actor, reference: Reference) -> Scope:
    """Everything this actor may read: the grants of `read` in `permissions.TABLE`, whatever the case."""
    node = reference.tree.get(actor.node) if actor.node else None
    ways: dict[str, object] = {}
    for grant in permissions.TABLE:
        if (grant.role, grant.action) != (actor.role, "read"):
            continue
        if grant.levels and (node is None or node.level not in grant.levels):
            continue
        match grant.scope:
            case permissions.DISTRICT:
                ways["whole"] = True
            case permissions.UNIT:
                ways["unit"] = actor.unit
            case permissions.STREET:
                ways["street"] = actor.node
            case permissions.TARGET:
                ways["target"] = actor.node
            case permissions.PLACE if node is not None:
                ways |= _places(node, reference)
    hide = tuple(code for code in (actor.node, actor.unit) if code)
    return Scope(actor.district or "", hide=hide, sealed=_sealed(actor), **ways)  # type: ignore[arg-type]


def _sealed(actor: Actor) -> str:
    """Which sealed ones are this actor's business, as `domain.involved` has it."""
    if actor.role == DESK or (actor.role == IN_CHARGE and actor.node == actor.district):
        return "all"
    return {LIAISON: "unit", SUPERIOR: "unit", CLERK: "street", DUTY: "street"}.get(actor.role, "none")


def _places(node: Node, reference: Reference) -> dict[str, object]:
    if node.level == 5:
        return {"whole": True}
    unplaced = {"unplaced": node.code} if node.level == 4 else {}
    return {"places": places_of(node.code, reference), **unplaced}


def subtree(code: str, reference: Reference) -> tuple[str, ...]:
    """A node and everything below it."""
    found, waiting = [], [code]
    while waiting:
        here = waiting.pop()
        found.append(here)
        waiting.extend(node.code for node in reference.tree.children(here))
    return tuple(found)


def places_of(code: str, reference: Reference) -> tuple[str, ...]:
    """The places whose chain goes through a node: those below it, and for a general one what falls to it."""
    above = [node.code for node in reference.tree.ancestors(code)[1:]]
    fallen = [
        place for place in above if any(node is not None and node.code == code for node in reference.tree.chain(place))
    ]
    return (*subtree(code, reference), *fallen)


__all__ = ["places_of", "scope_of", "subtree"]
