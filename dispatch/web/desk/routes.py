"""`GET /desk`, `/desk/{pane}`; `POST /desk/{number}/assign`, `/desk/dead/{id}/replay`, `/desk/dead/{id}/discard`."""

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from dispatch.domain.permissions import may_ever
from dispatch.domain.refusals import Forbidden, Invalid, NotFound, Refusal
from dispatch.steps import casework, replay, view
from dispatch.steps.sign_in import Visit
from dispatch.web import problems
from dispatch.web.auth import Form, Reader, text_of
from dispatch.web.common.frame import build_frame, page
from dispatch.web.deps import WebDeps, deps_of
from dispatch.web.desk.candidates import KEEP, words_for
from dispatch.web.desk.letters import steps
from dispatch.web.desk.page import PATH, desk_page
from dispatch.web.i18n import _
from dispatch.web.models.parts import Field, FieldError, Notice, spans
from dispatch.web.models.whistle import ActionPage

router = APIRouter(include_in_schema=False)


def routes(_deps: WebDeps) -> list[BaseRoute]:
    """The routes of this package."""
    return list(router.routes)


@router.get(PATH)
async def desk(request: Request, visit: Reader) -> Response:
    """调度台."""
    done = request.query_params.get("done", "")
    said = {"assign": _("派出去了"), "keep": _("交给街道自办了"), "replay": _("重放成功")}.get(done)
    notices = (Notice(said, kind="done"),) if said else ()
    return page(request, "desk.html", await desk_page(request, visit, notices=notices))


@router.get(PATH + "/dead/{id}/discard")
async def ask_discard(request: Request, visit: Reader, id: UUID) -> Response:
    """Why it is not wanted."""
    _may_settle(visit)
    return _discard_page(request, visit, id)


@router.get(PATH + "/{pane}")
async def one_pane(request: Request, visit: Reader, pane: str) -> Response:
    """One pane as a page of its own, for a second monitor."""
    return page(request, "desk.html", await desk_page(request, visit, pane))


@router.post(PATH + "/{number}/assign")
async def assign(request: Request, visit: Reader, form: Form, number: str) -> Response:
    """派单 to one of the candidates; `remember` drafts a change of the duty list."""
    service, lead = deps_of(request).service, text_of(form, "lead")
    try:
        if not lead:
            raise Invalid("先选派给谁", field="lead", value=None)
        case, turn = await view.readable(service, visit.actor, number)
        given = text_of(form, "version")
        version = int(given) if given.isdecimal() and len(given) < 10 else None
        action = KEEP if lead == KEEP else "assign"
        fields: dict[str, object] = {}
        if action == "assign":
            remember = text_of(form, "remember") == "1"
            fields = {"lead": lead, "assist": [], "remember": remember, "words": words_for(case, turn, lead)}
        await casework.act(service, visit.actor, case.id, action, fields, version=version)
    except Refusal as refusal:
        notice = Notice(_("这一件没有派出去"), spans(problems.said(refusal)), kind="conflict")
        model = await desk_page(request, visit, notices=(notice,))
        return page(request, "desk.html", model, problems.status_of(refusal))
    return RedirectResponse(f"{PATH}?done={action}", 303)


@router.post(PATH + "/dead/{id}/replay")
async def replay_letter(request: Request, visit: Reader, _form: Form, id: UUID) -> Response:
    """Try it once more, now."""
    _may_settle(visit)
    service = deps_of(request).service
    try:
        why = await replay.replay(service.database, steps(service), id, by=visit.actor.person or "")
    except replay.NotWaiting:
        why = _("别人已经处理过了")
    if why is None:
        return RedirectResponse(f"{PATH}/dead?done=replay", 303)
    notice = Notice(_("还是不行，它仍在这里"), spans(why), kind="error")
    return page(request, "desk.html", await desk_page(request, visit, "dead", (notice,)), 409)


@router.post(PATH + "/dead/{id}/discard")
async def discard_letter(request: Request, visit: Reader, form: Form, id: UUID) -> Response:
    """It needs nothing more, for a reason."""
    _may_settle(visit)
    why = text_of(form, "why").strip()[:500]
    if not why:
        return _discard_page(request, visit, id, _("写上为什么不要了"))
    try:
        await replay.discard(deps_of(request).service.database, id, by=visit.actor.person or "", why=why)
    except replay.NotWaiting:
        raise NotFound("这条消息别人已经处理过了", field="id", value=str(id)) from None
    return RedirectResponse(f"{PATH}/dead", 303)


def _may_settle(visit: Visit) -> None:
    if not may_ever(visit.actor, "dead-letters"):
        raise Forbidden("异常消息由区调度台和管理员处理", field="role", value=visit.actor.role)


def _discard_page(request: Request, visit: Visit, id: UUID, wrong: str = "") -> Response:
    title = _("不要这条消息")
    model = ActionPage(
        frame=build_frame(request, visit, title, current=PATH, back=f"{PATH}/dead", task=True),
        heading=title,
        intro=spans(_("它不再重试，也不会变成哨；原文按规定的期限清除，记录留着。")),
        whistle_number="",
        whistle_title="",
        whistle_url="",
        fields=(Field("why", _("为什么"), "textarea", error=wrong, required=True, rows=3),),
        submit=_("不要了"),
        submit_url=f"{PATH}/dead/{id}/discard",
        errors=(FieldError("why", wrong),) if wrong else (),
    )
    return page(request, "action.html", model, 422 if wrong else 200)
