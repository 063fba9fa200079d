"""`/w/{number}/do/{token}`: the page that asks for an act's fields, and the act itself; without JavaScript too."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import uuid4

import orjson
from fastapi import Request
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from starlette.datastructures import FormData, UploadFile
from starlette.responses import RedirectResponse, Response

from dispatch.domain import whistle as machine
from dispatch.domain.case import INFORM
from dispatch.domain.refusals import Forbidden, Invalid, NotFound, NotNow, Refusal, Stale
from dispatch.domain.turn import Turn
from dispatch.steps import disclose, pictures, view
from dispatch.steps.sign_in import Visit
from dispatch.steps.view import WhistleView
from dispatch.web import auth, problems
from dispatch.web.api import doing
from dispatch.web.api.fields import PHOTOS
from dispatch.web.api.raising import KEY_HEADER
from dispatch.web.auth import text_of
from dispatch.web.common.frame import HOME, build_frame, page
from dispatch.web.deps import WebDeps, deps_of
from dispatch.web.i18n import _
from dispatch.web.models.parts import Field, FieldError, Hidden, Notice, spans
from dispatch.web.models.whistle import ActionPage
from dispatch.web.rules import remembered
from dispatch.web.whistle import answers, replies, requested
from dispatch.web.whistle.expecting import part_of
from dispatch.web.whistle.forms import ASKS, Asks, fields_of, label
from dispatch.web.whistle.overtaken import Overtaken, overtaken, typed_in, unsent
from dispatch.web.whistle.page import whistle_page


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the form comes back: errors by field, a notice, the status of the answer.

    `faults`: errors of fields, to be said with the form's own labels.
    `overtaken`: what has happened since, where the whistle has moved on; how it goes on depends on what is possible.
    """

    status: int
    errors: Mapping[str, str] = field(default_factory=dict)
    faults: Sequence[ErrorDetails] = ()
    notice: Notice | None = None
    overtaken: Overtaken | None = None


def asks_of(token: str) -> Asks:
    """The form of a token. Raises `NotFound`."""
    if token not in ASKS:
        raise NotFound("没有「{value}」这个动作", field="action", value=token)
    return ASKS[token]


def turn_of(deps: WebDeps, seen: WhistleView) -> Turn:
    """The rules at the moment the view was made."""
    return deps.service.turn(seen.district, seen.as_of)


async def ask(request: Request, visit: Visit, number: str, token: str) -> Response:
    """The page that asks; for whoever may not do it the whistle's page, saying so. Raises `NotFound`."""
    asks = asks_of(token)
    deps = deps_of(request)
    seen = await disclose.whistle(deps.service, visit.actor, number)
    try:
        machine.admit(seen.case, visit.actor, asks.action, turn_of(deps, seen))
    except Forbidden as refusal:
        return await _not_now(request, visit, number, _refused(refusal))
    if asks.action not in seen.allowed_actions:
        return await _not_now(request, visit, number, Trouble(409, notice=_barred(token, seen, visit.actor.unit)))
    if over := requested.gone(asks.action, seen, request.query_params.get("request", "")):
        return await _not_now(request, visit, number, _refused(over))
    model = _page(request, visit, seen, token, asks, _preset(request, seen, turn_of(deps, seen)), Trouble(200))
    return page(request, "action.html", model)


def _preset(request: Request, seen: WhistleView, turn: Turn) -> FormData | None:
    """What the address fills in: the unit, or a text to begin the reply with."""
    unit, start = request.query_params.get("unit", ""), request.query_params.get("start", "")
    if unit:
        return FormData([("unit", unit)])
    texts = [one.hint for one in replies.starts(seen, turn) if one.value == start] if start else []
    return FormData([("reply", texts[0])]) if texts else None


async def do(request: Request, visit: Visit, number: str, token: str, form: FormData) -> Response:
    """Do it, or the form again with what was typed. Raises `NotFound`, `Forbidden`."""
    asks, deps = asks_of(token), deps_of(request)
    key = (text_of(form, "key")[:100] or None) if asks.repeatable else None
    photos: list[str] = []
    try:
        admitted = await doing.admit(deps.service, visit.actor, number, asks.action, key)
        photos = await _photos(deps, visit, form)
        missing = {name: _("这一项要填") for name in asks.demands if not text_of(form, name).strip()}
        if missing:
            return await _again(request, visit, number, token, form, photos, Trouble(422, missing))
        given = answers.given(asks, form)
        replies.complete(given)
        _attach(given, asks, photos)
        version = text_of(form, "version")
        body = given | ({"version": int(version)} if version.isdecimal() and len(version) < 10 else {})
        act = doing.parse(asks.action, orjson.dumps(body))
        done = await doing.do(deps.service, visit.actor, admitted, act, key)
    except ValidationError as error:
        trouble = Trouble(422, faults=error.errors(include_url=False))
        return await _again(request, visit, number, token, form, photos, trouble)
    except Stale as refusal:
        if refusal.field == KEY_HEADER:
            return await _again(request, visit, number, token, _anew(form), photos, _done_before())
        trouble = Trouble(409, overtaken=await overtaken(deps, visit, number, form, refusal))
        return await _again(request, visit, number, token, form, photos, trouble)
    except (Invalid, NotNow, Forbidden) as refusal:
        return await _again(request, visit, number, token, form, photos, _refused(refusal))
    turn = deps.service.turn(done.case.facts.district, done.case.last_at)
    if not machine.may(done.case, visit.actor, "read", turn):
        return RedirectResponse(HOME, 303)
    onward = auth.after(text_of(form, "next")) if text_of(form, "next") else f"/w/{number}"
    return RedirectResponse(
        f"{onward}{'&' if '?' in onward else '?'}done={token}{remembered.asked(number, given)}", 303
    )


async def _photos(deps: WebDeps, visit: Visit, form: FormData) -> list[str]:
    """Photos kept before (the form came back) and those just chosen, stored. Raises `Invalid`."""
    kept = [str(one) for one in form.getlist("kept") if isinstance(one, str)][:PHOTOS]
    for upload in [*form.getlist("photo"), *form.getlist("photos")]:
        if isinstance(upload, UploadFile) and upload.filename and len(kept) < PHOTOS:
            try:
                row = await pictures.keep(deps.service, visit.actor, await upload.read())
            except Invalid as refusal:
                raise Invalid(refusal.message, **{**refusal.params, "field": "photo"}) from refusal
            kept.append(str(row.id))
    return kept


def _attach(given: dict[str, object], asks: Asks, photos: Sequence[str]) -> None:
    if photos and asks.photos == "photo":
        given["photo"] = photos[0]
    elif photos and asks.photos == "photos":
        given["photos"] = list(photos)


def _field_errors(problem: Mapping[str, object]) -> dict[str, str]:
    """Validation's errors by field; the field's own name is left out of the sentence's place."""
    found: dict[str, str] = {}
    errors = problem.get("errors")
    for one in errors if isinstance(errors, list) else ():
        name = str(one["field"]).split(".")[0]
        found.setdefault({"photos": "photo"}.get(name, name), _("这一项要填") if one["value"] in (None, "") else
                         str(one["message"]))  # fmt: skip
    return found


def _anew(form: FormData) -> FormData:
    """The same with a key that is still to be made: the next is another act."""
    return FormData([(name, value) for name, value in form.multi_items() if name != "key"])


def _done_before() -> Trouble:
    text = spans(_("现在写的和那次不一样：再点一次，就另办一次。"))
    return Trouble(409, notice=Notice(_("这张表上次已经办过了"), text, "conflict"))


def _refused(refusal: Refusal) -> Trouble:
    said = problems.said(refusal)
    if refusal.field and not isinstance(refusal, NotNow):
        name = {"photos": "photo", "latitude": "photo"}.get(refusal.field, refusal.field)
        return Trouble(problems.status_of(refusal), {name: said})
    return Trouble(problems.status_of(refusal), notice=Notice(said, kind="error"))


async def _again(
    request: Request, visit: Visit, number: str, token: str, form: FormData, photos: Sequence[str], trouble: Trouble
) -> Response:
    """The form with what was typed; for an act that asks nothing, or is not possible any more, the whistle's page."""
    asks, deps = ASKS[token], deps_of(request)
    seen = await view.whistle_view(deps.service, visit.actor, number)
    named = text_of(form, "request") if requested.kind_of(asks.action) else ""
    possible = asks.action in seen.allowed_actions and not requested.gone(asks.action, seen, named)
    fields = fields_of(asks, seen, turn_of(deps, seen))
    typed = typed_in(fields, form)
    if trouble.faults:
        problem = problems.of_validation(trouble.faults, labels={one.name: one.label for one in fields})
        trouble = replace(trouble, errors=_field_errors(problem))
    if trouble.errors and trouble.status == 422:
        lacking = answers.lacking(asks, fields, form, photos, trouble.errors)
        trouble = replace(trouble, errors={**lacking, **trouble.errors})
    if trouble.overtaken:
        trouble = replace(trouble, notice=trouble.overtaken.notice(label(token), typed, possible=possible))
    elif trouble.notice and not possible:
        trouble = replace(trouble, notice=replace(trouble.notice, text=spans(unsent(typed))))
    if not possible or (asks.tap and not trouble.errors):
        return await _not_now(request, visit, number, trouble)
    model = _page(request, visit, seen, token, asks, form, trouble, photos)
    return page(request, "action.html", model, trouble.status)


async def _not_now(request: Request, visit: Visit, number: str, trouble: Trouble) -> Response:
    deps = deps_of(request)
    seen = await view.whistle_view(deps.service, visit.actor, number)
    words = next(iter(trouble.errors.values()), "")
    notice = trouble.notice or Notice(words or _("现在不行"), kind="error")
    model = await whistle_page(request, visit, seen, turn_of(deps, seen), (notice,))
    return page(request, "whistle.html", model, trouble.status)


def _barred(token: str, seen: WhistleView, unit: str | None) -> Notice:
    """Why the act of an address cannot be done now: what is missing first, or over."""
    heading, part = _("现在不能「%(act)s」", act=label(token)), part_of(seen, unit)
    if part is not None and part.role == INFORM:
        return Notice(heading, spans(_("这件没有派给贵单位，只是知会；下面是现在能办的。")), "conflict")
    why = problems.said(seen.hindrances[ASKS[token].action])
    return Notice(heading, spans(_("%(why)s。下面是现在能办的。", why=why)), "conflict")


def _page(
    request: Request,
    visit: Visit,
    seen: WhistleView,
    token: str,
    asks: Asks,
    form: FormData | None,
    trouble: Trouble,
    photos: Sequence[str] = (),
) -> ActionPage:
    deps = deps_of(request)
    fields = fields_of(asks, seen, turn_of(deps, seen))
    if form is not None:
        fields = answers.filled(fields, form, trouble.errors)
    names = {one.name for one in fields}
    lost = [said for name, said in trouble.errors.items() if name not in names]
    notice = trouble.notice or (Notice(lost[0], kind="error") if lost else None)
    back = f"/w/{seen.number}"
    wanted = (text_of(form, "request") if form else "") or request.query_params.get("request", "")
    decided = requested.named(asks.action, seen, wanted)
    if photos:
        fields = tuple(
            replace(one, hint=_("已经收到 %(n)s 张照片。", n=len(photos)), required=False)
            if one.kind == "file"
            else one
            for one in fields
        )
    return ActionPage(
        frame=build_frame(request, visit, label(token), back=back, phone_title=label(token), task=True),
        heading=label(token),
        intro=spans(_(asks.intro)),
        whistle_number=str(seen.number),
        whistle_title=seen.title,
        whistle_url=back,
        fields=fields,
        submit=label(token),
        submit_url=f"{back}/do/{token}",
        hidden=(*_hidden(request, seen, asks, form, photos), *requested.hidden(decided)),
        errors=tuple(_summed(fields, name, said) for name, said in trouble.errors.items() if name in names),
        notice=notice,
        asked=(requested.said(decided, seen, turn_of(deps, seen)),) if decided else (),
    )


def _summed(fields: Sequence[Field], name: str, said: str) -> FieldError:
    """As it stands above the form, where nothing else says which field it is of."""
    label = next(one.label for one in fields if one.name == name)
    return FieldError(name, f"{label}{_('：')}{said}" if said == _("这一项要填") else said)


def _hidden(
    request: Request, seen: WhistleView, asks: Asks, form: FormData | None, photos: Sequence[str]
) -> Iterator[Hidden]:
    yield Hidden("version", str(seen.version))
    yield from (Hidden("kept", one) for one in photos)
    if asks.repeatable:
        yield Hidden("key", (text_of(form, "key") if form else "") or str(uuid4()))
    onward = text_of(form, "next") if form else request.query_params.get("next", "")
    if onward:
        yield Hidden("next", auth.after(onward))
