"""What differs between two versions: of the documents, value by value; of the texts, line by line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

#: by what the members of a list of mappings are known
_KEYS = ("code", "stage", "rung", "name")
_TOKEN = re.compile(r"[0-9A-Za-z_.-]+|[\u4e00-\u9fff]+|\s+|.", re.S)
#: lines of context around what differs
AROUND = 2

Value = str | tuple[str, ...] | None
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One value that differs; None: it is not there."""

    path: Path
    old: Value
    new: Value


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """What differs between two documents, in the order of the new one; what is gone comes last."""
    before, after = dict(_flat(old)), dict(_flat(new))
    found = [Change(path, before.get(path), value) for path, value in after.items() if before.get(path) != value]
    return found + [Change(path, value, None) for path, value in before.items() if path not in after]


def _flat(value: Any, path: Path = ()) -> Iterator[tuple[Path, Value]]:
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _flat(one, (*path, str(key)))
    elif isinstance(value, list) and value and all(isinstance(one, Mapping) for one in value):
        for one in value:
            key = next(name for name in _KEYS if name in one)
            yield from _flat({name: kept for name, kept in one.items() if name != key}, (*path, str(one[key])))
    elif isinstance(value, list):
        yield path, tuple(" ".join(one) if isinstance(one, list) else str(one) for one in value)
    else:
        yield path, None if value is None else str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a comparison: where it stands (None: not in that text), and its parts, those that differ marked."""

    sign: Literal[" ", "-", "+"]
    old: int | None
    new: int | None
    parts: tuple[tuple[str, bool], ...]


def lines(old: str, new: str, around: int = AROUND) -> list[list[Line]]:
    """What differs, line by line, in pieces with some lines around each."""
    a, b = old.splitlines(), new.splitlines()
    pieces: list[list[Line]] = []
    for group in SequenceMatcher(None, a, b).get_grouped_opcodes(around):
        piece: list[Line] = []
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                piece += [Line(" ", i1 + n + 1, j1 + n + 1, ((a[i1 + n], False),)) for n in range(i2 - i1)]
            else:
                piece += _replaced(a, b, (i1, i2), (j1, j2))
        pieces.append(piece)
    return pieces


def _replaced(a: Sequence[str], b: Sequence[str], old: tuple[int, int], new: tuple[int, int]) -> Iterator[Line]:
    """Lines taken away, then lines put in; those that answer each other say what in them differs."""
    took, put = a[old[0] : old[1]], b[new[0] : new[1]]
    pairs = [_marked(one, other) for one, other in zip(took, put, strict=False)]
    for n, text in enumerate(took):
        yield Line("-", old[0] + n + 1, None, pairs[n][0] if n < len(pairs) else ((text, False),))
    for n, text in enumerate(put):
        yield Line("+", None, new[0] + n + 1, pairs[n][1] if n < len(pairs) else ((text, False),))


Parts = tuple[tuple[str, bool], ...]


def _marked(old: str, new: str) -> tuple[Parts, Parts]:
    a, b = _TOKEN.findall(old), _TOKEN.findall(new)
    matcher = SequenceMatcher(None, a, b)
    if matcher.ratio() < 0.5:  # two lines that have little in common: every word would be marked
        return ((old, False),), ((new, False),)
    left: list[tuple[str, bool]] = []
    right: list[tuple[str, bool]] = []
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        left.append(("".join(a[i1:i2]), tag != "equal"))
        right.append(("".join(b[j1:j2]), tag != "equal"))
    return tuple(part for part in left if part[0]), tuple(part for part in right if part[0])
