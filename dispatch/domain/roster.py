"""The roster (花名册): who holds which seat from when, as rows of a sheet, laid over what the files' patterns give.

What a row says is compared with what stands: added, changed, ended or unchanged. Nothing is ended by being left out of
a sheet, nothing is ever deleted, and the same rows again change nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from dispatch.domain.refusals import Invalid
from dispatch.domain.units import Holding, People, Person, Seat

Kind = Literal["added", "changed", "ended", "unchanged"]
#: posts that several people hold at once; every other seat has one holder, and the next one ends the last one's term
SHARED = frozenset({"dispatcher", "administrator", "auditor", "clerk", "duty"})
ADMINISTRATOR = "administrator"
#: rows of one sheet about one seat
MOST_OF_SEAT = 200
FIRST, LAST = date(2000, 1, 1), date(2100, 1, 1)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a sheet. `number` is its line (the header is 1); `since` None: as it stands, else from today on."""

    number: int
    person: str
    name: str
    seat: str
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a row; the refusal names field, value and remedy."""

    number: int
    refusal: Invalid


@dataclass(frozen=True, slots=True)
class Line:
    """What a row does. `number` is the row's, also where it ends somebody else's term.

    `field` is what was `was` before: `name`, or `until`.
    """

    kind: Kind
    number: int
    person: str
    name: str
    seat: str
    since: date
    until: date | None = None
    field: str = ""
    was: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a sheet would do: its lines in the order of its rows, its faults, and the roster after it."""

    lines: tuple[Line, ...]
    faults: tuple[Fault, ...]
    roster: Mapping[str, Any]

    def of(self, kind: Kind) -> tuple[Line, ...]:
        """The lines of one kind."""
        return tuple(line for line in self.lines if line.kind == kind)


def lay(
    roster: Mapping[str, Any], seats: Sequence[Seat], persons: Sequence[Person], holdings: Sequence[Holding]
) -> tuple[list[Person], list[Holding]]:
    """Persons and holdings with the roster over them: a seat that it names is as it says, unknown ones are left out."""
    told: Mapping[str, Any] = roster.get("seats", {})
    named = {seat.code for seat in seats} & set(told)
    names = {person.code: person.name for person in persons} | dict(roster.get("persons", {}))
    kept = [held for held in holdings if held.seat not in named]
    over = [
        Holding(seat, person, date.fromisoformat(since), date.fromisoformat(until) if until else None)
        for seat in told
        if seat in named
        for person, since, until in told[seat]
    ]
    return [Person(code, name) for code, name in names.items()], kept + over


def plan(people: People, roster: Mapping[str, Any] | None, rows: Sequence[Row], today: date) -> Plan:
    """What these rows would do on this day. With any fault nothing of it may be done."""
    made = _Planner(people, today)
    for row in sorted(rows, key=lambda row: (row.seat, row.since or today, row.number)):
        made.take(row)
    made.keep_an_administrator()
    lines = sorted(made.lines, key=lambda line: line.number)
    return Plan(tuple(lines), tuple(sorted(made.faults, key=lambda one: one.number)), made.roster(roster or {}))


class _Planner:
    def __init__(self, people: People, today: date) -> None:
        self.people, self.today = people, today
        self.held: dict[str, list[Holding]] = {}
        self.changed: dict[str, int] = {}  # seat → the row that changed it last
        self.own: dict[str, set[Holding]] = {}  # by seat, what this sheet says
        self.taken: dict[str, int] = {}  # by seat, how many rows were about it
        self.names: dict[str, str] = {}
        self.lines: list[Line] = []
        self.faults: list[Fault] = []

    def take(self, row: Row) -> None:
        for part in (self._name, self._hold):
            try:
                part(row)
            except Invalid as refusal:
                self.faults.append(Fault(row.number, refusal))

    def _name(self, row: Row) -> None:
        before = self.names.get(row.person)
        if before is not None and before != row.name:
            raise Invalid(
                "「{value}」这个工号在表里还叫「{other}」；请改成一致", field="name", value=row.name, other=before
            )
        self.names[row.person] = row.name
        known = self.people.persons.get(row.person)
        if before is None and known is not None and known.name != row.name:
            since = row.since or self.today
            self._say("changed", row, Holding(row.seat, row.person, since, row.until), "name", known.name)

    def _hold(self, row: Row) -> None:
        self.taken[row.seat] = self.taken.get(row.seat, 0) + 1
        if self.taken[row.seat] > MOST_OF_SEAT:
            raise Invalid("这个岗位写了超过「{value}」行；请核对，或分成几份", field="post", value=MOST_OF_SEAT)
        held = self.held.setdefault(row.seat, list(self.people.by_seat.get(row.seat, ())))
        own = [one for one in held if one.person == row.person]
        match = next((one for one in reversed(own) if self._means(row, one)), None)
        until = row.until
        since = match.since if match else row.since or self.today
        if until is not None and until <= since:
            raise Invalid(
                "「{value}」不晚于任职起 {since}；请改任职止", field="until", value=str(until), since=str(since)
            )
        made = Holding(row.seat, row.person, since, until)
        if made in self.own.get(row.seat, ()):
            raise Invalid("「{value}」这一行写了两遍；请删去一行", field="code", value=row.person)
        if match is None:
            clash = next((one for one in own if _overlap(one, made)), None)
            if clash is not None:
                raise Invalid(
                    "「{value}」不对：这个人从 {since} 起已任这个岗位；请把任职起写成这一天，或留空",
                    field="since",
                    value=str(since),
                    since=str(clash.since),
                )
        self._place(row, held, made, match)

    def _means(self, row: Row, one: Holding) -> bool:
        if row.since is not None:
            return one.since == row.since
        return one.until is None or one.until > self.today

    def _place(self, row: Row, held: list[Holding], made: Holding, match: Holding | None) -> None:
        if made == match:
            self._say("unchanged", row, made)
        else:
            self._make_way(row, held, made)
            if match is None:
                held.append(made)
                self._say("added", row, made)
            else:
                held[held.index(match)] = made
                ends = made.until is not None and (match.until is None or made.until < match.until)
                self._say("ended" if ends else "changed", row, made, "until", str(match.until or ""))
            self.changed[row.seat] = row.number
        self.own.setdefault(row.seat, set()).add(made)

    def _make_way(self, row: Row, held: list[Holding], made: Holding) -> None:
        """A seat of one holder: who holds it now ends with the day the next one begins."""
        if self.people.seats[row.seat].post in SHARED:
            return
        others = [one for one in held if one.person != made.person and _overlap(one, made)]
        for other in others:
            ahead = other.since > self.today and other.since >= made.since
            if ahead or other in self.own.get(row.seat, ()):
                raise Invalid(
                    "「{value}」不行：从 {since} 起由{other}任这个岗位；请把任职止写到那一天，或改任职起",
                    field="since",
                    value=str(made.since),
                    since=str(other.since),
                    other=self._called(other.person),
                )
        if made.until is not None and made.until <= self.today:
            return  # a term that is over takes nothing from anybody
        for other in others:
            if other.until is not None and other.until <= self.today:
                continue
            cut = made.since if other.since < made.since else max(self.today, other.since)
            ended = replace(other, until=cut)
            held[held.index(other)] = ended
            self._say("ended", row, ended, "until", str(other.until or ""))

    def keep_an_administrator(self) -> None:
        """Nobody may shut out everybody who could let people in again."""
        for seat, number in self.changed.items():
            if self.people.seats[seat].post != ADMINISTRATOR or not self.people.by_seat.get(seat):
                continue
            if not any(one.until is None and one.covers(self.today) for one in self.held[seat]):
                position = self.people.seats[seat].position
                self.faults.append(
                    Fault(
                        number,
                        Invalid("这样一来「{value}」就没有人了；请先加一位管理员再止任", field="until", value=position),
                    )
                )

    def roster(self, before: Mapping[str, Any]) -> Mapping[str, Any]:
        """The roster with the seats that changed, and everybody named in it."""
        seats = dict(before.get("seats", {}))
        for seat in self.changed:
            rows = sorted(self.held[seat], key=lambda one: (one.since, one.person))
            seats[seat] = [[one.person, str(one.since), str(one.until) if one.until else None] for one in rows]
        used = {person for rows in seats.values() for person, _since, _until in rows}
        renamed = {line.person for line in self.lines if line.field == "name"}
        names = dict(before.get("persons", {}))
        names |= {code: self._called(code) for code in used | renamed}
        return {**before, "persons": names, "seats": seats} if seats or names or before else {}

    def _called(self, code: str) -> str:
        known = self.people.persons.get(code)
        return self.names.get(code) or (known.name if known else code)

    def _say(self, kind: Kind, row: Row, held: Holding, field: str = "", was: str = "") -> None:
        name = self._called(held.person)
        line = Line(kind, row.number, held.person, name, held.seat, held.since, held.until, field, was)
        self.lines.append(line)


def _overlap(a: Holding, b: Holding) -> bool:
    return a.since < (b.until or date.max) and b.since < (a.until or date.max)
