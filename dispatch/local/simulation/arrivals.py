"""What comes in during a synthetic year: when, where, about what. The seed decides all of it, no policy any of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from dispatch.domain.reference import Node, Reference
from dispatch.domain.turn import ZONE

#: how much of a day's ordinary whistles comes in each hour, and of its emergencies (district time)
HOURS = (1, 1, 0, 0, 0, 1, 3, 8, 22, 34, 30, 18, 8, 8, 20, 28, 26, 18, 10, 8, 7, 5, 3, 2)
EMERGENCY_HOURS = (5, 4, 4, 3, 3, 5, 9, 12, 12, 12, 11, 10, 10, 10, 10, 10, 11, 13, 14, 13, 12, 10, 8, 6)
#: share of an ordinary day that comes on Monday … Sunday
WEEKDAYS = (1.25, 1.1, 1.05, 1.05, 1.1, 0.75, 0.7)
#: category → months in which it comes more often, and how many times as often
SEASONS: Mapping[str, tuple[frozenset[int], float]] = {
    "213": (frozenset({11, 12, 1, 2, 3}), 5.0),  # heating
    "212": (frozenset({6, 7, 8}), 2.5),  # water pressure
    "222": (frozenset({6, 7, 8, 9}), 4.0),  # flooding
    "216": (frozenset({7, 8}), 2.5),  # power cuts
    "116": (frozenset({5, 6, 7, 8, 9}), 2.5),  # barbecues
    "304": (frozenset({1, 2}), 3.0),  # fireworks
    "705": (frozenset({6, 7, 8}), 4.0),  # school places
    "701": (frozenset({12, 1}), 2.5),  # wages before the festival
}
#: weight of each text of a group; the demo's seed shows every category once, a district does not
GROUPS: Mapping[str, float] = {"texts": 1.0, "unmatched": 0.6, "unmatched-danger": 0.1, "avoidance": 0.0}
EMERGENCY = 0.3


@dataclass(frozen=True, slots=True)
class Arrival:
    """One whistle to come. `index` names it in every run with the same seed."""

    index: int
    at: datetime
    street: str
    place: str
    category: str | None
    title: str
    body: str
    danger: bool


def year(
    reference: Reference, texts: Mapping[str, Any], start: date, days: int, per_day: float, seed: int
) -> list[Arrival]:
    """Everything that comes from `start` on, in the order of time: about `per_day` on an average day."""
    dice = Random(f"{seed}:arrivals")  # nosec B311  # noqa: S311 — a simulation, not a secret
    rows = [(row, weight) for group, weight in GROUPS.items() for row in texts.get(group, ())]
    rows = [(row, weight * (EMERGENCY if _danger(row, reference) else 1.0)) for row, weight in rows]
    places = _places(reference)
    found: list[tuple[datetime, Mapping[str, Any], Node, int]] = []
    for day in (start + timedelta(days=n) for n in range(days)):
        weights = [weight * _season(row, day) for row, weight in rows]
        for _ in range(_poisson(dice, per_day * WEEKDAYS[day.weekday()])):
            row = dice.choices([row for row, _ in rows], weights)[0]
            place = dice.choice(places[row["at"]])
            found.append((_moment(dice, day, _danger(row, reference)), row, place, dice.randint(2, 6)))
    found.sort(key=lambda one: one[0])
    return [_arrival(reference, index, *one) for index, one in enumerate(found)]


def _arrival(
    reference: Reference, index: int, at: datetime, row: Mapping[str, Any], place: Node, number: int
) -> Arrival:
    street = reference.tree.street_of(place.code)
    assert street is not None
    fill = {"place": place.name, "n": number}
    title, body = row["title"].format(**fill), row["body"].format(**fill)
    return Arrival(index, at, street.code, place.code, row.get("category"), title, body, bool(row.get("danger")))


def _danger(row: Mapping[str, Any], reference: Reference) -> bool:
    duty = reference.duties.get(row["category"]) if row.get("category") else None
    return bool(row.get("danger")) or (duty is not None and duty.kind == "emergency")


def _season(row: Mapping[str, Any], day: date) -> float:
    months, times = SEASONS.get(str(row.get("category")), (frozenset(), 1.0))
    return times if day.month in months else 1.0


def _moment(dice: Random, day: date, danger: bool) -> datetime:
    hour = dice.choices(range(24), EMERGENCY_HOURS if danger else HOURS)[0]
    return datetime.combine(day, time(hour, dice.randrange(60)), ZONE)


def _poisson(dice: Random, mean: float) -> int:
    """Knuth's way; means of a few hundred at most."""
    limit, count, product = math.exp(-min(mean, 600.0)), 0, dice.random()
    while product > limit:
        count += 1
        product *= dice.random()
    return count


def _places(reference: Reference) -> dict[str, Sequence[Node]]:
    """Places by depth, in the order of their codes."""
    found: dict[str, list[Node]] = {}
    for node in sorted(reference.tree.by_code.values(), key=lambda node: node.code):
        if not node.general and reference.tree.street_of(node.code) is not None:
            kind = {"township": "street", "village": "community"}.get(node.kind, node.kind)
            found.setdefault(kind, []).append(node)
    for depth in ("compound", "lane", "building", "community"):  # a district may not know them all
        found.setdefault(depth, found.get("community") or found["street"])
    return dict(found)
