"""The web application: hot path, API, sign-in, pages, static files, health, put together."""

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.staticfiles import StaticFiles

from dispatch.domain.calendar import OutOfCalendarError
from dispatch.domain.refusals import Refusal
from dispatch.store.errors import StoreError
from dispatch.web import auth, elsewhere, entering, i18n, plainly, problems
from dispatch.web.api import openapi
from dispatch.web.api.routes import ROUTERS
from dispatch.web.common.frame import build_frame
from dispatch.web.deps import WebDeps
from dispatch.web.hot import Front, Hot
from dispatch.web.i18n import _
from dispatch.web.limits import TooFast
from dispatch.web.models.entry import ErrorPage
from dispatch.web.models.parts import NavItem, Span
from dispatch.web.render import render
from dispatch.web.security import Shell, TooLarge

__all__ = ["WebDeps", "create_app"]

STATIC = Path(__file__).parent / "static"
#: what the application for health and metrics answers
PROBES = ("/healthz", "/readyz", "/metrics")
#: packages of pages, each with a module `routes` that has a `router`; they may be missing
AUDIENCES = (
    "street",
    "liaison",
    "chain",
    "desk",
    "open311",
    "common",
    "whistle",
    "lists",
    "live",
    "account",
    "admin",
    "rules",
)


def create_app(deps: WebDeps, pages: Sequence[APIRouter] | None = None) -> Shell:
    """The ASGI application. `pages` are the routers of pages; left out, those of `AUDIENCES`."""
    app = _bare()
    app.state.deps = deps
    _handlers(app)
    app.router.routes.extend(_every_route() if pages is None else _routes(pages))
    openapi.install(app, deps)
    app.mount("/static", StaticFiles(directory=STATIC), "static")
    if deps.probe is not None:
        app.router.routes.extend(Route(path, deps.probe, name=path) for path in PROBES)
    return Shell(
        Front(Hot(deps), app),
        https=deps.https,
        limit=deps.body_limit,
        upload_limit=deps.upload_limit,
        form_limit=deps.form_limit,
        metrics=deps.metrics,
    )


def _bare() -> FastAPI:
    return FastAPI(
        title="Dispatch 街乡吹哨、部门报到",
        version="1",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )


def _routes(pages: Sequence[APIRouter]) -> list[BaseRoute]:
    made = _bare()
    for router in (*pages, *ROUTERS, entering.router, elsewhere.router):
        made.include_router(router)
    return made.router.routes


@cache
def _every_route() -> tuple[BaseRoute, ...]:
    """The same for every application: what each parameter is worked out once for all that a process makes."""
    return tuple(_routes(find_pages()))


def find_pages() -> list[APIRouter]:
    """The routers of the audiences' packages that are there."""
    found: list[APIRouter] = []
    for name in AUDIENCES:
        module = f"dispatch.web.{name}"
        if find_spec(module) is not None and find_spec(f"{module}.routes") is not None:
            found.append(import_module(f"{module}.routes").router)
    return found


def _handlers(app: FastAPI) -> None:
    for kind in (Refusal, ValidationError, StoreError, OutOfCalendarError, HTTPException, Exception):
        app.add_exception_handler(kind, _failed)
    app.add_exception_handler(RequestValidationError, _misread)
    app.add_exception_handler(TooLarge, _too_large)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(auth.SignInNeeded, _unknown)
    app.add_exception_handler(auth.PasswordNeeded, _stale_password)
    app.add_exception_handler(auth.FactorNeeded, _no_factor)
    app.add_exception_handler(TooFast, _too_fast)


async def _failed(request: Request, error: Exception) -> Response:
    detail = problems.said(error) if isinstance(error, Refusal) else ""
    return shown(request, problems.of_error(error), detail)


async def _too_large(request: Request, error: Exception) -> Response:
    assert isinstance(error, TooLarge)
    await auth.visitor(request)
    detail = _("一次发来的太多，最多 %(most)s", most=size_of(error.limit))
    remedy = _("请按浏览器的返回，写的还在；照片少选几张，或一张一张加，再发一次")
    return shown(request, problems.plain(413, "too-large", detail, field="body", value=None, remedy=remedy))


async def _gone(_request: Request, _error: Exception) -> Response:
    """Whoever sent it went away in the middle: nobody reads this."""
    return problems.plain(400, "incomplete", _("请求没有发完"))


def size_of(limit: int) -> str:
    """Bytes as people say them."""
    return f"{limit // 1024**2} MB" if limit >= 1024**2 else f"{limit // 1024} KB"


async def _misread(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return shown(request, problems.answer(problems.of_validation(error.errors())))


async def _unknown(request: Request, error: Exception) -> Response:
    assert isinstance(error, auth.SignInNeeded)
    return auth.to_sign_in(request) if wants_page(request) else problems.unauthorized(error.reason)


async def _stale_password(request: Request, _error: Exception) -> Response:
    if wants_page(request):
        return RedirectResponse(auth.PASSWORD_PAGE, 303)
    return problems.plain(403, "password-expired", _("密码要先改过，请登录网页改密码"))


async def _no_factor(request: Request, _error: Exception) -> Response:
    if wants_page(request):
        return RedirectResponse(auth.FACTOR_PAGE, 303)
    return problems.plain(403, "second-factor-needed", auth.factor_needed())


async def _too_fast(request: Request, error: Exception) -> Response:
    assert isinstance(error, TooFast)
    return shown(request, error.response())


def wants_page(request: Request) -> bool:
    """Whether a person in a browser asked, outside the API."""
    return not request.url.path.startswith("/api/") and "text/html" in request.headers.get("accept", "")


def shown(request: Request, problem: Response, detail: str = "") -> Response:
    """A problem for programs; for people the same as a page, with its own `detail` where that is said otherwise."""
    if not wants_page(request):
        return problem
    said: dict[str, Any] = orjson.loads(problem.body)
    status = problem.status_code
    if detail and detail != said["detail"]:
        said |= {"detail": detail, "remedy": problems.remedy(status, detail)}
    visit = getattr(request.state, "visit", None)
    frame = build_frame(request, visit, said["title"])
    page = ErrorPage(
        frame,
        status,
        said["title"],
        (Span(said["detail"]),),
        plainly.remedy(status, problems.advice(status), said["remedy"]),
        (NavItem(_("回首页"), "/"),),
        str(said.get("instance", "")).rsplit(":", 1)[-1],
    )
    headers = {name: value for name, value in problem.headers.items() if name in ("retry-after", "allow")}
    made = HTMLResponse(render("error.html", page, i18n.language()), status, headers)
    return auth.keep_visit(request, made)
