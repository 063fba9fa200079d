"""`/account`: where I am signed in, my seats, my password and second factor."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from dispatch.domain.refusals import Refusal
from dispatch.steps import second_factor, sign_in
from dispatch.steps.sign_in import Visit
from dispatch.store import account_news, accounts, sessions
from dispatch.web import problems
from dispatch.web.account import filters, leave, pages, tokens
from dispatch.web.auth import FACTOR_PAGE, Form, Own, session_cookie, text_of
from dispatch.web.common.frame import build_frame, page
from dispatch.web.deps import WebDeps, deps_of
from dispatch.web.i18n import _
from dispatch.web.models.manage import ManagePage, ManageSection
from dispatch.web.models.parts import FieldError

router = APIRouter(include_in_schema=False)
router.include_router(filters.router)
router.include_router(leave.router)
router.include_router(tokens.router)

ACCOUNT = "/account"


def routes(_deps: WebDeps) -> list[BaseRoute]:
    """The routes of this package."""
    return list(router.routes)


@router.get(ACCOUNT)
async def account(request: Request, visit: Own) -> Response:
    """Where I am signed in, my seats, my keys."""
    database, person = deps_of(request).service.database, visit.actor.person or ""
    now = await database.now()
    async with database.acquire() as connection:
        held = await sessions.of_person(connection, person, now)
        seats = await accounts.seats(connection, person, now)
        news = await account_news.latest(connection, person, now - pages.NEWS_KEPT)
    factor = await second_factor.status(database, person)
    parts = [pages.sessions_section(held, now, _current(request)), pages.keys_section(factor)]
    if len(seats) > 1:
        parts.insert(0, pages.seats_section(seats, visit.actor.seat))
    if news:
        by_link = visit.via == sign_in.LINK
        parts.insert(0 if visit.news else len(parts), pages.news_section(news, now, by_link=by_link))
    return _shown(request, visit, _("我的账号"), *parts)


@router.post(pages.SEE_NEWS)
async def see_news(request: Request, _form: Form, visit: Own) -> Response:
    """I have seen what was done to my account; not to be said by whoever came by a one-time link."""
    deps = deps_of(request)
    if visit.via != sign_in.LINK:
        async with deps.service.database.transaction() as uow:
            await account_news.see(uow, visit.actor.person or "", await uow.now())
        deps.principals.sessions.clear()
    return RedirectResponse(ACCOUNT, 303)


@router.post(pages.END_SESSION)
async def end_session(request: Request, form: Form, visit: Own) -> Response:
    """End one of my sessions."""
    await sign_in.end_one(deps_of(request).service.database, visit.actor.person or "", text_of(form, "session"))
    deps_of(request).principals.sessions.clear()
    return RedirectResponse(ACCOUNT, 303)


@router.post(pages.END_OTHERS)
async def end_others(request: Request, _form: Form, visit: Own) -> Response:
    """End all my sessions but this one."""
    deps = deps_of(request)
    await sign_in.sign_out_everywhere(deps.service.database, visit.actor.person or "", keep=_current(request))
    deps.principals.sessions.clear()
    return RedirectResponse(ACCOUNT, 303)


@router.get(FACTOR_PAGE)
async def factor(request: Request, visit: Own) -> Response:
    """My second factor: none, to be confirmed, or in use."""
    return await _factor(request, visit)


@router.post(FACTOR_PAGE)
async def bind(request: Request, form: Form, visit: Own) -> Response:
    """`do=begin`: make a secret. `do=confirm`: take it into use with its first code; shows the recovery codes."""
    deps, person = deps_of(request), visit.actor.person or ""
    try:
        if text_of(form, "do") != "confirm":
            await second_factor.begin(deps.service.database, deps.sealer, person)
            return RedirectResponse(FACTOR_PAGE, 303)
        given = text_of(form, "code"), text_of(form, "password")
        codes = await second_factor.confirm(deps.service.database, deps.sealer, person, *given)
    except Refusal as refusal:
        return await _factor(request, visit, refusal)
    deps.principals.sessions.clear()
    return _shown(request, visit, _("身份验证器"), pages.codes_section(codes))


@router.get(pages.CODES_PAGE)
async def codes(request: Request, visit: Own) -> Response:
    """Asks for a code before new recovery codes."""
    return _shown(request, visit, _("身份验证器"), _renewing())


@router.post(pages.CODES_PAGE)
async def renew_codes(request: Request, form: Form, visit: Own) -> Response:
    """New recovery codes; the old ones are void."""
    deps, person = deps_of(request), visit.actor.person or ""
    try:
        made = await second_factor.renew_codes(deps.service.database, deps.sealer, person, text_of(form, "code"))
    except Refusal as refusal:
        return _shown(request, visit, _("身份验证器"), _renewing(), refusal=refusal)
    return _shown(request, visit, _("身份验证器"), pages.codes_section(made))


@router.get(pages.OFF_PAGE)
async def off(request: Request, visit: Own) -> Response:
    """Asks for a code before the authenticator is given up."""
    return _shown(request, visit, _("身份验证器"), _giving_up())


@router.post(pages.OFF_PAGE)
async def give_up(request: Request, form: Form, visit: Own) -> Response:
    """Give the authenticator up."""
    deps, person = deps_of(request), visit.actor.person or ""
    try:
        await second_factor.remove(deps.service.database, deps.sealer, person, text_of(form, "code"))
    except Refusal as refusal:
        return _shown(request, visit, _("身份验证器"), _giving_up(), refusal=refusal)
    deps.principals.sessions.clear()
    return RedirectResponse(FACTOR_PAGE, 303)


def _renewing() -> ManageSection:
    note = _("新的一批一生成，旧的全部作废。")
    return pages.code_section(_("换一批恢复码"), note, pages.CODES_PAGE, _("换一批"))


def _giving_up() -> ManageSection:
    note = _("停用以后登录只凭密码；岗位要求绑定的，下次进来要重新绑定。")
    return pages.code_section(_("停用身份验证器"), note, pages.OFF_PAGE, _("停用"))


async def _factor(request: Request, visit: Visit, refusal: Refusal | None = None) -> Response:
    deps, person = deps_of(request), visit.actor.person or ""
    status = await second_factor.status(deps.service.database, person)
    if status.on:
        return _shown(request, visit, _("身份验证器"), pages.bound_section(status), refusal=refusal)
    async with deps.service.database.acquire() as connection:
        known = await accounts.account(connection, person)
    name = known.sign_in if known else person
    waiting = await second_factor.pending(deps.service.database, deps.sealer, person, _("吹哨报到"), name)
    if waiting is None:
        part = pages.begin_section(visit.must_enrol)
    else:
        part = pages.enrol_section(waiting, with_password=known is not None and known.has_password)
    return _shown(request, visit, _("身份验证器"), part, refusal=refusal)


def _current(request: Request) -> bytes | None:
    token = session_cookie(request)
    return sign_in.digest(token) if token else None


def _shown(
    request: Request, visit: Visit, heading: str, *sections: ManageSection, refusal: Refusal | None = None
) -> Response:
    said = (FieldError(refusal.field or "code", problems.said(refusal)),) if refusal else ()
    frame = build_frame(request, visit, heading, back="" if heading == _("我的账号") else ACCOUNT)
    status = problems.status_of(refusal) if refusal else 200
    return page(request, "manage.html", ManagePage(frame, heading, errors=said, sections=sections), status)
