"""调度台: what waits for the district's desk, and what it watches."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.case import Actor
from dispatch.domain.clocks import LAST_RUNG
from dispatch.domain.permissions import may_ever
from dispatch.domain.refusals import Forbidden
from dispatch.domain.turn import Turn
from dispatch.domain.units import unit_seat
from dispatch.steps import climbing, cover, repeats
from dispatch.steps.climbing import MOST, Climbing
from dispatch.steps.cover import Uncovered
from dispatch.steps.deciding import Decision, decisions
from dispatch.steps.lists import Item, item
from dispatch.steps.repeats import Repeat
from dispatch.steps.scope import scope_of
from dispatch.steps.service import Service
from dispatch.steps.stalled import Stalled, stalled
from dispatch.steps.told import Words
from dispatch.store import desk, desk_counts, queues, timeline
from dispatch.store import repeats as proposed
from dispatch.store.connection import Connection
from dispatch.store.search import Found, Scope

#: what the desk decides
DECIDED_AT_DESK = ("hand-back", "review", "extension", "hold", "cancel", "objection", "consult", "transfer")


@dataclass(frozen=True, slots=True)
class Supervised:
    """A whistle under supervision (督办): its order's number, what comes next (`remind`, `notice`) and when."""

    item: Item
    order: int | None
    next_mark: str | None
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Vacancy:
    """A unit with work in its queue and nobody in the seat that signs for it."""

    unit: str
    unit_name: str
    open: int
    unsigned: int


@dataclass(frozen=True, slots=True)
class Absent:
    """Said to be done though these assisting units never reported in, and why (None: the text was erased)."""

    item: Item
    units: tuple[str, ...]
    reason: str | None


@dataclass(frozen=True, slots=True)
class DeskView:
    """What waits for the district's desk, and what it watches.

    `pending` (requests by kind, `repeat` too) and `rungs` count up to `desk_counts.MOST`; `counts`, `load` are exact.
    """

    at_desk: tuple[Item, ...]
    sealed: tuple[Item, ...]
    """Those that wait for an act that is otherwise the street's, and sealed ones that climbed here."""
    decisions: tuple[Decision, ...]
    repeats: tuple[Repeat, ...]
    supervised: tuple[Supervised, ...]
    coming: tuple[Climbing, ...]
    vacant: tuple[Vacancy, ...]
    uncovered: tuple[Uncovered, ...]
    absent: tuple[Absent, ...]
    stalled: Stalled
    dead_letters: Mapping[str, int]
    counts: Mapping[str, int]
    pending: Mapping[str, int]
    rungs: Mapping[int, int]
    load: Mapping[str, int]
    late_extensions: Mapping[str, int]
    """How often a unit asked for more time only at the last moment, this year."""
    as_of: datetime


def permit_desk(actor: Actor) -> None:
    """Raises `Forbidden` for whoever is not of the desk."""
    if not may_ever(actor, "desk"):
        raise Forbidden("调度台是区调度中心的页面", field="role", value=actor.role)


async def desk_view(service: Service, actor: Actor) -> DeskView:
    """The desk's page. Raises `Forbidden`, `Unavailable`."""
    permit_desk(actor)
    district = actor.district or ""
    reference = service.rules.of(district)
    turn, scope = service.turn(district, await service.database.now()), scope_of(actor, reference)
    units = [unit.code for unit in reference.units.all]
    uncovered, still = await cover.uncovered(service, actor), await stalled(service, district)
    async with service.database.acquire() as connection:
        load = await desk_counts.by_unit(connection, units)
        return DeskView(
            at_desk=_items(await queues.at_desk(connection, scope, MOST), turn),
            sealed=_items(await queues.in_place_of_streets(connection, scope, MOST), turn),
            decisions=await decisions(connection, scope, turn, DECIDED_AT_DESK, MOST),
            repeats=await repeats.waiting(connection, scope, turn, MOST),
            supervised=await _supervised(connection, scope, turn),
            coming=await climbing.coming(connection, scope, turn, LAST_RUNG),
            vacant=await _vacancies(connection, load, turn),
            uncovered=tuple(uncovered),
            absent=await _absent(connection, scope, turn),
            stalled=still,
            dead_letters=await queues.waiting_letters(connection),
            counts=await desk_counts.by_status(connection, district),
            pending=await _pending(connection, district),
            rungs=await desk_counts.by_rung(connection, district),
            load=load,
            late_extensions=await desk_counts.late_extensions(connection, units, turn.start_of_year),
            as_of=turn.now,
        )


def _items(rows: list[Found], turn: Turn) -> tuple[Item, ...]:
    return tuple(item(row, turn) for row in rows)


async def _supervised(connection: Connection, scope: Scope, turn: Turn) -> tuple[Supervised, ...]:
    top = climbing.once(await queues.climbed(connection, scope, (LAST_RUNG,), MOST))
    orders = await queues.orders(connection, [row.clock.id for row in top if row.clock])
    return tuple(
        Supervised(item(row, turn), orders.get(row.clock.id), row.clock.mark, row.clock.fires_at)
        for row in top
        if row.clock
    )


async def _absent(connection: Connection, scope: Scope, turn: Turn) -> tuple[Absent, ...]:
    missing = await queues.resolved_without(connection, scope, MOST)
    resolved = await desk.resolved(connection, {row.head.id: row.head.received_at for row in missing})
    words = Words(turn, await timeline.texts(connection, list(resolved)), {})
    return tuple(
        Absent(item(row, turn), told.absent, words.text(told.reason))
        for row in missing
        if (told := resolved.get(row.head.id)) and told.absent
    )


async def _pending(connection: Connection, district: str) -> dict[str, int]:
    counts = await desk_counts.by_request(connection, district, DECIDED_AT_DESK)
    return {**counts, "repeat": await proposed.count(connection, district, desk_counts.MOST)}


async def _vacancies(connection: Connection, load: Mapping[str, int], turn: Turn) -> tuple[Vacancy, ...]:
    empty = _unheld(load, turn)
    unsigned = await desk_counts.unsigned(connection, empty) if empty else {}
    found: list[Vacancy] = []
    for code in empty:
        unit = turn.reference.units.get(code)
        found.append(Vacancy(code, unit.short if unit else code, load[code], unsigned.get(code, 0)))
    return tuple(sorted(found, key=lambda one: (-one.unsigned, one.unit)))


def _unheld(load: Mapping[str, int], turn: Turn) -> list[str]:
    """Units with work and neither liaison nor deputy."""
    return [code for code in load if not any(turn.holder(unit_seat(code, post)) for post in ("liaison", "deputy"))]
