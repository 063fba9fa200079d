"""`/admin/tree`, `/admin/seats`: the five-level tree with its seats, changed place by place."""

from datetime import date

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from dispatch.domain.refusals import Invalid, NotFound, Refusal
from dispatch.domain.roster import FIRST, LAST
from dispatch.steps import tree_changes, unit_changes
from dispatch.steps.sign_in import Visit
from dispatch.web import qr
from dispatch.web.admin import pages, place_pages, words
from dispatch.web.admin.shared import Administrator, Looker, asked, forget, prove, shown_to_change
from dispatch.web.auth import Form, text_of
from dispatch.web.common.frame import build_frame, page
from dispatch.web.common.paths import path_of
from dispatch.web.deps import deps_of
from dispatch.web.i18n import _
from dispatch.web.models.manage import Door, DoorsPage

router = APIRouter()


@router.get(pages.TREE)
async def tree(request: Request, visit: Looker) -> Response:
    """A place (`at`; the district without it), its seats, what is below."""
    return await _place(request, visit, asked(request, "at"))


@router.get(place_pages.DOORS)
async def doors(request: Request, visit: Looker) -> Response:
    """The QR codes of a place and all below it, to be printed and hung up. Raises `NotFound`."""
    deps = deps_of(request)
    reference, code = deps.service.rules.of(visit.actor.district or ""), asked(request, "at")
    node = reference.tree.get(code)
    if node is None or node.level > place_pages.MOST_DOORS:
        raise NotFound("「{value}」没有门牌码可打；请从社区、小区的页进来", field="at", value=code)
    made = tuple(
        Door(one.name, path_of(one.code, reference), one.code, qr.door(deps.base_url, one.code))
        for one in place_pages.doors(reference, node)
    )
    frame = build_frame(request, visit, _("门牌码"))
    return page(request, "doors.html", DoorsPage(frame, node.name, place_pages.place_url(node.code), made))


@router.post(place_pages.NAME)
async def rename(request: Request, form: Form, visit: Administrator) -> Response:
    """Another name."""
    code, service = text_of(form, "node"), deps_of(request).service
    try:
        await prove(request, visit, form)
        await tree_changes.rename(service, visit.actor, code, text_of(form, "name"), text_of(form, "buildings").strip())
    except Refusal as refusal:
        given = {name: text_of(form, name) for name in ("name", "buildings")}
        return await _place(request, visit, code, refusal, given)
    return RedirectResponse(place_pages.place_url(code), 303)


@router.post(place_pages.ADD)
async def add(request: Request, form: Form, visit: Administrator) -> Response:
    """One more place below."""
    code = text_of(form, "node")
    given = {name: text_of(form, name).strip() for name in ("kind", "code", "name", "buildings")}
    try:
        await prove(request, visit, form)
        made = await tree_changes.add(deps_of(request).service, visit.actor, code, *given.values())
    except Refusal as refusal:
        return await _place(request, visit, code, refusal, given)
    return RedirectResponse(place_pages.place_url(made), 303)


@router.post(place_pages.END)
async def end(request: Request, form: Form, visit: Administrator) -> Response:
    """A place is no more."""
    code = text_of(form, "node")
    try:
        await prove(request, visit, form)
        sure(text_of(form, "sure"))
        above = await tree_changes.end(deps_of(request).service, visit.actor, code)
    except Refusal as refusal:
        return await _place(request, visit, code, refusal)
    forget(request)
    return RedirectResponse(place_pages.place_url(above), 303)


@router.get(pages.SEATS + "/{seat}")
async def seat(request: Request, visit: Looker, seat: str) -> Response:
    """Who held a seat from when to when."""
    return await _seat(request, visit, seat)


@router.post(pages.SEATS + "/{seat}")
async def hold(request: Request, form: Form, visit: Administrator, seat: str) -> Response:
    """Somebody holds it from–to."""
    given = {name: text_of(form, name).strip() for name in ("code", "name", "since", "until")}
    try:
        await prove(request, visit, form)
        days = day("since", given["since"]), day("until", given["until"])
        await unit_changes.hold(deps_of(request).service, visit.actor, seat, given["code"], given["name"], *days)
    except Invalid as refusal:
        return await _seat(request, visit, seat, refusal, given)
    forget(request)
    return RedirectResponse(pages.seat_url(seat), 303)


def sure(given: str) -> None:
    """Whether the box was ticked. Raises `Invalid`."""
    if given != "1":
        raise Invalid("没有勾「确定」，什么都没有撤；请勾上再按", field="sure", value=given)


def day(field: str, given: str) -> date | None:
    """A day as a form has it; None where it is empty. Raises `Invalid`."""
    if not given:
        return None
    try:
        found = date.fromisoformat(given)
    except ValueError:
        found = date.min
    if not FIRST <= found < LAST:
        raise Invalid("「{value}」不是 2000 到 2099 年的日期；请写成 2026-01-01", field=field, value=given[:40])
    return found


async def _place(
    request: Request, visit: Visit, code: str, refusal: Refusal | None = None, given: dict[str, str] | None = None
) -> Response:
    service = deps_of(request).service
    reference, now = service.rules.of(visit.actor.district or ""), await service.database.now()
    node = reference.tree.get(code) if code else reference.tree.roots()[0]
    if node is None:
        raise NotFound("没有「{value}」这个地方；请从属地树进来", field="at", value=code)
    parts = place_pages.place_sections(reference, node, now, given or {})
    back = place_pages.place_url(node.parent) if node.parent else pages.PEOPLE
    return await shown_to_change(request, visit, pages.TREE, *parts, heading=_("属地"), back=back, refusal=refusal)


async def _seat(
    request: Request, visit: Visit, code: str, refusal: Refusal | None = None, given: dict[str, str] | None = None
) -> Response:
    service = deps_of(request).service
    reference, now = service.rules.of(visit.actor.district or ""), await service.database.now()
    found = reference.people.seats.get(code)
    if found is None or found.post == "rota":
        raise NotFound("没有「{value}」这个岗位；请从列表里进来", field="seat", value=code[:60])
    parts = place_pages.seat_sections(reference, found, now, given or {})
    heading = words.seat_words(reference, code)
    return await shown_to_change(request, visit, pages.TREE, *parts, heading=heading, back=pages.TREE, refusal=refusal)
