"""`/` landing or home, `/home`, `/display`, `/language`, `/static/{name}`, `/design`, the live ladder's fragment."""

import mimetypes
from dataclasses import replace

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute

from dispatch.web import auth, i18n
from dispatch.web.auth import Form, Reader, text_of, visitor
from dispatch.web.common.frame import (
    CONTRASTS,
    DISPLAY_COOKIE,
    HOME,
    TEXTS,
    THEMES,
    build_frame,
    display_of,
    home_of,
    page,
    reference_of,
)
from dispatch.web.common.landing import FRAGMENT, landing_page, live_ladder
from dispatch.web.deps import WebDeps, deps_of
from dispatch.web.examples import EXAMPLES
from dispatch.web.i18n import N_, _
from dispatch.web.models.entry import DisplayPage
from dispatch.web.models.parts import Field, Option
from dispatch.web.render import STATIC, render, static

router = APIRouter(include_in_schema=False)

#: a year: the address changes with the content
FOR_EVER = "public, max-age=31536000, immutable"
#: what a browser keeps for a person: a year
KEPT = 365 * 86400
_WORDS = {
    "theme": (N_("明暗"), {"auto": N_("跟着系统走"), "light": N_("亮"), "dark": N_("暗")}),
    "contrast": (N_("对比"), {"auto": N_("跟着系统走"), "more": N_("更清楚")}),
    "text": (N_("字号"), {"normal": N_("标准"), "large": N_("大"), "larger": N_("更大")}),
}
_CHOICES = {"theme": THEMES, "contrast": CONTRASTS, "text": TEXTS}


def routes(_deps: WebDeps) -> list[BaseRoute]:
    """The routes of this package."""
    return list(router.routes)


@router.get("/")
async def landing(request: Request) -> Response:
    """In demo mode the landing page; else the role's home, or sign-in."""
    visit = await visitor(request)
    onward = auth.after(request.query_params.get("next"))
    if deps_of(request).demo:
        return page(request, "landing.html", await landing_page(request, visit, "" if onward == "/" else onward))
    return RedirectResponse(HOME if visit else "/sign-in", 303)


@router.get(HOME)
async def home(request: Request, visit: Reader) -> Response:
    """Where this role begins its day."""
    return RedirectResponse(home_of(visit.actor, reference_of(deps_of(request), visit)), 303)


@router.get(FRAGMENT)
async def ladder(request: Request) -> Response:
    """The live ladder alone, fetched each second. Not there outside the demo."""
    deps = deps_of(request)
    model = await live_ladder(deps, await visitor(request)) if deps.demo else None
    if model is None:
        raise HTTPException(404)
    made = render("fragments/live_ladder.html", model, i18n.language())
    return HTMLResponse(made, headers={"Cache-Control": "no-store"})


@router.get("/language")
async def language(request: Request) -> Response:
    """Chinese or English, kept in this browser."""
    to = request.query_params.get("to", "")
    response = RedirectResponse(auth.after(request.query_params.get("next")), 303)
    if to in i18n.LANGUAGES:
        response.set_cookie("lang", to, max_age=KEPT, samesite="lax", secure=deps_of(request).https)
    return response


@router.get("/display")
async def display(request: Request) -> Response:
    """Display settings: theme, contrast, text size."""
    visit = await visitor(request)
    chosen = dict(zip(_CHOICES, display_of(request), strict=True))
    fields = tuple(
        Field(
            name,
            _(label),
            "radio",
            options=tuple(Option(value, _(words), selected=value == chosen[name]) for value, words in options.items()),
        )
        for name, (label, options) in _WORDS.items()
    )
    back = auth.after(request.query_params.get("next"))
    frame = build_frame(request, visit, _("显示设置"), back=back)
    return page(request, "display.html", DisplayPage(replace(frame, here=back), fields))


@router.post("/display")
async def set_display(request: Request, form: Form) -> Response:
    """Keep them in this browser."""
    chosen = [value if (value := text_of(form, name)) in among else among[0] for name, among in _CHOICES.items()]
    response = RedirectResponse(auth.after(text_of(form, "next")), 303)
    response.set_cookie(
        DISPLAY_COOKIE, ".".join(chosen), max_age=KEPT, httponly=True, samesite="lax", secure=deps_of(request).https
    )
    return response


@router.get("/static/{name}")
async def file(request: Request, name: str) -> Response:
    """A static file; kept for ever where the address carries the mark of its content."""
    path = STATIC / name
    if "/" in name or name.startswith(".") or not path.is_file():
        raise HTTPException(404)
    marked = static(name).endswith(f"?v={request.query_params.get('v', '')}")
    media = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return FileResponse(path, media_type=media, headers={"Cache-Control": FOR_EVER if marked else "no-cache"})


@router.get("/design")
async def design(request: Request) -> Response:
    """Every component in every state."""
    return await example(request, "design")


@router.get("/design/{name}")
async def example(request: Request, name: str) -> Response:
    """An example page with invented texts; in demo mode only."""
    if name not in EXAMPLES or not deps_of(request).demo:
        raise HTTPException(404)
    await visitor(request)
    template, model = EXAMPLES[name]
    return page(request, template, model)
