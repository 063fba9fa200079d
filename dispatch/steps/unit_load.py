"""What a unit carries now, beside the median of the units like it: for whoever answers for the unit's work."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from dispatch.domain.case import Actor
from dispatch.domain.reference import Reference, Unit
from dispatch.domain.refusals import NotFound
from dispatch.steps import lists
from dispatch.steps.scope import scope_of
from dispatch.steps.service import Service
from dispatch.store import people, queue_load
from dispatch.store.queue_load import Carried

#: fewer units than these have no median: it would be one unit's own figure
FEWEST = 3
FIGURES = ("open", "late", "today", "unsigned")


@dataclass(frozen=True, slots=True)
class UnitLoad:
    """`medians` of the units like it, by figure (`FIGURES`); empty where there are too few (`others`)."""

    unit: Unit
    carried: Carried
    others: int
    medians: Mapping[str, float]
    #: names of those who signed, by person
    names: Mapping[str, str]
    as_of: datetime


async def unit_load(service: Service, actor: Actor, code: str) -> UnitLoad:
    """Raises `NotFound`, `Forbidden` for whoever may not open the unit's queue, `Unavailable`."""
    reference = service.rules.of(actor.district or "")
    unit = reference.units.get(code)
    if unit is None:
        raise NotFound("没有「{value}」这个单位，请从单位名单里选", field="unit", value=code)
    lists.permit_queue(actor, unit, reference)
    turn = service.turn(actor.district or "", await service.database.now())
    tonight = turn.end_of_day
    peers = peers_of(unit, reference)
    async with service.database.acquire() as connection:
        carried = await queue_load.carried(connection, unit.code, scope_of(actor, reference), turn.now, tonight)
        rows = await queue_load.beside(connection, peers, turn.now, tonight) if len(peers) >= FEWEST else []
        names = await people.names(connection, sorted({one.code for one in carried.persons if one.code}))
    medians = {name: median(getattr(row, name) for row in rows) for name in FIGURES} if rows else {}
    return UnitLoad(unit, carried, len(peers), medians, names, turn.now)


def peers_of(unit: Unit, reference: Reference) -> tuple[str, ...]:
    """The units to compare with: for a street's or community's own those of its type, else the district's units."""

    def alike(other: Unit) -> bool:
        return other.type == unit.type if unit.place else other.place is None and other.type != "relay"

    return tuple(other.code for other in reference.units.all if other.code != unit.code and alike(other))


__all__ = ["FEWEST", "FIGURES", "UnitLoad", "unit_load"]
