"""The views of a unit's queue: each is a filter under a name, with its count."""

from dispatch.domain.case import INFORM
from dispatch.domain.reference import Unit
from dispatch.store.queue_tally import Tally
from dispatch.web.common.frame import LOAD
from dispatch.web.i18n import _
from dispatch.web.lists.address import Address
from dispatch.web.models.parts import NavItem
from dispatch.web.models.queue import ViewGroup

#: filters that mix with every view; then nothing is counted
NARROWING = ("lamp", "street", "category", "stage", "kind", "changed", "q")
#: words, the filters that make it, its count
Way = tuple[str, dict[str, str], int]


def _ways(tally: Tally) -> tuple[Way, ...]:
    return (
        (_("全部在办"), {}, tally.all),
        (_("待签收"), {"part": "assigned"}, tally.unsigned),
        (_("办理中"), {"status": "handling"}, tally.handling),
        (_("返工"), {"rework": "1"}, tally.rework),
        (_("街道核查中"), {"status": "resolved"}, tally.resolved),
        (_("已挂账"), {"status": "on-hold"}, tally.on_hold),
    )


def _mine(tally: Tally) -> tuple[Way, ...]:
    return ((_("今天到期"), {"due": "today"}, tally.today), (_("我在协办"), {"role": "assist"}, tally.assisting))


def viewed(address: Address) -> dict[str, str]:
    """The filters that make up the view one is in."""
    names = ("part", "status", "rework", "due", "role")
    return {name: address.get(name) for name in names if address.get(name)}


def heading(address: Address, tally: Tally) -> tuple[str, str]:
    """The view's name and count; another mixture of filters has no count."""
    here = viewed(address)
    narrowed = any(address.get(name) for name in NARROWING)
    if here == {"role": INFORM}:
        return _("请来会商、知会的"), ""
    for label, filters, count in (*_ways(tally), *_mine(tally)):
        if filters == here:
            return label, "" if narrowed else _count(count, tally)
    return _("待办"), ""


def _count(count: int, tally: Tally) -> str:
    return f"{count}+" if tally.more and count == tally.all else str(count)


def links(address: Address, unit: Unit, tally: Tally, *, own: bool) -> tuple[ViewGroup, ...]:
    """The views at the left: of this unit, and of one's own."""
    here = viewed(address)
    whose = {} if own else {"unit": unit.code}

    def counted(ways: tuple[Way, ...]) -> tuple[NavItem, ...]:
        return tuple(
            NavItem(label, address.only(**whose, **filters), filters == here, count=_count(count, tally))
            for label, filters, count in ways
        )

    whole = ViewGroup(unit.short, counted(_ways(tally)))
    beside = NavItem(_("请来会商、知会的"), address.only(**whose, role=INFORM), here == {"role": INFORM})
    load = NavItem(_("本单位负荷"), Address(LOAD, whose).here)
    return (whole, ViewGroup(_("我的视图"), (*counted(_mine(tally)), beside, load)))
