"""Everything a decision looks up, in memory and immutable: one object handed to the steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from dispatch.domain.calendar import WorkCalendar
from dispatch.domain.duty import Duty, DutyList
from dispatch.domain.policy import Policies, Policy, Rung, StageRule
from dispatch.domain.tree import Chain, Node, Tree
from dispatch.domain.units import Holding, People, Person, Seat, Shift, Unit, Units, node_seat, unit_seat

__all__ = [
    "Chain",
    "Duty",
    "DutyList",
    "Holding",
    "Node",
    "People",
    "Person",
    "Policies",
    "Policy",
    "Reference",
    "Rung",
    "Seat",
    "StageRule",
    "Tree",
    "Unit",
    "Units",
    "node_seat",
    "unit_seat",
]


@dataclass(frozen=True, slots=True)
class Reference:
    """The loaded reference data of a deployment; a new version is a new object.

    `versions` gives the stored version of each document (`tree`, `units`, `people`, `duties`,
    `policies`, `words`, `calendars`, `weights`), which decisions record.
    """

    tree: Tree
    units: Units
    people: People
    duties: DutyList
    policies: Policies
    calendars: Mapping[str, WorkCalendar]
    weights: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, int] = field(default_factory=dict)
    rota: tuple[Shift, ...] = ()
    #: calendars that are no longer in force and that clocks may still count on, by the name that those keep
    earlier: Mapping[str, WorkCalendar] = field(default_factory=dict)

    @property
    def edition(self) -> int:
        """How many document versions had been stored when this was built: names one state of all of them."""
        return sum(self.versions.values())

    def calendar_of(self, unit: str | None) -> WorkCalendar:
        """The unit's own calendar, else the district's (code `district`)."""
        found = self.units.get(unit) if unit else None
        return self.calendars[found.calendar if found else "district"]

    def policy_for(self, duty: str | None, place: str | None = None, kind: str | None = None) -> Policy:
        """The policy a duty names, else the standard one (an unmatched whistle has no duty), or what replaces it here.

        The smallest area around `place` decides, and within it the policy for this kind before the one for all.
        """
        found = self.duties.get(duty) if duty else None
        policy = self.policies.get(found.policy if found else None)
        if replacing := self.policies.replacing:
            nodes = [node.code for node in self.tree.ancestors(place)] if place else []
            for node, which in product((*nodes, None), (kind, None)):
                if (own := replacing.get((policy.code, node, which))) is not None:
                    return own
        return policy
