"""What stands around every page: where one may go, who one is, how it is shown."""

from __future__ import annotations

from dataclasses import dataclass

from dispatch.web.models.parts import NavItem, Notice


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody one may be in demo mode: role left, place right; `account` is what the form sends."""

    role: str
    place: str
    account: str
    current: bool = False
    next: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around every page.

    `csrf` goes into every form; `me` tells this person on this seat from others who use the same browser ("":
    nobody signed in); `here` is this page's path (to come back to); `events` the address of the live
    stream ("" where there is none); `task` marks pages with one task: on phones the page's own action bar
    replaces the tab bar. `as_of` (今天 10:52) is shown where no script lets times tick; `now` is the server's
    clock in Unix seconds, against which they tick. `theme` auto|light|dark, `contrast` auto|more,
    `text` normal|large|larger.
    """

    title: str
    district: str = ""
    who: str = ""
    nav: tuple[NavItem, ...] = ()
    identities: tuple[Identity, ...] = ()
    demo: bool = False
    back: str = ""
    phone_title: str = ""
    csrf: str = ""
    me: str = ""
    here: str = "/"
    events: str = ""
    notices: tuple[Notice, ...] = ()
    task: bool = False
    signed_in: bool = False
    theme: str = "auto"
    contrast: str = "auto"
    text: str = "normal"
    as_of: str = ""
    now: int = 0
