"""The tree of places: five levels under every spot, type-ahead, and finding the place a text names."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from dispatch.domain.locate import Gazetteer

NodeKind = Literal[
    "district", "street", "township", "community", "village", "compound", "grid", "building", "lane", "point"
]
LEVELS: Mapping[str, int] = {
    "building": 1,
    "lane": 1,
    "point": 1,
    "compound": 2,
    "grid": 2,
    "community": 3,
    "village": 3,
    "street": 4,
    "township": 4,
    "district": 5,
}
FAR = 3000
"""Metres: a place farther away is not where somebody stands."""
Chain = tuple["Node | None", ...]
"""The nodes a place stands under, index = rung - 1 (0 building … 4 district); None = not known."""
UNKNOWN: Chain = (None, None, None, None, None)


@dataclass(frozen=True, slots=True)
class Node:
    """A place. `general` marks the catch-all grid or point (公共网格, 公共点位). level == rung, 1–5."""

    code: str
    parent: str | None
    level: int
    kind: NodeKind
    name: str
    general: bool = False
    initials: str = ""  # first letters of the name's pinyin, lower case
    also: tuple[str, ...] = ()  # other names it goes by
    at: tuple[float, float] | None = None  # latitude and longitude in degrees


@dataclass(frozen=True, slots=True)
class Tree:
    """The forest of nodes; each root is a district."""

    by_code: Mapping[str, Node]
    below: Mapping[str, tuple[Node, ...]]
    gazetteer: Gazetteer
    labels: Mapping[str, str]
    initials: Mapping[str, str]  # of the full name below the street
    called: Mapping[str, str | None]  # names, codes and full names, from any node downwards; None: of several places
    #: ladders already asked for: the sweep asks several times for each step
    chains: dict[str, Chain] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, nodes: Iterable[Node]) -> Tree:
        by_code = {node.code: node for node in nodes}
        below: dict[str, list[Node]] = {}
        for node in by_code.values():
            if node.parent is not None:
                below.setdefault(node.parent, []).append(node)
        paths = {code: tuple(_upwards(by_code, code)) for code in by_code}
        labels = {
            code: "".join(n.name for n in reversed(path) if n.level < 5 and not n.general)
            for code, path in paths.items()
        }
        initials = {code: "".join(n.initials for n in reversed(path) if n.level < 4) for code, path in paths.items()}
        gazetteer = Gazetteer.of(
            (
                node.code,
                node.level,
                node.general,
                (node.name, *node.also),
                tuple(n.code for n in paths[node.code]),
            )
            for node in by_code.values()
        )
        called: dict[str, str | None] = {}
        for code, path in paths.items():
            for name in _names(path):
                called[name] = code if called.get(name, code) == code else None
        return cls(by_code, {code: tuple(rows) for code, rows in below.items()}, gazetteer, labels, initials, called)

    def __contains__(self, code: object) -> bool:
        return code in self.by_code

    def __len__(self) -> int:
        return len(self.by_code)

    def get(self, code: str) -> Node | None:
        return self.by_code.get(code)

    def roots(self) -> tuple[Node, ...]:
        return tuple(node for node in self.by_code.values() if node.parent is None)

    def children(self, code: str) -> tuple[Node, ...]:
        return self.below.get(code, ())

    def ancestors(self, code: str) -> tuple[Node, ...]:
        """The node itself first, then upwards to its district; empty for an unknown code."""
        return tuple(_upwards(self.by_code, code))

    def chain(self, code: str | None) -> Chain:
        """The ladder of a place, always five long: index = rung - 1.

        Below a known community, what is not known falls to the general grid and point; a place
        known only to its street (or less) has None below (地点不明), and starts there.
        """
        if code is None or code not in self.by_code:
            return (None,) * 5
        found = self.chains.get(code)
        if found is None:
            found = self.chains[code] = self._chain(code)
        return found

    def _chain(self, code: str) -> Chain:
        rungs: list[Node | None] = [None] * 5
        for node in _upwards(self.by_code, code):
            rungs[node.level - 1] = node
        for level in (3, 2):
            above = rungs[level - 1]
            if above is not None and rungs[level - 2] is None:
                rungs[level - 2] = self._general(above.code)
        return tuple(rungs)

    def street_of(self, code: str | None) -> Node | None:
        """The street or township a place lies in; None for a district or an unknown code."""
        return self.at_level(code, 4)

    def district_of(self, code: str | None) -> Node | None:
        return self.at_level(code, 5)

    def at_level(self, code: str | None, level: int) -> Node | None:
        for node in _upwards(self.by_code, code) if code else ():
            if node.level == level:
                return node
        return None

    def covers(self, above: str, code: str | None) -> bool:
        """Whether `code` is `above` or lies under it."""
        return any(node.code == above for node in _upwards(self.by_code, code)) if code else False

    def label(self, code: str) -> str:
        """The full name below the district, e.g. 东柳街道广泰社区广泰小区3号楼."""
        return self.labels.get(code) or (self.by_code[code].name if code in self.by_code else "")

    def find(self, text: str, limit: int = 10, *, under: str | None = None) -> list[Node]:
        """Type-ahead: names, full names, codes or pinyin initials (`dmw` and `dms` find 东门外社区); best first.

        Spaces separate words that must all be found. General nodes are never offered.
        """
        words = text.lower().split()
        if not words or limit < 1:
            return []
        found = [
            (rank, -node.level, len(self.labels[node.code]), node.code)
            for node in self.by_code.values()
            if not node.general
            and (rank := _rank(node, self.labels[node.code], self.initials[node.code], words)) is not None
            and (under is None or self.covers(under, node.code))
        ]
        return [self.by_code[row[3]] for row in sorted(found)[:limit]]

    def named(self, text: str) -> Node | None:
        """The one place that is called exactly this: by code, name, or full name from any node downwards.

        None for a name of several places: every compound has a 3号楼, and the first of them would be a guess.
        """
        code = self.called.get("".join(text.split()))
        return self.by_code[code] if code else None

    def locate(self, text: str, street: str | None = None) -> Node | None:
        """The deepest place a free text names, within `street` if given; None if it names none."""
        code = self.gazetteer.locate(text, street)
        return self.by_code[code] if code else None

    def near(
        self, latitude: float, longitude: float, limit: int = 3, *, under: str | None = None
    ) -> list[tuple[Node, int]]:
        """The nodes nearest to a position (degrees) whose own is known, and how many metres away; within 3 km."""
        found = [
            (round(_metres(node.at, (latitude, longitude))), -node.level, node.code)
            for node in self.by_code.values()
            if node.at is not None and (under is None or self.covers(under, node.code))
        ]
        return [(self.by_code[code], away) for away, _, code in sorted(found)[:limit] if away <= FAR]

    def _general(self, code: str) -> Node | None:
        return next((node for node in self.below.get(code, ()) if node.general), None)


def _metres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Between two positions in degrees; flat, which within a city is true to a metre."""
    north = (one[0] - other[0]) * 111_320
    east = (one[1] - other[1]) * 111_320 * math.cos(math.radians(one[0]))
    return math.hypot(north, east)


def _names(path: tuple[Node, ...]) -> Iterable[str]:
    """What a place may be called: its code, and its names alone or behind those of the nodes above it, in order."""
    here, *above = path
    yield here.code
    if here.general:
        return
    fronts = [""]
    for node in above:
        fronts += [node.name + front for front in fronts]
    for front in fronts:
        for name in (here.name, *here.also):
            yield "".join((front + name).split())


def _upwards(by_code: Mapping[str, Node], code: str | None) -> Iterable[Node]:
    node = by_code.get(code) if code else None
    while node is not None:
        yield node
        node = by_code.get(node.parent) if node.parent else None


def _in_order(letters: str, initials: str) -> bool:
    """Whether the letters come in this order, gaps allowed (dms in dmwsq, 东门外社区)."""
    rest = iter(initials)
    return all(letter in rest for letter in letters)


def _rank(node: Node, label: str, initials: str, words: list[str]) -> int | None:
    worst = 0
    for word in words:
        if node.name.startswith(word) or node.code == word:
            rank = 0
        elif word in node.name or any(word in name for name in node.also):
            rank = 1
        elif node.initials.startswith(word):
            rank = 2
        elif word in node.initials:
            rank = 3
        elif word in label or node.code.lower().startswith(word):
            rank = 4
        elif len(word) > 1 and word.isascii() and _in_order(word, initials):
            rank = 5
        else:
            return None
        worst = max(worst, rank)
    return worst
