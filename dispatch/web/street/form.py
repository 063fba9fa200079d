"""The form and its check page, put together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

from fastapi import Request

from dispatch.domain.case import Actor
from dispatch.domain.reference import Node, Reference
from dispatch.domain.several import Problem
from dispatch.domain.turn import Turn
from dispatch.steps import lists
from dispatch.steps.foresee import Forecast
from dispatch.steps.service import Service
from dispatch.steps.sign_in import Visit
from dispatch.web import states
from dispatch.web.api.raising import street_code
from dispatch.web.common.frame import HOME, build_frame, level_of, places
from dispatch.web.common.paths import path_of, short_name
from dispatch.web.common.times import moment
from dispatch.web.i18n import N_, _
from dispatch.web.lists.rows import title_of
from dispatch.web.models.form import CheckPage, FormPage, Phone, PlaceFound, Preview, Recap, SimilarRow
from dispatch.web.models.parts import Field, FieldError, Hidden, Notice, Option, Span, Text, link, spans
from dispatch.web.street.offers import Offers, Similar
from dispatch.web.street.preview import preview_of
from dispatch.web.street.typed import CALLED, LISTS, PLAIN, Typed
from dispatch.web.whistle.page import CHANNELS

NEARBY = timedelta(days=30)
MOST_OPTIONS = 12
EMPTY = Typed("", {}, (), (), "", False, False)


@dataclass(frozen=True, slots=True)
class Shown:
    """What the form is shown with beside what was typed."""

    forecast: Forecast | None = None
    nearby: Text = ()
    offers: Offers = field(default_factory=Offers)
    errors: Mapping[str, str] = field(default_factory=dict)
    notices: Sequence[Notice] = ()
    fresh_key: bool = False


async def nearby_of(service: Service, actor: Actor, typed: Typed, turn: Turn, similar: Sequence[Similar]) -> Text:
    """What else was raised at this place lately, beside those that are shown as `similar`."""
    node = turn.reference.tree.get(typed.place) if typed.place else None
    if node is None or node.level > 2:
        return ()
    asked = lists.Asked(place=node.code, since=turn.now - NEARBY)
    shown = {one.item.id for one in similar}
    items = (await lists.list_view(service, actor, asked, limit=4 + len(shown))).items
    found = [one for one in items if one.id not in shown][:4]
    if not found:
        return ()
    many = len(found) if len(found) < 4 else _("好几")
    said: list[str | Span] = [_("这里 30 天内另有 %(n)s 条：", n=many)]
    for i, one in enumerate(found[:2]):
        said += [_("、") if i else "", link(title_of(one), f"/w/{one.number}")]
    return spans(*said, _("。不是同一件就不用管。"))


def _back(actor: Actor, reference: Reference) -> str:
    """A clerk's day begins with the form: back from it is the next of their places."""
    return next(
        (href for _label, href, _short in places(actor, level_of(actor, reference)) if href != "/whistle"), HOME
    )


def form_page(request: Request, visit: Visit, typed: Typed, turn: Turn, shown: Shown) -> FormPage:
    """The form with everything that was typed."""
    reference = turn.reference
    street = street_code(visit.actor, reference)
    node = reference.tree.get(typed.place) if typed.place and not typed.choosing else None
    units = _units(reference, street)
    recent = tuple(_option(one, reference, typed) for one in shown.offers.recent)
    options = _options(typed, reference, street) or recent
    errors = tuple(FieldError(name, said) for name, said in shown.errors.items())
    return FormPage(
        frame=build_frame(
            request,
            visit,
            _("吹哨"),
            current="/whistle",
            back=_back(visit.actor, reference),
            phone_title=_("吹哨"),
            task=True,
            notices=shown.notices,
        ),
        body=typed.get("body"),
        place=PlaceFound(node.code, short_name(node.code, reference), path_of(node.code, reference)) if node else None,
        place_text=typed.get("place_text"),
        place_options=options if node is None else (),
        recent=node is None and not typed.choosing and options == recent,
        place_above=_above(options, typed, reference) if node is None else (),
        nearby=shown.nearby,
        danger=typed.get("danger") if typed.get("danger") in ("yes", "no") else "",
        danger_words=_danger(shown.forecast),
        danger_list=reference.duties.danger,
        phones=_phones(reference),
        categories=tuple(
            Option(duty.code, f"{duty.code} {duty.name}") for duty in reference.duties.duties if not duty.demo
        ),
        category=_category(typed.get("category"), reference),
        units=units,
        lead=typed.get("lead"),
        assist=typed.assist,
        override_reason=typed.get("override_reason"),
        more=_more(typed, shown.errors),
        more_open=any(one.error or one.value for one in _more(typed, shown.errors)),
        choose_open=bool(typed.get("category") or typed.get("lead"))
        or any(name in shown.errors for name in ("lead", "assist", "override_reason", "category")),
        preview=_preview(shown.forecast, shown, typed, turn) if shown.forecast else None,
        errors=errors,
        idempotency_key=str(uuid4()) if shown.fresh_key else typed.get("idempotency_key") or str(uuid4()),
        place_auto=typed.place_auto,
        choosing=typed.choosing and node is None,
        kept=typed.kept,
        similar=tuple(_similar(one, turn) for one in shown.offers.similar),
        problems=tuple(_problem(one, reference) for one in shown.offers.problems),
        split=bool(typed.get("split")),
        pasted=shown.offers.pasted,
        called=tuple(Option(one, _("抢修") if one == "抢修" else one, selected=one in typed.called) for one in CALLED),
        called_at=typed.get("called_at"),
        latitude=typed.get("latitude"),
        longitude=typed.get("longitude"),
    )


def check_page(request: Request, visit: Visit, typed: Typed, turn: Turn, forecast: Forecast, shown: Shown) -> CheckPage:
    """What was answered and what will happen, before it is sent; and what the form would have offered."""
    reference, offers = turn.reference, shown.offers
    title = _("再看一眼")
    frame = build_frame(
        request, visit, title, current="/whistle", back="/whistle", phone_title=title, task=True, now=turn.now
    )
    return CheckPage(
        frame,
        _recap(visit, typed, reference, offers),
        _preview(forecast, shown, typed, turn),
        _carried(typed, asked=("split",) if offers.problems else ()),
        nearby=shown.nearby,
        similar=tuple(_similar(one, turn) for one in offers.similar),
        problems=tuple(_problem(one, reference) for one in offers.problems),
        split=bool(typed.get("split")),
        pasted=offers.pasted,
    )


def _recap(visit: Visit, typed: Typed, reference: Reference, offers: Offers) -> tuple[Recap, ...]:
    place = typed.place or street_code(visit.actor, reference)
    answers = {"yes": _("有危险"), "no": _("没有危险")}
    recap = [
        Recap(_("什么事"), typed.said()),
        Recap(_("在哪里"), path_of(place, reference)),
        Recap(_("现在有危险吗"), answers.get(typed.get("danger"), _("没有回答"))),
        Recap(_("来源"), typed.get("source_channel") or CHANNELS[0]),
    ]
    if typed.kept:
        recap.append(Recap(_("照片"), _("%(n)s 张", n=len(typed.kept))))
    if typed.get("split") and offers.problems:
        recap.append(Recap(_("拆成"), _("%(n)s 条，各有编号，各走各的钟", n=len(offers.problems))))
    return tuple(recap)


def _carried(typed: Typed, asked: Sequence[str]) -> tuple[Hidden, ...]:
    """Every field as a hidden one, but those that are asked on the page itself."""
    hidden = [Hidden(name, typed.get(name)) for name in PLAIN if typed.get(name) and name not in asked]
    hidden += [Hidden(name, value) for name in LISTS for value in getattr(typed, name)]
    if typed.place:
        hidden.append(Hidden("place", typed.place))
        hidden += [Hidden("place_auto", "1")] if typed.place_auto else []
    return (*hidden, Hidden("choosing", "1")) if typed.choosing else tuple(hidden)


def _preview(found: Forecast, shown: Shown, typed: Typed, turn: Turn) -> Preview:
    named, danger = typed.get("override_reason"), typed.get("danger") == "yes"
    return preview_of(found, turn, named=named, parts=_parts(shown, typed), danger=danger)


def _parts(shown: Shown, typed: Typed) -> int:
    return len(shown.offers.problems) if typed.get("split") else 0


def _danger(found: Forecast | None) -> str:
    if found is None or not found.danger_words:
        return ""
    said = "".join(f"「{word}」" for word in found.danger_words[:3])
    return _("您写到了%(words)s。", words=said)


def _phones(reference: Reference) -> tuple[Phone, ...]:
    """The three that everybody knows; then the utilities' own, or the hotline where none is known."""
    own = tuple(Phone(unit.short, unit.phone, f"tel:{unit.phone}") for unit in reference.units.all if unit.phone)
    repairs = Phone(_("抢修电话"), "", "tel:12345", own)
    return (
        Phone(_("报警"), "110", "tel:110"),
        Phone(_("火警"), "119", "tel:119"),
        Phone(_("急救"), "120", "tel:120"),
        repairs,
    )


def _units(reference: Reference, street: str | None) -> tuple[Option, ...]:
    """Units that may be named: those of the district, and of this street."""
    tree = reference.tree
    return tuple(
        Option(unit.code, unit.name)
        for unit in reference.units.all
        if unit.place is None or (street is not None and tree.covers(street, unit.place))
    )


def _options(typed: Typed, reference: Reference, street: str | None) -> tuple[Option, ...]:
    """Places to choose from: what the words fit, else down the tree from what is chosen, or from the street."""
    tree = reference.tree
    text = typed.get("place_text").strip()
    found: Sequence[Node] = ()
    if text:
        found = tree.find(text, MOST_OPTIONS, under=street)
    elif typed.choosing or typed.step == "find":
        above = typed.place or street
        own = tree.get(above) if above else None
        below = tree.children(above) if above else tree.roots()
        found = [*([own] if own else []), *(node for node in below if not node.general)]
    return tuple(_option(node, reference, typed) for node in found)


def _above(options: Sequence[Option], typed: Typed, reference: Reference) -> tuple[str, ...]:
    """Going down the tree: what there is something below of, but for where one stands."""
    if not typed.choosing:
        return ()
    here = typed.place or (options[0].value if options else "")
    codes = [one.value for one in options if one.value != here]
    return tuple(code for code in codes if any(not node.general for node in reference.tree.children(code)))


def _option(node: Node, reference: Reference, typed: Typed) -> Option:
    return Option(node.code, short_name(node.code, reference), path_of(node.code, reference), node.code == typed.place)


def _category(code: str, reference: Reference) -> str:
    """As the list of categories writes it."""
    duty = reference.duties.get(code) if code else None
    return f"{duty.code} {duty.name}" if duty else code


def _similar(one: Similar, turn: Turn) -> SimilarRow:
    item = one.item
    parts = (states.label(item.status), item.lead_name or "", moment(item.received_at, turn.now))
    return SimilarRow(
        title_of(item),
        f"/w/{item.number}",
        "・".join(part for part in parts if part),
        str(item.number) if one.may_add else "",
        one.here,
    )


def _problem(one: Problem, reference: Reference) -> Option:
    duty = reference.duties.get(one.duty)
    lead = reference.units.get(duty.lead) if duty else None
    return Option(
        one.duty, one.text, "・".join(said for said in (duty.name if duty else "", lead.short if lead else "") if said)
    )


def _more(typed: Typed, errors: Mapping[str, str]) -> tuple[Field, ...]:
    chosen = typed.get("source_channel") or CHANNELS[0]

    def made(name: str, label: str, kind: str = "text", hint: str = "") -> Field:
        return Field(name, _(label), kind, typed.get(name), _(hint) if hint else "", error=errors.get(name, ""))

    return (
        Field(
            "source_channel",
            _("来源"),
            "select",
            options=tuple(Option(one, one, selected=one == chosen) for one in CHANNELS),
        ),
        made("source_number", N_("来源编号"), hint=N_("有就写，回访时对得上。")),
        Field(
            "source_due_at",
            _("来源要求的期限"),
            "datetime",
            typed.get("source_due_at"),
            _("比清单早就按它，提前一点到期。"),
            error=errors.get("source_due_at", ""),
        ),
        made("callback_required", N_("来源要求回访"), "checkbox"),
        made("reporter_name", N_("来访人怎么称呼")),
        made("reporter_phone", N_("来访人电话"), hint=N_("只有经办人看得见。")),
        made("occurred_at", N_("什么时候发生的"), "datetime"),
    )
