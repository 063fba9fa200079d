"""`/leave`: my leave; that of my unit for its leaders, of everybody for desk and administrator; who stands in."""

from datetime import date, datetime, timedelta

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from dispatch.domain.permissions import DISTRICT, UNIT
from dispatch.domain.reference import Reference
from dispatch.domain.refusals import Invalid, NotFound, Refusal
from dispatch.domain.turn import ZONE
from dispatch.steps import leave as step
from dispatch.steps.leave import Leave
from dispatch.steps.sign_in import Visit
from dispatch.web import problems
from dispatch.web.admin.words import seat_words
from dispatch.web.auth import Form, Own, text_of
from dispatch.web.common.frame import build_frame, page
from dispatch.web.deps import deps_of
from dispatch.web.i18n import _
from dispatch.web.models.manage import ManageForm, ManagePage, ManageRow, ManageSection
from dispatch.web.models.parts import ActionButton, Empty, Field, FieldError, Hidden, Option, spans

router = APIRouter()
LEAVE = "/leave"
BACK = f"{LEAVE}/back"


@router.get(LEAVE)
async def leaves(request: Request, visit: Own) -> Response:
    """The leaves that I may look after, and the form for one."""
    given = {"person": request.query_params.get("person", "").replace("\0", "")[:80]}
    return await _page(request, visit, given)


@router.post(LEAVE)
async def note(request: Request, form: Form, visit: Own) -> Response:
    """Note a leave."""
    given = {name: text_of(form, name).strip() for name in ("person", "first", "last")}
    service = deps_of(request).service
    try:
        person = await step.whom(service, visit.actor, given["person"])
        moments = step.days(_day("first", given["first"]), _day("last", given["last"]))
        await step.go(service, visit.actor, person, *moments)
    except (Invalid, NotFound) as refusal:
        return await _page(request, visit, given, refusal)
    return RedirectResponse(LEAVE, 303)


@router.post(BACK)
async def back(request: Request, form: Form, visit: Own) -> Response:
    """Somebody is back, or does not go after all."""
    service = deps_of(request).service
    person = await step.whom(service, visit.actor, text_of(form, "person"))
    if not await step.back(service, visit.actor, person):
        raise NotFound("「{value}」没有登记着的请假；请刷新再看", field="person", value=person)
    return RedirectResponse(LEAVE, 303)


def _day(field: str, given: str) -> date:
    try:
        found = date.fromisoformat(given)
    except ValueError:
        found = None
    if found is None or not 2000 <= found.year < 2100:
        raise Invalid("「{value}」不是日期；请写成 2026-01-01", field=field, value=given[:40])
    return found


async def _page(request: Request, visit: Visit, given: dict[str, str], refusal: Refusal | None = None) -> Response:
    service = deps_of(request).service
    reference, now = service.rules.of(visit.actor.district or ""), await service.database.now()
    found = await step.seen(service, visit.actor)
    frame = build_frame(request, visit, _("请假"), back="/account")
    said = (FieldError(refusal.field or "person", problems.said(refusal)),) if refusal else ()
    parts = (_form(reference, visit, given, now), _listed(reference, found, now))
    made = ManagePage(frame, _("请假"), errors=said, sections=parts)
    return page(request, "manage.html", made, problems.status_of(refusal) if refusal else 200)


def _form(reference: Reference, visit: Visit, given: dict[str, str], now: datetime) -> ManageSection:
    today = now.astimezone(ZONE).date()
    fields = (
        *_who(reference, visit, given, today),
        Field("first", _("第一天"), "date", given.get("first") or str(today), required=True),
        Field("last", _("最后一天"), "date", given.get("last") or str(today), hint=_("这一天也不在"), required=True),
    )
    note = spans(_("请假这几天，发给联络员的通知改发代理人；有险情又没有人接，调度台和上一级会马上知道。"))
    return ManageSection(_("登记请假"), note, forms=(ManageForm(LEAVE, _("登记"), fields),))


def _who(reference: Reference, visit: Visit, given: dict[str, str], today: date) -> tuple[Field, ...]:
    actor, wanted = visit.actor, given.get("person", "")
    if DISTRICT in step.scopes_of(actor):
        hint = _("工号或账号；不填就是本人")
        return (Field("person", _("谁"), value=wanted, hint=hint),)
    if UNIT not in step.scopes_of(actor):
        return ()
    people = reference.people
    own = [seat.code for seat in people.seats.values() if seat.unit == actor.unit]
    held = {one.person for seat in own for one in people.by_seat.get(seat, ()) if one.covers(today)}
    chosen = wanted or actor.person
    options = tuple(
        Option(code, people.persons[code].name, selected=code == chosen)
        for code in sorted(held)
        if code in people.persons
    )
    return (Field("person", _("谁"), "select", options=options),)


def _listed(reference: Reference, found: list[Leave], now: datetime) -> ManageSection:
    rows = tuple(_row(reference, one, now) for one in found)
    return ManageSection(_("登记着的"), rows=rows, empty=Empty(_("没有人请假")), count=str(len(rows)))


def _row(reference: Reference, one: Leave, now: datetime) -> ManageRow:
    first, last = one.from_at.astimezone(ZONE).date(), (one.to_at - timedelta(microseconds=1)).astimezone(ZONE).date()
    seats = "、".join(seat_words(reference, seat) for seat in one.seats)
    instead = [
        _("%(name)s代", name=name) if name else _("没有人代；有险情会提醒调度台") for _seat, name in one.stands_in
    ]
    begun = one.from_at <= now
    words = _("提前回来") if begun else _("不请了")
    button = ActionButton("manage", words, BACK, hidden=(Hidden("person", one.person),), busy=_("正在办…"))
    term = _("%(first)s 到 %(last)s", first=first, last=last)
    return ManageRow(one.name, "・".join((term, *instead)), seats, _("请假中") if begun else "", actions=(button,))
