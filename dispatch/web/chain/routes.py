"""`GET /chain`, `POST /chain/{number}/answer`, `GET` and `POST /chain/raise`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from dispatch.domain import whistle
from dispatch.domain.permissions import may_ever
from dispatch.domain.refusals import Forbidden, Invalid, NotFound, Refusal
from dispatch.steps import casework
from dispatch.steps.deciding import asked_of
from dispatch.steps.readable import readable
from dispatch.steps.sign_in import Visit
from dispatch.web import problems
from dispatch.web.auth import Doer, Form, Raiser, Reader, text_of
from dispatch.web.chain.building import ANSWERS, building_page
from dispatch.web.chain.deciding import deciding
from dispatch.web.chain.page import PATH, SIZE, chain_page
from dispatch.web.chain.photos import photos_of, said
from dispatch.web.chain.raising import raise_it, raise_page
from dispatch.web.chain.reading import standing
from dispatch.web.common.frame import level_of, page
from dispatch.web.deps import WebDeps, deps_of
from dispatch.web.i18n import _
from dispatch.web.models.parts import Notice, spans
from dispatch.web.whistle.forms import ASKS, label

router = APIRouter(include_in_schema=False)
#: so many items are looked through for one that a building head has not answered
MOST_WAITING = 50


def routes(_deps: WebDeps) -> list[BaseRoute]:
    """The routes of this package."""
    return list(router.routes)


@router.get(PATH)
async def chain(request: Request, visit: Reader) -> Response:
    """层级督办, as the rung of one's seat has it."""
    done, notices = request.query_params.get("done", ""), list[Notice]()
    if request.query_params.get("thanks"):
        notices.append(Notice(_("记下了，谢谢您。"), kind="done"))
    if done in ASKS:
        notices.append(Notice(_("办好了：%(act)s", act=label(done)), kind="done"))
    return await _page(request, visit, tuple(notices))


@router.get(PATH + "/raise")
async def ask_raise(request: Request, visit: Reader) -> Response:
    """报一件事, below the street."""
    return await raise_page(request, visit)


@router.post(PATH + "/raise")
async def raise_below(request: Request, visit: Raiser, form: Form) -> Response:
    """Take it."""
    return await raise_it(request, visit, form)


@router.post(PATH + "/{number}/answer")
async def answer(request: Request, visit: Doer, form: Form, number: str) -> Response:
    """What a building or lane head saw: noted, with photos where there are any."""
    photos: list[UUID] = []
    try:
        await _answer(request, visit, form, number, photos)
    except (Forbidden, NotFound):
        raise
    except Refusal as refusal:
        given = ANSWERS.get(text_of(form, "answer"))
        again = _("。刚才按的是「%(answer)s」", answer=_(given)) if given and refusal.field == "photo" else ""
        notice = Notice(_("这次没有记下"), spans(said(refusal), again), kind="error")
        return await _page(request, visit, (notice,), problems.status_of(refusal), {number: photos})
    return RedirectResponse(f"{PATH}?thanks=1", 303)


async def _answer(request: Request, visit: Visit, form: FormData, number: str, photos: list[UUID]) -> None:
    service, actor, given = deps_of(request).service, visit.actor, text_of(form, "answer")
    level = level_of(actor, service.rules.of(actor.district or ""))
    if level is None or not may_ever(actor, "send-up", level):
        raise Forbidden("这几个回答是社区和楼栋负责人的；别的岗位请在这件的页面上办", field="role", value=actor.role)
    case, turn = await readable(service, actor, number)
    whistle.admit(case, actor, "note", turn)
    if given not in ANSWERS:
        raise Invalid("请选一个回答", field="answer", value=given or None)
    await photos_of(service, actor, form, photos)
    key = text_of(form, "key")[:100]
    acts: list[tuple[str, dict[str, Any]]] = [("note", {"text": ANSWERS[given]})]
    if photos and whistle.possible(case, actor, "arrive", turn):
        first, *others = photos
        acts = [("arrive", {"photo": first, "note": ANSWERS[given]}), *(("arrive", {"photo": one}) for one in others)]
    for place, (action, fields) in enumerate(acts):
        await casework.act(service, actor, case.id, action, fields, key=f"{key}:{place}" if key else None)


async def _page(
    request: Request, visit: Visit, notices: tuple[Notice, ...], status: int = 200,
    kept: Mapping[str, Sequence[UUID]] = MappingProxyType({}),
) -> Response:  # fmt: skip
    """`kept`: photos that stay with the form of this number."""
    service, asked = deps_of(request).service, request.query_params.get("from", "")
    first = int(asked) if asked.isdecimal() and len(asked) < 6 else 0
    node = service.rules.of(visit.actor.district or "").tree.get(visit.actor.node or "")
    if node is not None and node.level == 1:
        found = await standing(service, visit.actor, 0, MOST_WAITING)
        return page(request, "building.html", building_page(request, visit, found, notices, kept), status)
    found = await standing(service, visit.actor, first, SIZE)
    asked_for = deciding(await asked_of(service, visit.actor, found.turn), visit.actor, found.turn)
    model = replace(chain_page(request, visit, found, first, notices), deciding=asked_for)
    return page(request, "chain.html", model, status)
