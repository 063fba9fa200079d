"""What the pages of units show: who is on duty now, hours, deputies and rota, and what may be changed."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, get_args

from dispatch.domain import cover
from dispatch.domain.reference import Reference, unit_seat
from dispatch.domain.turn import ZONE
from dispatch.domain.units import Shift, Unit, UnitType
from dispatch.web import say
from dispatch.web.admin.pages import UNITS
from dispatch.web.admin.place_pages import place_url, seats_section, unit_url
from dispatch.web.i18n import N_, _
from dispatch.web.models.manage import ManageForm, ManageRow, ManageSection
from dispatch.web.models.parts import Field, NavItem, Option, spans, strong

TYPES = {
    "department": N_("部门"),
    "vertical": N_("垂直管理部门"),
    "utility": N_("公用企业"),
    "street": N_("街道的队伍"),
    "community": N_("社区的单位"),
    "relay": N_("转办席"),
}
assert set(TYPES) == set(get_args(UnitType))


def units_section(
    reference: Reference, calendars: Mapping[str, Any], now: datetime, away: Collection[str], *, placed: bool
) -> ManageSection:
    """Units with who is on duty at this moment; `placed`: those of streets and communities, else all others."""
    rows = tuple(
        ManageRow(unit.name, _on_duty(reference, unit, now, away), f"{unit.code}・{_hours(unit, calendars)}",
                  href=unit_url(unit.code))
        for unit in reference.units.all if (unit.place is not None) == placed
    )  # fmt: skip
    other = NavItem(_("部门和企业"), UNITS) if placed else NavItem(_("街道和社区的单位"), f"{UNITS}?placed=1")
    note = spans(_("现在（%(at)s）谁在岗，照作息、请假和值班表算出来。", at=say.moment(now, now, ZONE)))
    return ManageSection(_("单位和现在在岗的人"), note, rows, links=(other,), count=str(len(rows)))


def _on_duty(reference: Reference, unit: Unit, now: datetime, away: Collection[str]) -> str:
    code = cover.on_duty(reference, unit.code, now, away)
    if code is not None:
        return _("%(name)s在岗", name=_name(reference, code))
    return _("现在应有人，却没有人在岗") if cover.expected(reference, unit.code, now) else _("下班了，没有值班")


def _name(reference: Reference, code: str) -> str:
    person = reference.people.persons.get(code)
    return person.name if person else code


def _hours(unit: Unit, calendars: Mapping[str, Any]) -> str:
    hours = calendars.get(unit.calendar, unit.calendar)
    return f"{hours}・{_('全天有人值守')}" if unit.duty else str(hours)


def unit_sections(
    reference: Reference,
    unit: Unit,
    calendars: Mapping[str, Any],
    now: datetime,
    away: Collection[str],
    rota: str | None,
    given: Mapping[str, str] | None = None,
) -> list[ManageSection]:
    """Everything about one unit; `rota` and `given` are what was typed, None: what stands."""
    seats = [seat for seat in reference.people.seats.values() if seat.unit == unit.code]
    shifts = [shift for shift in reference.rota if shift.unit == unit.code]
    change = ManageForm(
        unit_url(unit.code), _("保存"), unit_fields(given or _as_given(unit), calendars), primary=False, proven=True
    )
    parts = [
        _about(reference, unit, calendars, now, away),
        seats_section(reference, seats, now, codes=True),
        _rota(reference, unit, shifts, now, away, rota),
        ManageSection(_("名称和作息"), spans(_("改了作息，以后起算的时限照新的；已经起算的不变。")), forms=(change,)),
    ]
    if unit.place is None:
        note = spans(_("权责清单里没有它、没有没办完的哨，才能撤；撤了以后，过去的哨照样查得到。"))
        sure = Field("sure", _("确定撤掉%(name)s", name=unit.name), "checkbox")
        form = ManageForm(f"{unit_url(unit.code)}/end", _("撤掉"), (sure,), primary=False, proven=True)
        parts.append(ManageSection(_("撤掉"), note, forms=(form,)))
    return parts


def _about(
    reference: Reference, unit: Unit, calendars: Mapping[str, Any], now: datetime, away: Collection[str]
) -> ManageSection:
    note = spans(
        strong(_on_duty(reference, unit, now, away)), "・", f"{_(TYPES[unit.type])}・{_hours(unit, calendars)}"
    )
    links = [NavItem(_("全部单位"), UNITS), NavItem(_("请假"), "/leave")]
    if unit.place is not None:
        links.insert(0, NavItem(_("看它的属地"), place_url(unit.place)))
    deputy = reference.people.holder(unit_seat(unit.code, "deputy"), now.astimezone(ZONE).date())
    if deputy is not None:
        note += spans(_("。联络员请假时由%(name)s代。", name=deputy.name))
    return ManageSection(unit.name, note, links=tuple(links))


def _rota(
    reference: Reference,
    unit: Unit,
    shifts: Sequence[Shift],
    now: datetime,
    away: Collection[str],
    typed: str | None,
) -> ManageSection:
    on_duty = cover.on_duty(reference, unit.code, now, away)
    rows = tuple(
        ManageRow(f"{shift.first:%H:%M}-{shift.last:%H:%M}", "、".join(_name(reference, code) for code in shift.people),
                  _("从 %(since)s 起每天一人轮流", since=shift.since),
                  _turn(reference, shift, on_duty) if cover.on_shift(shift, now) else "")
        for shift in shifts
    )  # fmt: skip
    stands = "\n".join(
        " ".join((f"{shift.first:%H:%M}-{shift.last:%H:%M}", str(shift.since), *shift.people)) for shift in shifts
    )
    hint = _("一班一行：时段、从哪天起轮、各人工号，用空格隔开，如 18:00-08:30 2026-01-01 A01 A02；清空就是不值班")
    field = Field("rota", _("值班表"), "textarea", stands if typed is None else typed, hint)
    form = ManageForm(f"{unit_url(unit.code)}/rota", _("保存值班表"), (field,), primary=False, proven=True)
    note = spans(_("下班以后的险情找值班的人；全天值守的单位没有人，会马上提醒调度台。"))
    return ManageSection(_("值班"), note, rows, forms=(form,))


def _turn(reference: Reference, shift: Shift, on_duty: str | None) -> str:
    """Who really takes a shift that runs: the one whose turn it is, who stands in for them, or nobody."""
    if on_duty is None:
        return _("现在应有人，却没有人在岗")
    name = _name(reference, on_duty)
    return _("现在轮到%(name)s", name=name) if on_duty in shift.people else _("%(name)s在岗", name=name)


def unit_fields(given: Mapping[str, str], calendars: Mapping[str, Any]) -> tuple[Field, ...]:
    """Names and hours."""
    options = tuple(Option(code, name, selected=code == given.get("calendar")) for code, name in calendars.items())
    return (
        Field("name", _("名称"), value=given.get("name", ""), required=True),
        Field("short", _("简称"), value=given.get("short", ""), hint=_("列表里用，两三个字")),
        Field("calendar", _("作息"), "select", options=options),
        Field("duty", _("全天有人值守"), "checkbox", given.get("duty", "")),
    )


def _as_given(unit: Unit) -> Mapping[str, str]:
    return {"name": unit.name, "short": unit.short, "calendar": unit.calendar, "duty": "1" if unit.duty else ""}


def new_section(calendars: Mapping[str, Any], given: Mapping[str, str]) -> ManageSection:
    """The form for one more unit; `given` is what was typed and refused."""
    listed = ("department", "vertical", "utility", "relay")
    kinds = tuple(Option(kind, _(TYPES[kind]), selected=kind == given.get("type")) for kind in listed)
    hint = _("2 到 6 个大写字母，以后不改")
    fields = (
        Field("code", _("代码"), value=given.get("code", ""), hint=hint, required=True),
        *unit_fields(given, calendars),
        Field("type", _("是哪类"), "select", options=kinds),
    )
    note = spans(_("加上以后，在权责清单里写上它，才会派给它。"))
    return ManageSection(
        _("加一个单位"), note, forms=(ManageForm(f"{UNITS}/add", _("加上"), fields, primary=False, proven=True),)
    )
