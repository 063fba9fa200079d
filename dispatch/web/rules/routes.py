"""`/rules`: the rules as text. Looked at with a token of its scope; proposed and decided in person only.

An administrator can make tokens for anybody, so that a token may not stand in for the second person.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute

from dispatch.domain.case import Actor
from dispatch.domain.refusals import Invalid, NotFound, Refusal, Stale
from dispatch.steps.reading.marked import BrokenFilesError
from dispatch.steps.rule_changes import proposals
from dispatch.steps.rule_changes.texts import tidy
from dispatch.steps.service import Service
from dispatch.steps.sign_in import Visit
from dispatch.store.rule_proposals import Proposal
from dispatch.web import i18n, problems
from dispatch.web.auth import Form, Own, Reader, text_of
from dispatch.web.common.frame import page
from dispatch.web.deps import WebDeps, deps_of
from dispatch.web.models.parts import FieldError
from dispatch.web.render import render
from dispatch.web.rules import edit, looks, pages, show
from dispatch.web.rules.edit import uuid_of

router = APIRouter(include_in_schema=False)


Decision = Callable[[Service, Actor, UUID, str], Awaitable[Proposal]]
DECISIONS: Mapping[str, Decision] = {
    "approve": proposals.approve,
    "decline": proposals.decline,
    "withdraw": proposals.withdraw,
}


def routes(_deps: WebDeps) -> list[BaseRoute]:
    """The routes of this package."""
    return list(router.routes)


async def _looking(visit: Reader) -> Visit:
    proposals.allowed(visit.actor, proposals.LOOK)
    return visit


async def _trying(visit: Reader) -> Visit:
    proposals.allowed(visit.actor, proposals.PROPOSE)
    return visit


async def _proposing(visit: Own) -> Visit:
    proposals.allowed(visit.actor, proposals.PROPOSE)
    return visit


async def _deciding(visit: Own) -> Visit:
    proposals.allowed(visit.actor, proposals.DECIDE)
    return visit


Looker = Annotated[Visit, Depends(_looking)]
Trier = Annotated[Visit, Depends(_trying)]
Proposer = Annotated[Visit, Depends(_proposing)]
Decider = Annotated[Visit, Depends(_deciding)]


@router.get(pages.PATH)
async def rules(request: Request, visit: Looker) -> Response:
    """What waits, what is in force, remembered rulings."""
    return page(request, "manage.html", await show.overview(request, visit))


@router.get(pages.PATH + "/proposal/{id}")
async def proposal(request: Request, visit: Looker, id: str) -> Response:
    """One proposal."""
    return await show.proposal(request, visit, uuid_of(id))


@router.post(pages.PATH + "/proposal/{id}/{decision}")
async def decide(request: Request, form: Form, visit: Decider, id: str, decision: str) -> Response:
    """同意, 不同意, 撤回."""
    service, asked, reason = deps_of(request).service, uuid_of(id), text_of(form, "reason")
    if decision not in DECISIONS:
        raise NotFound("没有「{value}」这一栏", field="decision", value=decision[:40])
    try:
        await DECISIONS[decision](service, visit.actor, asked, reason)
    except BrokenFilesError as broken:
        return await show.proposal(request, visit, asked, faults=broken.errors)
    except (Invalid, Stale) as refusal:
        return await show.proposal(request, visit, asked, refusal=refusal, given=reason)
    return RedirectResponse(pages.proposal_url(asked), 303)


@router.post(pages.PATH + "/draft/{id}/refuse")
async def refuse_draft(request: Request, _form: Form, visit: Decider, id: str) -> Response:
    """A remembered ruling that changes no rule."""
    await proposals.refuse_draft(deps_of(request).service, visit.actor, uuid_of(id))
    return RedirectResponse(pages.PATH, 303)


@router.get(pages.PATH + "/{kind}/history")
async def history(request: Request, visit: Looker, kind: str) -> Response:
    """The versions of one document."""
    return page(request, "manage.html", await show.history(request, visit, proposals.kind_of(kind)))


@router.get(pages.PATH + "/{kind}/{version}")
async def version(request: Request, visit: Looker, kind: str, version: str) -> Response:
    """One version, beside the one before it (or another one: `with`)."""
    return page(request, "rules_change.html", await show.version(request, visit, proposals.kind_of(kind), version))


@router.get(pages.PATH + "/{kind}")
async def editor(request: Request, visit: Trier, kind: str) -> Response:
    """The text, to be changed."""
    service = deps_of(request).service
    reference = service.rules.of(visit.actor.district or "")
    async with service.database.acquire() as connection:
        draft = await edit.opened(connection, visit, proposals.kind_of(kind), request.query_params, reference)
    if draft.wanted.text == draft.now.text:
        return page(request, "rules_edit.html", edit.page_of(request, visit, draft))
    return await _look(request, visit, draft)


@router.post(pages.PATH + "/{kind}/check")
async def check(request: Request, form: Form, visit: Trier, kind: str) -> Response:
    """What the text amounts to, while one types."""
    service, district = deps_of(request).service, visit.actor.district or ""
    text = tidy(text_of(form, "text"))
    try:
        document = await proposals.check(service, district, kind, text)
    except BrokenFilesError as broken:
        found = looks.checked(text, broken.errors)
    else:
        async with service.database.acquire() as connection:
            now = await proposals.current(connection, district, kind)
        found = looks.checked(text, (), looks.differing(now.content, document, service.rules.of(district)))
    return HTMLResponse(render("fragments/rules_check.html", found, i18n.language()))


@router.post(pages.PATH + "/{kind}")
async def propose(request: Request, form: Form, visit: Proposer, kind: str) -> Response:
    """看差别和预览, or 提交: kept for a second person to decide."""
    service, district = deps_of(request).service, visit.actor.district or ""
    wanted = edit.of_form(proposals.kind_of(kind), form)
    async with service.database.acquire() as connection:
        draft = await edit.fresh(connection, district, wanted)
    if text_of(form, "step") != "propose" or draft.wanted.base != wanted.base:
        return await _look(request, visit, draft, 409 if draft.wanted.base != wanted.base else 200)
    try:
        made = await proposals.propose(service, visit.actor, wanted)
    except BrokenFilesError as broken:
        return page(request, "rules_edit.html", edit.page_of(request, visit, draft, faults=broken.errors), 422)
    except (Invalid, Stale) as refusal:
        return await _look(request, visit, draft, problems.status_of(refusal), refusal)
    return RedirectResponse(pages.proposal_url(made.id), 303)


async def _look(
    request: Request, visit: Visit, draft: edit.Draft, status: int = 200, refusal: Refusal | None = None
) -> Response:
    """The editor with the change looked at; with its faults where it cannot be read."""
    service, district = deps_of(request).service, visit.actor.district or ""
    try:
        document = await proposals.check(service, district, draft.wanted.kind, draft.wanted.text)
    except BrokenFilesError as broken:
        return page(request, "rules_edit.html", edit.page_of(request, visit, draft, faults=broken.errors), 422)
    look = await edit.looked(service, district, draft, document)
    errors = (FieldError(refusal.field or "text", problems.said(refusal)),) if refusal else ()
    return page(request, "rules_edit.html", edit.page_of(request, visit, draft, look=look, errors=errors), status)
