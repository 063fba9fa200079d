"""`/admin/tokens`: the API tokens of a district; one that reads or raises for somebody else, for a reason."""

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from dispatch.domain.refusals import Invalid, NotFound, Refusal
from dispatch.steps import step_up
from dispatch.steps import tokens as step
from dispatch.steps.sign_in import Visit
from dispatch.steps.tokens import Wanted
from dispatch.store import accounts, directory
from dispatch.store.directory import PersonSeen
from dispatch.web.admin import pages, token_pages
from dispatch.web.admin.shared import Administrator, Looker, asked, shown, stepped_up
from dispatch.web.auth import Form, text_of
from dispatch.web.common.frame import reference_of
from dispatch.web.deps import deps_of

router = APIRouter()
MOST = 200


@router.get(pages.TOKENS)
async def tokens(request: Request, visit: Looker) -> Response:
    """API tokens; with `account`, the form for a new one of that person."""
    return await _tokens(request, visit, asked(request, "account"))


@router.post(pages.TOKENS)
async def make(request: Request, form: Form, visit: Administrator) -> Response:
    """A new token, shown once; or the form again with what is wrong. The same form again makes no second one."""
    deps, person = deps_of(request), text_of(form, "person")
    given = {"name": text_of(form, "name"), "reason": text_of(form, "reason")}
    await step.unused(deps.service.database, wanted(form).id)
    if refused := await stepped_up(request, visit, form, "token"):
        return await _tokens(request, visit, person, refused, given)
    try:
        token, made = await step.make(deps.service.database, visit.actor, person, wanted(form))
    except Invalid as refusal:
        return await _tokens(request, visit, person, refusal, given)
    now = await deps.service.database.now()
    return shown(request, visit, pages.TOKENS, token_pages.made_section(token, made, now))


@router.post(pages.REVOKE)
async def revoke(request: Request, form: Form, visit: Administrator) -> Response:
    """End a token."""
    await step.revoke(deps_of(request).service.database, visit.actor, text_of(form, "token"))
    deps_of(request).principals.tokens.clear()
    return RedirectResponse(pages.TOKENS, 303)


def wanted(form: Form) -> Wanted:
    """The token that a form asks for."""
    days = text_of(form, "days")
    return Wanted(
        text_of(form, "seat"),
        text_of(form, "name"),
        [str(scope) for scope in form.getlist("scopes")],
        int(days) if days.isascii() and days.isdigit() and len(days) < 5 else 0,
        text_of(form, "reason"),
        _id(text_of(form, "id")),
    )


def _id(given: str) -> UUID | None:
    try:
        return UUID(given)
    except ValueError:
        return None


async def _tokens(
    request: Request, visit: Visit, account: str, refusal: Refusal | None = None, given: dict[str, str] | None = None
) -> Response:
    deps, one = deps_of(request), None
    now, reference = await deps.service.database.now(), reference_of(deps, visit)
    async with deps.service.database.acquire() as connection:
        found = await directory.tokens(connection, visit.actor.district or "", now, MOST)
        if account:
            code = await accounts.person_of(connection, account)
            one = await directory.person(connection, visit.actor.district or "", code or account, now)
            refusal = refusal or _none_for(one, account)
    if one is None or not one.seats:
        first = token_pages.whose_section({"account": account})
    else:
        asks = await step_up.asks(deps.service.database, visit.actor.person or "")
        first = token_pages.new_section(one, reference, given or {}, own=False, asks=asks)
    return shown(request, visit, pages.TOKENS, first, token_pages.token_section(found, reference, now), refusal=refusal)


def _none_for(one: PersonSeen | None, account: str) -> Refusal | None:
    if one is None:
        return NotFound("没有「{value}」这个账号；请核对", field="account", value=account)
    if not one.seats:
        return Invalid("「{value}」现在没有岗位，开不了令牌；请换一个人", field="account", value=account)
    return None
