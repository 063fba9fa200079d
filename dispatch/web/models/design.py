"""What `/design` shows: every component in every state, each with example values."""

from __future__ import annotations

from dataclasses import dataclass

from dispatch.web.models.form import AssignmentRow
from dispatch.web.models.lists import DeskItem
from dispatch.web.models.parts import (
    ActionButton,
    Empty,
    Field,
    FieldError,
    Frame,
    Ladder,
    NavItem,
    Notice,
    Photo,
    Ruler,
    SmallLadder,
    TimeLeft,
)
from dispatch.web.models.whistle import TimelineItem, WhyDeadline


@dataclass(frozen=True, slots=True)
class DesignPage:
    """Components in their states; `pages` links to the example of every page."""

    frame: Frame
    main_time: TimeLeft
    times: tuple[TimeLeft, ...]
    rulers: tuple[tuple[str, Ruler], ...]
    ladders: tuple[Ladder, ...]
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
    desk: tuple[DeskItem, ...]
    states: tuple[str, ...]
    pages: tuple[NavItem, ...]
