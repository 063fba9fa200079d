"""Pages around the work: landing, sign-in, display settings, errors."""

from __future__ import annotations

from dataclasses import dataclass

from dispatch.web.models.frame import Frame, Identity
from dispatch.web.models.parts import Field, FieldError, Figure, Ladder, NavItem, Text


@dataclass(frozen=True, slots=True)
class LandingCard:
    """One of the four cards: role, place, two live figures, one verb to start with; opens as `account` at
    `next`.
    """

    role: str
    place: str
    figures: tuple[Figure, ...]
    verb: str
    account: str
    next: str


@dataclass(frozen=True, slots=True)
class LiveLadder:
    """The one-minute whistle that climbs before the visitor's eyes; fetched again from `fragment_url`. `seen_by`: who
    may open it, said to whoever may not.
    """

    kicker: str
    title: str
    note: str
    ladder: Ladder
    link: str
    url: str
    fragment_url: str
    every: int = 1
    seen_by: str = ""


@dataclass(frozen=True, slots=True)
class LandingPage:
    """你是哪一位: four cards, the live ladder, other identities. Outside demo mode no cards: a sign-in
    link.
    """

    frame: Frame
    cards: tuple[LandingCard, ...]
    others: tuple[Identity, ...]
    live: LiveLadder | None = None
    switch_url: str = "/switch"
    next: str = "/home"


@dataclass(frozen=True, slots=True)
class Strength:
    """What a new password is judged by while it is typed: characters, and `own` words that it must not hold."""

    least: int
    most: int
    own: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SignInPage:
    """Sign-in for people: fields `name` and `password`; the page after it, with the code of an authenticator; or a
    new password.
    """

    frame: Frame
    fields: tuple[Field, ...]
    errors: tuple[FieldError, ...] = ()
    next: str = "/"
    submit_url: str = "/sign-in"
    provider: str = ""
    strength: Strength | None = None


@dataclass(frozen=True, slots=True)
class DisplayPage:
    """Display settings: theme, contrast, text size."""

    frame: Frame
    fields: tuple[Field, ...]
    submit_url: str = "/display"


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """Something was refused or went wrong: what, why, what to do; always a way on."""

    frame: Frame
    status: int
    heading: str
    text: Text
    remedy: str
    links: tuple[NavItem, ...] = ()
    reference: str = ""
