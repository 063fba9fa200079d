"""Pages that list: a street's whistles, a unit's queue, the chain, the desk."""

from __future__ import annotations

from dataclasses import dataclass, field

from dispatch.web.models.parts import (
    ActionButton,
    Empty,
    Frame,
    Hidden,
    Ladder,
    Lamp,
    NavItem,
    Option,
    Photo,
    Role,
    Ruler,
    SmallLadder,
    Text,
    TimeLeft,
)
from dispatch.web.models.saved import SavedFilters


@dataclass(frozen=True, slots=True)
class Row:
    """A whistle in a list. `ref` is what a bulk action sends (id:version); `quick` the one tap that is
    due now.

    `units` replaces the role where the list is a street's (who has it); `owed` is what the unit owes beside its clock;
    `url` opens it.
    """

    ref: str
    number: str
    title: str
    meta: str
    url: str
    state: str
    ladder: SmallLadder
    lamp: Lamp | None = None
    time: TimeLeft | None = None
    time_text: str = ""
    ruler: Ruler | None = None
    role: Role | None = None
    units: str = ""
    owed: str = ""
    quick: ActionButton | None = None
    resolve_url: str = ""
    urgent: str = ""
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


@dataclass(frozen=True, slots=True)
class ChainItem:
    """A whistle that reached this rung: ladder, one question, its answers (primary first), photos from
    below.
    """

    number: str
    category: str
    title: str
    url: str
    ladder: Ladder
    question: str
    context: str
    answers: tuple[ActionButton, ...]
    photos: tuple[Photo, ...] = ()
    owed: str = ""


@dataclass(frozen=True, slots=True)
class Coming:
    """What will reach this rung today, and where it is now."""

    at: str
    title: str
    url: str
    note: str
    ladder: SmallLadder


@dataclass(frozen=True, slots=True)
class Helper:
    """A seat on the two rungs below: place, seat, what they did, in post or vacant; never a score."""

    place: str
    seat: str
    did: str
    state: str


@dataclass(frozen=True, slots=True)
class ChainPage:
    """层级督办 of a community, compound, street: what reached me, what is coming, the two rungs below; at a street and
    in the district, `deciding`: what is asked of me.
    """

    frame: Frame
    heading: str
    phone_heading: str
    as_of: str
    items: tuple[ChainItem, ...]
    coming: tuple[Coming, ...]
    helpers: tuple[Helper, ...]
    helpers_note: str
    empty: Empty = field(default=Empty(""))
    newer: str = ""
    older: str = ""
    raise_url: str = ""
    deciding: DeskPane | None = None
    here: NavItem | None = None


@dataclass(frozen=True, slots=True)
class BuildingPage:
    """层级督办 of a building or lane head: one item, one question, three large answers, photo optional, a
    way out.
    """

    frame: Frame
    greeting: str
    heading: str
    title: str
    context: str
    question: str
    answers: tuple[Option, ...]
    url: str
    next_note: str
    rest_note: str
    ladder: SmallLadder
    hidden: tuple[Hidden, ...] = ()
    away: ActionButton | None = None
    more: str = ""
    empty: Empty | None = None
    raise_url: str = ""
    own: tuple[NavItem, ...] = ()
    coming: str = ""


@dataclass(frozen=True, slots=True)
class Candidates:
    """The opened unmatched whistle: what it says, who might take it, 记住此裁定."""

    text: Text
    options: tuple[Option, ...]
    url: str
    submit: str
    remember_note: str
    hidden: tuple[Hidden, ...] = ()
    other_url: str = ""


@dataclass(frozen=True, slots=True)
class DeskItem:
    """A line of a desk pane.

    `badge` 疑似紧急; `number` and `note` stand beside the title; `text` is a second line (opened items);
    at the right either lamp and time, or `side` as text; `ladder` draws the small one at the left; `pick` is the
    value of a box to tick.
    """

    title: str
    url: str = ""
    number: str = ""
    note: str = ""
    text: Text = ()
    lamp: Lamp | None = None
    time: TimeLeft | None = None
    side: str = ""
    side_strong: bool = False
    badge: str = ""
    ladder: SmallLadder | None = None
    actions: tuple[ActionButton, ...] = ()
    candidates: Candidates | None = None
    open: bool = False
    pick: str = ""


@dataclass(frozen=True, slots=True)
class DeskPane:
    """A pane of the desk: its count stands in the heading; `id` names it (also for a page of its own).

    `bulk` are actions for the ticked items (`bulk_why`: with a reason); `older` is the next page.
    """

    id: str
    count: str
    title: str
    note: str
    items: tuple[DeskItem, ...]
    empty: Empty
    url: str = ""
    more: NavItem | None = None
    bulk: tuple[Option, ...] = ()
    bulk_url: str = ""
    bulk_why: bool = True
    older: str = ""


@dataclass(frozen=True, slots=True)
class DeskPage:
    """调度台: left what waits for a decision, right what is watched."""

    frame: Frame
    left: tuple[DeskPane, ...]
    right: tuple[DeskPane, ...]


@dataclass(frozen=True, slots=True)
class HoldRow:
    """A whistle on hold: for how long, until which review, why, and who signed for it."""

    number: str
    title: str
    url: str
    meta: str
    days: str
    review: str
    reason: str
    signed: str


@dataclass(frozen=True, slots=True)
class HoldGroup:
    """What one level signed for; `note` says how many are how old."""

    title: str
    count: str
    note: str
    rows: tuple[HoldRow, ...]


@dataclass(frozen=True, slots=True)
class HoldsPage:
    """挂账清单, by level and age."""

    frame: Frame
    heading: str
    count: str
    note: str
    groups: tuple[HoldGroup, ...]
    empty: Empty
