"""层级督办: what reached a person in charge, and the page of a building's head."""

from __future__ import annotations

from dataclasses import dataclass, field

from dispatch.web.models.desk import DeskPane
from dispatch.web.models.frame import Frame
from dispatch.web.models.parts import ActionButton, Empty, Hidden, Ladder, NavItem, Option, Photo, SmallLadder


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
class InformedRow:
    """What a person in charge was only told of: when, who has it, in which state; nothing to press."""

    title: str
    url: str
    note: str


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
    informed: tuple[InformedRow, ...] = ()


@dataclass(frozen=True, slots=True)
class BuildingPage:
    """层级督办 of a building or lane head: one item, one question, three large answers, photos if they like, a way out.

    `kept`: photos that came back with the form.
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
    informed: tuple[InformedRow, ...] = ()
    kept: tuple[str, ...] = ()
