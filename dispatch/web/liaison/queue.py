"""A unit's queue as a page: views at the left, lamps as filters, rows by what falls due first."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from fastapi import Request

from dispatch.domain.case import INFORM, Actor
from dispatch.domain.permissions import may_ever
from dispatch.domain.reference import Reference, Unit
from dispatch.domain.refusals import Forbidden, NotFound
from dispatch.domain.turn import Turn
from dispatch.steps import lists
from dispatch.steps.scope import scope_of
from dispatch.steps.sign_in import Visit
from dispatch.store import queue_tally, saved_filters
from dispatch.store.queue_tally import Tally
from dispatch.store.saved_filters import Saved
from dispatch.web import words
from dispatch.web.common import times
from dispatch.web.common.frame import build_frame
from dispatch.web.deps import WebDeps, deps_of
from dispatch.web.i18n import _
from dispatch.web.liaison import views
from dispatch.web.liaison.looked import since
from dispatch.web.liaison.notices import invited, unmanned
from dispatch.web.lists import saved
from dispatch.web.lists.address import Address
from dispatch.web.lists.page import STAGES as EVERY_STAGE
from dispatch.web.lists.rows import queue_row, queue_still
from dispatch.web.live.address import events_of
from dispatch.web.models.frame import Frame
from dispatch.web.models.parts import Empty, Lamp, NavItem, Notice, Option
from dispatch.web.models.queue import BulkResult, Chip, FilterMenu, QueuePage, Row, Search

PATH = "/queue"
#: rows on a page
SIZE = 50
FILTERS = (
    *("unit", "role", "part", "status", "rework", "due", "lamp", "street", "category", "stage", "kind", "changed"),
    *("q", "select"),
)
#: what a unit is waited for
STAGES = ("reported", "handling")
#: what can be done to many at once; never `arrive`, which wants a place or a photo of each
BULK = ("report-in", "note", "resolve", "request-extension")


async def queue_page(
    request: Request,
    visit: Visit,
    address: Address,
    now: datetime,
    *,
    results: Sequence[BulkResult] = (),
    notices: Sequence[Notice] = (),
    before: datetime | None = None,
) -> QueuePage:
    """The page as it stands `now`; `before`: when it was last looked at.

    Raises `Forbidden`, `NotFound`, `Invalid`, `Unavailable`.
    """
    service, actor = deps_of(request).service, visit.actor
    reference = service.rules.of(actor.district or "")
    unit = unit_of(visit, reference, address)
    turn = service.turn(actor.district or "", now)
    (rows, following), (tally, kept, told) = await asyncio.gather(
        _rows(deps_of(request), actor, unit.code, address, turn), _beside_rows(request, visit, unit.code, turn, before)
    )
    # of what it is only informed of a unit signs for nothing, and no clock of its own runs there
    beside = address.get("role") == INFORM
    own, (heading, count) = unit.code == actor.unit, views.heading(address, tally)
    doing = own and not beside
    return QueuePage(
        frame=_frame(request, visit, address, unit, now, (*notices, *told)),
        heading=heading,
        count=count,
        rows=rows,
        owner=unit.short,
        views=views.links(address, unit, tally, own=own),
        chips=_chips(address, tally),
        menus=_menus(address, reference, EVERY_STAGE if beside else STAGES),
        search=Search(PATH, address.get("q"), _("搜事项、编号"), address.hidden("q")),
        saved=saved.shown(address, kept, own=bool(visit.csrf)),
        order=_("按收到先后排，新的在前") if beside else _("没有单位接手的紧急件在前，其余按到期先后"),
        since=_since(address, tally, before, turn),
        bulk=tuple(Option(action, words.button(action)) for action in BULK if doing and may_ever(actor, action)),
        results=tuple(results),
        range=_range(address, len(rows), count),
        exports=address.exports() if rows else (),
        newer=address.newer(SIZE),
        older=address.older(following, len(rows)),
        selecting=bool(address.get("select")),
        select_url=address.to(select="" if address.get("select") else "1") if rows and doing else "",
        empty=_empty(address),
        state_heading="" if doing else _("状态"),
    )


async def _rows(
    deps: WebDeps, actor: Actor, unit: str, address: Address, turn: Turn
) -> tuple[tuple[Row, ...], str | None]:
    """The rows, and the cursor of those that follow."""
    asked, cursor, here = asked_of(address, turn), address.get("cursor") or None, address.here
    page = await lists.queue_view(deps.service, actor, unit, asked, cursor, SIZE, turn.now)
    make = partial(queue_still, here=here, unit=unit)
    stills = await deps.stills.of(deps.service, actor, turn, page.items, make, PATH, here, unit)
    rows = tuple(queue_row(item, still, turn) for item, still in zip(page.items, stills, strict=True))
    return rows, page.next_cursor


async def _beside_rows(
    request: Request, visit: Visit, unit: str, turn: Turn, before: datetime | None
) -> tuple[Tally, list[Saved], list[Notice]]:
    """What is counted, the filters that the person keeps, what stands above: one connection beside that of the rows.

    The counting takes longest, and the database does it while the rows are read and put into words.
    """
    database, actor = deps_of(request).service.database, visit.actor
    async with database.acquire() as connection:
        scope = scope_of(actor, turn.reference)
        counted = await queue_tally.tally(
            connection, unit, scope, turn.now, turn.end_of_day, since=before, me=actor.person
        )
        kept = await saved_filters.of(connection, actor.person or "", saved.list_of(PATH))
    return counted, kept, [*await unmanned(request, visit, turn), *await invited(request, visit, turn)]


def _since(address: Address, tally: Tally, before: datetime | None, turn: Turn) -> NavItem | None:
    """What changed since the last look, as a link; back from there to everything."""
    if address.get("changed"):
        return NavItem(_("看全部"), address.to(changed=""))
    if before is None or not tally.changed:
        return None
    said = _("%(at)s看过以后，%(n)s 件有变化", at=times.moment(before, turn.now), n=tally.changed)
    return NavItem(said, address.only(unit=address.get("unit"), changed=str(int(before.timestamp()))))


def _frame(
    request: Request, visit: Visit, address: Address, unit: Unit, now: datetime, notices: Sequence[Notice]
) -> Frame:
    frame = build_frame(
        request,
        visit,
        _("待办"),
        current=f"{PATH}?role=assist" if address.get("role") == "assist" else PATH,
        phone_title=_("%(unit)s・待办", unit=unit.short),
        events=events_of("queue", now),
        notices=notices,
        now=now,
    )
    return replace(frame, here=address.here)


def address_of(request: Request) -> Address:
    """The filters of this request."""
    return Address.of(PATH, request.query_params.multi_items(), FILTERS)


def unit_of(visit: Visit, reference: Reference, address: Address) -> Unit:
    code = address.get("unit") or visit.actor.unit
    if code is None:
        raise Forbidden("待办是部门联络员的页面，请换一个身份")
    unit = reference.units.get(code)
    if unit is None:
        raise NotFound("没有「{value}」这个单位，请从单位名单里选", field="unit", value=code)
    return unit


def asked_of(address: Address, turn: Turn) -> lists.Asked:
    status = address.get("status")
    return lists.Asked(
        status=(status,) if status else (),
        category=address.get("category") or None,
        street=address.get("street") or None,
        q=address.get("q") or None,
        kind=address.get("kind") or None,
        role=address.get("role") or None,
        stage=address.get("stage") or None,
        part=address.get("part") or None,
        rework=bool(address.get("rework")),
        until=address.until(turn),
        lamp=address.get("lamp") or None,
        changed=since(address.get("changed")),
    )


def _chips(address: Address, tally: Tally) -> tuple[Chip, ...]:
    every = Chip(_("全部"), address.to(lamp=""), current=not address.get("lamp"))
    counts = {Lamp.RED: tally.red, Lamp.YELLOW: tally.yellow, Lamp.GREEN: tally.green, Lamp.HOLD: tally.hold}
    whole = not views.viewed(address) and not any(address.get(name) for name in views.NARROWING[1:])
    return (
        every,
        *(
            address.chip(words.lamp(lamp, short=True), "lamp", lamp.value, lamp=lamp, count=str(n) if whole else "")
            for lamp, n in counts.items()
        ),
    )


def _menus(address: Address, reference: Reference, waits: Sequence[str]) -> tuple[FilterMenu, ...]:
    streets = [(node.code, node.name) for node in reference.tree.children(reference.tree.roots()[0].code)]
    duties = [(duty.code, f"{duty.code} {duty.name}") for duty in reference.duties.duties]
    roles = [(role, words.role(role)) for role in ("lead", "assist", "inform")]
    stages = [(stage, words.stage(stage)) for stage in waits]
    kinds = [(code, _(label)) for code, label in words.KINDS.items()]
    return (
        address.due_menu(),
        address.menu(_("环节"), "stage", stages, _("全部")),
        address.menu(_("街道"), "street", streets, _("全部")),
        address.menu(_("类别"), "category", duties, _("全部")),
        _beside(address, address.menu(_("主办/协办"), "role", roles, _("全部"))),
        address.menu(_("种类"), "kind", kinds, _("全部")),
    )


def _beside(address: Address, roles: FilterMenu) -> FilterMenu:
    """Of what a unit is only informed of, nothing is its own part or its news: these filters stay behind."""
    *others, inform = roles.options
    return replace(roles, options=(*others, replace(inform, href=address.to(role=INFORM, part="", changed=""))))


def _range(address: Address, shown: int, count: str) -> str:
    if not shown:
        return ""
    span = f"{address.first}–{address.first + shown - 1}"
    return f"{span} / {count}" if count else span


def _empty(address: Address) -> Empty:
    if any(value for name, value in address.asked.items() if name not in ("unit", "select")):
        return Empty(_("这样选，一件也没有。"), _("去掉一个条件，或看「全部在办」。"))
    return Empty(_("没有要您办的。"), _("有新的哨会出现在这里。"))


__all__ = ["BULK", "PATH", "address_of", "queue_page"]
