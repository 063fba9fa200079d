"""Signing in and out, choosing a seat, changing the password, 换个身份."""

from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dispatch.domain.refusals import Invalid, NotFound, Refusal
from dispatch.steps import links, second_factor, sign_in
from dispatch.steps.sign_in import CodeNeeded, Session, Visit
from dispatch.store import accounts
from dispatch.web import i18n, problems
from dispatch.web.auth import (
    PASSWORD_PAGE,
    Form,
    Own,
    SignInNeeded,
    after,
    keep_visit,
    session_cookie,
    text_of,
    visitor,
)
from dispatch.web.common.frame import build_frame
from dispatch.web.deps import WebDeps, deps_of
from dispatch.web.device import device_of
from dispatch.web.i18n import N_, _
from dispatch.web.models.entry import SignInPage, Strength
from dispatch.web.models.parts import Field, FieldError
from dispatch.web.render import render

router = APIRouter(include_in_schema=False)

CODE_PAGE, CODE_COOKIE = "/sign-in/code", "dispatch_code"
LINK_PAGE = "/sign-in/link"
#: template → title and where its form goes
_PAGES = {
    "sign_in.html": (N_("登录"), "/sign-in"),
    "code.html": (N_("填验证码"), CODE_PAGE),
    "link.html": (N_("一次性链接"), LINK_PAGE),
    "password.html": (N_("改密码"), PASSWORD_PAGE),
}


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
        device = device_of(request.headers.get("user-agent", ""))
        made = await sign_in.sign_in(deps.service.database, deps.sealer, name, text_of(form, "password"), device)
    except Refusal as refusal:
        said = (FieldError(refusal.field or "name", problems.said(refusal)),)
        return _page(request, "sign_in.html", _sign_in_fields(name), 403, onward, said)
    if isinstance(made, CodeNeeded):
        return _ask_code(deps, made, onward)
    await leave(request)
    return enter(deps, made, onward)


@router.get(CODE_PAGE)
async def code_page(request: Request) -> Response:
    """The page that asks for the authenticator's code."""
    await visitor(request)
    onward = after(request.query_params.get("next"))
    if CODE_COOKIE not in request.cookies:
        return RedirectResponse(f"/sign-in?next={quote(onward, safe='/')}", 303)
    return _page(request, "code.html", _code_fields(), 200, onward)


@router.post(CODE_PAGE)
async def giving_code(request: Request, form: Form) -> Response:
    """The code, or a recovery code → a session; or the page again."""
    deps, onward = deps_of(request), after(text_of(form, "next"))
    token, device = request.cookies.get(CODE_COOKIE, ""), device_of(request.headers.get("user-agent", ""))
    try:
        session = await second_factor.finish(deps.service.database, deps.sealer, token, text_of(form, "code"), device)
    except Refusal as refusal:
        said = (FieldError(refusal.field or "code", problems.said(refusal)),)
        late = isinstance(refusal, second_factor.Late)
        page = ("sign_in.html", _sign_in_fields("")) if late else ("code.html", _code_fields())
        return _page(request, *page, 403, onward, said)
    await leave(request)
    response = enter(deps, session, onward)
    response.delete_cookie(CODE_COOKIE, path=CODE_PAGE, httponly=True, samesite="lax", secure=deps.https)
    return response


@router.get(LINK_PAGE + "/{token}")
async def link_page(request: Request, token: str) -> Response:
    """What a one-time link opens: a button, and nothing used up."""
    await visitor(request)
    if not await links.good(deps_of(request).service.database, token):
        raise links.Gone
    return _page(request, "link.html", (), 200, "/", submit=f"{LINK_PAGE}/{quote(token, safe='')}")


@router.post(LINK_PAGE + "/{token}")
async def using_link(request: Request, token: str, _form: Form) -> Response:
    """The button: the link is used up, and somebody is signed in, or gives the authenticator's code first."""
    deps, device = deps_of(request), device_of(request.headers.get("user-agent", ""))
    made = await links.use(deps.service.database, token, device)
    if isinstance(made, CodeNeeded):
        return _ask_code(deps, made, PASSWORD_PAGE)
    await leave(request)
    return enter(deps, made, PASSWORD_PAGE)


@router.post("/sign-out")
async def signing_out(request: Request, _form: Form) -> Response:
    """End this session."""
    await leave(request)
    return _gone(deps_of(request))


@router.post("/sign-out/everywhere")
async def signing_out_everywhere(request: Request, _form: Form, visit: Own) -> Response:
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
async def password_page(request: Request, visit: Own) -> Response:
    """The page that asks for the old and the new password."""
    return await _choosing(request, visit, 200, after(request.query_params.get("next")))


@router.post(PASSWORD_PAGE)
async def changing_password(request: Request, form: Form, visit: Own) -> Response:
    """Change the password; every other session of the person ends."""
    deps, onward, token = deps_of(request), after(text_of(form, "next")), session_cookie(request)
    keep = sign_in.digest(token) if token else None
    try:
        if text_of(form, "new") != text_of(form, "again"):
            raise Invalid("两次写的新密码不一样，请再写一次", field="again", value=None)
        old, new = None if _by_link(visit) else text_of(form, "old"), text_of(form, "new")
        await sign_in.change_password(deps.service.database, deps.sealer, visit.actor.person or "", old, new, keep=keep)
    except Invalid as refusal:
        said = (FieldError(refusal.field or "old", problems.said(refusal)),)
        return await _choosing(request, visit, 422, onward, said)
    deps.principals.sessions.clear()
    return RedirectResponse(onward, 303)


async def _stand_in(request: Request, account: str, onward: str) -> Response:
    deps = deps_of(request)
    session = await sign_in.stand_in(deps.service.database, account) if deps.demo else None
    if session is None:
        raise NotFound("没有「{value}」这个身份", field="account", value=account)
    await leave(request)
    return enter(deps, session, onward)


async def leave(request: Request) -> None:
    """End the session that this browser had."""
    deps, token = deps_of(request), session_cookie(request)
    if token is not None:
        await sign_in.sign_out(deps.service.database, sign_in.digest(token))
        deps.principals.sessions.forget(sign_in.digest(token))


def enter(deps: WebDeps, session: Session, onward: str) -> Response:
    """Put the session into the browser's cookie and go on."""
    response = RedirectResponse(onward, 303)
    lasts = int(session.lasts.total_seconds())
    response.set_cookie(
        deps.cookie, session.token, max_age=lasts, path="/", httponly=True, samesite="lax", secure=deps.https
    )
    return response


def _ask_code(deps: WebDeps, made: CodeNeeded, onward: str) -> Response:
    response = RedirectResponse(f"{CODE_PAGE}?next={quote(onward, safe='/')}", 303)
    lasts = int(sign_in.CODE_WITHIN.total_seconds())
    response.set_cookie(
        CODE_COOKIE, made.token, max_age=lasts, path=CODE_PAGE, httponly=True, samesite="lax", secure=deps.https
    )
    return response


def _gone(deps: WebDeps) -> Response:
    response = RedirectResponse("/", 303)
    response.delete_cookie(deps.cookie, path="/", httponly=True, samesite="lax", secure=deps.https)
    return response


def refused_sign_in(request: Request, refusal: Refusal) -> Response:
    """The sign-in page with why somebody did not get in by another way."""
    said = (FieldError(refusal.field or "name", problems.said(refusal)),)
    return _page(request, "sign_in.html", _sign_in_fields(""), 403, "/", said)


def _sign_in_fields(name: str) -> tuple[Field, ...]:
    return (
        Field("name", _("账号"), value=name, required=True, autocomplete="username"),
        Field("password", _("密码"), "password", required=True, autocomplete="current-password"),
    )


def _code_fields() -> tuple[Field, ...]:
    hint = _("打开手机上的身份验证器，填现在的六位数；手机不在手边，填一个恢复码")
    return (Field("code", _("验证码"), hint=hint, required=True, autocomplete="one-time-code"),)


def _by_link(visit: Visit) -> bool:
    """Came by a one-time link and has not set a password since."""
    return visit.via == sign_in.LINK and visit.must_change


def _password_fields(visit: Visit) -> tuple[Field, ...]:
    least = sign_in.SHORTEST_PASSWORD
    fields = (
        Field("old", _("现在的密码"), "password", required=True, autocomplete="current-password"),
        Field(
            "new",
            _("新密码"),
            "password",
            hint=_(
                "至少 %(least)s 个字符。几个不相干的词连起来，又好记又难猜；不用大小写、数字、符号来凑。"
                "不要用：手机号、身份证号，姓名或账号，连着的键，别处用过的密码。",
                least=least,
            ),
            required=True,
            autocomplete="new-password",
        ),
        Field("again", _("再写一次新密码"), "password", required=True, autocomplete="new-password"),
    )
    return fields[1:] if _by_link(visit) else fields


async def _choosing(
    request: Request, visit: Visit, status: int, onward: str, errors: tuple[FieldError, ...] = ()
) -> Response:
    """The page on which a new password is chosen, with what it is judged by while it is typed."""
    async with deps_of(request).service.database.acquire() as connection:
        own = await accounts.own_words(connection, visit.actor.person or "")
    strength = Strength(sign_in.SHORTEST_PASSWORD, sign_in.LONGEST_PASSWORD, tuple(own))
    return _page(request, "password.html", _password_fields(visit), status, onward, errors, strength=strength)


def _page(
    request: Request,
    template: str,
    fields: tuple[Field, ...],
    status: int,
    onward: str,
    errors: tuple[FieldError, ...] = (),
    submit: str = "",
    strength: Strength | None = None,
) -> Response:
    visit: Visit | None = getattr(request.state, "visit", None)
    title, usual = _PAGES[template]
    provider = deps_of(request).provider
    page = SignInPage(
        build_frame(request, visit, _(title)),
        fields,
        errors,
        onward,
        submit or usual,
        provider.label if provider else "",
        strength,
    )
    response = HTMLResponse(render(template, page, i18n.language()), status, {"Cache-Control": "no-store"})
    return keep_visit(request, response)
