"""What `/design` shows: every component in every state, each with example values."""

from __future__ import annotations

from dataclasses import dataclass

from dispatch.web.models.chain import InformedRow
from dispatch.web.models.desk import DeskPane
from dispatch.web.models.form import AssignmentRow, FormPage, Preview, Strip
from dispatch.web.models.frame import Frame
from dispatch.web.models.manage import ManageForm
from dispatch.web.models.parts import (
    ActionButton,
    Empty,
    Field,
    FieldError,
    Ladder,
    NavItem,
    Notice,
    Option,
    Photo,
    Ruler,
    SmallLadder,
    TimeLeft,
)
from dispatch.web.models.queue import Chip, FilterMenu, Row
from dispatch.web.models.rules import Checked, DiffLine, Looked
from dispatch.web.models.whistle import Expectation, TimelineItem, WhyDeadline


@dataclass(frozen=True, slots=True)
class DesignPage:
    """Components in their states; `idle` expects nothing of the reader; `answered` sends nobody; `form` has every
    offer; `lost` no place yet; `dangers`: what is wrong with the question, and its form; `strengths`: how hard to guess
    (0 to 3), and what is said; `pages` links to the example of every page.
    """

    frame: Frame
    expectation: Expectation
    idle: Expectation
    answered: Preview
    times: tuple[TimeLeft, ...]
    rulers: tuple[tuple[str, Ruler], ...]
    ladders: tuple[Ladder, ...]
    close: Ladder
    glyphs: tuple[tuple[str, SmallLadder], ...]
    buttons: tuple[ActionButton, ...]
    fields: tuple[Field, ...]
    errors: tuple[FieldError, ...]
    notices: tuple[Notice, ...]
    units: tuple[AssignmentRow, ...]
    timeline: tuple[TimelineItem, ...]
    photos: tuple[Photo, ...]
    empty: Empty
    deadline: WhyDeadline
    desks: tuple[DeskPane, ...]
    bulk: tuple[Option, ...]
    states: tuple[str, ...]
    chips: tuple[Chip, ...]
    menus: tuple[FilterMenu, ...]
    places: tuple[Option, ...]
    dangers: tuple[tuple[str, FormPage], ...]
    strengths: tuple[tuple[float, str], ...]
    form: FormPage
    lost: FormPage
    strips: tuple[Strip, ...]
    faults: Checked | None
    pieces: tuple[tuple[DiffLine, ...], ...]
    looked: Looked
    tabs: tuple[NavItem, ...]
    forms: tuple[ManageForm, ...]
    rows: tuple[Row, ...]
    informed: tuple[InformedRow, ...]
    pages: tuple[NavItem, ...]
