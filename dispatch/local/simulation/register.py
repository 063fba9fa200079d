"""What came in during a real year: the rows of a register, at the moments it has, instead of made-up ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

from dispatch.domain.reference import Reference
from dispatch.domain.turn import ZONE
from dispatch.local.simulation.arrivals import Arrival
from dispatch.local.trouble import Trouble
from dispatch.steps.import_files import WrongFile, rows
from dispatch.steps.import_mapping import ImportMapping
from dispatch.steps.import_rows import whistles
from dispatch.steps.prepare import NewWhistle


@dataclass(frozen=True, slots=True)
class Register:
    """A file and how it is read."""

    file: Path
    mapping: ImportMapping


def first_row(register: Register, reference: Reference) -> date:
    """The day of the earliest row. Raises `Trouble`."""
    dated, _ = _dated(register, reference)
    if not dated:
        raise Trouble(f"No row of {register.file.name} has a date.", "Name its column as occurred-at in the mapping.")
    return dated[0][0].astimezone(ZONE).date()


def arrivals(register: Register, reference: Reference, start: date, days: int) -> tuple[list[Arrival], int, int]:
    """The rows of these days in the order of time; how many of the register are left out, how many are of other days.

    Left out is what cannot be imported, or names no place of the tree and so has nobody to raise it. Raises `Trouble`.
    """
    dated, left_out = _dated(register, reference)
    first = datetime.combine(start, time(), ZONE)
    inside = [(at, one) for at, one in dated if first <= at < first + timedelta(days=days)]
    return [_arrival(n, at, one) for n, (at, one) in enumerate(inside)], left_out, len(dated) - len(inside)


def _dated(register: Register, reference: Reference) -> tuple[list[tuple[datetime, NewWhistle]], int]:
    """Every row that can be raised, by its moment; how many cannot."""
    mapping = register.mapping
    if mapping.district not in reference.tree:
        raise Trouble(
            f"The mapping is for district {mapping.district}, which is not in the folder.",
            f"dispatch duties derive {register.file.name} --mapping {mapping.name} --out DIR, then --district DIR.",
        )
    try:
        found, rejects = whistles(mapping, reference, rows(register.file, mapping))
    except WrongFile as error:
        raise Trouble(str(error), "Nothing was simulated.") from None
    placed = [(one.occurred_at, one) for one in found if one.occurred_at and one.place and not one.place_unknown]
    return sorted(placed, key=lambda row: row[0]), len(found) - len(placed) + len(rejects)


def _arrival(index: int, at: datetime, one: NewWhistle) -> Arrival:
    assert one.place is not None
    return Arrival(index, at, one.street, one.place, one.category, one.title, one.body, one.danger)
