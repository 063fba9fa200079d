"""Who may come in: the visit behind a request, the token every form carries, signing in and out, 换个身份.

Pages and API take their visitor from here, as FastAPI dependencies:
`Reader` (may read), `Raiser`, `Doer` (API: a token's scopes count); `Form` (a posted form whose `csrf` was checked).
"""

import hashlib
import hmac
import secrets
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import FormData, UploadFile
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dispatch.domain.refusals import Forbidden, Invalid, NotFound, Refusal
from dispatch.steps import sign_in
from dispatch.steps.sign_in import Session, Visit
from dispatch.web import i18n, problems
from dispatch.web.deps import WebDeps, deps_of
from dispatch.web.i18n import _
from dispatch.web.models.entry import SignInPage
from dispatch.web.models.parts import Field, FieldError, Frame
from dispatch.web.principals import cookie_of, credentials
from dispatch.web.render import render

VISIT_COOKIE = "dispatch_visit"
CSRF_FIELD, CSRF_HEADER = "csrf", "x-csrf-token"
SAFE = ("GET", "HEAD", "OPTIONS")
PASSWORD_PAGE = "/password"  # noqa: S105 - an address


class SignInNeeded(Exception):
    """Nobody we know; `reason` is shown to programs, people are led to the sign-in page."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class PasswordNeeded(Exception):
    """Signed in with a password that must be changed first."""


# ── the visitor ──────────────────────────────────────────────────────────────────────────────────
async def visitor(request: Request) -> Visit | None:
    """Who sent this request, or None; asked once for each request."""
    if not hasattr(request.state, "visit"):
        request.state.visit = await deps_of(request).principals.visit(request.scope)  # type: ignore[arg-type]
    found: Visit | None = request.state.visit
    return found


async def present(request: Request) -> Visit:
    """Somebody we know. Raises `SignInNeeded`, `PasswordNeeded`; `Forbidden` for a forged request.

    Unsafe requests with a session cookie must carry its token, in the header here, in the field through `Form`.
    """
    found = await visitor(request)
    if found is None:
        bearer, _cookie = credentials(request.scope, "")  # type: ignore[arg-type]
        raise SignInNeeded(_("令牌无效、过期或已停用") if bearer is not None else _("没有带令牌，也没有登录"))
    if found.must_change and request.url.path not in (PASSWORD_PAGE, "/sign-out"):
        raise PasswordNeeded
    if found.csrf and request.method not in SAFE and request.url.path.startswith("/api/"):
        check_csrf(request, found, request.headers.get(CSRF_HEADER, ""))
    return found


async def _reader(visit: Annotated[Visit, Depends(present)]) -> Visit:
    return _scoped(visit, "read")


async def _raiser(visit: Annotated[Visit, Depends(present)]) -> Visit:
    return _scoped(visit, "raise")


async def _doer(visit: Annotated[Visit, Depends(present)]) -> Visit:
    return _scoped(visit, "act")


def _scoped(visit: Visit, scope: str) -> Visit:
    if not visit.allows(scope):
        raise Forbidden("这个令牌没有「{value}」的权限；请换一个令牌", field="Authorization", value=scope)
    return visit


Reader = Annotated[Visit, Depends(_reader)]
Raiser = Annotated[Visit, Depends(_raiser)]
Doer = Annotated[Visit, Depends(_doer)]


# ── the token of every form ──────────────────────────────────────────────────────────────────────
def csrf_of(request: Request, visit: Visit | None) -> str:
    """What a form on this page must carry. For somebody not signed in it belongs to a cookie: `keep_visit`."""
    return visit.csrf if visit is not None else _anonymous(deps_of(request), _visit_cookie(request))


def keep_visit(request: Request, response: Response) -> Response:
    """Set the cookie that a form of somebody not signed in belongs to, where it is new."""
    fresh = getattr(request.state, "fresh_visit", None)
    if fresh is not None:
        response.set_cookie(VISIT_COOKIE, fresh, httponly=True, samesite="lax", secure=deps_of(request).https)
    return response


def check_csrf(request: Request, visit: Visit | None, given: str) -> None:
    """Refuse a request that another site made the browser send. Raises `Forbidden`."""
    wanted = visit.csrf if visit is not None else _anonymous(deps_of(request), request.cookies.get(VISIT_COOKIE, ""))
    crossed = request.headers.get("sec-fetch-site") == "cross-site"
    known = visit is not None or VISIT_COOKIE in request.cookies
    if crossed or not known or not hmac.compare_digest(wanted.encode(), given.encode("utf-8", "replace")):
        raise Forbidden("这个页面放得太久了；请刷新再办", field=CSRF_FIELD, value=None)


async def posted(request: Request) -> FormData:
    """The form of an unsafe request, its token checked."""
    form = await request.form(max_files=10, max_fields=200)
    given = request.headers.get(CSRF_HEADER) or str(form.get(CSRF_FIELD) or "")
    check_csrf(request, await visitor(request), given)
    return form


Form = Annotated[FormData, Depends(posted)]


def text_of(form: FormData, name: str) -> str:
    """A text field; empty where it is missing."""
    value = form.get(name)
    return "" if value is None or isinstance(value, UploadFile) else value


def _visit_cookie(request: Request) -> str:
    known = request.cookies.get(VISIT_COOKIE) or getattr(request.state, "fresh_visit", None)
    if known:
        return str(known)
    request.state.fresh_visit = secrets.token_urlsafe(24)
    return str(request.state.fresh_visit)


def _anonymous(deps: WebDeps, cookie: str) -> str:
    return hmac.new(deps.secret.encode(), b"csrf:" + cookie.encode(), hashlib.sha256).hexdigest()


# ── signing in and out ───────────────────────────────────────────────────────────────────────────
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
    token = _cookie(request)
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
    deps, onward, token = deps_of(request), after(text_of(form, "next")), _cookie(request)
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


def after(given: str | None) -> str:
    """Where to go on: a path of this site, or home."""
    if not given or not given.startswith("/") or given.startswith(("//", "/\\")) or "\\" in given:
        return "/"
    return given if given.isprintable() and len(given) <= 2000 else "/"


def to_sign_in(request: Request) -> Response:
    """Lead a person to the sign-in page, and back afterwards."""
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    onward = f"?next={quote(here, safe='/')}" if request.method in SAFE and here != "/" else ""
    # in demo mode nobody has a password: the landing page asks who one wants to be
    return RedirectResponse(f"/{onward}" if deps_of(request).demo else f"/sign-in{onward}", 303)


def _cookie(request: Request) -> str | None:
    return cookie_of(request.headers.get("cookie", ""), deps_of(request).cookie)


async def _leave(request: Request) -> None:
    """End the session that this browser had."""
    deps, token = deps_of(request), _cookie(request)
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
    deps = deps_of(request)
    visit: Visit | None = getattr(request.state, "visit", None)
    frame = Frame(
        title=_("登录") if template == "sign_in.html" else _("改密码"),
        demo=deps.demo,
        csrf=csrf_of(request, visit),
        here=request.url.path,
        signed_in=visit is not None,
    )
    submit = "/sign-in" if template == "sign_in.html" else PASSWORD_PAGE
    page = SignInPage(frame, fields, errors, onward, submit)
    response = HTMLResponse(render(template, page, i18n.language()), status, {"Cache-Control": "no-store"})
    return keep_visit(request, response)
