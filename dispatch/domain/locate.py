"""Finding the place a free text names: longest name first, deepest place last, building numbers under it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from dispatch.domain.scan import pair_finder

Row = tuple[str, int, bool, tuple[str, ...], tuple[str, ...]]
"""code, level, general, names, codes upwards (itself first)"""

_NUMBER = re.compile(r"(\d{1,3}|[一二三四五六七八九十]{1,3})\s?(?:号楼|栋|幢|#楼|#|座)")
_DIGITS = {c: n for n, c in enumerate("一二三四五六七八九", 1)}


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """An index of place names by their first two characters.

    `numbers` maps a compound to its numbered buildings; those names ("3号楼") are never looked
    for by themselves, as every compound has one.
    """

    candidates: Callable[[str], list[str]]
    heads: frozenset[str]
    tails: Mapping[str, tuple[str, ...]]  # first two characters -> names, longest first
    places: Mapping[str, tuple[str, ...]]  # name -> codes
    level: Mapping[str, int]
    above: Mapping[str, frozenset[str]]
    numbers: Mapping[str, Mapping[int, str]]

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Gazetteer:
        places: dict[str, list[str]] = {}
        level: dict[str, int] = {}
        above: dict[str, frozenset[str]] = {}
        numbers: dict[str, dict[int, str]] = {}
        for code, depth, general, names, upwards in rows:
            level[code], above[code] = depth, frozenset(upwards)
            if general:
                continue
            number = building_number(names[0]) if depth == 1 and len(upwards) > 1 else None
            if number is not None:
                numbers.setdefault(upwards[1], {})[number] = code
                continue
            for name in names:
                if len(name) >= 2:
                    places.setdefault(name, []).append(code)
        tails: dict[str, list[str]] = {}
        for name in places:
            tails.setdefault(name[:2], []).append(name)
        return cls(
            pair_finder(tails),
            frozenset(tails),
            {head: tuple(sorted(names, key=len, reverse=True)) for head, names in tails.items()},
            {name: tuple(codes) for name, codes in places.items()},
            level,
            above,
            numbers,
        )

    def locate(self, text: str, street: str | None = None) -> str | None:
        """Code of the deepest place named (within `street` if given), or None.

        Of two places equally deep the one whose surroundings are named too wins, then the longer
        name, then the earlier; a name that means several places with nothing to tell them apart
        gives what lies above all of them, or nothing.
        """
        named = self._named(text)
        if not named:
            return None
        codes = [(code, name) for name in named for code in self.places[name]]
        if street is not None:
            codes = [(c, n) for c, n in codes if street in self.above[c]]
        if not codes:
            return None
        mentioned = {code for code, _ in codes}

        def worth(row: tuple[str, str]) -> tuple[int, int, int]:
            code, name = row
            return (-self.level[code], len(self.above[code] & mentioned), len(name))

        codes.sort(key=worth, reverse=True)
        best = [code for code, name in codes if worth((code, name)) == worth(codes[0])]
        found = best[0] if len(set(best)) == 1 or codes[0][1] != codes[1][1] else self._common(best)
        return self._numbered(found, text) if found else None

    def _named(self, text: str) -> list[str]:
        """Names in the text, without those that stand only inside a longer one."""
        spans: list[tuple[int, int, str]] = []
        for head in self.heads.intersection(self.candidates(text)):
            at = text.find(head)
            while at >= 0:
                for name in self.tails[head]:
                    if text.startswith(name, at):
                        spans.append((at, at + len(name), name))
                        break
                at = text.find(head, at + 1)
        return [
            name
            for start, end, name in spans
            if not any(s <= start and end <= e and (s, e) != (start, end) for s, e, _ in spans)
        ]

    def _common(self, codes: list[str]) -> str | None:
        shared = frozenset.intersection(*(self.above[code] for code in codes))
        below_district = [code for code in shared if self.level[code] < 5]
        return min(below_district, key=self.level.__getitem__, default=None)

    def _numbered(self, code: str, text: str) -> str:
        buildings = self.numbers.get(code)
        if not buildings:
            return code
        for found in _NUMBER.finditer(text):
            number = _value(found[1])
            if number in buildings:
                return buildings[number]
        return code


def building_number(name: str) -> int | None:
    """3 for 3号楼, 三栋 or 3#楼; None for a name that is not just a number."""
    found = _NUMBER.fullmatch(name)
    return _value(found[1]) if found else None


def _value(text: str) -> int:
    if text.isdecimal():
        return int(text)
    tens, ten, ones = text.rpartition("十")
    if not ten:
        return _DIGITS.get(text[-1], 0)
    return (_DIGITS.get(tens, 0) if tens else 1) * 10 + _DIGITS.get(ones, 0)
