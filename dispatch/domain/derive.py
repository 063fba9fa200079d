"""A first duty list from a register of past cases: which unit got which type of service."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Refinement:
    """A type that another column decides better: its value -> agency (other values: the type's own agency)."""

    column: str
    agencies: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Derived:
    """What a register says. `by_group` answers for types it never saw, by what stands before the separator."""

    type_column: str
    separator: str
    by_type: Mapping[str, str]
    by_group: Mapping[str, str]
    refined: Mapping[str, Refinement] = field(default_factory=dict)
    seen: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # type -> cases, of them by its agency

    def agency(self, row: Row) -> str | None:
        """The agency for a case; None where neither its type nor its group was ever seen."""
        kind = row[self.type_column]
        refinement = self.refined.get(kind)
        if refinement and row.get(refinement.column, "") in refinement.agencies:
            return refinement.agencies[row[refinement.column]]
        return self.by_type.get(kind) or self.by_group.get(group_of(kind, self.separator))


def derive(
    rows: Iterable[Row],
    *,
    type_column: str,
    agency_column: str,
    refine_by: Sequence[str] = (),
    separator: str = "-",
    sure: float = 0.8,
    least: int = 5,
) -> Derived:
    """Learn the agency of each type: the one that got most of its cases (ties: by name).

    A group answers for unseen types if `sure` of its cases went to one agency. A type that `sure` does not
    reach is refined by the first column of `refine_by` some value of which, with `least` cases, is sure.
    """
    types: dict[str, Counter[str]] = defaultdict(Counter)
    groups: dict[str, Counter[str]] = defaultdict(Counter)
    kept: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        kind, agency = row[type_column], row[agency_column]
        if not kind or not agency:
            continue
        types[kind][agency] += 1
        groups[group_of(kind, separator)][agency] += 1
        if refine_by:
            kept[kind].append(row)
    refined = {
        kind: found
        for kind, counts in types.items()
        if _share(counts) < sure
        and (found := _refine(kept[kind], agency_column, _first(counts), refine_by, sure, least))
    }
    return Derived(
        type_column,
        separator,
        {kind: _first(counts) for kind, counts in types.items()},
        {group: _first(counts) for group, counts in groups.items() if group and _share(counts) >= sure},
        refined,
        {kind: (counts.total(), counts[_first(counts)]) for kind, counts in types.items()},
    )


def group_of(kind: str, separator: str) -> str:
    """What stands before the separator; nothing where there is none."""
    group, found, _ = kind.partition(separator)
    return group.strip() if found else ""


def unit_codes(agencies: Iterable[str]) -> dict[str, str]:
    """A code of two to six capital letters for each agency, unique, from the first letters of its words."""
    codes: dict[str, str] = {}
    for agency in sorted(set(agencies)):
        words = re.findall(r"[A-Za-z]+", agency)
        letters = "".join(words).upper() or "UNIT"
        short = "".join(word[0] for word in words).upper() if len(words) > 1 else letters[:2]
        tries = [short[:6], letters[:3], letters[:4], letters[:6]]
        free = (code for code in tries if len(code) >= 2 and code not in codes.values())
        number = (f"U{a}{b}" for a in "ABCDEFGH" for b in "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        codes[agency] = next(free, "") or next(code for code in number if code not in codes.values())
    return codes


def as_duties(derived: Derived, *, limit: str = "15d") -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Units and duties as rows for units.yaml and duties.yaml; each says how many cases it rests on."""
    codes = unit_codes([*derived.by_type.values(), *derived.by_group.values()])
    units = [{"code": code, "name": name, "type": "department", "calendar": "district"} for name, code in codes.items()]
    duties = []
    for number, (kind, agency) in enumerate(sorted(derived.by_type.items()), 1):
        cases, share = derived.seen[kind]
        basis = f"derived from {cases} cases, {share} of them by this unit"
        duties.append(_duty(f"D{number:04d}", kind, codes[agency], limit, basis))
    for number, (group, agency) in enumerate(sorted(derived.by_group.items()), 1):
        name = f"{group}{derived.separator}"
        duties.append(_duty(f"G{number:04d}", name, codes[agency], limit, "derived from the group's cases"))
    return units, duties


def _duty(code: str, name: str, lead: str, limit: str, basis: str) -> dict[str, Any]:
    fixed = {"assist": [], "outcome": "dispatch", "kind": "appeal"}
    return {"code": code, "name": name, "lead": lead, **fixed, "words": [name], "limit": limit, "basis": basis}


def _first(counts: Counter[str]) -> str:
    return min(counts, key=lambda agency: (-counts[agency], agency))


def _share(counts: Counter[str]) -> float:
    return counts[_first(counts)] / counts.total()


def _refine(
    rows: Sequence[Row], agency_column: str, usual: str, columns: Sequence[str], sure: float, least: int
) -> Refinement | None:
    for column in columns:
        values: dict[str, Counter[str]] = defaultdict(Counter)
        for row in rows:
            if row.get(column):
                values[row[column]][row[agency_column]] += 1
        agencies = {
            value: _first(counts)
            for value, counts in values.items()
            if counts.total() >= least and _share(counts) >= sure and _first(counts) != usual
        }
        if agencies:
            return Refinement(column, agencies)
    return None
