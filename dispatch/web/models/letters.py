"""One dead letter."""

from __future__ import annotations

from dataclasses import dataclass

from dispatch.web.models.frame import Frame
from dispatch.web.models.parts import Field, FieldError


@dataclass(frozen=True, slots=True)
class Told:
    """A line of what is known of something."""

    label: str
    value: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class LetterPage:
    """One dead letter: what is known, what it says, and, while it waits (`url`), what to do with it."""

    frame: Frame
    heading: str
    state: str
    told: tuple[Told, ...]
    value: str
    url: str
    why: Field
    words: tuple[Field, ...]
    errors: tuple[FieldError, ...] = ()
