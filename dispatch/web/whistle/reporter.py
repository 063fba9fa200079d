"""`/w/{number}/reporter`: asks why the name and phone are needed, then shows them whole, once."""

from collections.abc import Mapping

from fastapi import Request
from starlette.datastructures import FormData
from starlette.responses import Response

from dispatch.domain.refusals import Invalid, NotNow, Refusal
from dispatch.steps import disclose
from dispatch.steps.disclose import Reporter
from dispatch.steps.sign_in import Visit
from dispatch.web import problems
from dispatch.web.auth import text_of
from dispatch.web.common.frame import build_frame, page
from dispatch.web.deps import deps_of
from dispatch.web.i18n import N_, _
from dispatch.web.models.parts import Field, FieldError, Notice, Option, link, spans
from dispatch.web.models.whistle import ActionPage
from dispatch.web.whistle.page import whistle_page

#: what they may be needed for
WHY: Mapping[str, str] = {
    disclose.CALLBACK: N_("回访、答复来源人"),
    disclose.VISIT: N_("上门以前先联系"),
    disclose.CHECK: N_("问清楚地点或者情况"),
    disclose.OTHER: N_("别的事，写一句"),
}


async def ask(request: Request, visit: Visit, number: str) -> Response:
    """The page that asks why. Raises `NotFound`, `Forbidden`."""
    await disclose.permit(deps_of(request).service, visit.actor, number)
    return await _page(request, visit, number)


async def show(request: Request, visit: Visit, number: str, form: FormData) -> Response:
    """Name and phone on the whistle's page, this once; or the form again. Raises `NotFound`, `Forbidden`."""
    service, reason, note = deps_of(request).service, text_of(form, "reason"), text_of(form, "note")
    try:
        found = await disclose.reporter(service, visit.actor, number, reason, note[:300])
    except (Invalid, NotNow) as refusal:
        return await _page(request, visit, number, refusal, reason, note)
    seen = await disclose.whistle(service, visit.actor, number)
    return page(
        request,
        "whistle.html",
        await whistle_page(request, visit, seen, service.turn(seen.district, seen.as_of), (_told(found),)),
    )


def _told(found: Reporter) -> Notice:
    phone = (link(found.phone, "tel:" + "".join(one for one in found.phone if one.isdecimal())),) if found.phone else ()
    name = _("来访人 %(who)s", who=found.name) if found.name else _("来访人没有留姓名")
    return Notice(name, spans(*phone, "・" if phone else "", _("谁看的、什么时候、为什么，已经记下。")), kind="done")


async def _page(
    request: Request, visit: Visit, number: str, refusal: Refusal | None = None, reason: str = "", note: str = ""
) -> Response:
    seen = await disclose.whistle(deps_of(request).service, visit.actor, number)
    wrong = {refusal.field: problems.said(refusal)} if refusal is not None and refusal.field else {}
    options = tuple(Option(value, _(words), selected=value == reason) for value, words in WHY.items())
    fields = (
        Field("reason", _("为什么要看？"), "radio", required=True, options=options, error=wrong.get("reason", "")),
        Field("note", _("补一句"), value=note, error=wrong.get("note", ""), hint=_("选了别的事才要写。")),
    )
    title, back = _("看来访人的姓名和电话"), f"/w/{seen.number}"
    lost = Notice(problems.said(refusal), kind="error") if refusal is not None and not wrong else None
    model = ActionPage(
        frame=build_frame(request, visit, title, back=back, phone_title=_("来访人"), task=True),
        heading=title,
        intro=spans(_("每看一次都会记下谁、什么时候、为什么看的。")),
        whistle_number=str(seen.number),
        whistle_title=seen.title,
        whistle_url=back,
        fields=fields,
        submit=_("看"),
        submit_url=f"{back}/reporter",
        errors=tuple(FieldError(name, said) for name, said in wrong.items()),
        notice=lost,
    )
    return page(request, "action.html", model, problems.status_of(refusal) if refusal else 200)
