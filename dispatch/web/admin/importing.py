"""`/admin/import`: people from a sheet; first what it would do, then exactly that."""

from fastapi import APIRouter, Request
from starlette.datastructures import UploadFile
from starlette.responses import Response

from dispatch.domain.refusals import Invalid, NotNow, Refusal
from dispatch.domain.turn import ZONE
from dispatch.steps import import_people, people_sheet, workbook
from dispatch.steps.sign_in import Visit
from dispatch.web.admin import import_pages, pages
from dispatch.web.admin.shared import Administrator, Looker, forget, prove, shown, shown_to_change
from dispatch.web.auth import Form, text_of
from dispatch.web.common.frame import reference_of
from dispatch.web.deps import deps_of
from dispatch.web.i18n import _
from dispatch.web.models.parts import Notice, spans

router = APIRouter()


@router.get(pages.IMPORT)
async def asking(request: Request, visit: Looker) -> Response:
    """Where the sheet is chosen, and the template to fill in."""
    return await _again(request, visit)


@router.get(import_pages.TEMPLATE)
async def template(request: Request, visit: Looker) -> Response:
    """The workbook to fill in; with `filled` the terms that stand are in it."""
    deps = deps_of(request)
    today = (await deps.service.database.now()).astimezone(ZONE).date()
    filled = request.query_params.get("filled", "") == "1"
    made = people_sheet.template(deps.service.rules.of(visit.actor.district or ""), today, filled=filled)
    headers = {"Content-Disposition": 'attachment; filename="people.xlsx"', "Cache-Control": "no-store"}
    return Response(made, media_type=workbook.XLSX, headers=headers)


@router.post(pages.IMPORT)
async def try_out(request: Request, form: Form, visit: Administrator) -> Response:
    """The dry run: what is wrong with which row, or what would be added, changed, ended, left as it is."""
    given = form.get("file")
    content = await given.read(workbook.LARGEST + 1) if isinstance(given, UploadFile) else b""
    try:
        await prove(request, visit, form)
        done = await import_people.dry_run(deps_of(request).service, visit.actor, content)
    except Refusal as refusal:
        return await _again(request, visit, refusal)
    parts = import_pages.dry_sections(done, reference_of(deps_of(request), visit))
    status = 422 if done.plan.faults else 200
    return await shown_to_change(
        request, visit, pages.IMPORT, *parts, heading=_("导入人员"), back=pages.IMPORT, status=status
    )


@router.post(import_pages.APPLY)
async def apply(request: Request, form: Form, visit: Administrator) -> Response:
    """Do what the dry run showed."""
    try:
        await prove(request, visit, form)
        plan = await import_people.apply(deps_of(request).service, visit.actor, text_of(form, "token"))
    except (Invalid, NotNow) as refusal:
        return await _again(request, visit, refusal)
    forget(request)
    said = Notice(_("已经导入"), spans(import_pages.counted(plan)), "done")
    part = import_pages.done_section()
    return shown(request, visit, pages.IMPORT, part, heading=_("导入人员"), notices=(said,))


async def _again(request: Request, visit: Visit, refusal: Refusal | None = None) -> Response:
    part = import_pages.upload_section()
    return await shown_to_change(request, visit, pages.IMPORT, part, heading=_("导入人员"), refusal=refusal)
