"""本单位负荷: how much a unit carries, of what, from where and with whom, beside the median of the units like it."""

from collections.abc import Callable, Mapping, Sequence

from fastapi import Request

from dispatch.domain.reference import Reference
from dispatch.steps.sign_in import Visit
from dispatch.steps.unit_load import FIGURES, UnitLoad, unit_load
from dispatch.store.queue_load import MOST, Share
from dispatch.web.common.frame import LOAD, build_frame
from dispatch.web.deps import deps_of
from dispatch.web.i18n import _
from dispatch.web.liaison.queue import PATH, unit_of
from dispatch.web.lists.address import Address
from dispatch.web.models.load import LoadFigure, LoadPage, LoadRow, LoadTable
from dispatch.web.models.parts import Empty

#: the filter of the queue that shows what a figure counts; what falls due later today has none of its own
_WAYS: Mapping[str, Mapping[str, str]] = {"open": {}, "late": {"lamp": "red"}, "unsigned": {"part": "assigned"}}


async def load_page(request: Request, visit: Visit) -> LoadPage:
    """The page. Raises `Forbidden`, `NotFound`, `Unavailable`."""
    service = deps_of(request).service
    reference = service.rules.of(visit.actor.district or "")
    asked = Address.of(LOAD, request.query_params.multi_items(), ("unit",))
    found = await unit_load(service, visit.actor, unit_of(visit, reference, asked).code)
    own = found.unit.code == visit.actor.unit
    queue = Address(PATH, {} if own else {"unit": found.unit.code})
    heading = _("%(unit)s・负荷", unit=found.unit.short)
    return LoadPage(
        frame=build_frame(request, visit, heading, current=LOAD if own else PATH, phone_title=heading, now=found.as_of),
        heading=heading,
        note=_note(found),
        figures=_figures(found, queue),
        tables=_tables(found, reference, queue),
        queue_url=queue.here,
        empty=Empty(_("没有要您单位办的。"), _("有新的哨，会算在这里。")),
    )


def _note(found: UnitLoad) -> str:
    said = _("只算主办和协办；知会的不算，没有单位接手的紧急件除外。")
    if found.medians:
        said += _("中位数是另外 %(n)s 个同类单位的，只作参考，不是评价。", n=found.others)
    if found.carried.more:
        said += _("在办超过 %(most)s 件，只数了最先到期的 %(most)s 件。", most=MOST)
    return said


def _figures(found: UnitLoad, queue: Address) -> tuple[LoadFigure, ...]:
    whole = found.carried.whole
    labels = {"open": _("在办"), "late": _("已逾期"), "today": _("今天还要到期"), "unsigned": _("待签收")}
    made = [
        LoadFigure(
            labels[name],
            str(getattr(whole, name)),
            _("中位数 %(n)s", n=f"{found.medians[name]:g}") if found.medians else "",
            queue.to(**_WAYS[name]) if name in _WAYS else "",
        )
        for name in FIGURES
    ]
    made.append(LoadFigure(_("在协办"), str(whole.assist), "", queue.to(role="assist")))
    made.append(LoadFigure(_("已挂账"), str(whole.hold), "", queue.to(status="on-hold")))
    return (*made, LoadFigure(_("钟停着"), str(whole.resting), ""))


def _tables(found: UnitLoad, reference: Reference, queue: Address) -> tuple[LoadTable, ...]:
    def category(code: str | None) -> str:
        duty = reference.duties.get(code) if code else None
        return f"{code} {duty.name}" if duty else code or _("未分类")

    def street(code: str | None) -> str:
        node = reference.tree.get(code) if code else None
        return node.name if node else code or ""

    people = tuple(
        LoadRow(found.names.get(one.code or "", one.code or "") or _("还没人签收"), *_counts(one))
        for one in sorted(found.carried.persons, key=lambda one: (one.code is None, one.code or ""))
    )
    signed = _("谁签收的算谁的，按人的编号排，不按件数排。")
    tables = (
        LoadTable(_("按类别"), _("类别"), _rows(found.carried.categories, "category", category, queue)),
        LoadTable(_("按街道"), _("哪个街道"), _rows(found.carried.streets, "street", street, queue)),
        LoadTable(_("按签收的人"), _("谁签收的"), people, signed),
    )
    return tuple(table for table in tables if table.rows)


def _rows(
    shares: Sequence[Share], name: str, words: Callable[[str | None], str], queue: Address
) -> tuple[LoadRow, ...]:
    """The most first."""
    ordered = sorted(shares, key=lambda one: (-one.open, one.code or "~"))
    return tuple(
        LoadRow(
            words(one.code),
            *_counts(one),
            queue.to(**{name: one.code}) if one.code else "",
            queue.to(**{name: one.code, "lamp": "red"}) if one.code and one.late else "",
        )
        for one in ordered
    )


def _counts(share: Share) -> tuple[str, str, str]:
    return str(share.open), str(share.late), str(share.today)


__all__ = ["load_page"]
