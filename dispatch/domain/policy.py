"""Policies: limits of the stages, start rungs, waits between rungs, reminders, marks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Literal

from dispatch.domain.deadlines import Limit

Owner = Literal["desk", "unit", "lead", "street", "ruler", "signer", "none"]
STANDARD = "standard"


@dataclass(frozen=True, slots=True)
class StageRule:
    """One stage's clock. `limit` None: the duty's own (handling), or the review date (hold)."""

    stage: str
    owner: Owner
    limit: Limit | None
    emergency: Limit | None
    start: int
    emergency_start: int
    climbs: bool = True


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung of the ladder: `wait` since the rung before (None = at once, or told at t0)."""

    rung: int
    who: str
    asked: str
    counterpart: tuple[str, ...]  # posts in the late unit: liaison deputy section leader principal
    wait: Limit | None
    emergency_wait: Limit | None


@dataclass(frozen=True, slots=True)
class Policy:
    """The example policy of a district, or another one that duties name."""

    code: str
    name: str
    basis: str
    stages: Mapping[str, StageRule]
    rungs: tuple[Rung, ...]  # index = rung - 1
    reminder: Limit
    notice: Limit
    warn_at: float
    quiet_from: int  # hour, district time
    quiet_until: int
    quiet_rungs: frozenset[int]
    source_margin: Limit
    rejections: tuple[tuple[str, str], ...]  # listed reasons of a refused verification: code, words
    extension_by_street: Limit
    handback_within: Limit
    late_extension_share: float  # asked after this share of the time: counted as last-moment
    replaces: str = STANDARD  # which policy it takes the place of, in
    areas: frozenset[str] = frozenset()  # these nodes and below; none: everywhere, or only where a duty names it
    kinds: frozenset[str] = frozenset()  # kinds of whistles; none: all of them

    def stage(self, stage: str) -> StageRule:
        return self.stages[stage]

    def limit(self, stage: str, kind: str) -> Limit | None:
        """The stage's limit for this kind; None where the duty or a review date gives it."""
        rule = self.stages[stage]
        return rule.emergency if kind == "emergency" and rule.emergency else rule.limit

    def start_rung(self, stage: str, kind: str) -> int:
        rule = self.stages[stage]
        return rule.emergency_start if kind == "emergency" else rule.start

    def rung(self, rung: int) -> Rung:
        return self.rungs[rung - 1]

    def wait(self, rung: int, kind: str) -> Limit | None:
        """How long after the rung before; the start rung is climbed at once when the stage runs out."""
        found = self.rungs[rung - 1]
        return found.emergency_wait if kind == "emergency" else found.wait

    def counterpart(self, rung: int) -> tuple[str, ...]:
        return self.rungs[rung - 1].counterpart

    def quiet(self, rung: int, hour: int, kind: str) -> bool:
        """Whether a person on this rung is left in peace at this hour (district time)."""
        if kind == "emergency" or rung not in self.quiet_rungs:
            return False
        if self.quiet_from > self.quiet_until:
            return hour >= self.quiet_from or hour < self.quiet_until
        return self.quiet_from <= hour < self.quiet_until


Place = tuple[str, str | None, str | None]


def places(replaces: str, areas: Collection[str], kinds: Collection[str]) -> Iterator[Place]:
    """Where a policy takes the place of another: nowhere, unless it has areas or kinds."""
    if areas or kinds:
        yield from product((replaces,), areas or (None,), kinds or (None,))


@dataclass(frozen=True)
class Policies:
    """All policies of a deployment; `standard` must be among them."""

    version: int
    by_code: Mapping[str, Policy]

    def get(self, code: str | None) -> Policy:
        return self.by_code.get(code or STANDARD) or self.by_code[STANDARD]

    @cached_property
    def replacing(self) -> Mapping[Place, Policy]:
        """Policies in the place of another, by its code, the node (None: everywhere) and the kind (None: all)."""
        return {place: one for one in self.by_code.values() for place in places(one.replaces, one.areas, one.kinds)}

    @property
    def standard(self) -> Policy:
        return self.by_code[STANDARD]
