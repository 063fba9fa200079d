"""Signing in and out, choosing a seat, changing the password, 换个身份."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dispatch.domain.refusals import Invalid, NotFound, Refusal
from dispatch.steps import sign_in
from dispatch.steps.sign_in import Session, Visit
from dispatch.web import i18n, problems
from dispatch.web.auth import (
    PASSWORD_PAGE,
    Form,
    SignInNeeded,
    after,
    keep_visit,
    present,
    session_cookie,
    text_of,
    visitor,
)
from dispatch.web.common.frame import build_frame
from dispatch.web.deps import WebDeps, deps_of
from dispatch.web.i18n import _
from dispatch.web.models.entry import SignInPage
from dispatch.web.models.parts import Field, FieldError
from dispatch.web.render import render

router = APIRouter(include_in_schema=False)


@router.get("/sign-in")
async def sign_in_page(request: Request) -> Response:
    """The page that asks for name and password."""
    await visitor(request)
    return _page(request, "sign_in.html", _sign_in_fields(""), 200, after(request.query_params.get("next")))


@router.post("/sign-in")
async def signing_in(request: Request, form: Form) -> Response:
    """Name and password → a session, or the page again with one answer for every failure."""
    name, onward = text_of(form, "name").strip(), after(text_of(form, "next"))
    deps = deps_of(request)
    try:
        session = await sign_in.sign_in(deps.service.database, name, text_of(form, "password"))
    except Refusal as refusal:
        said = (FieldError(refusal.field or "name", problems.said(refusal)),)
        return _page(request, "sign_in.html", _sign_in_fields(name), 403, onward, said)
    await _leave(request)
    return _enter(deps, session, onward)


@router.post("/sign-out")
async def signing_out(request: Request, _form: Form) -> Response:
    """End this session."""
    await _leave(request)
    return _gone(deps_of(request))


@router.post("/sign-out/everywhere")
async def signing_out_everywhere(request: Request, _form: Form, visit: Annotated[Visit, Depends(present)]) -> Response:
    """End every session of this person."""
    deps = deps_of(request)
    await sign_in.sign_out_everywhere(deps.service.database, visit.actor.person or "")
    deps.principals.sessions.clear()
    return _gone(deps)


@router.post("/switch")
async def switching(request: Request, form: Form) -> Response:
    """`seat`: another of one's own seats. `account`: 换个身份, in demo mode only."""
    deps, visit = deps_of(request), await visitor(request)
    onward, seat = after(text_of(form, "next")), text_of(form, "seat")
    if not seat:
        return await _stand_in(request, text_of(form, "account"), onward)
    token = session_cookie(request)
    if visit is None or token is None:
        raise SignInNeeded(_("没有登录"))
    await sign_in.switch_seat(deps.service.database, sign_in.digest(token), visit.actor.person or "", seat)
    deps.principals.sessions.forget(sign_in.digest(token))
    return RedirectResponse(onward, 303)


@router.post("/demo/as")
async def demo_as(request: Request, form: Form) -> Response:
    """换个身份: any account of the demo, without a password."""
    return await _stand_in(request, text_of(form, "account"), after(text_of(form, "next")))


@router.get(PASSWORD_PAGE)
async def password_page(request: Request, _visit: Annotated[Visit, Depends(present)]) -> Response:
    """The page that asks for the old and the new password."""
    return _page(request, "password.html", _password_fields(), 200, after(request.query_params.get("next")))


@router.post(PASSWORD_PAGE)
async def changing_password(request: Request, form: Form, visit: Annotated[Visit, Depends(present)]) -> Response:
    """Change the password; every other session of the person ends."""
    deps, onward, token = deps_of(request), after(text_of(form, "next")), session_cookie(request)
    keep = sign_in.digest(token) if token else None
    try:
        if text_of(form, "new") != text_of(form, "again"):
            raise Invalid("两次写的新密码不一样，请再写一次", field="again", value=None)
        old, new = text_of(form, "old"), text_of(form, "new")
        await sign_in.change_password(deps.service.database, visit.actor.person or "", old, new, keep=keep)
    except Invalid as refusal:
        said = (FieldError(refusal.field or "old", problems.said(refusal)),)
        return _page(request, "password.html", _password_fields(), 422, onward, said)
    deps.principals.sessions.clear()
    return RedirectResponse(onward, 303)


async def _stand_in(request: Request, account: str, onward: str) -> Response:
    deps = deps_of(request)
    session = await sign_in.stand_in(deps.service.database, account) if deps.demo else None
    if session is None:
        raise NotFound("没有「{value}」这个身份", field="account", value=account)
    await _leave(request)
    return _enter(deps, session, onward)


async def _leave(request: Request) -> None:
    """End the session that this browser had."""
    deps, token = deps_of(request), session_cookie(request)
    if token is not None:
        await sign_in.sign_out(deps.service.database, sign_in.digest(token))
        deps.principals.sessions.forget(sign_in.digest(token))


def _enter(deps: WebDeps, session: Session, onward: str) -> Response:
    response = RedirectResponse(onward, 303)
    lasts = int(sign_in.LASTS.total_seconds())
    response.set_cookie(
        deps.cookie, session.token, max_age=lasts, path="/", httponly=True, samesite="lax", secure=deps.https
    )
    return response


def _gone(deps: WebDeps) -> Response:
    response = RedirectResponse("/", 303)
    response.delete_cookie(deps.cookie, path="/", httponly=True, samesite="lax", secure=deps.https)
    return response


def _sign_in_fields(name: str) -> tuple[Field, ...]:
    return (
        Field("name", _("账号"), value=name, required=True, autocomplete="username"),
        Field("password", _("密码"), "password", required=True, autocomplete="current-password"),
    )


def _password_fields() -> tuple[Field, ...]:
    least = sign_in.SHORTEST_PASSWORD
    return (
        Field("old", _("现在的密码"), "password", required=True, autocomplete="current-password"),
        Field(
            "new",
            _("新密码"),
            "password",
            hint=_("至少 %(least)s 个字符", least=least),
            required=True,
            autocomplete="new-password",
        ),
        Field("again", _("再写一次新密码"), "password", required=True, autocomplete="new-password"),
    )


def _page(
    request: Request,
    template: str,
    fields: tuple[Field, ...],
    status: int,
    onward: str,
    errors: tuple[FieldError, ...] = (),
) -> Response:
    visit: Visit | None = getattr(request.state, "visit", None)
    frame = build_frame(request, visit, _("登录") if template == "sign_in.html" else _("改密码"))
    submit = "/sign-in" if template == "sign_in.html" else PASSWORD_PAGE
    page = SignInPage(frame, fields, errors, onward, submit)
    response = HTMLResponse(render(template, page, i18n.language()), status, {"Cache-Control": "no-store"})
    return keep_visit(request, response)
