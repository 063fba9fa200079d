"""`/admin/calendar`: days off and days worked that are not as usual; how many deadlines move is seen before."""

import asyncio
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.background import BackgroundTask
from starlette.responses import RedirectResponse, Response

from dispatch.domain.refusals import NotFound, Refusal
from dispatch.domain.turn import ZONE
from dispatch.steps import calendar_days
from dispatch.steps.sign_in import Visit
from dispatch.store import references
from dispatch.web.admin import calendar_pages, pages
from dispatch.web.admin.shared import Administrator, Looker, asked, prove, shown_to_change
from dispatch.web.auth import Form, text_of
from dispatch.web.deps import deps_of
from dispatch.web.i18n import _

router = APIRouter()
#: seconds that a page waits for deadlines to be computed
PATIENCE = 10.0
FIELDS = ("first", "last", "day", "hours", "reason")


@router.get(pages.CALENDAR)
async def calendar(request: Request, visit: Looker) -> Response:
    """The exceptions, and the form for one more."""
    return await _page(request, visit)


@router.post(pages.CALENDAR)
async def look(request: Request, form: Form, visit: Administrator) -> Response:
    """What one more exception would move."""
    service = deps_of(request).service
    given = {name: text_of(form, name).strip() for name in FIELDS}
    try:
        today = (await service.database.now()).astimezone(ZONE).date()
        found = await calendar_days.look_ahead(service, visit.actor, calendar_days.entry(given, today))
    except Refusal as refusal:
        return await _page(request, visit, refusal, given)
    return await _ahead(request, visit, found)


@router.post(calendar_pages.REMOVE)
async def look_back(request: Request, form: Form, visit: Administrator) -> Response:
    """What it would move to take one away."""
    service, wanted = deps_of(request).service, text_of(form, "date")
    try:
        one = next((one for one, own in calendar_days.listed(await _document(request, visit))
                    if own and str(one["date"]) == wanted), None)  # fmt: skip
        if one is None:
            raise NotFound("「{value}」这一天没有在这里加过例外；请刷新再看", field="date", value=wanted[:40])
        found = await calendar_days.look_ahead(service, visit.actor, one, remove=True)
    except Refusal as refusal:
        return await _page(request, visit, refusal)
    return await _ahead(request, visit, found)


@router.post(calendar_pages.CONFIRM)
async def confirm(request: Request, form: Form, visit: Administrator) -> Response:
    """Do it; the deadlines follow while the page is already back."""
    service = deps_of(request).service
    try:
        await prove(request, visit, form)
        await calendar_days.confirm(service, visit.actor, text_of(form, "token"))
    except Refusal as refusal:
        return await _page(request, visit, refusal)
    return RedirectResponse(calendar_pages.DONE, 303, background=_anew(request, visit))


@router.post(calendar_pages.ANEW)
async def anew(request: Request, _form: Form, visit: Administrator) -> Response:
    """Compute what was left over, where the service stopped in between; waited for as long as somebody looks on."""
    work = asyncio.create_task(calendar_days.recomputed(deps_of(request).service, visit.actor))
    done, _rest = await asyncio.wait({work}, timeout=PATIENCE)
    if not done:
        onward = f"{calendar_pages.AGAIN}{calendar_pages.GOES_ON}"
        return RedirectResponse(onward, 303, background=BackgroundTask(_ended, work))
    return RedirectResponse(f"{calendar_pages.AGAIN}{work.result()}", 303)


async def _ended(work: asyncio.Task[int]) -> None:
    await work


def _anew(request: Request, visit: Visit) -> BackgroundTask:
    return BackgroundTask(calendar_days.recomputed, deps_of(request).service, visit.actor)


async def _document(request: Request, visit: Visit) -> Mapping[str, Any]:
    async with deps_of(request).service.database.acquire() as connection:
        found = await references.newest(connection, visit.actor.district or "", ("calendars",))
    return found["calendars"].content if found else {}


async def _page(
    request: Request, visit: Visit, refusal: Refusal | None = None, given: Mapping[str, str] | None = None
) -> Response:
    document, now = await _document(request, visit), await deps_of(request).service.database.now()
    parts = (calendar_pages.new_section(given or {}), calendar_pages.listed_section(document, now))
    said = (*calendar_pages.notices(asked(request, "done")), *calendar_pages.again_notices(asked(request, "again")))
    notices = () if refusal else said
    return await shown_to_change(
        request, visit, pages.CALENDAR, *parts, heading=_("日历例外"), refusal=refusal, notices=notices
    )


async def _ahead(request: Request, visit: Visit, found: calendar_days.Ahead) -> Response:
    now = await deps_of(request).service.database.now()
    parts = calendar_pages.ahead_sections(found, now)
    return await shown_to_change(request, visit, pages.CALENDAR, *parts, heading=_("日历例外"), back=pages.CALENDAR)
