"""报一件事: what somebody below the street sees: solved here first, or asked of the next level at once."""

import hashlib
from collections.abc import Sequence
from secrets import token_urlsafe
from uuid import UUID

import structlog
from fastapi import Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from dispatch.domain import cover
from dispatch.domain.case import LOCAL
from dispatch.domain.permissions import may_ever
from dispatch.domain.refusals import Forbidden, Invalid, Refusal, Stale
from dispatch.domain.routing import EMERGENCY_OFFICE
from dispatch.steps import casework
from dispatch.steps.intake import Receipt
from dispatch.steps.sign_in import Visit
from dispatch.store import absences
from dispatch.web import problems
from dispatch.web.api.raising import Whistle, new_whistle
from dispatch.web.auth import text_of
from dispatch.web.chain.page import PATH
from dispatch.web.chain.photos import MOST_PHOTOS, photos_of, said
from dispatch.web.common.frame import build_frame, level_of, page
from dispatch.web.deps import deps_of
from dispatch.web.i18n import _
from dispatch.web.models.parts import Field, FieldError, Hidden, Option, spans
from dispatch.web.models.whistle import ActionPage

log = structlog.get_logger(__name__)

LONGEST = 10_000


async def raise_page(
    request: Request, visit: Visit, form: FormData | None = None, refusal: Refusal | None = None,
    photos: Sequence[UUID] = (),
) -> Response:  # fmt: skip
    """The form; what was typed stays, and so do the `photos` that came with it. Raises `Forbidden`."""
    _may(request, visit)
    used = isinstance(refusal, Stale)  # its key has made something else: the next is another
    wrong = {"body" if used else refusal.field or "body": said(refusal)} if refusal else {}
    body, first, danger = (text_of(form, name) for name in ("body", "first", "danger")) if form else ("", "here", "")
    kept = [str(one) for one in photos] or _named(form)
    have = _("已经收到 %(n)s 张照片。", n=len(kept)) if kept else _("有照片最好，没有也行。")
    fields = (
        Field("body", _("什么事？"), "textarea", body, error=wrong.get("body", ""), required=True, rows=4),
        Field("danger", _("现在有危险吗？"), "radio", required=True, error=wrong.get("danger", ""), options=(
            Option("0", _("没有危险"), selected=danger == "0"),
            Option("1", _("有危险"), await _danger_hint(request, visit), selected=danger == "1"))),
        Field("first", _("能在这里解决吗？"), "radio", required=True, options=(
            Option("here", _("能，我们先办"), _("到时候没办好，自己往上走"), selected=first != "up"),
            Option("up", _("办不了，请上一级看"), selected=first == "up"))),
        Field("photo", _("照片"), "file", hint=have, error=wrong.get("photo", ""), most=MOST_PHOTOS),
    )  # fmt: skip
    title = _("报一件事")
    model = ActionPage(
        frame=build_frame(request, visit, title, current=PATH, back=PATH, phone_title=title, task=True),
        heading=title,
        intro=spans(_("能在这里办的就在这里办；办不了的一级一级往上走，到了街道就吹哨叫部门来。")),
        whistle_number="",
        whistle_title="",
        whistle_url="",
        fields=fields,
        submit=_("报"),
        submit_url=f"{PATH}/raise",
        hidden=(
            Hidden("key", (text_of(form, "key") if form and not used else "") or token_urlsafe(16)),
            *(Hidden("kept", one) for one in kept),
        ),
        errors=tuple(FieldError(name, words) for name, words in wrong.items()),
    )
    return page(request, "action.html", model, problems.status_of(refusal) if refusal else 200)


def _named(form: FormData | None) -> list[str]:
    return [one for one in (form.getlist("kept") if form else ()) if isinstance(one, str)]


async def _danger_hint(request: Request, visit: Visit) -> str:
    """Who learns of a danger at once; the duty office is named only while somebody is on duty there."""
    service = deps_of(request).service
    now = await service.database.now()
    async with service.database.acquire() as connection:
        away = await absences.away(connection, now)
    if cover.on_duty(service.rules.of(visit.actor.district or ""), EMERGENCY_OFFICE, now, away) is None:
        return _("先打电话 110、119、120；这里马上报到街道")
    return _("先打电话 110、119、120；这里马上报到街道，认不出归谁管的还叫应急值班（现在有人）")


async def raise_it(request: Request, visit: Visit, form: FormData) -> Response:
    """Take it; asked of the next level at once where they say so. Raises `Forbidden`."""
    _may(request, visit)
    photos: list[UUID] = []
    try:
        # stored first: where no script runs, a form that comes back cannot hold the files
        await photos_of(deps_of(request).service, visit.actor, form, photos)
        receipt = await _raise(request, visit, form, photos)
    except Forbidden:
        raise
    except Refusal as refusal:
        return await raise_page(request, visit, form, refusal, photos)
    return RedirectResponse(f"/w/{receipt.number}", 303)


async def _raise(request: Request, visit: Visit, form: FormData, photos: list[UUID]) -> Receipt:
    deps, actor = deps_of(request), visit.actor
    body, danger = text_of(form, "body").strip()[:LONGEST], text_of(form, "danger")
    if not body:
        raise Invalid("写一句是什么事", field="body", value=None)
    if danger not in ("0", "1"):
        raise Invalid("请选现在有没有危险", field="danger", value=danger or None)
    key = text_of(form, "key")[:100] or token_urlsafe(16)
    whistle = Whistle(body=body, danger=danger == "1", photos=photos or None)
    sha256 = hashlib.sha256(f"{body}\0{danger}".encode()).digest()
    new = new_whistle(whistle, actor, deps.service.rules.of(actor.district or ""), key, sha256, via="below")
    receipt = await deps.intake.raise_(actor, new)
    if receipt.created:
        log.info("whistle.raised", whistle=str(receipt.id), number=receipt.number, kind=receipt.kind, via="below")
    if receipt.created and receipt.local and receipt.status == LOCAL and text_of(form, "first") == "up":
        await casework.act(deps.service, actor, receipt.id, "send-up", {})
    return receipt


def _may(request: Request, visit: Visit) -> None:
    actor = visit.actor
    level = level_of(actor, deps_of(request).service.rules.of(actor.district or ""))
    if level is None or not may_ever(actor, "send-up", level):
        raise Forbidden("报一件事是社区、小区、楼栋负责人的页面；街道请直接吹哨", field="role", value=actor.role)
