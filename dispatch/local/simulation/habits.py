"""How long people take and how often they ask, refuse, forget: assumptions, drawn for each whistle from the seed.

The same whistle meets the same people under every policy: what a draw is for names it, so that a step more under one
policy moves no other draw. A policy works through what it does to clocks alone: people hurry when they are warned,
and more the higher the seat that is called (`PULL`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Delay:
    """A log-normal time: `median` in hours (minutes in an emergency), `spread` the sigma of its logarithm."""

    median: float
    spread: float


#: working hours
REPORT, ASSIGN, RULE = Delay(1.2, 0.8), Delay(0.8, 0.7), Delay(2.5, 0.6)
VERIFY, ANSWER, FILE, DECIDE = Delay(4.0, 0.9), Delay(4.0, 0.8), Delay(3.0, 0.7), Delay(2.0, 0.6)
EXPLAIN = Delay(6.0, 0.8)
#: minutes
ON_SITE, ASSIGN_NOW, RESCUE = Delay(15.0, 0.45), Delay(2.2, 0.5), Delay(45.0, 0.6)
#: of the duty's own limit
WORK = Delay(0.5, 0.6)
#: how much quicker the work is the second time
REWORK = 0.35

#: chances
FORGETS, HANDS_BACK, UPHELD, REJECTED, ASKS_TIME, ASKS_HOLD, EXPLAINS = 0.04, 0.03, 0.6, 0.07, 0.4, 0.01, 0.6
#: whoever forgot takes so many times as long
FORGOTTEN = 8.0
#: what is left of the time still needed, when warned (0) and when rung 1 … 5 is reached
PULL: Mapping[int, float] = {0: 0.9, 1: 0.85, 2: 0.75, 3: 0.6, 4: 0.4, 5: 0.25}


class Habits:
    """Draws of one run's seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._units: dict[str, float] = {}

    def dice(self, *what: object) -> Random:
        """A generator for one decision, always the same for the same `what`."""
        return Random(":".join(str(one) for one in (self._seed, *what)))  # nosec B311  # noqa: S311 — a simulation

    def chance(self, share: float, *what: object) -> bool:
        """Whether it happens, `share` of the time."""
        return self.dice(*what).random() < share

    def time(self, delay: Delay, *what: object) -> float:
        """A time in the delay's units."""
        return delay.median * math.exp(self.dice(*what).gauss(0.0, delay.spread))

    def pace(self, unit: str) -> float:
        """How slow a unit is in general: 1 is average."""
        if unit not in self._units:
            self._units[unit] = math.exp(self.dice("unit", unit).gauss(0.0, 0.25))
        return self._units[unit]
