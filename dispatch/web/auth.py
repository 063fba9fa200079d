"""Who may come in: the visit behind a request, the token every form carries, signing in and out, 换个身份.

Pages and API take their visitor from here, as FastAPI dependencies:
`Reader` (may read), `Raiser`, `Doer`, `Admin` (a token's scopes count, on pages too);
`Own` (a person signed in, for their own account: no token), `Form` (a posted form whose `csrf` was checked).
"""

import hashlib
import hmac
import secrets
from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile
from starlette.responses import RedirectResponse, Response

from dispatch.domain.refusals import Forbidden
from dispatch.steps.sign_in import Visit
from dispatch.web.deps import deps_of
from dispatch.web.i18n import _
from dispatch.web.posting import read_form
from dispatch.web.principals import cookie_of, credentials

VISIT_COOKIE = "dispatch_visit"
CSRF_FIELD, CSRF_HEADER = "csrf", "x-csrf-token"
SAFE = ("GET", "HEAD", "OPTIONS")
#: so many files come in, so that somebody who picked too many is told so in words
MOST_FILES = 40
PASSWORD_PAGE = "/password"  # nosec B105  # noqa: S105 - an address
FACTOR_PAGE = "/account/second-factor"


class SignInNeeded(Exception):
    """Nobody we know; `reason` is shown to programs, people are led to the sign-in page."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class PasswordNeeded(Exception):
    """Signed in with a password that must be changed first."""


class FactorNeeded(Exception):
    """Signed in from a seat whose role must have a second factor, by somebody who has none yet."""


# ── the visitor ──────────────────────────────────────────────────────────────────────────────────
async def visitor(request: Request) -> Visit | None:
    """Who sent this request, or None; asked once for each request."""
    if not hasattr(request.state, "visit"):
        request.state.visit = await deps_of(request).principals.visit(request.scope)  # type: ignore[arg-type]
    found: Visit | None = request.state.visit
    return found


async def present(request: Request) -> Visit:
    """Somebody we know. Raises `SignInNeeded`, `PasswordNeeded`, `FactorNeeded`, `TooFast`; `Forbidden` where forged.

    Unsafe requests with a session cookie must carry its token, in the header here, in the field through `Form`.
    """
    found = await visitor(request)
    if found is None:
        bearer, _cookie = credentials(request.scope, "")  # type: ignore[arg-type]
        raise SignInNeeded(_("令牌无效、过期或已停用") if bearer is not None else _("没有带令牌，也没有登录"))
    request.scope["dispatch.role"] = found.actor.role
    if found.must_change and request.url.path not in (PASSWORD_PAGE, "/sign-out"):
        raise PasswordNeeded
    if found.must_enrol and request.url.path not in (PASSWORD_PAGE, "/sign-out", "/switch", FACTOR_PAGE):
        raise FactorNeeded
    deps_of(request).limits.admit(request, found)
    if found.csrf and request.method not in SAFE and request.url.path.startswith("/api/"):
        check_csrf(request, found, request.headers.get(CSRF_HEADER, ""))
    return found


async def _reader(visit: Annotated[Visit, Depends(present)]) -> Visit:
    return scoped(visit, "read")


async def _raiser(visit: Annotated[Visit, Depends(present)]) -> Visit:
    return scoped(visit, "raise")


async def _doer(visit: Annotated[Visit, Depends(present)]) -> Visit:
    return scoped(visit, "act")


async def _admin(visit: Annotated[Visit, Depends(present)]) -> Visit:
    return scoped(visit, "admin")


async def _own(visit: Annotated[Visit, Depends(present)]) -> Visit:
    if not visit.csrf:
        raise Forbidden("这件事要本人登录来办；令牌不能代办", field="Authorization", value=None)
    return visit


def scoped(visit: Visit, scope: str) -> Visit:
    """The visit, if its token may be used for this. Raises `Forbidden`."""
    if not visit.allows(scope):
        raise Forbidden("这个令牌没有「{scope}」的权限；请换一个令牌", field="Authorization", value=scope, scope=scope)
    return visit


Reader = Annotated[Visit, Depends(_reader)]
Raiser = Annotated[Visit, Depends(_raiser)]
Doer = Annotated[Visit, Depends(_doer)]
Admin = Annotated[Visit, Depends(_admin)]
Own = Annotated[Visit, Depends(_own)]


# ── the token of every form ──────────────────────────────────────────────────────────────────────
def factor_needed() -> str:
    """What somebody is told whose role must have a second factor."""
    return _("这个岗位要先绑定身份验证器，请登录网页绑定")


def csrf_of(request: Request, visit: Visit | None) -> str:
    """What a form on this page must carry. For somebody not signed in it belongs to a cookie: `keep_visit`."""
    return visit.csrf if visit is not None else _anonymous(deps_of(request).secret, _visit_cookie(request))


def keep_visit(request: Request, response: Response) -> Response:
    """Set the cookie that a form of somebody not signed in belongs to, where it is new."""
    fresh = getattr(request.state, "fresh_visit", None)
    if fresh is not None:
        response.set_cookie(VISIT_COOKIE, fresh, httponly=True, samesite="lax", secure=deps_of(request).https)
    return response


def check_csrf(request: Request, visit: Visit | None, given: str) -> None:
    """Refuse a request that another site made the browser send. Raises `Forbidden`."""
    deps, cookie = deps_of(request), request.cookies.get(VISIT_COOKIE, "")
    wanted = [visit.csrf] if visit else [_anonymous(one, cookie) for one in (deps.secret, *deps.earlier_secrets)]
    crossed = request.headers.get("sec-fetch-site") == "cross-site"
    known = visit is not None or VISIT_COOKIE in request.cookies
    same = [hmac.compare_digest(one.encode(), given.encode("utf-8", "replace")) for one in wanted]
    if crossed or not known or not any(same):
        raise Forbidden("这个页面放得太久了；请刷新再办", field=CSRF_FIELD, value=None)


async def posted(request: Request) -> FormData:
    """The form of an unsafe request, its token checked."""
    form = await read_form(request, max_files=MOST_FILES, max_fields=200)
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


def _anonymous(secret: str, cookie: str) -> str:
    return hmac.new(secret.encode(), b"csrf:" + cookie.encode(), hashlib.sha256).hexdigest()


# ── ways on ──────────────────────────────────────────────────────────────────────────────────────────
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


def session_cookie(request: Request) -> str | None:
    """The token in this browser's session cookie."""
    return cookie_of(request.headers.get("cookie", ""), deps_of(request).cookie)
