"""Events in words: texts in place of their ids, names in place of codes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from dispatch.domain.case import Request
from dispatch.domain.turn import Turn
from dispatch.store import people
from dispatch.store.connection import Connection
from dispatch.store.timeline import Logged

#: members of an event's data, or a request's, that may name a text
TEXTS = ("text", "reply", "reason", "note", "minutes")


@dataclass(frozen=True, slots=True)
class Told:
    """One entry of the timeline. `by` None: the service itself; a text that was erased is None in `data`."""

    seq: int
    type: str
    at: datetime
    by: dict[str, Any] | None
    data: dict[str, Any]


def struck(log: Iterable[Told]) -> tuple[Told, ...]:
    """The timeline with each rating that an objection made void marked `struck`: no figure may count it."""
    rated: dict[str, list[int]] = {}
    questioned: dict[str, list[int]] = {}
    void: set[int] = set()
    told = tuple(log)
    for one in told:
        unit = str(one.data.get("unit"))
        match one.type:
            case "evaluated":
                rated.setdefault(unit, []).append(one.seq)
            case "objected":
                questioned[unit] = list(rated.get(unit, ()))
            case "objection.decided" if one.data.get("granted"):
                void.update(questioned.get(unit, ()))
    return tuple(replace(one, data={**one.data, "struck": True}) if one.seq in void else one for one in told)


@dataclass(frozen=True, slots=True)
class Words:
    """The texts of a whistle by id, and the names of persons that the reference data do not know.

    `unseen`: ids and numbers of other whistles that the reader may not know of.
    """

    turn: Turn
    texts: Mapping[str, str | None]
    names: Mapping[str, str]
    unseen: frozenset[str] = frozenset()

    def name(self, person: str | None) -> str | None:
        """A person's name."""
        known = self.turn.reference.people.persons.get(person) if person else None
        return known.name if known else self.names.get(person or "")

    def text(self, id: object) -> str | None:
        """A text by its id; None: there is none, or it was erased."""
        return self.texts.get(str(id)) if id is not None else None

    def told(self, event: Logged) -> Told:
        """An event as the timeline tells it."""
        return Told(event.seq, event.type, event.at, self.by(event.person, event.seat), self.put(event.data))

    def by(self, person: str | None, seat: str | None) -> dict[str, Any] | None:
        """Who did it, and from which seat."""
        if person is None and seat is None:
            return None
        found = self.turn.reference.people.seats.get(seat) if seat else None
        return {
            "person": self.name(person),
            "seat": seat,
            "position": found.position if found else None,
            "node": found.node if found else None,
            "unit": found.unit if found else None,
        }

    def put(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Data with texts in place of their ids, and without the whistles that are kept from the reader."""
        made = self._seen(data) if self.unseen else dict(data)
        for member in TEXTS:
            value = made.get(member)
            if isinstance(value, str) and len(value) == 36 and value.count("-") == 4:
                made[member] = self.texts.get(value)
        return made

    def _seen(self, data: Mapping[str, Any]) -> dict[str, Any]:
        return {
            key: [one for one in value if str(one) not in self.unseen] if isinstance(value, list) else value
            for key, value in data.items()
            if str(value) not in self.unseen
        }

    def request(self, request: Request) -> dict[str, Any]:
        """A request as shown."""
        return {
            "id": request.id,
            "kind": request.kind,
            "unit": request.unit,
            "status": request.status,
            "asked_by": self.name(request.asked_by),
            "asked_at": request.asked_at,
            "decided_by": self.name(request.decided_by),
            "decided_at": request.decided_at,
            "data": self.put(request.data),
        }


async def words_of(
    connection: Connection, turn: Turn, log: list[Logged], texts: Mapping[str, str | None], *persons: str | None
) -> Words:
    """The names and texts that a log speaks of."""
    known = turn.reference.people.persons
    wanted = {code for code in (*persons, *(event.person for event in log)) if code and code not in known}
    return Words(turn, texts, await people.names(connection, sorted(wanted)))
