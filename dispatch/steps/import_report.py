"""What became of imported rows, in words: each has one outcome, or stands at the desk for one reason."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from dispatch.store.imports import Fate

OUTCOMES = {
    "dispatch": "派单",
    "self": "街道自办",
    "answer": "咨询答复",
    "relay": "转市级",
    "statutory": "引导法定途径",
}
AVOIDANCE, EMERGENCY, PLACE, UNMATCHED = "回避", "疑似险情", "地点不明", "没有匹配"
REASONS = (AVOIDANCE, EMERGENCY, PLACE, UNMATCHED)


@dataclass(frozen=True, slots=True)
class Report:
    """Counts by outcome, and of those at the desk by reason; `waiting` are not routed yet."""

    total: int
    outcomes: tuple[tuple[str, int], ...]
    reasons: tuple[tuple[str, int], ...]
    waiting: int

    @property
    def automatic(self) -> int:
        """Routed to an outcome by rule."""
        return sum(n for _, n in self.outcomes)

    @property
    def at_desk(self) -> int:
        """Left to a person at the desk."""
        return sum(n for _, n in self.reasons)

    def share(self, n: int) -> str:
        """A count as a share of all rows, with one decimal."""
        return f"{100 * n / self.total:.1f} %" if self.total else "没有"


def desk_reason(reason: str, danger: bool) -> str:
    """The one reason that a whistle stands at the desk for: what matters most comes first."""
    if reason in ("avoidance", "misconduct"):
        return AVOIDANCE
    if danger:
        return EMERGENCY
    return PLACE if reason == "place-unknown" else UNMATCHED


def report(fates: Sequence[Fate]) -> Report:
    """The report of an import's rows."""
    outcomes: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    waiting = 0
    for fate in fates:
        if fate.outcome == "raised":
            waiting += fate.count
        elif fate.outcome == "unmatched":
            reasons[desk_reason(fate.reason, fate.danger)] += fate.count
        else:
            outcomes[OUTCOMES[fate.outcome]] += fate.count
    return Report(
        outcomes.total() + reasons.total() + waiting,
        tuple((name, outcomes[name]) for name in OUTCOMES.values()),
        tuple((name, reasons[name]) for name in REASONS),
        waiting,
    )
