"""调度台: panes of what waits for a decision and of what is watched."""

from __future__ import annotations

from dataclasses import dataclass

from dispatch.web.models.frame import Frame
from dispatch.web.models.parts import ActionButton, Empty, Hidden, Lamp, NavItem, Option, SmallLadder, Text, TimeLeft


@dataclass(frozen=True, slots=True)
class Candidates:
    """The opened unmatched whistle: what it says, who might take it, 记住此裁定 (`remember`: it was ticked)."""

    text: Text
    options: tuple[Option, ...]
    url: str
    submit: str
    remember_note: str
    hidden: tuple[Hidden, ...] = ()
    other_url: str = ""
    remember: bool = False


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
