"""`/admin/units`: who is on duty now, duty hours, deputies and rota; units added and ended."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from dispatch.domain.refusals import NotFound, Refusal
from dispatch.steps import unit_changes
from dispatch.steps.sign_in import Visit
from dispatch.store import absences, references
from dispatch.web.admin import pages, unit_pages
from dispatch.web.admin.place_pages import unit_url
from dispatch.web.admin.places import sure
from dispatch.web.admin.shared import Administrator, Looker, asked, forget, prove, shown_to_change
from dispatch.web.auth import Form, text_of
from dispatch.web.deps import deps_of
from dispatch.web.i18n import _

router = APIRouter()
FIELDS = ("code", "name", "short", "type", "calendar", "duty")


@router.get(pages.UNITS)
async def units(request: Request, visit: Looker) -> Response:
    """Every unit with who is on duty now."""
    return await _all(request, visit)


@router.post(pages.UNITS + "/add")
async def add(request: Request, form: Form, visit: Administrator) -> Response:
    """One more unit."""
    try:
        await prove(request, visit, form)
        code = await unit_changes.add_unit(deps_of(request).service, visit.actor, _given(form))
    except Refusal as refusal:
        return await _all(request, visit, refusal, _given(form))
    return RedirectResponse(unit_url(code), 303)


@router.get(pages.UNITS + "/{unit}")
async def unit(request: Request, visit: Looker, unit: str) -> Response:
    """One unit: who is on duty, seats, rota, hours."""
    return await _one(request, visit, unit)


@router.post(pages.UNITS + "/{unit}")
async def change(request: Request, form: Form, visit: Administrator, unit: str) -> Response:
    """Names and hours."""
    try:
        await prove(request, visit, form)
        await unit_changes.set_unit(deps_of(request).service, visit.actor, unit, _given(form))
    except Refusal as refusal:
        return await _one(request, visit, unit, refusal, given=_given(form))
    return RedirectResponse(unit_url(unit), 303)


@router.post(pages.UNITS + "/{unit}/rota")
async def rota(request: Request, form: Form, visit: Administrator, unit: str) -> Response:
    """The rota."""
    text = text_of(form, "rota")
    try:
        await prove(request, visit, form)
        await unit_changes.set_rota(deps_of(request).service, visit.actor, unit, text)
    except Refusal as refusal:
        return await _one(request, visit, unit, refusal, text)
    forget(request)
    return RedirectResponse(unit_url(unit), 303)


@router.post(pages.UNITS + "/{unit}/end")
async def end(request: Request, form: Form, visit: Administrator, unit: str) -> Response:
    """A unit is no more."""
    try:
        await prove(request, visit, form)
        sure(text_of(form, "sure"))
        await unit_changes.end_unit(deps_of(request).service, visit.actor, unit)
    except Refusal as refusal:
        return await _one(request, visit, unit, refusal)
    forget(request)
    return RedirectResponse(pages.UNITS, 303)


def _given(form: FormData) -> Mapping[str, str]:
    return {name: text_of(form, name).strip() for name in FIELDS}


async def _calendars(request: Request, visit: Visit) -> Mapping[str, Any]:
    async with deps_of(request).service.database.acquire() as connection:
        found = await references.newest(connection, visit.actor.district or "", ("calendars",))
    rows = found["calendars"].content["calendars"] if found else ()
    return {row["code"]: row.get("name") or row["code"] for row in rows}


async def _all(
    request: Request, visit: Visit, refusal: Refusal | None = None, given: Mapping[str, str] | None = None
) -> Response:
    service = deps_of(request).service
    reference, now = service.rules.of(visit.actor.district or ""), await service.database.now()
    calendars = await _calendars(request, visit)
    async with service.database.acquire() as connection:
        away = await absences.away(connection, now)
    placed = asked(request, "placed") == "1"
    parts = [unit_pages.units_section(reference, calendars, now, away, placed=placed)]
    if not placed:
        parts.append(unit_pages.new_section(calendars, given or {}))
    return await shown_to_change(request, visit, pages.UNITS, *parts, heading=_("单位和值班"), refusal=refusal)


async def _one(
    request: Request,
    visit: Visit,
    code: str,
    refusal: Refusal | None = None,
    rota: str | None = None,
    given: Mapping[str, str] | None = None,
) -> Response:
    service = deps_of(request).service
    reference, now = service.rules.of(visit.actor.district or ""), await service.database.now()
    found = reference.units.get(code)
    if found is None:
        raise NotFound("没有「{value}」这个单位；请从列表里进来", field="unit", value=code[:60])
    calendars = await _calendars(request, visit)
    async with service.database.acquire() as connection:
        away = await absences.away(connection, now)
    parts = unit_pages.unit_sections(reference, found, calendars, now, away, rota, given)
    return await shown_to_change(
        request, visit, pages.UNITS, *parts, heading=found.name, back=pages.UNITS, refusal=refusal
    )
