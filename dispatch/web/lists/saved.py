"""Filters that a person keeps: what is kept of an address, and the chips above a list."""

from collections.abc import Collection, Sequence
from urllib.parse import parse_qsl, urlencode

from dispatch.domain.case import ASSIST, INFORM, LEAD, STATUSES
from dispatch.domain.clocks import STAGES
from dispatch.domain.duty import KINDS
from dispatch.domain.parts import DONE, ON_SITE, SIGNED, WAITING
from dispatch.domain.reference import Reference
from dispatch.domain.refusals import Invalid
from dispatch.steps.list_filters import LAMPS, Asked, filters_of
from dispatch.steps.saved_filters import LONGEST_NAME
from dispatch.store.saved_filters import Saved
from dispatch.web.lists.address import DUE, Address
from dispatch.web.models.parts import NavItem
from dispatch.web.models.saved import SavedFilters

#: whose page they are looked after on
PAGE = "/account/filters"
#: what of an address is kept, in this order, so that the same filter is always the same words; a moment
#: (`changed`) and a place in the list are not
KEPT = (
    *("unit", "street", "place", "status", "part", "rework", "role", "lamp", "due", "stage", "category", "kind"),
    "q",
)
#: filters with few values; the others are codes of the rules
_FEW: dict[str, Collection[str]] = {
    "status": (*STATUSES, "open"),
    "part": (WAITING, SIGNED, ON_SITE, DONE),
    "role": (LEAD, ASSIST, INFORM),
    "lamp": LAMPS,
    "due": DUE,
    "stage": STAGES,
    "kind": KINDS,
}


def list_of(path: str) -> str:
    """The list as it is stored."""
    return path.removeprefix("/")


def link(saved: Saved) -> str:
    """The address of a kept filter, the same that can be shared."""
    return f"/{saved.list}?{saved.query}"


def canonical(address: Address, asked: Asked, reference: Reference) -> str:
    """The filter as a query, made of what was understood: nothing that is no filter gets in. Raises `Invalid`."""
    text = filters_of(asked, reference).text or ""
    made = {name: address.get(name) for name in KEPT}
    made |= {"rework": "1" if asked.rework else "", "q": " ".join(text.split())}
    for name, value in made.items():
        if value and name not in ("rework", "q") and not _known(name, value, reference):
            raise Invalid("没有「{value}」这个筛选；请从列表的筛选里选", field="name", value=value[:40])
    return urlencode({name: value for name, value in made.items() if value})


def _known(name: str, value: str, reference: Reference) -> bool:
    match name:
        case "unit":
            return value in reference.units
        case "category":
            return reference.duties.get(value) is not None
        case "street" | "place":
            return value in reference.tree
    return value in _FEW[name]


def shown(address: Address, saved: Sequence[Saved], *, own: bool) -> SavedFilters | None:
    """The chips of a list; None where there is nothing to show. `own`: whoever looks may change them."""
    present = {name: address.get(name) for name in KEPT if address.get(name)}
    links = tuple(NavItem(one.name, link(one), dict(parse_qsl(one.query)) == present) for one in saved)
    free = own and present and not any(one.current for one in links)
    if not links and not free:
        return None
    return SavedFilters(links, address.to() if free else "", PAGE, PAGE if own and links else "", LONGEST_NAME)


__all__ = ["PAGE", "canonical", "link", "list_of", "shown"]
