"""What waits for a decision of the desk, a pane each: their counts stand in the headings."""

from collections.abc import Mapping
from uuid import UUID

from dispatch.domain.turn import ZONE, Turn
from dispatch.steps.deciding import Decision
from dispatch.steps.desk_board import DeskView
from dispatch.steps.lists import Item
from dispatch.web import words
from dispatch.web.common import times
from dispatch.web.common.units import full_name
from dispatch.web.desk.candidates import WHY
from dispatch.web.desk.panes import ended, pane
from dispatch.web.i18n import N_, _
from dispatch.web.lists.rows import title_of
from dispatch.web.models.desk import Candidates, DeskItem, DeskPane
from dispatch.web.models.parts import ActionButton, Span, spans

#: kinds of requests that are decided by an act of the same name
DECIDED = {
    "extension": "decide-extension",
    "cancel": "decide-cancel",
    "objection": "decide-objection",
    "review": "decide-review",
    "consult": "decide-consult",
}
ASKED = {
    "extension": N_("申请延期"),
    "hold": N_("申请挂账，等领导签批"),
    "cancel": N_("申请撤哨"),
    "objection": N_("对评价提异议"),
    "review": N_("两次退回，请复核"),
    "consult": N_("请求会商"),
    "transfer": N_("等对方街道接收"),
}


def unmatched(
    view: DeskView, turn: Turn, reasons: Mapping[UUID, str], opened: Mapping[UUID, Candidates], *, whole: bool = False
) -> DeskPane:
    """没匹配上: the suspected emergencies first, none left out, and the opened one first of its kind."""
    rows = sorted(view.at_desk, key=lambda item: (not urgent(item, reasons), item.id not in opened))
    first = sum(1 for item in rows if urgent(item, reasons) or item.id in opened)
    items = [_unmatched_item(item, turn, reasons, opened.get(item.id)) for item in rows]
    clocks = [item.clock for item in view.at_desk if item.clock is not None and item.clock.remaining is not None]
    note = ""
    if clocks:
        oldest = max(clocks, key=lambda clock: clock.total - (clock.remaining or 0))
        used = times.length(oldest, oldest.total - (oldest.remaining or 0))
        note = _("最久的等了 %(used)s・派单时限 %(limit)s", used=used, limit=times.length(oldest, oldest.total))
    count = view.counts.get("at-desk", 0)
    return pane("unmatched", _("没匹配上"), note, items, count, whole=whole, least=first)


def urgent(item: Item, reasons: Mapping[UUID, str]) -> bool:
    """Whether it may be an emergency: said to be one, or in danger words."""
    return item.kind == "emergency" or item.danger or reasons.get(item.id, "").startswith("danger:")


def _unmatched_item(item: Item, turn: Turn, reasons: Mapping[UUID, str], chosen: Candidates | None) -> DeskItem:
    code = reasons.get(item.id, "").removeprefix("danger:")
    notes = [] if chosen else [_(WHY.get(code, N_("等您派单")))]
    if item.kind == "emergency":
        notes.append(_("%(at)s 已转应急值班", at=f"{item.received_at.astimezone(ZONE):%H:%M}"))
    return DeskItem(
        title=f"{item.street_name}：{title_of(item)}" if chosen else title_of(item),
        url=f"/w/{item.number}" if chosen else f"/desk?open={item.number}#unmatched",
        number="" if chosen else str(item.number),
        note=_("；").join(notes),
        lamp=times.lamp_of(item.clock),
        time=times.time_of(item.clock, turn, due=()),
        badge=_("疑似紧急") if urgent(item, reasons) else "",
        candidates=chosen,
        open=chosen is not None,
    )


def hand_backs(view: DeskView, turn: Turn, opened: UUID | None, *, whole: bool = False) -> DeskPane:
    """退单待裁定: the first, or the one asked for, opened."""
    rows = [one for one in view.decisions if one.request["kind"] == "hand-back"]
    known = {one.item.id for one in rows}
    chosen = opened if opened in known else (rows[0].item.id if rows else None)
    rows.sort(key=lambda one: one.item.id != chosen)
    items = [_hand_back(one, turn, one.item.id == chosen) for one in rows]
    count = view.pending.get("hand-back", 0)
    return pane("hand-backs", _("退单待裁定"), _("原单位的钟照走，直到裁定"), items, count, whole=whole)


def _hand_back(one: Decision, turn: Turn, opened: bool) -> DeskItem:
    item, data = one.item, one.request["data"]
    unit = full_name(one.request["unit"], turn)
    meant = _("应由：%(unit)s", unit=full_name(data["to"], turn)) if data.get("to") else _("没有写应由谁办")
    said: tuple[Span, ...] = ()
    actions: tuple[ActionButton, ...] = ()
    if opened:
        clause = _("条款 %(clause)s。", clause=data["clause"]) if data.get("clause") else ""
        said = spans(_("理由：%(reason)s", reason=ended(data.get("reason"))), clause, meant, _("。"))
        url, which = f"/w/{item.number}/do/rule", f"next=/desk&request={one.request['id']}"
        actions = (
            ActionButton("rule", words.button("rule", "yes"), f"{url}-yes?{which}", needs_fields=True),
            ActionButton("rule", words.button("rule", "no"), f"{url}-no?{which}", needs_fields=True),
        )
    return DeskItem(
        title=_("%(unit)s 退「%(title)s」", unit=unit, title=title_of(item)),
        url=f"/w/{item.number}" if opened else f"/desk?open={item.number}#hand-backs",
        note="" if opened else meant,
        text=said,
        lamp=times.lamp_of(item.clock),
        time=times.time_of(item.clock, turn, due=()),
        actions=actions,
        open=opened,
    )


def requests(view: DeskView, turn: Turn, *, whole: bool = False) -> DeskPane:
    """其他待批: extensions, cancellations, objections. What waits for a leader (a hold), or for another street, is only
    shown."""
    rows = [one for one in view.decisions if one.request["kind"] in ASKED]
    items = [_request(one, turn, view.late_extensions) for one in rows]
    count = sum(view.pending.get(kind, 0) for kind in ASKED)
    return pane("requests", _("其他待批"), _("复核、延期、挂账、撤哨、异议、会商"), items, count, whole=whole)


def _request(one: Decision, turn: Turn, often: Mapping[str, int]) -> DeskItem:
    item, kind = one.item, one.request["kind"]
    who = full_name(one.request["unit"], turn) if one.request["unit"] else item.street_name
    decide = DECIDED.get(kind)
    times_late = often.get(one.request["unit"] or "", 0)
    late = _("，临期才申请，今年第 %(n)s 次", n=times_late) if one.request["data"].get("late") else ""
    link = ActionButton("see", _("去批"), f"/w/{item.number}", needs_fields=True) if decide else None
    return DeskItem(
        title=f"{who} {_(ASKED[kind])}{late}",
        url=f"/w/{item.number}",
        text=spans(title_of(item)),
        lamp=times.lamp_of(item.clock),
        time=times.time_of(item.clock, turn, due=()),
        actions=(link,) if link else (),
    )
