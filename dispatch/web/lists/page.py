"""A street's whistles, and all that one may see: the newest first, filters as links, a search."""

from dataclasses import replace

from fastapi import Request

from dispatch.domain.case import STATUSES, Actor
from dispatch.domain.permissions import may_ever
from dispatch.domain.reference import Node, Reference
from dispatch.domain.refusals import Forbidden
from dispatch.domain.turn import Turn
from dispatch.steps import lists, saved_filters
from dispatch.steps.service import Service
from dispatch.steps.sign_in import Visit
from dispatch.web import states, words
from dispatch.web.common.frame import build_frame
from dispatch.web.deps import deps_of
from dispatch.web.i18n import _
from dispatch.web.lists import saved
from dispatch.web.lists.address import Address
from dispatch.web.lists.rows import list_row, list_still
from dispatch.web.live.address import events_of
from dispatch.web.models.parts import ActionButton, Empty, Lamp
from dispatch.web.models.queue import Chip, FilterMenu, QueuePage, Search
from dispatch.web.rules import remembered

STREET, ALL = "/street", "/all"
SIZE = 50
FILTERS = ("status", "unit", "street", "category", "kind", "place", "stage", "lamp", "due", "q")
#: chips over the list, in the order a whistle lives through them
OPEN = ("raised", "at-desk", "assigned", "handling", "resolved", "verified", "answered", "on-hold")
CHIPS = ("at-desk", "resolved", "verified", "on-hold", "closed")
#: which lamps a list is filtered by, as in a queue
LAMPS = (Lamp.RED, Lamp.YELLOW, Lamp.GREEN, Lamp.HOLD)
#: what is late is counted up to so many
MOST_RED = 100
#: what the clock of a list's row waits for; the total one is nobody's to answer
STAGES = ("dispatch", "reported", "handling", "verification", "answering", "ruling", "hold")
OTHERS = ("local", "assigned", "handling", "answered", "cancelled", "merged")


async def list_page(request: Request, visit: Visit, address: Address) -> QueuePage:
    """The page. Raises `Forbidden`, `Invalid`, `Unavailable`."""
    deps, actor = deps_of(request), visit.actor
    service = deps.service
    reference = service.rules.of(actor.district or "")
    street = street_of(actor, reference) if address.path == STREET else None
    turn = service.turn(actor.district or "", await service.database.now())
    page = await lists.list_view(service, actor, asked_of(address, street, turn), address.get("cursor") or None, SIZE)
    stills = await deps.stills.of(service, actor, turn, page.items, list_still, address.path)
    red = await _red(service, actor, address, street, turn)
    kept = await saved_filters.own(service, actor, saved.list_of(address.path))
    rows = tuple(list_row(item, still, turn) for item, still in zip(page.items, stills, strict=True))
    heading = _heading(address, street)
    current = f"{STREET}?status=resolved" if street and address.get("status") == "resolved" else address.path
    frame = build_frame(
        request,
        visit,
        heading,
        current=current,
        phone_title=_("%(street)s的哨", street=street.name) if street else heading,
        events=events_of("street" if street else "all", page.as_of),
        notices=await remembered.waiting(request, visit),
        now=page.as_of,
    )
    return QueuePage(
        frame=replace(frame, here=address.here),
        heading=heading,
        count="",
        rows=rows,
        chips=_chips(address, red),
        menus=_menus(address, reference, street),
        search=Search(address.path, address.get("q"), _("搜事项、编号"), address.hidden("q")),
        saved=saved.shown(address, kept, own=bool(visit.csrf)),
        order=_("按收到先后排，新的在前"),
        range=f"{address.first}–{address.first + len(rows) - 1}" if rows else "",
        exports=address.exports() if rows else (),
        newer=address.newer(SIZE),
        older=address.older(page.next_cursor, len(rows)),
        empty=_empty(address, street),
        state_heading=_("状态・谁在办"),
        primary=_raise(actor) if street else None,
    )


def street_of(actor: Actor, reference: Reference) -> Node:
    """The street whose people these are. Raises `Forbidden`."""
    node = reference.tree.get(actor.node) if actor.node else None
    if node is None or node.level != 4 or not may_ever(actor, "street", node.level):
        raise Forbidden("「我街道的哨」是街道的页面，请换一个身份")
    return node


def asked_of(address: Address, street: Node | None, turn: Turn) -> lists.Asked:
    """What the list is asked for. Raises `Invalid`."""
    status = address.get("status")
    return lists.Asked(
        status=OPEN if status == "open" else (status,) if status else (),
        unit=address.get("unit") or None,
        place=address.get("place") or None,
        category=address.get("category") or None,
        kind=address.get("kind") or None,
        street=street.code if street else address.get("street") or None,
        q=address.get("q") or None,
        stage=address.get("stage") or None,
        lamp=address.get("lamp") or None,
        until=address.until(turn),
    )


def _heading(address: Address, street: Node | None) -> str:
    if address.get("status") == "resolved":
        return _("待核查")
    return _("我街道的哨") if street else _("全部的哨")


async def _red(service: Service, actor: Actor, address: Address, street: Node | None, turn: Turn) -> str:
    """How many of a street's list are late, whichever lamp is chosen; a search and the whole district go uncounted."""
    if street is None or address.get("q"):
        return ""
    count = await lists.red(service, actor, asked_of(address, street, turn), MOST_RED)
    return f"{MOST_RED - 1}+" if count >= MOST_RED else str(count)


def _chips(address: Address, red: str) -> tuple[Chip, ...]:
    """What is late is one tap away; on a phone, where only the first chips are seen, too."""
    every = Chip(_("全部"), address.to(status=""), current=not address.get("status"))
    open_now = address.chip(_("在办"), "status", "open")
    lamps = [
        address.chip(words.lamp(lamp, short=True), "lamp", lamp.value, lamp=lamp, count=red if lamp is Lamp.RED else "")
        for lamp in LAMPS
    ]
    return (every, *lamps, open_now, *(address.chip(_label(one), "status", one) for one in CHIPS))


def _label(status: str) -> str:
    return states.label(status) if status in STATUSES else status


def _menus(address: Address, reference: Reference, street: Node | None) -> tuple[FilterMenu, ...]:
    root = reference.tree.roots()[0]
    streets = [(node.code, node.name) for node in reference.tree.children(root.code)]
    units = [
        (unit.code, unit.short)
        for unit in reference.units.all
        if unit.place is None or (street is not None and reference.tree.covers(street.code, unit.place))
    ]
    duties = [(duty.code, f"{duty.code} {duty.name}") for duty in reference.duties.duties]
    every = _("全部")
    stages = [(stage, words.stage(stage)) for stage in STAGES]
    menus = [address.menu(_("单位"), "unit", units, every), address.menu(_("类别"), "category", duties, every)]
    if street is None:
        menus.insert(0, address.menu(_("街道"), "street", streets, every))
    else:
        below = [(node.code, node.name) for node in reference.tree.children(street.code)]
        menus.insert(0, address.menu(_("社区"), "place", below, every))
    kinds = [(kind, words.KINDS[kind]) for kind in words.KINDS]
    menus.append(address.menu(_("其他状态"), "status", [(one, _label(one)) for one in OTHERS], every))
    menus += [address.due_menu(), address.menu(_("环节"), "stage", stages, every)]
    return (*menus, address.menu(_("种类"), "kind", [(code, _(label)) for code, label in kinds], every))


def _raise(actor: Actor) -> ActionButton | None:
    if not may_ever(actor, "raise"):
        return None
    return ActionButton("raise", words.button("raise"), "/whistle", primary=True, method="get")


def _empty(address: Address, street: Node | None) -> Empty:
    if address.asked:
        return Empty(_("这样选，一件也没有。"), _("去掉一个条件再看。"))
    if street:
        return Empty(_("您街道还没有吹过哨。"), _("吹了哨，会出现在这里。"))
    return Empty(_("还没有哨。"), _("街道吹了哨，会出现在这里。"))
