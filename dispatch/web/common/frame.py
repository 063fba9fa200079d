"""The frame around every page: who I am, the places of my role, other identities in demo mode, display settings."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from dispatch.domain import permissions
from dispatch.domain.case import Actor
from dispatch.domain.reference import Reference, node_seat, unit_seat
from dispatch.domain.refusals import Refusal
from dispatch.domain.turn import ZONE
from dispatch.steps import sign_in
from dispatch.steps.sign_in import Visit
from dispatch.web import auth, i18n, say
from dispatch.web.deps import WebDeps, deps_of
from dispatch.web.i18n import N_, _
from dispatch.web.models.frame import Frame, Identity
from dispatch.web.models.parts import NavItem, Notice, link, spans
from dispatch.web.render import render

HOME, ACCOUNT, TOKENS, LOAD = "/home", "/account", "/account/tokens", "/queue/load"
#: the cookie of the display settings: theme, contrast, text size, joined by dots
DISPLAY_COOKIE = "display"
THEMES, CONTRASTS, TEXTS = ("auto", "light", "dark"), ("auto", "more"), ("normal", "large", "larger")
#: the building whose chain the demo's identities stand on
DEMO_PLACE = "130403011-D01-X1-B3"
DEMO_UNIT = "XF"

#: what was done to an account, to its holder
NEWS: Mapping[str, str] = {
    "link-made": N_("管理员替您的账号开了一次性登录链接"),
    "link-used": N_("有人用一次性链接登录了您的账号"),
    "password-changed": N_("您的密码改过了"),
    "second-factor-on": N_("您的账号绑定了身份验证器"),
    "second-factor-off": N_("您的身份验证器停用了"),
    "second-factor-reset": N_("管理员解除了您的身份验证器"),
    "recovery-codes-renewed": N_("您的恢复码换了一批"),
    "recovery-code-used": N_("有人用了您的一个恢复码"),
    "provider-linked": N_("您的账号绑定了统一身份"),
    "provider-unlinked": N_("您的账号解除了统一身份"),
}

Place = tuple[str, str, str]  # words, address, word in the phone's tab bar ("": not there)
_STREET = (N_("我街道的哨"), "/street", N_("我街道"))
_FORM = (N_("吹哨"), "/whistle", N_("吹哨"))
_CHAIN = (N_("层级督办"), "/chain", N_("督办"))
_ALL = (N_("全部的哨"), "/all", N_("全部"))
_QUEUE = (N_("待办"), "/queue", N_("待办"))
_VERIFY = (N_("待核查"), "/street?status=resolved", N_("待核查"))
_DESK = (N_("调度台"), "/desk", N_("调度台"))
_ASSIST = (N_("协办"), "/queue?role=assist", N_("协办"))
_LOAD = (N_("本单位负荷"), LOAD, N_("负荷"))
_HOLDS = (N_("挂账清单"), "/holds", N_("挂账"))
_ADMIN = (N_("管理"), "/admin", N_("管理"))
_RULES = (N_("清单与规则"), "/rules", N_("规则"))
_LOG = (N_("管理记录"), "/admin/log", N_("管理记录"))
_LOOK = (N_("看一眼"), "/chain", N_("看一眼"))


def places(actor: Actor, level: int | None) -> tuple[Place, ...]:
    """The places of a role, the first is its home; `level` is the rung of the actor's node."""
    match actor.role:
        case permissions.CLERK:
            return (_FORM, _STREET, _VERIFY, _HOLDS)
        case permissions.LIAISON:
            return (_QUEUE, _ASSIST, _LOAD)
        case permissions.SUPERIOR:
            return (_QUEUE, _LOAD)
        case permissions.DESK:
            return (_DESK, _ALL, _RULES, _HOLDS, _FORM)
        case permissions.IN_CHARGE:
            street = (_CHAIN, _STREET, _HOLDS, _FORM)
            return {5: (_CHAIN, _ALL, _HOLDS), 4: street, 3: (_CHAIN,)}.get(level or 0, (_LOOK,))
        case permissions.DUTY:
            return (_STREET,)
        case permissions.ADMIN:
            return (_ALL, _RULES, _ADMIN)
        case permissions.AUDITOR:
            return (_ALL, _RULES, _LOG)
        case _:
            return (_ALL,)


def words_of(address: str) -> str:
    """The place that an address belongs to, in words; "" for one that is in nobody's places."""
    known = (_STREET, _FORM, _CHAIN, _ALL, _QUEUE, _VERIFY, _DESK, _ASSIST, _LOAD, _HOLDS, _ADMIN, _RULES, _LOG)
    by_address = {place[1]: place[0] for place in known}
    path = address.split("?")[0]
    above = [path.rsplit("/", n)[0] for n in range(path.count("/"))]
    return next((_(by_address[one]) for one in (address, *above) if one in by_address), "")


def home_of(actor: Actor, reference: Reference | None) -> str:
    """Where the role begins its day."""
    return places(actor, level_of(actor, reference))[0][1]


def level_of(actor: Actor, reference: Reference | None) -> int | None:
    """The rung of the actor's node; None for people of a unit."""
    node = reference.tree.get(actor.node) if reference and actor.node else None
    return node.level if node else None


def reference_of(deps: WebDeps, visit: Visit | None) -> Reference | None:
    """The rules of the visitor's district; of the first one for somebody not signed in; None before any is loaded."""
    rules = deps.service.rules
    district = (visit.actor.district if visit else None) or next(iter(rules.districts), "")
    try:
        return rules.of(district)
    except Refusal:
        return None


def build_frame(
    request: Request,
    visit: Visit | None,
    title: str,
    *,
    current: str = "",
    back: str = "",
    phone_title: str = "",
    task: bool = False,
    events: str = "",
    notices: Sequence[Notice] = (),
    now: datetime | None = None,
) -> Frame:
    """The frame of a page. `current` is the address of the place of the role that this page belongs to.

    `now`: the moment the page's times are of, against which they tick. `task`: a page with one task, whose action
    bar replaces the tab bar on phones. `events`: address of the live stream ("": none). Speak the page's language
    around it (`dispatch.web.i18n.speaking`; the shell does).
    """
    deps = deps_of(request)
    reference = reference_of(deps, visit)
    moment = now or datetime.now(UTC)
    theme, contrast, text = display_of(request)
    query = f"?{request.url.query}" if request.url.query and request.method == "GET" else ""
    root = reference.tree.roots()[0] if reference else None
    return Frame(
        title=title,
        district=root.name if root else "",
        who=who_of(visit, reference) if visit else "",
        nav=_nav(visit.actor, reference, current) if visit else (),
        identities=identities(reference, visit, moment) if deps.demo and reference else (),
        demo=deps.demo,
        back=back,
        phone_title=phone_title,
        csrf=auth.csrf_of(request, visit),
        me=f"{visit.actor.person}/{visit.actor.seat}" if visit else "",
        here=request.url.path + query,
        events=events,
        notices=(*_told(visit), *notices),
        task=task,
        signed_in=visit is not None,
        theme=theme,
        contrast=contrast,
        text=text,
        as_of=say.moment(moment, moment, ZONE) if now else "",
        now=int(now.timestamp()) if now else 0,
    )


def _told(visit: Visit | None) -> tuple[Notice, ...]:
    """What somebody must hear wherever they are: a token from their seat that is not theirs, what lets others in."""
    told: list[Notice] = []
    if visit is not None and visit.token_made:
        said = spans(_("用它做的都算您的。"), link(_("去看是给谁的，不认得就停用"), TOKENS))
        told.append(Notice(_("管理员替您的岗位开了一个令牌"), said))
    # whoever came by a one-time link may be the one who made it: the news wait for another way in
    if visit is not None and visit.news and visit.via != sign_in.LINK:
        title = _(NEWS.get(visit.news, N_("您的账号有改动")))
        told.append(Notice(title, spans(link(_("去看是谁、什么时候；不是您自己办的，马上找管理员"), ACCOUNT))))
    return tuple(told)


def page(request: Request, template: str, model: object, status: int = 200) -> Response:
    """A page as a response, never cached, in the visitor's language."""
    made = HTMLResponse(render(template, model, i18n.language()), status, {"Cache-Control": "no-store"})
    return auth.keep_visit(request, made)


def who_of(visit: Visit, reference: Reference | None) -> str:
    """Unit or place, and position: 消防救援大队・联络员."""
    actor, position = visit.actor, visit.position
    unit = reference.units.get(actor.unit) if reference and actor.unit else None
    node = reference.tree.get(actor.node) if reference and actor.node else None
    if unit:
        return f"{unit.name}・{position}"
    if node is None:
        return position
    return f"{node.name}・{(position.removeprefix('街道') or position) if node.level == 4 else position}"


def _nav(actor: Actor, reference: Reference | None, current: str) -> tuple[NavItem, ...]:
    return tuple(
        NavItem(_(label), href, href == current, _(short))
        for label, href, short in places(actor, level_of(actor, reference))
    )


def identities(reference: Reference, visit: Visit | None, now: datetime) -> tuple[Identity, ...]:
    """The eight of 换个身份, each as the person who holds that seat today; a vacant seat is left out."""
    day = now.astimezone(ZONE).date()
    me = visit.actor.seat if visit else None
    found: list[Identity] = []
    for role, seat in demo_seats(reference):
        person = reference.people.holder(seat, day)
        if person is not None:
            place = _place_of(reference, seat)
            found.append(Identity(_(role), place, person.code, seat == me, HOME))
    return tuple(found)


def demo_seats(reference: Reference) -> tuple[tuple[str, str], ...]:
    """Role and seat of the eight demo identities; none where the demo's district is not loaded."""
    building, grid, community, street, district = reference.tree.chain(DEMO_PLACE)
    if not (building and grid and community and street and district):
        return ()
    return (
        (N_("街道经办"), node_seat(street.code, "clerk")),
        (N_("部门联络员"), unit_seat(DEMO_UNIT, "liaison")),
        (N_("社区书记"), node_seat(community.code)),
        (N_("小区书记") if grid.kind == "compound" else N_("网格长"), node_seat(grid.code)),
        (N_("楼栋长"), node_seat(building.code)),
        (N_("调度员"), node_seat(district.code, "dispatcher")),
        (N_("管理员"), node_seat(district.code, "administrator")),
        (N_("审计员"), node_seat(district.code, "auditor")),
    )


def account_of(reference: Reference, seat: str, day: date) -> str:
    """The account that stands in for a seat; "" where it is vacant."""
    person = reference.people.holder(seat, day)
    return person.code if person else ""


def _place_of(reference: Reference, seat: str) -> str:
    found = reference.people.seats[seat]
    if found.unit:
        unit = reference.units.get(found.unit)
        return unit.name if unit else found.unit
    node = reference.tree.get(found.node or "")
    if node is None:
        return ""
    above = reference.tree.get(node.parent) if node.level == 1 and node.parent else None
    return f"{above.name}{node.name}" if above and not above.general else node.name


def display_of(request: Request) -> tuple[str, str, str]:
    """Theme, contrast and text size as chosen in this browser."""
    theme, contrast, text = [*request.cookies.get(DISPLAY_COOKIE, "").split("."), "", "", ""][:3]
    return (
        theme if theme in THEMES else THEMES[0],
        contrast if contrast in CONTRASTS else CONTRASTS[0],
        text if text in TEXTS else TEXTS[0],
    )
