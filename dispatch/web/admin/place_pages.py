"""What the pages of the tree show: a place, its seats and who holds them, what is below it, and what may be changed."""

from collections.abc import Sequence
from datetime import date, datetime
from urllib.parse import quote, urlencode

from dispatch.domain.reference import Reference
from dispatch.domain.tree import Node
from dispatch.domain.turn import ZONE
from dispatch.domain.units import Holding, Seat
from dispatch.steps import amended
from dispatch.web.admin.pages import TREE, UNITS, person_url, seat_url
from dispatch.web.i18n import N_, _
from dispatch.web.models.manage import ManageForm, ManageRow, ManageSection
from dispatch.web.models.parts import ActionButton, Empty, Field, Hidden, NavItem, Option, link, spans

NAME, ADD, END, DOORS = (f"{TREE}/{what}" for what in ("name", "add", "end", "doors"))
#: doors are printed for a community and for what is in it
MOST_DOORS = 3
KINDS = {
    "district": N_("区"),
    "street": N_("街道"),
    "township": N_("乡镇"),
    "community": N_("社区"),
    "village": N_("村"),
    "compound": N_("小区"),
    "grid": N_("网格"),
    "building": N_("楼栋"),
    "lane": N_("街巷"),
    "point": N_("点位"),
}


def place_url(code: str) -> str:
    """The page of a place."""
    return f"{TREE}?" + urlencode({"at": code})


def unit_url(code: str) -> str:
    """The page of a unit."""
    return f"{UNITS}/{quote(code)}"


def seats_section(reference: Reference, seats: Sequence[Seat], now: datetime, *, codes: bool = False) -> ManageSection:
    """Seats with who holds them today; with their `codes` where these are typed on the same page."""
    day = now.astimezone(ZONE).date()

    def row(seat: Seat) -> ManageRow:
        held = [one for one in reference.people.by_seat.get(seat.code, ()) if one.covers(day)]
        names = "、".join(called(reference, one) for one in held) or _("空着")
        change = ActionButton("manage", _("换人"), seat_url(seat.code), method="get")
        known = " ".join((_("工号"), *(one.person for one in held))) if codes and held else ""
        return ManageRow(seat.position, names, known, actions=() if seat.post == "rota" else (change,))

    return ManageSection(_("岗位和现任"), rows=tuple(row(seat) for seat in seats), empty=Empty(_("没有岗位")))


def called(reference: Reference, held: Holding) -> str:
    """A holder's name; the code where it is not known."""
    person = reference.people.persons.get(held.person)
    return person.name if person else held.person


def place_sections(reference: Reference, node: Node, now: datetime, given: dict[str, str]) -> list[ManageSection]:
    """Everything about one place; `given` is what was typed and refused (with a `kind`: to add one below)."""
    seats = [seat for seat in reference.people.seats.values() if seat.node == node.code]
    parts = [_about(reference, node), seats_section(reference, seats, now)]
    if below := reference.tree.children(node.code):
        parts.append(_below(reference, below))
    parts += _forms(reference, node, given)
    return parts


def _about(reference: Reference, node: Node) -> ManageSection:
    above = [one for one in reversed(reference.tree.ancestors(node.code)) if one.code != node.code]
    way = [part for one in above for part in (link(one.name, place_url(one.code)), " › ")]
    note = spans(*way, _("%(kind)s，代码 %(code)s", kind=_(KINDS[node.kind]), code=node.code))
    units = [unit for unit in reference.units.all if unit.place == node.code]
    rows = tuple(ManageRow(unit.name, _("这里的单位"), unit.code, href=unit_url(unit.code)) for unit in units)
    links = (NavItem(_("打印门牌码"), f"{DOORS}?" + urlencode({"at": node.code})),) if node.level <= MOST_DOORS else ()
    return ManageSection(node.name, note, rows, links=links)


def doors(reference: Reference, node: Node) -> list[Node]:
    """The doors of a place: itself, and all below it that is no automatic grid or point."""
    below = [one for one in reference.tree.children(node.code) if not one.general]
    return [node, *(each for one in below for each in doors(reference, one))]


def _below(reference: Reference, below: Sequence[Node]) -> ManageSection:
    def row(node: Node) -> ManageRow:
        inside = len(reference.tree.children(node.code))
        note = _("下面 %(n)s 处", n=inside) if inside else ""
        kind = _(KINDS[node.kind])
        return ManageRow(
            node.name, note, f"{kind}・{node.code}", _("自动") if node.general else "", place_url(node.code)
        )

    return ManageSection(_("下一级"), rows=tuple(row(node) for node in below), count=str(len(below)))


def _forms(reference: Reference, node: Node, given: dict[str, str]) -> list[ManageSection]:
    if node.general or node.kind in ("building", "point"):
        note = spans(_("楼栋跟着小区的楼栋数走，公共网格和点位是自动的，不在这里改。"))
        return [ManageSection(_("改这里"), note)]
    at = Hidden("node", node.code)
    own = {} if "kind" in given else given
    fields: tuple[Field, ...] = (Field("name", _("名称"), value=own.get("name", node.name), required=True),)
    if node.kind == "compound":
        count = sum(one.kind == "building" for one in reference.tree.children(node.code))
        buildings = own.get("buildings", str(count))
        fields = (*fields, Field("buildings", _("楼栋数"), "number", buildings, hint=_("从 1号楼 编到最后一栋")))
    parts = [
        ManageSection(_("改名称"), forms=(ManageForm(NAME, _("保存"), fields, (at,), primary=False, proven=True),))
    ]
    if kinds := amended.kinds_below(node.kind):
        parts.append(ManageSection(_("加一处下级"), forms=(_adding(node, kinds, given if "kind" in given else {}),)))
    if node.parent is not None:
        note = spans(_("下面没有别的、没有没办完的哨，才能撤；撤了以后，过去的哨照样查得到。"))
        sure = Field("sure", _("确定撤掉%(name)s", name=node.name), "checkbox")
        parts.append(
            ManageSection(
                _("撤掉"), note, forms=(ManageForm(END, _("撤掉"), (sure,), (at,), primary=False, proven=True),)
            )
        )
    return parts


def _adding(node: Node, kinds: Sequence[str], given: dict[str, str]) -> ManageForm:
    options = tuple(Option(kind, _(KINDS[kind]), selected=kind == given.get("kind", kinds[0])) for kind in kinds)
    fields: list[Field] = [
        Field("kind", _("是什么"), "select", options=options),
        Field("code", _("代码"), value=given.get("code", ""), required=True,
              hint=_("D03 这样的短码，接在上级代码后面；或统计用的整码")),
        Field("name", _("新的名称"), value=given.get("name", ""), required=True),
    ]  # fmt: skip
    if "compound" in kinds:
        fields.append(Field("buildings", _("楼栋数"), "number", given.get("buildings", ""), hint=_("只对小区")))
    return ManageForm(ADD, _("加上"), tuple(fields), (Hidden("node", node.code),), primary=False, proven=True)


def seat_sections(reference: Reference, seat: Seat, now: datetime, given: dict[str, str]) -> list[ManageSection]:
    """Who held a seat from when to when, and the form for the next one."""
    day = now.astimezone(ZONE).date()
    held = sorted(reference.people.by_seat.get(seat.code, ()), key=lambda one: one.since, reverse=True)
    rows = tuple(_term(reference, one, day) for one in held)
    note = spans(_("新的人任职起那天，原来的人就止任；几个人共用的岗位，各任各的。要止任，写他的工号和任职止。"))
    fields = (
        Field("code", _("工号"), value=given.get("code", ""), required=True),
        Field("name", _("姓名"), value=given.get("name", ""), hint=_("新来的人要填；已有的人可以不填")),
        Field("since", _("任职起"), "date", given.get("since", ""), hint=_("不填，就从今天起，或照原来的")),
        Field("until", _("任职止"), "date", given.get("until", ""), hint=_("不填，就没有期限；这一天起不再任")),
    )
    form = ManageForm(seat_url(seat.code), _("保存"), fields, proven=True)
    back = unit_url(seat.unit) if seat.unit else place_url(seat.node or "")
    return [
        ManageSection(_("换人或止任"), note, forms=(form,), links=(NavItem(_("回到上一页"), back),)),
        ManageSection(_("历任"), rows=rows, empty=Empty(_("还没有人任过")), count=str(len(rows))),
    ]


def _term(reference: Reference, one: Holding, day: date) -> ManageRow:
    term = _("%(since)s 起任职，%(until)s 起不再任", since=one.since, until=one.until) if one.until else ""
    term = term or _("%(since)s 起任职", since=one.since)
    state = _("现任") if one.covers(day) else _("还没到") if one.since > day else ""
    return ManageRow(called(reference, one), term, one.person, state, person_url(one.person))
