"""Pages on which somebody looks after things: sections of rows, each with what may be done, and of forms."""

from __future__ import annotations

from dataclasses import dataclass

from dispatch.web.models.frame import Frame
from dispatch.web.models.parts import ActionButton, Empty, Field, FieldError, Hidden, NavItem, Text
from dispatch.web.models.whistle import Qr


@dataclass(frozen=True, slots=True)
class ManageRow:
    """One thing: what it is, more about it, its state as a word, and what may be done with it."""

    title: str
    note: str = ""
    meta: str = ""
    state: str = ""
    href: str = ""
    actions: tuple[ActionButton, ...] = ()


@dataclass(frozen=True, slots=True)
class ManageForm:
    """A form of a section; `upload`: it sends a file; `proven`: who it is may be asked again."""

    url: str
    button: str
    fields: tuple[Field, ...] = ()
    hidden: tuple[Hidden, ...] = ()
    primary: bool = True
    upload: bool = False
    method: str = "post"
    proven: bool = False


@dataclass(frozen=True, slots=True)
class ManageSection:
    """A card: heading, a sentence, rows or what is said where there are none, forms, links on."""

    title: str
    note: Text = ()
    rows: tuple[ManageRow, ...] = ()
    empty: Empty | None = None
    forms: tuple[ManageForm, ...] = ()
    links: tuple[NavItem, ...] = ()
    count: str = ""
    qr: Qr | None = None
    #: shown once, to be copied: codes, a token, a link
    once: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ManagePage:
    """A page of such sections; `tabs` lead to the pages beside it."""

    frame: Frame
    heading: str
    note: Text = ()
    errors: tuple[FieldError, ...] = ()
    sections: tuple[ManageSection, ...] = ()
    tabs: tuple[NavItem, ...] = ()


@dataclass(frozen=True, slots=True)
class Door:
    """What hangs on one door: its name, the way to it, its code, and the QR code that opens the form with it."""

    name: str
    path: str
    code: str
    qr: Qr


@dataclass(frozen=True, slots=True)
class DoorsPage:
    """Sheets of A4 with the doors of a place."""

    frame: Frame
    title: str
    back: str
    doors: tuple[Door, ...]
