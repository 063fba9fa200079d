"""The rules as text: a change as it is written, and as it waits or was decided."""

from __future__ import annotations

from dataclasses import dataclass

from dispatch.web.models.frame import Frame
from dispatch.web.models.letters import Told
from dispatch.web.models.parts import Field, FieldError, Hidden, NavItem, Notice, Text


@dataclass(frozen=True, slots=True)
class TextFault:
    """What is wrong on a line of a text (1-based), what stands there, what to do, and how the line begins."""

    line: int
    field: str
    value: str
    remedy: str
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class ChangedEntry:
    """An entry that differs (301 消防通道锁堵), each difference a sentence."""

    title: str
    said: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line of the comparison; `sign` is " ", "-" or "+", `number` where it stands in the text it is of."""

    sign: str
    number: int
    text: Text


@dataclass(frozen=True, slots=True)
class MovedRow:
    """A whistle that would have gone elsewhere: from where to where."""

    number: str
    title: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What it would have changed in the last days: a headline, the whistles, the limits, what was not looked at."""

    headline: Text
    moved: tuple[MovedRow, ...] = ()
    more: str = ""
    retimed: tuple[Text, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Looked:
    """A change looked at: what it says, line by line, and what it would do."""

    title: str
    entries: tuple[ChangedEntry, ...] = ()
    more: str = ""
    pieces: tuple[tuple[DiffLine, ...], ...] = ()
    foreseen: Foreseen | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """What the text amounts to so far: its faults, or one sentence."""

    said: str
    faults: tuple[TextFault, ...] = ()


@dataclass(frozen=True, slots=True)
class RulesEditPage:
    """The text in a text area; once it was looked at (`look`), the change and the field for the reason as well."""

    frame: Frame
    heading: str
    note: Text
    text: Field
    url: str
    check_url: str
    hidden: tuple[Hidden, ...] = ()
    errors: tuple[FieldError, ...] = ()
    checked: Checked | None = None
    look: Looked | None = None
    reason: Field | None = None
    notices: tuple[Notice, ...] = ()
    tabs: tuple[NavItem, ...] = ()


@dataclass(frozen=True, slots=True)
class RulesChangePage:
    """One change or one version: what is known of it, what differs, and what may be done with it."""

    frame: Frame
    heading: str
    state: str
    told: tuple[Told, ...]
    look: Looked | None = None
    url: str = ""
    reason: Field | None = None
    buttons: tuple[NavItem, ...] = ()
    links: tuple[NavItem, ...] = ()
    errors: tuple[FieldError, ...] = ()
    text: str = ""
    tabs: tuple[NavItem, ...] = ()
