"""Lists as one person sees them: whistles found, a unit's queue. Pages are told apart by a cursor, never by a count."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from dispatch.domain import permissions
from dispatch.domain.case import ENDED, INFORM, LIVE, Actor
from dispatch.domain.reference import Reference, Unit
from dispatch.domain.refusals import Forbidden, Invalid, NotFound
from dispatch.domain.turn import Turn
from dispatch.steps import list_cursors as cursors
from dispatch.steps.list_filters import Asked, by_clock, filters_of
from dispatch.steps.readable import SEALED
from dispatch.steps.scope import scope_of
from dispatch.steps.service import Service
from dispatch.steps.shown import ClockView, clock_view
from dispatch.store import beside, queue_rows, queues, search
from dispatch.store.queue_rows import Narrowed, Queued
from dispatch.store.search import Found, Head, Scope

MOST = 200


@dataclass(frozen=True, slots=True)
class Item:
    """A whistle in a list, with the clock that the list is about. Seconds are counted ones, negative when late.

    `seq` and `children` (how many ended, of how many) change whenever something happens that a list shows.
    """

    id: UUID
    number: int
    title: str
    kind: str
    danger: bool
    category: str | None
    category_name: str | None
    place: str | None
    place_label: str | None
    street: str
    street_name: str
    status: str
    version: int
    outcome: str | None
    lead: str | None
    lead_name: str | None
    rung: int | None
    gen: int
    rework: int
    sealed: bool
    received_at: datetime
    stage: str | None
    due_at: datetime | None
    working_seconds_left: float | None
    lamp: str | None
    clock: ClockView | None
    seq: int
    children: tuple[int, ...]
    role: str | None = None
    part_status: str | None = None
    on_site: bool = False
    started: bool = False
    assigned_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some items, and the cursor that the next ones begin with (None: there are no more)."""

    items: tuple[Item, ...]
    next_cursor: str | None
    as_of: datetime


def title_of(head: Head) -> str:
    """The title in lists; of a sealed one nothing, it is opened one by one (`steps.disclose`)."""
    return SEALED if head.sealed else head.title


def item(found: Found, turn: Turn, queued: Queued | None = None) -> Item:
    """A row of a list with its names."""
    head, reference = found.head, turn.reference
    duty = reference.duties.get(head.category) if head.category else None
    street = reference.tree.get(head.street)
    lead = reference.units.get(head.lead) if head.lead else None
    clock = clock_view(found.clock, turn, over=head.status in ENDED) if found.clock else None
    return Item(
        id=head.id,
        number=head.number,
        title=title_of(head),
        kind=head.kind,
        danger=head.danger,
        category=head.category,
        category_name=duty.name if duty else None,
        place=head.place,
        place_label=reference.tree.label(head.place) if head.place else None,
        street=head.street,
        street_name=street.name if street else head.street,
        status=head.status,
        version=head.version,
        outcome=head.outcome,
        lead=head.lead,
        lead_name=lead.short if lead else head.lead,
        rung=head.rung,
        gen=head.gen,
        rework=head.rework,
        sealed=head.sealed,
        received_at=head.received_at,
        stage=clock.stage if clock else None,
        due_at=clock.due_at if clock else None,
        working_seconds_left=clock.remaining if clock else None,
        lamp=clock.lamp if clock else None,
        clock=clock,
        seq=head.seq,
        children=head.children,
        role=queued.role if queued else None,
        part_status=queued.status if queued else None,
        on_site=bool(queued and queued.on_site),
        started=bool(queued and queued.started),
        assigned_at=queued.assigned_at if queued else None,
    )


def check_limit(limit: int) -> int:
    """How many at once. Raises `Invalid`."""
    if not 1 <= limit <= MOST:
        raise Invalid("一次要 1 到 {most} 件", field="limit", value=limit, most=MOST)
    return limit


# ── whistles ─────────────────────────────────────────────────────────────────────────────────────
async def list_view(service: Service, actor: Actor, asked: Asked, cursor: str | None = None, limit: int = 50) -> Page:
    """Whistles this actor may see, the newest first. Raises `Invalid`, `Unavailable`."""
    reference = service.rules.of(actor.district or "")
    filters, count = filters_of(asked, reference), check_limit(limit)
    before = cursors.read_list(cursor)
    turn = service.turn(actor.district or "", await service.database.now())
    filters = replace(filters, clock=by_clock(asked, turn))
    async with service.database.acquire() as connection:
        scope = scope_of(actor, reference)
        if scope.unit is not None:
            scope = replace(scope, invited=await beside.invited_to(connection, scope.unit))
        rows = await search.listed(connection, scope, filters, before, count + 1)
    page = rows[:count]
    following = cursors.write(page[-1].head.id.hex) if len(rows) > count else None
    return Page(tuple(item(row, turn) for row in page), following, turn.now)


async def red(service: Service, actor: Actor, asked: Asked, most: int) -> int:
    """How many of a list burn red, whichever lamp is asked for, up to `most`; what runs out climbs at once, so it is
    looked for among what has climbed. Raises `Invalid`, `Unavailable`."""
    reference = service.rules.of(actor.district or "")
    turn = service.turn(actor.district or "", await service.database.now())
    filters = replace(filters_of(asked, reference), clock=by_clock(replace(asked, lamp="red"), turn))
    async with service.database.acquire() as connection:
        return await queues.count(connection, scope_of(actor, reference), filters, most, climbed=True)


# ── queues ───────────────────────────────────────────────────────────────────────────────────────
async def queue_view(
    service: Service,
    actor: Actor,
    unit: str,
    asked: Asked | None = None,
    cursor: str | None = None,
    limit: int = 50,
    now: datetime | None = None,
) -> Page:
    """A unit's queue by what falls due first, as it stands `now` (None: the database is asked when that is).

    Raises `NotFound`, `Forbidden`, `Invalid`, `Unavailable`.
    """
    reference = service.rules.of(actor.district or "")
    found = reference.units.get(unit)
    if found is None:
        raise NotFound("没有「{value}」这个单位，请从单位名单里选", field="unit", value=unit)
    permit_queue(actor, found, reference)
    asked = asked or Asked()
    if asked.role == INFORM:
        return await beside_view(service, actor, unit, asked, cursor, limit, now)
    filters, count = filters_of(asked, reference), check_limit(limit)
    after = cursors.read_queue(cursor)
    turn = service.turn(actor.district or "", now or await service.database.now())
    async with service.database.acquire() as connection:
        rows = await queue_rows.queue(
            connection,
            unit,
            scope_of(actor, reference),
            filters,
            narrowed=_narrowed(asked, actor, turn),
            after=after,
            limit=count + 1,
        )
    page = rows[:count]
    following = cursors.write(cursors.place_of(page[-1])) if len(rows) > count else None
    return Page(tuple(item(row.found, turn, row) for row in page), following, turn.now)


async def beside_view(
    service: Service,
    actor: Actor,
    unit: str,
    asked: Asked,
    cursor: str | None = None,
    limit: int = 50,
    now: datetime | None = None,
) -> Page:
    """Open whistles that a unit is informed of or was called to one table for, the newest first: in its queue stands
    only what it has to do, so a part of its own or news of it cannot be asked for. Raises as `queue_view`, which has
    asked who may."""
    for name, value in (("part", asked.part), ("changed", asked.changed)):
        if value is not None:
            raise Invalid("知会、会商的那一栏不能这样筛；请去掉这一条", field=name, value=value)
    reference = service.rules.of(actor.district or "")
    filters, count = filters_of(asked, reference), check_limit(limit)
    before = cursors.read_list(cursor)
    turn = service.turn(actor.district or "", now or await service.database.now())
    async with service.database.acquire() as connection:
        invited = await beside.invited_to(connection, unit)
        among = (*invited, *await beside.informed_of(connection, unit))
        status = filters.status or tuple(sorted(LIVE))
        scope = replace(scope_of(actor, reference), invited=invited if actor.unit == unit else ())
        filters = replace(filters, among=among, status=status, clock=by_clock(asked, turn))
        rows = await search.listed(connection, scope, filters, before, count + 1)
    page = rows[:count]
    following = cursors.write(page[-1].head.id.hex) if len(rows) > count else None
    return Page(tuple(replace(item(row, turn), role=INFORM) for row in page), following, turn.now)


def _narrowed(asked: Asked, actor: Actor, turn: Turn) -> Narrowed:
    return Narrowed(
        asked.role,
        asked.stage,
        asked.part,
        asked.until,
        asked.lamp,
        turn.now,
        asked.changed,
        actor.person,
    )


async def lamps(service: Service, actor: Actor, unit: str) -> dict[str, int]:
    """How many of a unit's queue burn green, yellow, red, or rest. Raises as `queue_view`."""
    reference = service.rules.of(actor.district or "")
    found = reference.units.get(unit)
    if found is None:
        raise Forbidden("只能看本单位的待办", field="unit", value=unit)
    permit_queue(actor, found, reference)
    now = await service.database.now()
    async with service.database.acquire() as connection:
        return await queues.lamps(connection, unit, scope_of(actor, reference), now)


def permit_queue(actor: Actor, unit: Unit, reference: Reference) -> None:
    """Raises `Forbidden` for whoever may not open this unit's queue."""
    if not may_open(actor, unit, reference):
        raise Forbidden("只能看本单位的待办", field="unit", value=unit.code)


def may_open(actor: Actor, unit: Unit, reference: Reference) -> bool:
    """Whose queue it is: the unit's own people, the district's desk, the street of a street's or community's unit."""
    node = reference.tree.get(actor.node) if actor.node else None
    for grant in permissions.granted(actor, "queue", node.level if node else None):
        match grant.scope:
            case permissions.DISTRICT:
                return True
            case permissions.UNIT if actor.unit == unit.code:
                return True
            case permissions.PLACE if node is not None and unit.place is not None:
                if reference.tree.covers(node.code, unit.place):
                    return True
    return False


__all__ = ["Asked", "Head", "Item", "Page", "Scope", "item", "lamps", "list_view", "queue_view"]
