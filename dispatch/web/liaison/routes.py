"""`GET /queue`, `GET /queue/load`, `POST /bulk`."""

from collections.abc import Sequence, Set
from dataclasses import replace
from secrets import token_urlsafe

from fastapi import APIRouter, Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from dispatch.domain.refusals import Invalid
from dispatch.steps import lists
from dispatch.steps.sign_in import Visit
from dispatch.web import auth, problems, words
from dispatch.web.auth import Doer, Form, Reader, text_of
from dispatch.web.common.frame import LOAD, build_frame, page
from dispatch.web.deps import WebDeps, deps_of
from dispatch.web.i18n import _
from dispatch.web.liaison import bulk
from dispatch.web.liaison.load import load_page
from dispatch.web.liaison.looked import keep, looked
from dispatch.web.liaison.queue import BULK, FILTERS, PATH, address_of, asked_of, queue_page, unit_of
from dispatch.web.lists.address import Address
from dispatch.web.lists.export import export
from dispatch.web.lists.rows import cases_of
from dispatch.web.models.parts import FieldError, Hidden, Notice, spans
from dispatch.web.models.whistle import ActionPage
from dispatch.web.whistle.forms import ASKS, label

router = APIRouter(include_in_schema=False)


def routes(_deps: WebDeps) -> list[BaseRoute]:
    """The routes of this package."""
    return list(router.routes)


@router.get(PATH)
async def queue(request: Request, visit: Reader) -> Response:
    """待办."""
    now = await deps_of(request).service.database.now()
    look = looked(request, visit.actor.person, now)
    done = request.query_params.get("done", "")
    notices = (Notice(_("办好了：%(act)s", act=label(done)), kind="done"),) if done in ASKS else ()
    model = await queue_page(request, visit, address_of(request), now, notices=notices, before=look.before)
    return keep(request, page(request, "queue.html", model), look)


@router.get(LOAD)
async def load(request: Request, visit: Reader) -> Response:
    """本单位负荷."""
    return page(request, "load.html", await load_page(request, visit))


@router.get(f"{PATH}/export")
async def exported(request: Request, visit: Reader) -> Response:
    """The queue as it is filtered, `as` csv or xlsx."""
    service, address = deps_of(request).service, address_of(request)
    unit = unit_of(visit, service.rules.of(visit.actor.district or ""), address)
    turn = service.turn(visit.actor.district or "", await service.database.now())
    asked = asked_of(address, turn)
    return await export(
        lambda cursor, limit: lists.queue_view(service, visit.actor, unit.code, asked, cursor, limit),
        lambda items: cases_of(service, visit.actor, turn, items),
        "queue",
        request.query_params.get("as", "csv"),
    )


@router.post("/bulk")
async def bulk_act(request: Request, visit: Doer, form: Form) -> Response:
    """One act on many: asks for what it needs, then does each and says what became of it."""
    service, action = deps_of(request).service, text_of(form, "action")
    back = Address.read(auth.after(text_of(form, "next")), FILTERS)
    address = back if back.path == PATH else Address(PATH, {})
    reference = service.rules.of(visit.actor.district or "")
    lists.permit_queue(visit.actor, unit_of(visit, reference, address), reference)
    if not action:
        return await _unsaid(request, visit, address, {str(one) for one in form.getlist("ref")})
    if action not in BULK:
        raise Invalid("不能一次对许多件做「{action}」", field="action", value=action, action=action)
    refs = bulk.read_refs([str(one) for one in form.getlist("ref")])
    typed = {name: text_of(form, name) for name in ("text", "until", "reason", "reply")}
    fields = bulk.fields_of(action, typed)
    key = text_of(form, "key")[:100]
    start = bulk.begun(text_of(form, "start"))
    if start or (fields and not key):
        reply = "\n".join(part for part in (typed["reply"].strip(), start) if part)
        return await _ask(request, visit, action, refs, address, {**typed, "reply": reply})
    try:
        values = bulk.values_of(action, typed)
    except Invalid as refusal:
        return await _ask(request, visit, action, refs, address, typed, refusal)
    results = await bulk.act_on_all(service, visit.actor, refs, action, values, key)
    done, earlier = sum(one.ok for one in results), sum(one.before for one in results)
    notice = Notice(
        _("办了 %(n)s 件：%(done)s 件成，%(failed)s 件没成", n=len(results), done=done, failed=len(results) - done),
        spans(
            *([_("其中 %(n)s 件早已办过，这次没有动。", n=earlier)] if earlier else []),
            *([_("没成的写着原因，别的不受影响。")] if done < len(results) else []),
        ),
        kind="done" if done else "error",
    )
    now = await service.database.now()  # what was done stands in the rows
    model = await queue_page(request, visit, address, now, results=results, notices=(notice,))
    return page(request, "queue.html", model)


async def _unsaid(request: Request, visit: Visit, address: Address, ticked: Set[str]) -> Response:
    """The form came without an act (Enter on a box): the queue again, with what was ticked."""
    told = spans(_("还什么都没有办。勾上的还在；再点下面要办的那个按钮。"))
    notice = Notice(_("先选做什么"), told, "error")
    model = await queue_page(request, visit, address, await deps_of(request).service.database.now(), notices=(notice,))
    rows = tuple(replace(row, selected=row.still.ref in ticked) for row in model.rows)
    return page(request, "queue.html", replace(model, rows=rows), 422)


async def _ask(
    request: Request,
    visit: Visit,
    action: str,
    refs: Sequence[bulk.Ref],
    address: Address,
    typed: dict[str, str],
    refusal: Invalid | None = None,
) -> Response:
    """The page that asks once for all of them; what was typed stays."""
    label = words.button(action)
    model = ActionPage(
        frame=build_frame(request, visit, label, current=PATH, back=address.here, task=True),
        heading=_("%(label)s：%(n)s 件", label=label, n=len(refs)),
        intro=spans(_("每件各有结果，一件不成不影响别的")),
        whistle_number="",
        whistle_title="",
        whistle_url="",
        fields=bulk.fields_of(action, typed),
        submit=label,
        submit_url="/bulk",
        hidden=(
            Hidden("action", action),
            Hidden("next", address.here),
            Hidden("key", token_urlsafe(16)),
        ),
        errors=(FieldError(refusal.field or "text", problems.said(refusal)),) if refusal else (),
        refs=tuple(f"{ref.id}:{ref.version}" for ref in refs),
        chosen=await bulk.chosen(deps_of(request).service, visit.actor, refs),
    )
    return page(request, "action.html", model, 422 if refusal else 200)
