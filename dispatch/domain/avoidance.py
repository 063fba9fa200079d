"""Avoidance (回避): does a text complain about one of the units that would otherwise get it?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from dispatch.domain.duty import Accusation

STREET = "street"
"""Key of the street itself in the list of names."""


_CLAUSE_ENDS = r",.!?;\n\uff0c\u3002\uff01\uff1f\uff1b"  # half and full width


@dataclass(frozen=True, slots=True)
class Accused:
    """A unit complained about: its code (or `street`, or JD / SQ), the name and the word found."""

    unit: str
    name: str
    word: str
    misconduct: bool


def accused(rule: Accusation, title: str, body: str) -> tuple[Accused, ...]:
    """Each unit whose name is followed, close by and in the same clause, by a word of blame."""
    unit_of = {name: unit for unit, names in rule.aliases.items() for name in names}
    misconduct = frozenset(rule.misconduct)
    out: dict[str, Accused] = {}
    for text in (title, body):
        for found in _pattern(rule).finditer(text):
            name, word = found["name"], found["word"]
            blamed = Accused(unit_of[name], name, word, word in misconduct)
            if blamed.unit not in out or (blamed.misconduct and not out[blamed.unit].misconduct):
                out[blamed.unit] = blamed
    return tuple(out.values())


def _pattern(rule: Accusation) -> re.Pattern[str]:
    names = sorted((name for names in rule.aliases.values() for name in names), key=len, reverse=True)
    words = sorted((*rule.words, *rule.misconduct), key=len, reverse=True)
    return _compiled(tuple(names), tuple(words), rule.within)


@lru_cache(maxsize=16)
def _compiled(names: tuple[str, ...], words: tuple[str, ...], within: int) -> re.Pattern[str]:
    name = "|".join(map(re.escape, names)) or "(?!)"
    word = "|".join(map(re.escape, words)) or "(?!)"
    return re.compile(rf"(?P<name>{name})[^{_CLAUSE_ENDS}]{{0,{within}}}?(?P<word>{word})")
