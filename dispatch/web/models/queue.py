"""待办 of a unit, and a street's list of whistles: rows, filters, what a bulk action did."""

from __future__ import annotations

from dataclasses import dataclass, field

from dispatch.web.models.frame import Frame
from dispatch.web.models.parts import (
    ActionButton,
    Empty,
    Hidden,
    Lamp,
    NavItem,
    Option,
    Role,
    Ruler,
    SmallLadder,
    TimeLeft,
)
from dispatch.web.models.saved import SavedFilters


@dataclass(frozen=True, slots=True)
class Still:
    """What a whistle's row says that does not move with the time: the same until something happens to it.

    `ref` is what a bulk action sends (id:version); `quick` the one tap that is due now; `units` replaces the role where
    the list is a street's (who has it); `owed` is what the unit owes beside its clock; `url` opens it; `rest` stands
    where no clock runs for this list.
    """

    ref: str
    number: str
    title: str
    meta: str
    url: str
    state: str
    ladder: SmallLadder
    rest: str = ""
    role: Role | None = None
    units: str = ""
    owed: str = ""
    quick: ActionButton | None = None
    resolve_url: str = ""
    urgent: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A whistle in a list: what stays, and what moves with the time; `time` and `ruler` tick together."""

    still: Still
    lamp: Lamp | None = None
    time: TimeLeft | None = None
    ruler: Ruler | None = None
    selected: bool = False


@dataclass(frozen=True, slots=True)
class ViewGroup:
    """A group of saved views at the left."""

    title: str
    links: tuple[NavItem, ...]


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter chip: a lamp with its count, or 全部."""

    label: str
    href: str
    lamp: Lamp | None = None
    count: str = ""
    current: bool = False


@dataclass(frozen=True, slots=True)
class FilterMenu:
    """A filter that opens: 街道, 类别, 主办/协办."""

    label: str
    options: tuple[NavItem, ...]
    value: str = ""


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What became of one item of a bulk action."""

    number: str
    title: str
    ok: bool
    text: str
    #: nothing was done: it had been done before
    before: bool = False


@dataclass(frozen=True, slots=True)
class Search:
    """The search box: a GET form; `hidden` keeps the filters."""

    url: str
    value: str = ""
    placeholder: str = ""
    hidden: tuple[Hidden, ...] = ()


@dataclass(frozen=True, slots=True)
class QueuePage:
    """待办 of a unit: views left, lamps as filters, rows by what falls due first; bulk actions post `ref`
    checkboxes.
    """

    frame: Frame
    heading: str
    count: str
    rows: tuple[Row, ...]
    owner: str = ""
    views: tuple[ViewGroup, ...] = ()
    chips: tuple[Chip, ...] = ()
    menus: tuple[FilterMenu, ...] = ()
    search: Search | None = None
    saved: SavedFilters | None = None
    order: str = ""
    since: NavItem | None = None
    bulk: tuple[Option, ...] = ()
    bulk_url: str = "/bulk"
    results: tuple[BulkResult, ...] = ()
    range: str = ""
    newer: str = ""
    older: str = ""
    selecting: bool = False
    select_url: str = ""
    empty: Empty = field(default=Empty(""))
    state_heading: str = ""
    exports: tuple[NavItem, ...] = ()
    primary: ActionButton | None = None
