"""`/account/tokens`: the tokens that act from my seats; I make them, and end any of them, whoever made it."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from dispatch.domain.refusals import Invalid, Refusal
from dispatch.steps import tokens as step
from dispatch.steps.sign_in import Visit
from dispatch.web import problems
from dispatch.web.admin import token_pages
from dispatch.web.admin.tokens import wanted
from dispatch.web.auth import Form, Own, text_of
from dispatch.web.common.frame import build_frame, page, reference_of
from dispatch.web.deps import deps_of
from dispatch.web.i18n import _
from dispatch.web.models.manage import ManagePage, ManageSection
from dispatch.web.models.parts import FieldError

router = APIRouter()


@router.get(token_pages.OWN)
async def tokens(request: Request, visit: Own) -> Response:
    """My tokens; those that somebody else made count as seen."""
    return await _tokens(request, visit)


@router.post(token_pages.OWN)
async def make(request: Request, form: Form, visit: Own) -> Response:
    """A new one, shown once."""
    database = deps_of(request).service.database
    try:
        token, made = await step.make(database, visit.actor, visit.actor.person or "", wanted(form))
    except Invalid as refusal:
        return await _tokens(request, visit, refusal, {"name": text_of(form, "name")})
    part = token_pages.made_section(token, made, await database.now(), token_pages.OWN)
    return _shown(request, visit, (part,))


@router.post(token_pages.END_OWN)
async def end(request: Request, form: Form, visit: Own) -> Response:
    """End one."""
    await step.revoke_own(deps_of(request).service.database, visit.actor, text_of(form, "token"))
    deps_of(request).principals.tokens.clear()
    return RedirectResponse(token_pages.OWN, 303)


async def _tokens(
    request: Request, visit: Visit, refusal: Refusal | None = None, given: dict[str, str] | None = None
) -> Response:
    deps = deps_of(request)
    holder, found = await step.own(deps.service.database, visit.actor)
    if visit.token_made:  # they have looked now
        deps.principals.sessions.clear()
    reference, now = reference_of(deps, visit), await deps.service.database.now()
    parts = [token_pages.token_section(found, reference, now, token_pages.END_OWN)]
    if holder is not None and holder.seats:
        parts.append(token_pages.new_section(holder, reference, given or {}, own=True))
    return _shown(request, visit, parts, refusal)


def _shown(
    request: Request,
    visit: Visit,
    parts: "list[ManageSection] | tuple[ManageSection, ...]",
    refusal: Refusal | None = None,
) -> Response:
    said = (FieldError(refusal.field or "name", problems.said(refusal)),) if refusal else ()
    frame = build_frame(request, visit, _("我的令牌"), back="/account")
    made = ManagePage(frame, _("我的令牌"), errors=said, sections=tuple(parts))
    return page(request, "manage.html", made, problems.status_of(refusal) if refusal else 200)
