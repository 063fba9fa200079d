"""How well the rules do on labelled messages: figures with numerator and denominator, strict and lenient."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Label = Mapping[str, str]
#: at the desk for one of these: left to a person on purpose, neither right nor wrong
ON_PURPOSE = frozenset({"avoidance", "misconduct", "place-unknown"})


@dataclass(frozen=True, slots=True)
class Got:
    """What routing made of a message. `lead` is the assigned unit's code (JD for JD-…); None: nobody assigned."""

    outcome: str
    reason: str
    danger: bool
    lead: str | None

    @property
    def automatic(self) -> bool:
        return self.outcome != "unmatched"

    @property
    def on_purpose(self) -> bool:
        return not self.automatic and (self.reason in ON_PURPOSE or self.danger)


@dataclass(frozen=True, slots=True)
class Figure:
    """A share that can be recomputed: how many of how many."""

    n: int
    of: int

    @property
    def share(self) -> float:
        return self.n / self.of if self.of else 0.0

    def __str__(self) -> str:
        return f"{self.n:4d} / {self.of:3d} = {100 * self.share:5.1f} %"


Figures = dict[str, Figure]
Pair = tuple[Label, Got]


def _share(rows: Sequence[Pair], right: Callable[[Label, Got], bool]) -> Figure:
    return Figure(sum(right(label, got) for label, got in rows), len(rows))


def _outcome(label: Label, got: Got) -> bool:
    return got.outcome == label["outcome"]


def _outcome_too(label: Label, got: Got) -> bool:
    return got.outcome in (label["outcome"], *label["also_outcome"].split())


def _lead(label: Label, got: Got) -> bool:
    return got.lead == label["lead"]


def _lead_too(label: Label, got: Got) -> bool:
    return got.lead in (label["lead"], *label["also_right"].split())


def figures(rows: Sequence[Pair]) -> Figures:
    """Every figure of the report. Left to the desk on purpose (avoidance, danger, place) is left out of accuracy."""
    decided = [row for row in rows if not row[1].on_purpose]
    automatic = [row for row in rows if row[1].automatic]
    assigned = [row for row in automatic if row[1].lead is not None]
    return {
        "outcome right, strict": _share(decided, _outcome),
        "outcome right, lenient": _share(decided, _outcome_too),
        "automatic": _share(rows, lambda _, got: got.automatic),
        "  of them outcome right, strict": _share(automatic, _outcome),
        "  of them outcome right, lenient": _share(automatic, _outcome_too),
        "  with a lead: right, strict": _share(assigned, _lead),
        "  with a lead: right, lenient": _share(assigned, _lead_too),
        "danger, by its words": _share([row for row in rows if row[0].get("danger") == "1"], lambda _, got: got.danger),
        "left to the desk": _share(rows, lambda _, got: not got.automatic),
        "  for avoidance": _share(rows, lambda _, got: not got.automatic and got.reason in ("avoidance", "misconduct")),
        "  place unknown": _share(rows, lambda _, got: not got.automatic and got.reason == "place-unknown"),
        "  possible emergency": _share(
            rows, lambda _, got: got.on_purpose and got.danger and got.reason not in ON_PURPOSE
        ),
        "  unmatched": _share(rows, lambda _, got: not got.automatic and not got.on_purpose),
    }


def table(parts: Mapping[str, Figures]) -> str:
    """The figures side by side, a column for each part of the sample."""
    names = list(next(iter(parts.values())))
    lines = [" " * 36 + "".join(f"{part:>26}" for part in parts)]
    lines += [f"{name:<36}" + "".join(f"{found[name]!s:>26}" for found in parts.values()) for name in names]
    return "\n".join(lines)
