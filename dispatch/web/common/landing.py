"""The landing page of the demo: four cards with live figures, the whistle that climbs before one's eyes."""

import re
from datetime import datetime

from fastapi import Request

from dispatch.domain import permissions
from dispatch.domain.case import ASSIGNED, RAISED, Actor
from dispatch.domain.reference import Reference, node_seat, unit_seat
from dispatch.domain.refusals import NotFound
from dispatch.domain.turn import ZONE, Turn
from dispatch.steps import demo_minute, lists, readable, view
from dispatch.steps.chain_board import chain_view
from dispatch.steps.sign_in import Visit
from dispatch.store import desk_counts
from dispatch.web.common.frame import (
    DEMO_PLACE,
    DEMO_UNIT,
    HOME,
    account_of,
    build_frame,
    identities,
    reference_of,
    words_of,
)
from dispatch.web.common.ladders import ladder_clock, large_ladder
from dispatch.web.deps import WebDeps, deps_of
from dispatch.web.i18n import _
from dispatch.web.lists.labels import state_of
from dispatch.web.models.entry import LandingCard, LandingPage, LiveLadder
from dispatch.web.models.frame import Identity
from dispatch.web.models.parts import Figure, Ladder, Notice, link, spans

FRAGMENT = "/demo/ladder"
#: the page of a whistle
_WHISTLE = re.compile(r"/w/(\w+)")


def actor_on(reference: Reference, seat: str, role: str, now: datetime) -> Actor:
    """Whoever holds a seat of the demo today, as an actor that only reads."""
    found = reference.people.seats[seat]
    day = now.astimezone(ZONE).date()
    district = reference.tree.roots()[0].code
    return Actor(role, account_of(reference, seat, day), seat, found.node, found.unit, district)


async def landing_page(request: Request, visit: Visit | None, onward: str = "") -> LandingPage:
    """The page; `onward` is where a link led before anybody was chosen ("": nowhere). Raises `Unavailable`."""
    deps = deps_of(request)
    reference = reference_of(deps, visit)
    now = await deps.service.database.now()
    notices: tuple[Notice, ...] = ()
    if onward:
        notices = (Notice(_("先选一个身份，再打开那一页"), spans(link(_called(onward), onward))),)
    frame = build_frame(request, visit, "", notices=notices, now=now)
    if reference is None:
        return LandingPage(frame, (), ())
    cards = await _cards(deps, reference, now, onward)
    live = await live_ladder(deps, visit, visited=True)
    return LandingPage(frame, cards, _others(reference, visit, now), live, next=onward or HOME)


def _called(address: str) -> str:
    """An address in the words that stand on its page."""
    asked = _WHISTLE.match(address)
    if asked and asked[1].isdecimal():
        return _("哨 %(number)s", number=asked[1])
    return words_of(address) or _("刚才要看的那一页")


def _others(reference: Reference, visit: Visit | None, now: datetime) -> tuple[Identity, ...]:
    """Those of the eight who have no card."""
    carded = {seat for seat, *_rest in _seats(reference)}
    day = now.astimezone(ZONE).date()
    known = {account_of(reference, seat, day) for seat in carded}
    return tuple(one for one in identities(reference, visit, now) if one.account not in known)


def _seats(reference: Reference) -> tuple[tuple[str, str], ...]:
    """Seat and role of the four cards."""
    _building, _grid, community, street, district = reference.tree.chain(DEMO_PLACE)
    if not (community and street and district):
        return ()
    return (
        (node_seat(street.code, "clerk"), permissions.CLERK),
        (unit_seat(DEMO_UNIT, "liaison"), permissions.LIAISON),
        (node_seat(community.code), permissions.IN_CHARGE),
        (node_seat(district.code, "dispatcher"), permissions.DESK),
    )


async def _cards(deps: WebDeps, reference: Reference, now: datetime, onward: str) -> tuple[LandingCard, ...]:
    day = now.astimezone(ZONE).date()
    made: list[LandingCard] = []
    for seat, role in _seats(reference):
        actor, account = actor_on(reference, seat, role, now), account_of(reference, seat, day)
        if account:
            led = onward if await _opens(deps, actor, onward) else ""
            made.append(await _card(deps, reference, actor, account, led))
    return tuple(made)


async def _opens(deps: WebDeps, actor: Actor, address: str) -> bool:
    """Whether an address that is a whistle's page is there for this person."""
    asked = _WHISTLE.match(address)
    if asked is None:
        return True
    try:
        await readable.readable(deps.service, actor, asked[1])
    except NotFound:
        return False
    return True


async def _card(deps: WebDeps, reference: Reference, actor: Actor, account: str, onward: str) -> LandingCard:
    node = reference.tree.get(actor.node) if actor.node else None
    unit = reference.units.get(actor.unit) if actor.unit else None
    place = unit.name if unit else node.name if node else ""
    match actor.role:
        case permissions.CLERK:
            said = (_("街道经办"), place, _("吹一声哨：3 号楼消防门被锁"), "/whistle")
            figures = await _street_figures(deps, actor)
        case permissions.LIAISON:
            said = (_("部门联络员"), place, _("签收、到场、报结一件"), "/queue")
            figures = await _unit_figures(deps, actor)
        case permissions.DESK:
            said = (_("区调度台"), _("区吹哨报到调度中心"), _("派一件，记住此裁定"), "/desk")
            figures = await _desk_figures(deps, actor)
        case _:
            said = (_("社区书记"), place, _("看看哪件社区自己能办"), "/chain")
            chain = await chain_view(deps.service, actor)
            figures = (_figure(len(chain.reached), _("报到这里")), _figure(len(chain.coming), _("今天会到")))
    return LandingCard(said[0], said[1], figures, said[2], account, onward or said[3])


def _figure(count: int, unit: str) -> Figure:
    return Figure(str(count), unit)


async def _street_figures(deps: WebDeps, actor: Actor) -> tuple[Figure, ...]:
    async with deps.service.database.acquire() as connection:
        counts = await desk_counts.of_street(connection, actor.node or "", ("resolved", "verified", "answered"))
    return (
        _figure(counts.get("resolved", 0), _("待核查")),
        _figure(counts.get("verified", 0) + counts.get("answered", 0), _("待答复、办结")),
    )


async def _unit_figures(deps: WebDeps, actor: Actor) -> tuple[Figure, ...]:
    async with deps.service.database.acquire() as connection:
        unsigned = await desk_counts.unsigned(connection, [actor.unit or ""])
    lamps = await lists.lamps(deps.service, actor, actor.unit or "")
    return _figure(unsigned[actor.unit or ""], _("待签收")), _figure(lamps["yellow"] + lamps["red"], _("临期或逾期"))


async def _desk_figures(deps: WebDeps, actor: Actor) -> tuple[Figure, ...]:
    async with deps.service.database.acquire() as connection:
        counts = await desk_counts.by_status(connection, actor.district or "")
        pending = await desk_counts.by_request(connection, actor.district or "", ("hand-back",))
    return (
        _figure(counts.get("at-desk", 0), _("没匹配上")),
        _figure(pending.get("hand-back", 0), _("退单待裁定")),
    )


async def live_ladder(deps: WebDeps, visit: Visit | None, *, visited: bool = False) -> LiveLadder | None:
    """The one-minute whistle of now; a visit of the page may raise it. None where the demo has no such category."""
    service = deps.service
    shown = await demo_minute.demo_minute(service, deps.intake, DEMO_PLACE, visited=visited)
    district = next(iter(service.rules.districts), None)
    if shown is None or district is None:
        return None
    reference = service.rules.of(district)
    desk = actor_on(reference, node_seat(district, "dispatcher"), permissions.DESK, await service.database.now())
    seen = await view.whistle_view(service, desk, str(shown))
    turn = service.turn(district, seen.as_of)
    clock = ladder_clock(seen.clocks)
    ladder = Ladder((), 0.0, "roomy")
    if clock is not None:
        own = seen.case.clocks[(clock.stage, clock.unit)]
        ladder = large_ladder(
            seen.case, own, clock, turn, seen.timeline, ground=_("还没到点，没有往上报"), size="roomy"
        )
    url = f"/w/{seen.number}"
    opens = visit is not None and await _opens(deps, visit.actor, url)
    return LiveLadder(
        kicker=_("正在发生・演示・一分钟"),
        title=_title(seen, turn),
        note=_("你打开这一页时吹响的，每级 15 秒"),
        ladder=ladder,
        link=_("打开这条哨 %(number)s", number=seen.number),
        url=url if opens else f"/?next={url}",
        fragment_url=FRAGMENT,
        seen_by="" if opens else _("先选街道经办、社区书记或区调度台，别的身份可能看不到它"),
    )


def _title(seen: view.WhistleView, turn: Turn) -> str:
    """Where, and that nobody has come; once somebody has, what has become of it."""
    place = seen.place.name if seen.place else ""
    above = seen.place.chain[1] if seen.place and len(seen.place.chain) > 1 else None
    name = f"{above['name']} {place}" if above else place
    if seen.case.status in (RAISED, ASSIGNED):
        return _("%(place)s：没人来签收", place=name)
    return _("%(place)s：%(state)s", place=name, state=state_of(seen.case, turn))
