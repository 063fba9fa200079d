"""`/whistle`: the form, its check page, what happens if it is sent, type-ahead for places and categories."""

import asyncio
import hashlib
import time
from dataclasses import replace
from urllib.parse import urlencode

import structlog
from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute

from dispatch.domain.refusals import Invalid, NotFound, Refusal, Stale
from dispatch.domain.turn import Turn
from dispatch.steps import categories, pictures
from dispatch.steps.foresee import Forecast
from dispatch.steps.sign_in import Visit
from dispatch.web import i18n, problems, qr
from dispatch.web.api.fields import PHOTOS
from dispatch.web.api.raising import key_of, permit, street_code
from dispatch.web.auth import Form, Raiser, Reader, scoped, text_of
from dispatch.web.common.frame import page
from dispatch.web.common.paths import path_of, short_name
from dispatch.web.deps import WebDeps, deps_of
from dispatch.web.i18n import _
from dispatch.web.models.parts import Notice, link, spans
from dispatch.web.render import STATIC, render
from dispatch.web.street.faults import crowd_of, faults_of, field_of, named
from dispatch.web.street.form import EMPTY, Shown, check_page, form_page, nearby_of
from dispatch.web.street.offers import offers_of
from dispatch.web.street.preview import forecast_of
from dispatch.web.street.sending import add_to, raise_all
from dispatch.web.street.typed import Typed, hash_of, place_at, read

log = structlog.get_logger(__name__)
router = APIRouter(include_in_schema=False)


def routes(_deps: WebDeps) -> list[BaseRoute]:
    """The routes of this package."""
    return list(router.routes)


async def _turn(deps: WebDeps, visit: Visit) -> Turn:
    return deps.service.turn(visit.actor.district or "", await deps.service.database.now())


@router.get("/sw.js")
async def worker() -> Response:
    """The service worker, at the top so that it may serve the form."""
    return FileResponse(STATIC / "sw.js", media_type="text/javascript", headers={"Cache-Control": "no-cache"})


@router.get("/whistle")
async def form(request: Request, visit: Reader) -> Response:
    """The empty form; `place` (a door's QR code) has it filled in."""
    permit(visit.actor)
    deps = deps_of(request)
    turn = await _turn(deps, visit)
    street = street_code(visit.actor, turn.reference)
    typed = replace(EMPTY, place=place_at(request.query_params.get("place", ""), turn.reference, street))
    return await _form(request, visit, typed, turn, Shown())


@router.post("/whistle/preview")
async def preview(request: Request, visit: Reader, given: Form) -> Response:
    """Fragments: what would happen now, the place found, words of danger."""
    permit(visit.actor)
    deps = deps_of(request)
    turn = await _turn(deps, visit)
    typed = read(given, turn.reference, street_code(visit.actor, turn.reference))
    forecast = await forecast_of(deps.service, visit.actor, turn.reference, typed)
    shown = await _offered(request, visit, typed, turn, Shown(forecast))
    made = render("fragments/preview.html", form_page(request, visit, typed, turn, shown), i18n.language())
    return HTMLResponse(made, headers={"Cache-Control": "no-store"})


@router.get("/places")
async def places(request: Request, visit: Reader) -> Response:
    """Type-ahead: names, full names or pinyin initials, within the street."""
    deps = deps_of(request)
    reference = deps.service.rules.of(visit.actor.district or "")
    node = reference.tree.get(visit.actor.node) if visit.actor.node else None
    under = node.code if node and node.level == 4 else None
    found = reference.tree.find(request.query_params.get("q", "")[:60], 10, under=under)
    items = [
        {"code": one.code, "name": short_name(one.code, reference), "path": path_of(one.code, reference)}
        for one in found
    ]
    return JSONResponse({"items": items}, headers={"Cache-Control": "private, max-age=60"})


@router.get("/categories")
async def categories_found(request: Request, visit: Reader) -> Response:
    """Type-ahead: codes, names, pinyin initials, or words that speak of it; with who would come."""
    reference = deps_of(request).service.rules.of(visit.actor.district or "")
    found = await asyncio.to_thread(categories.find, reference.duties, request.query_params.get("q", "")[:60])
    items = [
        {"code": duty.code, "name": f"{duty.code} {duty.name}", "path": lead.short if lead else duty.group}
        for duty, lead in ((duty, reference.units.get(duty.lead)) for duty in found)
    ]
    return JSONResponse({"items": items}, headers={"Cache-Control": "private, max-age=60"})


@router.get("/places/near")
async def near(request: Request, visit: Reader) -> Response:
    """The places nearest to the telephone, to be chosen from; never taken by themselves."""
    deps = deps_of(request)
    reference = deps.service.rules.of(visit.actor.district or "")
    try:
        at = [float(request.query_params.get(name, "")) for name in ("latitude", "longitude")]
    except ValueError:
        raise Invalid("写明纬度和经度", field="latitude", value=request.query_params.get("latitude")) from None
    found = reference.tree.near(at[0], at[1], under=street_code(visit.actor, reference))
    items = [
        {
            "code": one.code,
            "name": short_name(one.code, reference),
            "path": _("%(path)s・约 %(metres)s 米", path=path_of(one.code, reference), metres=away),
        }
        for one, away in found
    ]
    return JSONResponse({"items": items}, headers={"Cache-Control": "no-store"})


@router.get("/places/{code}/door.svg")
async def door(request: Request, visit: Reader, code: str) -> Response:
    """The QR code for a door: it opens the form with this place."""
    deps = deps_of(request)
    if code not in deps.service.rules.of(visit.actor.district or "").tree:
        raise NotFound("没有「{value}」这个地点，请从地点列表里选", field="place", value=code)
    made = qr.door(deps.base_url, code)
    drawn = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {made.size} {made.size}" width="320" height="320">'
        f'<rect width="100%" height="100%" fill="#fff"/><path d="{made.path}" fill="#000"/></svg>'
    )
    return Response(drawn, media_type="image/svg+xml")


@router.post("/whistle/photo")
async def photo(request: Request, visit: Raiser, given: Form) -> Response:
    """One photo, kept at once, for a form that is still being written."""
    typed, _marks = await _kept(deps_of(request), visit, EMPTY, given, 1)
    if not typed.kept:
        raise Invalid("请选一张照片", field="photo", value=None)
    return JSONResponse({"id": typed.kept[0]}, status_code=201)


@router.post("/whistle")
async def blow(request: Request, visit: Raiser, given: Form) -> Response:
    """`step`: check (what will happen, without JavaScript), send, or back to the form (place, find, edit)."""
    began = time.perf_counter()
    permit(visit.actor)
    deps = deps_of(request)
    turn = await _turn(deps, visit)
    street = street_code(visit.actor, turn.reference)
    typed = read(given, turn.reference, street)
    errors: dict[str, str] = {}
    crowd = crowd_of(given, typed)
    try:
        before = typed
        typed, marks = await _kept(deps, visit, typed, given)
        sha256 = hash_of(before, marks) if typed.get("body").strip() else b""
    except Invalid as refusal:
        errors = {"body": problems.said(refusal)}
        sha256 = b""
    except ValidationError as error:
        errors = named(error)
        sha256 = b""
    forecast = await forecast_of(deps.service, visit.actor, turn.reference, typed)
    if typed.step in ("place", "find", "edit", "apart"):
        return await _form(request, visit, typed, turn, Shown(forecast, errors=errors))
    if text_of(given, "add_to").isdecimal() and typed.get("body").strip():
        number = text_of(given, "add_to")
        scoped(visit, "act")
        await add_to(deps, visit.actor, int(number), typed, typed.get("idempotency_key"))
        return RedirectResponse(f"/w/{number}", 303)
    errors = errors or crowd or faults_of(typed, forecast)
    if errors:
        return await _form(request, visit, typed, turn, Shown(forecast, errors=errors), 422)
    if typed.step == "check" and forecast is not None:
        shown = await _offered(request, visit, typed, turn, Shown(forecast))
        return page(request, "check.html", check_page(request, visit, typed, turn, forecast, shown))
    return await _send(request, visit, typed, turn, sha256, forecast, began)


async def _send(
    request: Request, visit: Visit, typed: Typed, turn: Turn, sha256: bytes, forecast: Forecast | None, began: float
) -> Response:
    """Raise it by the shared fast path; the same form twice is the same receipt."""
    deps = deps_of(request)
    try:
        key = key_of(typed.get("idempotency_key") or None) or str(deps.service.new_id())
        receipt, children = await raise_all(deps, visit.actor, turn.reference, typed, key, sha256)
    except ValidationError as error:
        return await _form(request, visit, typed, turn, Shown(forecast, errors=named(error)), 422)
    except Stale as refusal:
        return await _form(request, visit, typed, turn, _used_before(forecast, refusal), 409)
    except Invalid as refusal:
        name = field_of(refusal)
        shown = Shown(forecast, errors={name: problems.said(refusal)})
        return await _form(request, visit, typed, turn, shown, 422)
    if receipt.created:
        log.info("whistle.raised", whistle=str(receipt.id), number=receipt.number, kind=receipt.kind, via="form")
    ms = round((time.perf_counter() - began) * 1000)
    more = {"ms": ms, "children": children, "written": typed.get("written_at")}
    query = urlencode({name: value for name, value in more.items() if value})
    return RedirectResponse(f"/w/{receipt.number}/receipt?{query}", 303)


def _used_before(forecast: Forecast | None, refusal: Refusal) -> Shown:
    """The form went through before and has been changed since: which number it has, and how to send this one."""
    number = str(refusal.params.get("number") or "")
    text = spans(
        _("那一条的编号是 "), link(number, f"/w/{number}"), _("。现在写的是另一条：再点一次吹哨，就另吹一条。")
    )
    return Shown(forecast, notices=(Notice(_("这张表已经吹过一条了"), text, "conflict"),), fresh_key=True)


async def _form(request: Request, visit: Visit, typed: Typed, turn: Turn, shown: Shown, status: int = 200) -> Response:
    shown = await _offered(request, visit, typed, turn, shown)
    return page(request, "form.html", form_page(request, visit, typed, turn, shown), status)


async def _offered(request: Request, visit: Visit, typed: Typed, turn: Turn, shown: Shown) -> Shown:
    service, street = deps_of(request).service, street_code(visit.actor, turn.reference)
    offers = await offers_of(service, visit.actor, typed, turn, shown.forecast, street)
    return replace(shown, nearby=await nearby_of(service, visit.actor, typed, turn, offers.similar), offers=offers)


async def _kept(
    deps: WebDeps, visit: Visit, typed: Typed, form: FormData, most: int = PHOTOS
) -> tuple[Typed, list[bytes]]:
    """Photos stored at once, one after another, so that a form that comes back has not lost them; and what tells each
    from others. Raises `Invalid`.
    """
    found = [one for one in form.getlist("photo") if isinstance(one, UploadFile) and one.filename]
    marks: list[bytes] = []
    for one in found[:most]:
        if content := await one.read():
            marks.append(hashlib.sha256(content).digest())
            row = await pictures.keep(deps.service, visit.actor, content)
            typed = replace(typed, kept=(*typed.kept, str(row.id))[:PHOTOS])
    return typed, marks
