"""`/w/{number}` and what lies under it: the whistle page, acts, receipt, strip, slip."""

from collections.abc import Sequence

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute

from dispatch.domain.turn import Turn
from dispatch.steps import disclose
from dispatch.steps.sign_in import Visit
from dispatch.steps.view import WhistleView
from dispatch.web import i18n
from dispatch.web.auth import Doer, Form, Reader
from dispatch.web.common.frame import page
from dispatch.web.deps import WebDeps, deps_of
from dispatch.web.i18n import _
from dispatch.web.models.parts import Notice
from dispatch.web.render import render
from dispatch.web.rules import remembered
from dispatch.web.whistle import act, reporter
from dispatch.web.whistle.forms import ASKS, label
from dispatch.web.whistle.page import whistle_page
from dispatch.web.whistle.receipt import receipt_page, stored_ms, strip
from dispatch.web.whistle.slip import slip_page

router = APIRouter(include_in_schema=False, prefix="/w")


def routes(_deps: WebDeps) -> list[BaseRoute]:
    """The routes of this package."""
    return list(router.routes)


async def _seen(request: Request, visit: Visit, number: str) -> tuple[WhistleView, Turn]:
    deps = deps_of(request)
    found = await disclose.whistle(deps.service, visit.actor, number)
    return found, deps.service.turn(found.district, found.as_of)


@router.get("/{number}")
async def whistle(request: Request, number: str, visit: Reader) -> Response:
    """The whistle, as this person sees it."""
    seen, turn = await _seen(request, visit, number)
    done = request.query_params.get("done", "")
    notices: Sequence[Notice] = ()
    if done in ASKS:
        notices = (Notice(_("办好了：%(act)s", act=label(done)), kind="done"),)
    notices = (*notices, *await remembered.notices(request, visit))
    return page(request, "whistle.html", await whistle_page(request, visit, seen, turn, notices))


@router.get("/{number}/do/{token}")
async def ask(request: Request, number: str, token: str, visit: Reader) -> Response:
    """The page of an act."""
    return await act.ask(request, visit, number, token)


@router.post("/{number}/do/{token}")
async def do(request: Request, number: str, token: str, visit: Doer, form: Form) -> Response:
    """An act."""
    return await act.do(request, visit, number, token, form)


@router.get("/{number}/reporter")
async def ask_reporter(request: Request, number: str, visit: Reader) -> Response:
    """Why one needs the reporter's name and phone."""
    return await reporter.ask(request, visit, number)


@router.post("/{number}/reporter")
async def show_reporter(request: Request, number: str, visit: Doer, form: Form) -> Response:
    """The reporter's name and phone, whole, this once."""
    return await reporter.show(request, visit, number, form)


@router.get("/{number}/receipt")
async def receipt(request: Request, number: str, visit: Reader) -> Response:
    """The receipt."""
    seen, turn = await _seen(request, visit, number)
    return page(request, "receipt.html", receipt_page(request, visit, seen, turn))


@router.get("/{number}/strip")
async def strip_fragment(request: Request, number: str, visit: Reader) -> Response:
    """The strip alone, fetched while it waits."""
    seen, turn = await _seen(request, visit, number)
    model = strip(seen, stored_ms(request), demo=deps_of(request).demo, now=turn.now)
    made = render("fragments/strip.html", model, i18n.language())
    return HTMLResponse(made, headers={"Cache-Control": "no-store"})


@router.get("/{number}/who")
async def who_fragment(request: Request, number: str, visit: Reader) -> Response:
    """Who comes and what is next, fetched while nobody is called yet."""
    seen, turn = await _seen(request, visit, number)
    made = render("fragments/who.html", receipt_page(request, visit, seen, turn), i18n.language())
    return HTMLResponse(made, headers={"Cache-Control": "no-store"})


@router.get("/{number}/slip")
async def slip(request: Request, number: str, visit: Reader) -> Response:
    """The slip for paper."""
    seen, turn = await _seen(request, visit, number)
    return page(request, "slip.html", slip_page(request, visit, seen, turn))
