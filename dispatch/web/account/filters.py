"""`/account/filters`: the filters that I keep for my lists, under names of my own; nobody else sees them."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from dispatch.domain.refusals import Invalid, Refusal
from dispatch.steps import lists as rows
from dispatch.steps import saved_filters as step
from dispatch.steps.sign_in import Visit
from dispatch.store.saved_filters import Saved
from dispatch.web import problems
from dispatch.web.auth import Form, Own, after, text_of
from dispatch.web.common.frame import build_frame, page
from dispatch.web.deps import deps_of
from dispatch.web.i18n import N_, _
from dispatch.web.liaison import queue
from dispatch.web.lists import page as lists
from dispatch.web.lists import saved
from dispatch.web.lists.address import Address
from dispatch.web.models.manage import ManageForm, ManagePage, ManageRow, ManageSection
from dispatch.web.models.parts import ActionButton, Empty, Field, FieldError, Hidden, spans

router = APIRouter()
RENAME, DELETE = f"{saved.PAGE}/rename", f"{saved.PAGE}/delete"
#: the lists in the order of the page
NAMES = {"queue": N_("待办"), "street": N_("我街道的哨"), "all": N_("全部的哨")}


@router.get(saved.PAGE)
async def filters(request: Request, visit: Own) -> Response:
    """What I keep; `rename` asks for another name of one."""
    wanted = request.query_params.get("rename", "")
    if not wanted:
        return await _page(request, visit)
    one = await step.one_of(deps_of(request).service, visit.actor, wanted)
    return await _page(request, visit, _renaming(str(one.id), one.name))


@router.post(saved.PAGE)
async def keep(request: Request, form: Form, visit: Own) -> Response:
    """Keep the filter of a list, `next`; back to that list."""
    name, onward = text_of(form, "name"), after(text_of(form, "next"))
    try:
        made = await step.save(deps_of(request).service, visit.actor, *await _meant(request, visit, onward, name))
    except Invalid as refusal:
        return await _page(request, visit, _keeping(onward, name), refusal)
    return RedirectResponse(saved.link(made), 303)


@router.post(RENAME)
async def rename(request: Request, form: Form, visit: Own) -> Response:
    """Another name for one of mine."""
    id, name = text_of(form, "id"), text_of(form, "name")
    try:
        await step.rename(deps_of(request).service, visit.actor, id, name)
    except Invalid as refusal:
        return await _page(request, visit, _renaming(id, name), refusal)
    return RedirectResponse(saved.PAGE, 303)


@router.post(DELETE)
async def delete(request: Request, form: Form, visit: Own) -> Response:
    """One of mine goes."""
    await step.remove(deps_of(request).service, visit.actor, text_of(form, "id"))
    return RedirectResponse(saved.PAGE, 303)


async def _meant(request: Request, visit: Visit, onward: str, name: str) -> tuple[str, str, str]:
    """List, name and the filter in our own words. Raises as the list itself would."""
    path = onward.partition("?")[0]
    if saved.list_of(path) not in step.LISTS:
        raise Invalid("「{value}」不是能存筛选的列表；请从列表里存", field="name", value=path[:40])
    address = Address.read(onward, queue.FILTERS if path == queue.PATH else lists.FILTERS)
    service = deps_of(request).service
    turn = service.turn(visit.actor.district or "", await service.database.now())
    if path == queue.PATH:
        rows.permit_queue(visit.actor, queue.unit_of(visit, turn.reference, address), turn.reference)
        asked = queue.asked_of(address, turn)
    else:
        street = lists.street_of(visit.actor, turn.reference) if path == lists.STREET else None
        asked = lists.asked_of(address, street, turn)
    return saved.list_of(path), name, saved.canonical(address, asked, turn.reference)


async def _page(
    request: Request, visit: Visit, first: ManageSection | None = None, refusal: Refusal | None = None
) -> Response:
    """What I keep, list by list; before it the form that was asked for."""
    found = await step.own(deps_of(request).service, visit.actor)
    parts = [first] if first else []
    for list_, words in NAMES.items():
        if held := [_row(one) for one in found if one.list == list_]:
            parts.append(ManageSection(_(words), rows=tuple(held), count=str(len(held))))
    if not found:
        none = Empty(_("还没有存过常用筛选"), _("在列表里选好筛选，点「存成常用筛选」。"))
        parts.append(ManageSection(_("常用筛选"), empty=none))
    said = (FieldError("name", problems.said(refusal)),) if refusal else ()
    note = spans(_("只有您自己看得到；每一条就是一个链接，可以发给同事。"))
    frame = build_frame(request, visit, _("常用筛选"), back="/account")
    made = ManagePage(frame, _("常用筛选"), note, said, tuple(parts))
    return page(request, "manage.html", made, problems.status_of(refusal) if refusal else 200)


def _row(one: Saved) -> ManageRow:
    hidden = (Hidden("id", str(one.id)),)
    again = ActionButton("rename", _("改名"), f"{saved.PAGE}?rename={one.id}", needs_fields=True)
    gone = ActionButton("delete", _("删掉"), DELETE, hidden=hidden, busy=_("正在办…"))
    return ManageRow(one.name, href=saved.link(one), actions=(again, gone))


def _renaming(id: str, name: str) -> ManageSection:
    form = ManageForm(RENAME, _("改名"), (_name(name),), (Hidden("id", id),))
    return ManageSection(_("换一个名字"), forms=(form,))


def _keeping(onward: str, name: str) -> ManageSection:
    form = ManageForm(saved.PAGE, _("存下"), (_name(name),), (Hidden("next", onward),))
    return ManageSection(_("存成常用筛选"), forms=(form,))


def _name(given: str) -> Field:
    hint = _("1 到 %(n)s 个字；只有您自己看得到", n=step.LONGEST_NAME)
    return Field("name", _("名字"), value=given[:200], hint=hint, required=True)
