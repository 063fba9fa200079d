"""挂账清单: what is on hold, by the level that signed for it."""

from __future__ import annotations

from dataclasses import dataclass

from dispatch.web.models.frame import Frame
from dispatch.web.models.parts import Empty


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
