"""`GET /desk`, `/desk/{pane}`; `POST /desk/{number}/assign`; dead letters: `letter_routes`."""

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from dispatch.domain.refusals import Invalid, NotFound, Refusal
from dispatch.steps import casework, stalled
from dispatch.steps.desk_board import permit_desk
from dispatch.steps.readable import readable
from dispatch.web import problems
from dispatch.web.auth import Doer, Form, Reader, text_of
from dispatch.web.common.frame import page
from dispatch.web.deps import WebDeps, deps_of
from dispatch.web.desk import letter_routes, repeat_routes
from dispatch.web.desk.candidates import KEEP, Chosen, words_for
from dispatch.web.desk.page import PATH, desk_page
from dispatch.web.desk.stalled import CONFIRM
from dispatch.web.i18n import _
from dispatch.web.models.parts import Notice, spans
from dispatch.web.rules import remembered

router = APIRouter(include_in_schema=False)
router.include_router(letter_routes.router)
router.include_router(repeat_routes.router)


def routes(_deps: WebDeps) -> list[BaseRoute]:
    """The routes of this package."""
    return list(router.routes)


@router.get(PATH)
async def desk(request: Request, visit: Reader) -> Response:
    """调度台."""
    done = request.query_params.get("done", "")
    said = {
        "assign": _("派出去了"),
        "keep": _("交给街道自办了"),
        "clock": _("确认了，逐级督办继续"),
        "steady": _("没有要确认的，逐级督办在走"),
    }.get(done)
    notices = [Notice(said, kind="done")] if said else []
    notices += await remembered.notices(request, visit)
    return page(request, "desk.html", await desk_page(request, visit, notices=notices))


@router.post(CONFIRM)
async def confirm(request: Request, visit: Doer, form: Form) -> Response:
    """The database's clock was looked at and is right: climbing goes on."""
    done = await stalled.confirm(deps_of(request).service, visit.actor, _moment(text_of(form, "at")))
    return RedirectResponse(f"{PATH}?done={'clock' if done else 'steady'}", 303)


def _moment(text: str) -> datetime:
    """The moment that a form carries; what is none matches no jump."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = datetime(1970, 1, 1, tzinfo=UTC)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


@router.get(PATH + "/{pane}")
async def one_pane(request: Request, visit: Reader, pane: str) -> Response:
    """One pane as a page of its own, for a second monitor."""
    said = {"replay": _("重放成功"), "discard": _("记下了，不要了")}.get(request.query_params.get("done", ""))
    notices = (Notice(said, kind="done"),) if said else ()
    return page(request, "desk.html", await desk_page(request, visit, pane, notices))


@router.post(PATH + "/{number}/assign")
async def assign(request: Request, visit: Doer, form: Form, number: str) -> Response:
    """派单 to one of the candidates; `remember` drafts a change of the duty list. Raises `NotFound`, `Forbidden`."""
    service, lead = deps_of(request).service, text_of(form, "lead")
    remember = text_of(form, "remember") == "1"
    permit_desk(visit.actor)
    try:
        case, turn = await readable(service, visit.actor, number)
        if not lead:
            raise Invalid("先选派给谁", field="lead", value=None)
        given = text_of(form, "version")
        version = int(given) if given.isdecimal() and len(given) < 10 else None
        action = KEEP if lead == KEEP else "assign"
        fields: dict[str, object] = {"remember": remember, "words": words_for(case, turn, lead)}
        if action == "assign":
            fields |= {"lead": lead, "assist": []}
        await casework.act(service, visit.actor, case.id, action, fields, version=version)
    except NotFound:
        raise
    except Refusal as refusal:
        notice = Notice(_("这一件没有派出去"), spans(problems.said(refusal)), kind="conflict")
        before = Chosen(number, lead, remember)
        model = await desk_page(request, visit, notices=(notice,), before=before)
        return page(request, "desk.html", model, problems.status_of(refusal))
    return RedirectResponse(f"{PATH}?done={action}{remembered.asked(number, fields)}", 303)
