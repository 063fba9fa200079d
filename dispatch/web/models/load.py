"""What a unit carries, as a page."""

from __future__ import annotations

from dataclasses import dataclass

from dispatch.web.models.frame import Frame
from dispatch.web.models.parts import Empty


@dataclass(frozen=True, slots=True)
class LoadFigure:
    """One figure of the unit; `median` is what the units like it have in the middle ("": nothing to compare)."""

    label: str
    figure: str
    median: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class LoadRow:
    """A category, a street, or whoever signed; the first two counts are links where the queue has such a filter."""

    name: str
    open: str
    late: str
    today: str
    open_url: str = ""
    late_url: str = ""


@dataclass(frozen=True, slots=True)
class LoadTable:
    """One way of taking the load apart; `note` says what is counted how."""

    title: str
    column: str
    rows: tuple[LoadRow, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class LoadPage:
    """本单位负荷."""

    frame: Frame
    heading: str
    note: str
    figures: tuple[LoadFigure, ...]
    tables: tuple[LoadTable, ...]
    queue_url: str
    empty: Empty
