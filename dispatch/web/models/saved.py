"""Filters that a person keeps, above the list that they filter."""

from __future__ import annotations

from dataclasses import dataclass

from dispatch.web.models.parts import NavItem


@dataclass(frozen=True, slots=True)
class SavedFilters:
    """`links` go to them; `next` is the present filter, to be kept under a name ("" where there is none that could
    be); `manage` is where they are renamed and deleted ("" while there are none).
    """

    links: tuple[NavItem, ...] = ()
    next: str = ""
    url: str = "/account/filters"
    manage: str = ""
    longest: int = 20
