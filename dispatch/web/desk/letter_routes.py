"""`/desk/dead/{id}`: one dead letter read and settled; `/desk/dead/many`: those that were picked."""

from uuid import UUID

import structlog
from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from dispatch.domain.refusals import Invalid, NotFound, Refusal
from dispatch.steps import letters
from dispatch.steps.letters import Retold, Settled
from dispatch.steps.replay import NotWaiting
from dispatch.steps.sign_in import Visit
from dispatch.web import problems
from dispatch.web.auth import Admin, Form, text_of
from dispatch.web.common.frame import build_frame, page
from dispatch.web.deps import deps_of
from dispatch.web.desk.letters import DOABLE, LABELS, PATH, letter_page, reason
from dispatch.web.desk.page import desk_page
from dispatch.web.i18n import _
from dispatch.web.models.parts import Notice, spans

log = structlog.get_logger(__name__)
router = APIRouter(include_in_schema=False)

ONE = {"replay": letters.replay_one, "raise": letters.raise_one, "discard": letters.discard_one}
#: so many may be picked at once
MOST = 200


@router.post(PATH + "/many")
async def settle_many(request: Request, visit: Admin, form: Form) -> Response:
    """What was picked, each by itself; those that would not are said."""
    letters.permit(visit.actor)
    action, why = text_of(form, "action"), text_of(form, "why")
    try:
        ids = _picked(form)
        if action not in ONE:
            raise Invalid("先选做什么", field="action", value=action)
        done = await letters.many(ONE[action], deps_of(request).service, visit.actor, ids, why)
    except Refusal as refusal:
        return await _list(request, visit, Notice(problems.said(refusal), kind="error"), problems.status_of(refusal))
    failed = [one for one in done if one.error]
    said = _("%(what)s：%(n)s 条", what=_(LABELS[action]), n=len(done) - len(failed))
    if not failed:
        return await _list(request, visit, Notice(said, kind="done"), 200)
    text = spans(_("还有 %(n)s 条没成，都还在这里；第一条：", n=len(failed)), _why(failed[0]))
    return await _list(request, visit, Notice(said, text, "error"), 409)


@router.get(PATH + "/{id}")
async def read(request: Request, visit: Admin, id: UUID) -> Response:
    """One letter whole."""
    kept = await letters.read(deps_of(request).service, visit.actor, id)
    log.info("letter.read", letter=str(id), seat=visit.actor.seat)
    return await _letter(request, visit, id, letters.retold(kept.letter))


@router.post(PATH + "/{id}/{action}")
async def settle(request: Request, visit: Admin, form: Form, id: UUID, action: str) -> Response:
    """重放, 另吹一哨 or 不要了, with why."""
    letters.permit(visit.actor)
    if action not in DOABLE:
        raise NotFound("没有「{value}」这一栏", field="action", value=action)
    service, why = deps_of(request).service, text_of(form, "why")
    body, title, place = (text_of(form, name).strip() for name in ("body", "title", "place"))
    told = Retold(body, title, place)
    try:
        if action == "raise":
            done = await letters.raise_one(service, visit.actor, id, why, told)
            return RedirectResponse(f"/w/{done.number}", 303)
        done = await ONE[action](service, visit.actor, id, why)
    except NotWaiting:
        raise NotFound("这条消息别人已经处理过了", field="id", value=str(id)) from None
    except Invalid as refusal:
        errors = {refusal.field or "why": problems.said(refusal)}
        return await _letter(request, visit, id, told, errors=errors, why=why)
    if done.error is None:
        return RedirectResponse(f"{PATH}?done={action}", 303)
    notice = Notice(_("还是不行，它仍在这里"), spans(reason(done.error)), kind="error")
    return await _letter(request, visit, id, told, notice, why=why)


def _picked(form: FormData) -> list[UUID]:
    given = [one for one in form.getlist("pick") if isinstance(one, str)]
    if not given:
        raise Invalid("先勾上要处理的", field="pick", value=None)
    try:
        return [UUID(one) for one in given[:MOST]]
    except ValueError:
        raise Invalid("没有「{value}」这条异常消息", field="pick", value=given[0][:40]) from None


def _why(failed: Settled) -> str:
    """Why nothing became of it: somebody was quicker, a rule, or what the record's own step said."""
    if failed.refusal is not None:
        return problems.said(failed.refusal)
    if failed.error == "settled":
        return _("别人已经处理过了")
    return reason(failed.error or "")


async def _list(request: Request, visit: Visit, notice: Notice, status: int) -> Response:
    return page(request, "desk.html", await desk_page(request, visit, "dead", (notice,)), status)


async def _letter(
    request: Request,
    visit: Visit,
    id: UUID,
    told: Retold,
    notice: Notice | None = None,
    errors: dict[str, str] | None = None,
    why: str = "",
) -> Response:
    service = deps_of(request).service
    kept = await letters.read(service, visit.actor, id)
    now = await service.database.now()
    title = _("异常消息")
    frame = build_frame(request, visit, title, current="/desk", back=PATH, notices=(notice,) if notice else (), now=now)
    status = 422 if errors else 409 if notice else 200
    return page(request, "letter.html", letter_page(frame, kept, now, told, errors, why), status)
