"""Avoidance (回避): does a text complain about one of the units that would otherwise get it?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from dispatch.domain.duty import Accusation

STREET = "street"
"""Key of the street itself in the list of names."""
OTHER = "other"
"""Key of authorities that are no unit of the list (courts, other governments)."""


_CLAUSE_ENDS = r",.!?;\n\uff0c\u3002\uff01\uff1f\uff1b"  # half and full width


@dataclass(frozen=True, slots=True)
class Accused:
    """A unit complained about: its code (or `street`, or JD / SQ), the name and the word found."""

    unit: str
    name: str
    word: str
    misconduct: bool


def accused(rule: Accusation, title: str, body: str) -> tuple[Accused, ...]:
    """Each unit whose name is followed, close by and in the same clause, by a word of blame.

    In the title a word such as 举报 before the name will do.
    """
    unit_of = {name: unit for unit, names in rule.aliases.items() for name in names}
    misconduct = frozenset(rule.misconduct)
    after, before = _patterns(rule)
    out: dict[str, Accused] = {}
    for pattern, text in ((after, title), (after, body), (before, title)):
        for found in pattern.finditer(text):
            name, word = found["name"], found["word"]
            blamed = Accused(unit_of[name], name, word, word in misconduct)
            if blamed.unit not in out or (blamed.misconduct and not out[blamed.unit].misconduct):
                out[blamed.unit] = blamed
    return tuple(out.values())


def _patterns(rule: Accusation) -> tuple[re.Pattern[str], re.Pattern[str]]:
    names = tuple(name for group in rule.aliases.values() for name in group)
    return _compiled(names, (*rule.words, *rule.misconduct), rule.before, rule.between, rule.within)


@lru_cache(maxsize=16)
def _compiled(
    names: tuple[str, ...], words: tuple[str, ...], before: tuple[str, ...], between: tuple[str, ...], within: int
) -> tuple[re.Pattern[str], re.Pattern[str]]:
    gap = f"(?:(?!{_any(between)})[^{_CLAUSE_ENDS}])"
    name = f"(?P<name>{_any(names)})"
    return (
        re.compile(rf"{name}{gap}{{0,{within}}}?(?P<word>{_any(words)})"),
        re.compile(rf"(?P<word>{_any(before)}){gap}{{0,{2 * within}}}?{name}"),
    )


def _any(words: tuple[str, ...]) -> str:
    """One of the words, the longest first; nothing where there are none."""
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True))) or "(?!)"
