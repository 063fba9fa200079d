"""units.yaml and people.yaml: units with their seats, and who holds which seat from when."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import date, time
from typing import Any, get_args

from dispatch.domain import roster
from dispatch.domain.counterparts import POSTS
from dispatch.domain.cover import Span, meet
from dispatch.domain.tree import LEVELS, Node
from dispatch.domain.units import (
    BY_PLACE,
    Holding,
    Person,
    Seat,
    Shift,
    Unit,
    UnitType,
    node_seat,
    unit_seat,
)
from dispatch.steps.reading.cursor import Cursor

UNIT_CODE = r"[A-Z]{2,6}(-[\dA-Z-]+)?"
TYPES = get_args(UnitType)
PHONE = r"\d[\d-]{2,15}"
HOURS = r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d"
NODE_POSTS = ("head", "clerk", "secretary", "duty", "dispatcher", "administrator", "auditor")
_EACH = {"street": ("street", "township"), "community": ("community", "village")}


def read_units(top: Cursor, nodes: Collection[Node], calendars: Collection[str]) -> dict[str, Any]:
    """The document of the units: all of them, those of streets and communities generated."""
    title = top.text("title", "")
    units: dict[str, dict[str, Any]] = {}
    for one in top.each("units", required=True):
        code = one.text("code", shape=UNIT_CODE)
        if code in units or code in BY_PLACE:
            one.wrong("code", code, "这个单位代码已用过，或留作按属地确定（JD、SQ）")
        units[code] = _unit(one, calendars, code, {"code": code, "place": None})
    for pattern in top.each("generated"):
        shape = pattern.text("code", shape=r"(JD|SQ)-\{node\}")
        kinds = _EACH.get(pattern.text("each", among=tuple(_EACH)), ())
        unit = _unit(pattern, calendars, shape, {})
        for node in nodes:
            if node.kind in kinds:
                made = {key: _fill(v, node) if isinstance(v, str) else v for key, v in unit.items()}
                made |= {"code": shape.replace("{node}", node.code), "place": node.code}
                units[made["code"]] = made
    seats = [
        {"post": one.text("post", among=POSTS), "position": one.text("position")}
        for one in top.each("seats", required=True)
    ]
    top.close()
    return {"title": title, "units": list(units.values()), "seats": seats}


def _unit(one: Cursor, calendars: Collection[str], code: str, start: dict[str, Any]) -> dict[str, Any]:
    name = one.text("name")
    return start | {
        "name": name,
        "short": one.text("short", name),
        "type": one.text("type", among=TYPES),
        "calendar": one.text("calendar", among=calendars),
        "sector": one.text("sector", None),
        "duty": one.flag("duty"),
        "phone": one.text("phone", None, shape=PHONE),
    }


def read_people(top: Cursor, nodes: Collection[Node], units: dict[str, Any]) -> dict[str, Any]:
    """The document of the seats and their holders: patterns, what is written out, and terms that differ."""
    posts = [row["post"] for row in units["seats"]]
    title, since = top.text("title", ""), top.day("since")
    by_unit = [{"post": one.text("post", among=posts), "person": one.text("person")} for one in top.each("units")]
    by_node = [
        {
            "each": one.text("each", among=tuple(LEVELS)),
            "post": one.text("post", among=NODE_POSTS),
            "position": one.text("position"),
            "person": one.text("person"),
        }
        for one in top.each("nodes")
    ]
    codes = {node.code for node in nodes}
    written = [
        {
            "node": one.text("node", among=codes),
            "post": one.text("post", among=NODE_POSTS),
            "position": one.text("position"),
            "people": one.texts("people", least=1),
        }
        for one in top.each("seats")
    ]
    known = {unit_seat(unit["code"], post) for unit in units["units"] for post in posts}
    known |= {node_seat(node.code, row["post"]) for row in by_node for node in nodes if node.kind == row["each"]}
    known |= {node_seat(row["node"], row["post"]) for row in written}
    rota = list(_rota(top, [unit["code"] for unit in units["units"]]))
    terms = [
        {
            "seat": one.text("seat", among=known),
            "person": one.text("person", None),
            "since": one.day("since"),
            "until": one.day("until", None),
        }
        for one in top.each("terms")
    ]
    top.close()
    patterns = {"units": by_unit, "nodes": by_node, "seats": written, "terms": terms, "rota": rota}
    return {"title": title, "since": since, **patterns}


def make_units(document: dict[str, Any]) -> Iterator[Unit]:
    for row in document["units"]:
        yield Unit(**row)


def _rota(top: Cursor, units: Collection[str]) -> Iterator[dict[str, Any]]:
    """The shifts, no two of a unit at the same time."""
    before: dict[str, list[tuple[int, str]]] = {}  # by unit, line and hours
    for one in top.each("rota"):
        shift = _shift(one, units)
        hours, own = shift["hours"], before.setdefault(shift["unit"], [])
        if re.fullmatch(HOURS, hours):
            for line, other in own:
                if meet(span(hours), span(other)):
                    one.wrong(
                        "hours",
                        hours,
                        "和第 {line} 行「{other}」的时段重叠，一个时刻只能一人值班；请把时段错开",
                        line=line,
                        other=other,
                    )
            own.append((one.line("hours"), hours))
        yield shift


def span(hours: str) -> Span:
    """The hours of a shift as they are written: 18:00-08:30."""
    first, last = hours.split("-")
    return time.fromisoformat(first), time.fromisoformat(last)


def _shift(one: Cursor, units: Collection[str]) -> dict[str, Any]:
    """One unit's rota: 18:00-08:30, and who takes turns."""
    return {
        "unit": one.text("unit", among=units),
        "hours": one.text("hours", shape=HOURS),
        "position": one.text("position", "值班员"),
        "people": one.texts("people", least=1),
        "since": one.day("since"),
    }


def make_rota(document: dict[str, Any]) -> Iterator[Shift]:
    """The shifts; persons of the file are coded by their place in the list, those of the roster by name of code."""
    for row, people in _shifts(document):
        yield Shift(row["unit"], *span(row["hours"]), tuple(people), date.fromisoformat(row["since"]))


def _shifts(document: dict[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
    """Each shift with its persons, code → name ("": known already); a unit's in the roster stand for the file's."""
    own = document.get("roster", {}).get("rota", {})
    for row in document.get("rota", ()):
        if row["unit"] not in own:
            yield row, dict(zip(_coded(unit_seat(row["unit"], "rota"), row["people"]), row["people"], strict=True))
    for unit, shifts in own.items():
        for row in shifts:
            yield row | {"unit": unit}, dict.fromkeys(row["people"], "")


def _coded(seat: str, names: list[str]) -> list[str]:
    return [seat] if len(names) == 1 else [f"{seat}:{n}" for n in range(1, len(names) + 1)]


Seated = tuple[list[Seat], list[Person], list[Holding]]


def make_people(document: dict[str, Any], units: dict[str, Any], nodes: Collection[Node]) -> Seated:
    """Every seat, person and holding that the patterns, seats and terms give, and the roster over them."""
    positions = {row["post"]: row["position"] for row in units["seats"]}
    names = {row["post"]: row["person"] for row in document["units"]}
    seated: Seated = ([], [], [])
    terms: dict[str, list[dict[str, Any]]] = {}
    for term in document["terms"]:
        terms.setdefault(term["seat"], []).append(term)
    since = date.fromisoformat(document["since"])
    for unit in units["units"]:
        for post, position in positions.items():
            code = unit_seat(unit["code"], post)
            who = [_fill(names[post], unit["name"], unit["short"])] if post in names else []
            _seat(Seat(code, post, position, unit=unit["code"]), who, since, terms.get(code, []), seated)
    for pattern in document["nodes"]:
        number = 0
        for node in nodes:
            if node.kind == pattern["each"]:
                number += 1
                code = node_seat(node.code, pattern["post"])
                seat = Seat(code, pattern["post"], pattern["position"], node=node.code)
                who = [_fill(pattern["person"], node, number=number)]
                _seat(seat, who, since, terms.get(code, []), seated)
    for row in document["seats"]:
        code = node_seat(row["node"], row["post"])
        seat = Seat(code, row["post"], row["position"], node=row["node"])
        _seat(seat, row["people"], since, terms.get(code, []), seated)
    for row, people in _shifts(document):
        code, since = unit_seat(row["unit"], "rota"), date.fromisoformat(row["since"])
        seated[0].append(Seat(code, "rota", row["position"], unit=row["unit"]))
        seated[1].extend(Person(one, name) for one, name in people.items() if name)
        seated[2].extend(Holding(code, one, since) for one in people)
    if "roster" in document:
        return (seated[0], *roster.lay(document["roster"], *seated))
    return seated


def _seat(seat: Seat, names: list[str], since: date, terms: list[dict[str, Any]], seated: Seated) -> None:
    seats, persons, holdings = seated
    seats.append(seat)
    ends = sorted(date.fromisoformat(term["since"]) for term in terms)
    until = next((day for day in ends if day > since), None)
    for code, name in zip(_coded(seat.code, names), names, strict=True):
        persons.append(Person(code, name))
        holdings.append(Holding(seat.code, code, since, until))
    for term in terms:
        if term["person"]:
            person = Person(f"{seat.code}:{term['since']}", term["person"])
            last = date.fromisoformat(term["until"]) if term["until"] else None
            persons.append(person)
            holdings.append(Holding(seat.code, person.code, date.fromisoformat(term["since"]), last))


def _fill(text: str, name: Node | str, short: str = "", number: int = 0) -> str:
    if isinstance(name, Node):
        full = name.name
        short = full
        for ending in ("街道", "社区", "镇", "乡", "村"):
            short = short.removesuffix(ending) or full
    else:
        full = name
    return text.replace("{name}", full).replace("{short}", short or full).replace("{n}", f"{number:03d}")
