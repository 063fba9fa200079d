"""What a row of the table is made of: rounds of ours and of the bare loop, alternating; medians, ratio, spread."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import Literal

Sense = Literal["more", "less"]


@dataclass
class Figure:
    """One measured quantity. `sense`: whether more of it is better; `hold`: what the ratio must keep to.

    `ours` and `bare` hold one value for each round, in the order they ran (A B A B …).
    """

    name: str
    unit: str
    sense: Sense
    hold: float | None
    ours: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    note: str = ""

    @property
    def ratio(self) -> float:
        """Median of the rounds' own ratios: what drifts between rounds drifts for both."""
        return median(self.ratios)

    @property
    def ratios(self) -> list[float]:
        return [a / b for a, b in zip(self.ours, self.bare, strict=True) if b]

    @property
    def spread(self) -> tuple[float, float]:
        """The lowest and the highest ratio of any round."""
        return min(self.ratios), max(self.ratios)

    @property
    def holds(self) -> bool | None:
        """None where nothing is asked of it."""
        if self.hold is None:
            return None
        return self.ratio >= self.hold if self.sense == "more" else self.ratio <= self.hold

    def add(self, ours: float, bare: float) -> None:
        self.ours.append(ours)
        self.bare.append(bare)

    def as_json(self) -> dict[str, object]:
        low, high = self.spread
        return {
            "name": self.name,
            "unit": self.unit,
            "sense": self.sense,
            "ours": median(self.ours),
            "bare": median(self.bare),
            "ratio": round(self.ratio, 3),
            "ratio_low": round(low, 3),
            "ratio_high": round(high, 3),
            "hold": self.hold,
            "holds": self.holds,
            "rounds": {"ours": self.ours, "bare": self.bare},
            "note": self.note,
        }


@dataclass(frozen=True)
class Size:
    """How much of everything a run does; `full` for figures, `tiny` only shows that nothing has rotted."""

    rounds: int = 5
    posts: int = 8000
    relayed: int = 30_000
    routed: int = 10_000
    rates: tuple[int, ...] = (200, 1000)
    seconds: float = 8.0
    overdue: int = 100_000
    open_clocks: int = 1_000_000
    ticks: int = 300
    stored: int = 1_000_000
    looks: int = 400
    live: int = 300
    events: int = 300
    imported: int = 100_000
    scaled: int = 10_000
    million: int = 1_000_000
    #: rows that a snapshot keeps: of ten minutes at 2,500 whistles a second, two rows each; and sent beside them
    dead: int = 3_000_000
    beside: int = 200_000


TINY = Size(1, 80, 300, 120, (100,), 0.5, 200, 500, 5, 300, 20, 5, 5, 60, 60, 120, 2000, 300)

Side = Callable[[], Awaitable[dict[str, float]]]


async def alternate(rounds: int, ours: Side, bare: Side) -> Iterator[tuple[dict[str, float], dict[str, float]]]:
    """Run both sides in turn, A B A B; one pair of results for each round."""
    return iter([(await ours(), await bare()) for _ in range(rounds)])
