"""The workbook that people are imported from: empty, or with the terms that stand."""

from collections.abc import Iterator
from datetime import date

from dispatch.domain.reference import Reference
from dispatch.steps import workbook
from dispatch.steps.import_people import COLUMNS, ROTA


def template(reference: Reference, today: date, *, filled: bool) -> bytes:
    """The workbook to fill in; `filled` with the terms that stand today or are to come."""
    rows = _standing_rows(reference, today) if filled else ()
    notes = [("单位或属地", "代码", "岗位"), *_owners(reference)]
    return workbook.write("人员", [label for _name, label in COLUMNS], rows, notes)


def _standing_rows(reference: Reference, today: date) -> Iterator[tuple[str, ...]]:
    known = reference.people
    for held in known.holdings:
        seat = known.seats[held.seat]
        if seat.post == ROTA or (held.until is not None and held.until <= today):
            continue
        person = known.persons.get(held.person)
        until = str(held.until) if held.until else ""
        yield (held.person, person.name if person else "", seat.unit or seat.node or "", seat.position,
               str(held.since), until)  # fmt: skip


def _owners(reference: Reference) -> Iterator[tuple[str, str, str]]:
    posts: dict[str, list[str]] = {}
    for seat in reference.people.seats.values():
        if seat.post != ROTA:
            posts.setdefault(f"{'unit' if seat.unit else 'node'}:{seat.unit or seat.node}", []).append(seat.position)
    for unit in reference.units.all:
        yield unit.name, unit.code, "、".join(posts.get(f"unit:{unit.code}", ()))
    for node in reference.tree.by_code.values():
        if own := posts.get(f"node:{node.code}"):
            yield reference.tree.labels[node.code] or node.name, node.code, "、".join(own)
