"""Units that can be assigned, the seats of units and places, and who holds them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Literal

from dispatch.domain.tree import Chain

UnitType = Literal["department", "vertical", "utility", "street", "community", "relay"]
BY_PLACE: Mapping[str, int] = {"JD": 4, "SQ": 3}
"""Unit codes that stand for "the one of the place": the rung whose node carries it."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Whoever can be assigned. `place` is the node of a unit that belongs to one (JD-…, SQ-…)."""

    code: str
    name: str
    short: str
    type: UnitType
    calendar: str
    place: str | None = None
    sector: str | None = None
    duty: bool = False  # has somebody on duty round the clock
    phone: str | None = None  # whom to call before whistling: an emergency service's number


@dataclass(frozen=True, slots=True)
class Units:
    """Every unit of the deployment, in the fixed order of its file."""

    all: tuple[Unit, ...]
    by_code: Mapping[str, Unit]
    by_place: Mapping[tuple[str, str], Unit]

    @classmethod
    def of(cls, units: Iterable[Unit]) -> Units:
        kept = tuple(units)
        placed = {(unit.code.split("-", 1)[0], unit.place): unit for unit in kept if unit.place}
        return cls(kept, {unit.code: unit for unit in kept}, placed)

    def get(self, code: str) -> Unit | None:
        return self.by_code.get(code)

    def __contains__(self, code: object) -> bool:
        return code in self.by_code

    def resolve(self, code: str, chain: Chain) -> Unit | None:
        """The unit a duty means: itself, or for JD and SQ that of the place; None where that is unknown."""
        rung = BY_PLACE.get(code)
        if rung is None:
            return self.by_code.get(code)
        node = chain[rung - 1] if len(chain) >= rung else None
        return self.by_place.get((code, node.code)) if node else None


@dataclass(frozen=True, slots=True)
class Seat:
    """A post (`unit:XF:liaison`, `node:130403011:head`); exactly one of `unit` and `node` is set."""

    code: str
    post: str  # liaison deputy section leader principal (units) | head clerk secretary duty dispatcher …
    position: str  # the words on the screen, e.g. 联络员
    unit: str | None = None
    node: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can hold seats. `code` is stable and is what accounts are made from."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Holding:
    """A person in a seat from a day until (not including) another; `until` None = still."""

    seat: str
    person: str
    since: date
    until: date | None = None

    def covers(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day < self.until)


@dataclass(frozen=True, slots=True)
class Shift:
    """A rota (值班表): from `first` to `last` o'clock (district time, over midnight if it is earlier), a person a day.

    `people` take turns from the day `since` on; a shift over midnight belongs to the day it began. The same hour twice:
    round the clock.
    """

    unit: str
    first: time
    last: time
    people: tuple[str, ...]
    since: date


def unit_seat(unit: str, post: str) -> str:
    return f"unit:{unit}:{post}"


def node_seat(node: str, post: str = "head") -> str:
    return f"node:{node}:{post}"


@dataclass(frozen=True, slots=True)
class People:
    """Seats, persons and holdings, with the look-ups that name who answers."""

    persons: Mapping[str, Person]
    seats: Mapping[str, Seat]
    holdings: tuple[Holding, ...]
    by_seat: Mapping[str, tuple[Holding, ...]]
    by_person: Mapping[str, tuple[Holding, ...]]

    @classmethod
    def of(cls, persons: Iterable[Person], seats: Iterable[Seat], holdings: Iterable[Holding]) -> People:
        kept = tuple(holdings)
        by_seat: dict[str, list[Holding]] = {}
        by_person: dict[str, list[Holding]] = {}
        for held in kept:
            by_seat.setdefault(held.seat, []).append(held)
            by_person.setdefault(held.person, []).append(held)
        return cls(
            {person.code: person for person in persons},
            {seat.code: seat for seat in seats},
            kept,
            {seat: tuple(sorted(rows, key=lambda row: row.since)) for seat, rows in by_seat.items()},
            {person: tuple(rows) for person, rows in by_person.items()},
        )

    def holder(self, seat: str, day: date) -> Person | None:
        """Who held the seat on that day; None = vacant (or no such seat)."""
        for held in reversed(self.by_seat.get(seat, ())):
            if held.covers(day):
                return self.persons.get(held.person)
        return None

    def seats_of(self, person: str, day: date) -> tuple[Seat, ...]:
        return tuple(self.seats[held.seat] for held in self.by_person.get(person, ()) if held.covers(day))
