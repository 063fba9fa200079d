"""`/admin`: people, tokens, sessions, the log; each change one step, written down."""

from datetime import datetime

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from dispatch.domain.case import Actor
from dispatch.domain.permissions import may_ever
from dispatch.domain.refusals import Invalid, NotFound, Refusal
from dispatch.steps import administer, links, provider, sign_in, step_up
from dispatch.steps.sign_in import Visit
from dispatch.store import administration, directory, identities, sessions
from dispatch.web.admin import calendar, importing, log_pages, pages, places, tokens, units
from dispatch.web.admin.shared import Administrator, Looker, asked, shown, stepped_up
from dispatch.web.auth import Admin, Form, session_cookie, text_of
from dispatch.web.common.frame import reference_of
from dispatch.web.deps import WebDeps, deps_of
from dispatch.web.entering import LINK_PAGE
from dispatch.web.i18n import _
from dispatch.web.models.manage import ManageSection

router = APIRouter(include_in_schema=False)
for part in (importing, places, units, calendar, tokens):
    router.include_router(part.router)
MOST = 200


def routes(_deps: WebDeps) -> list[BaseRoute]:
    """The routes of this package."""
    return list(router.routes)


@router.get(pages.PEOPLE)
async def people(request: Request, visit: Looker) -> Response:
    """The district's people; `q` looks for some."""
    deps, given = deps_of(request), asked(request, "q")
    now, district = await deps.service.database.now(), visit.actor.district or ""
    async with deps.service.database.acquire() as connection:
        after = asked(request, "after")
        found = await directory.persons(connection, district, given, now, after, pages.PAGE + 1)
    return shown(request, visit, pages.PEOPLE, pages.people_section(found, reference_of(deps, visit), given, now))


@router.get(pages.PERSON + "/{person}")
async def person(request: Request, visit: Looker, person: str) -> Response:
    """One person: seats, how they get in, where they are signed in."""
    return await _person(request, visit, person)


@router.post(pages.PERSON + "/{person}/link")
async def make_link(request: Request, form: Form, visit: Administrator, person: str) -> Response:
    """A one-time link for this person, shown once. The same form again makes no second one."""
    deps, once = deps_of(request), text_of(form, "form")
    await links.unused(deps.service.database, once)
    if refusal := await stepped_up(request, visit, form, "link"):
        return await _person(request, visit, person, refusal=refusal)
    made = await links.make(deps.service.database, visit.actor, person, once)
    url = f"{deps.base_url.rstrip('/')}{LINK_PAGE}/{made.token}"
    shown = pages.link_section(url, made.expires_at, await deps.service.database.now())
    return await _person(request, visit, person, shown)


@router.post(pages.PERSON + "/{person}/second-factor")
async def reset_factor(request: Request, form: Form, visit: Administrator, person: str) -> Response:
    """Phone and recovery codes are lost: remove the authenticator."""
    if refusal := await stepped_up(request, visit, form, "factor"):
        return await _person(request, visit, person, refusal=refusal)
    await administer.reset_factor(deps_of(request).service.database, visit.actor, person)
    deps_of(request).principals.sessions.clear()
    return RedirectResponse(pages.person_url(person), 303)


@router.post(pages.PERSON + "/{person}/identity")
async def link_identity(request: Request, form: Form, visit: Administrator, person: str) -> Response:
    """Who this person is at the other provider."""
    known = deps_of(request).provider
    if known is None:
        raise NotFound("没有接统一身份；请先在设置里接上", field="subject", value=None)
    if refusal := await stepped_up(request, visit, form, "identity"):
        return await _person(request, visit, person, refusal=refusal)
    await provider.link(deps_of(request).service.database, known.issuer, visit.actor, person, text_of(form, "subject"))
    return RedirectResponse(pages.person_url(person), 303)


@router.get(pages.SESSIONS)
async def signed_in(request: Request, visit: Looker) -> Response:
    """Who is signed in where; `q` looks for somebody."""
    deps, given = deps_of(request), asked(request, "q")
    now, district = await deps.service.database.now(), visit.actor.district or ""
    async with deps.service.database.acquire() as connection:
        held = await sessions.of_district(connection, district, given, now, MOST)
    looking = ManageSection(_("找人"), forms=(pages.search(pages.SESSIONS, given, _("姓名或岗位代码")),))
    part = pages.sessions_section(held, now, _current(request), _("正在登录"))
    return shown(request, visit, pages.SESSIONS, looking, part)


@router.post(pages.END_SESSION)
async def end_session(request: Request, form: Form, visit: Administrator) -> Response:
    """End one session of somebody, or with no `session` all of theirs."""
    deps, person, session = deps_of(request), text_of(form, "person"), text_of(form, "session")
    if session:
        await administer.end_session(deps.service.database, visit.actor, person, session)
    else:
        await administer.end_sessions(deps.service.database, visit.actor, person)
    deps.principals.sessions.clear()
    return RedirectResponse(pages.person_url(person), 303)


@router.get(pages.LOG)
async def log(request: Request, visit: Admin) -> Response:
    """Who changed what; for administrators and auditors."""
    district = _may_read_log(visit.actor)
    now = await deps_of(request).service.database.now()
    async with deps_of(request).service.database.acquire() as connection:
        before = _moment(request.query_params.get("before", ""))
        found = await administration.latest(connection, district, before, pages.PAGE + 1)
    return shown(request, visit, pages.LOG, log_pages.log_section(found, reference_of(deps_of(request), visit), now))


def _may_read_log(actor: Actor) -> str:
    return (actor.district or "") if may_ever(actor, "audit") else administer.allowed(actor)


def _moment(given: str) -> datetime | None:
    if not given:
        return None
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Invalid("「{value}」不是时间；请从「更早的」进来", field="before", value=given)
    return found


async def _person(
    request: Request, visit: Visit, code: str, *first: ManageSection, refusal: Refusal | None = None
) -> Response:
    deps = deps_of(request)
    now = await deps.service.database.now()
    async with deps.service.database.acquire() as connection:
        one = await administer.of_district(connection, visit.actor, code, now)
        held = await sessions.of_person(connection, code, now)
        subjects = await identities.subjects(connection, deps.provider.issuer, code) if deps.provider else None
    parts = [*first, pages.person_section(one, reference_of(deps, visit), now)]
    if one.sign_in:
        asks = await step_up.asks(deps.service.database, visit.actor.person or "")
        parts.append(pages.keys_section(one, subjects, asks))
    if held:
        parts.append(pages.all_sessions_section(held, now, _current(request), one))
    return shown(request, visit, pages.PEOPLE, *parts, heading=one.name, back=pages.PEOPLE, refusal=refusal)


def _current(request: Request) -> bytes | None:
    token = session_cookie(request)
    return sign_in.digest(token) if token else None
