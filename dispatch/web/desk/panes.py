"""The panes of the desk, one function each: their counts stand in the headings."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from dispatch.domain import clocks as rules
from dispatch.domain import ladder
from dispatch.domain.case import Case, Clock
from dispatch.domain.clocks import NOTICE, REMIND, StagePolicy
from dispatch.domain.counterparts import counterpart_unit
from dispatch.domain.turn import ZONE, Turn
from dispatch.steps.climbing import Climbing
from dispatch.steps.cover import Uncovered
from dispatch.steps.deciding import Decision
from dispatch.steps.desk_board import DeskView, Supervised
from dispatch.steps.lists import Item
from dispatch.web import say, words
from dispatch.web.chain.page import expected
from dispatch.web.common import times
from dispatch.web.desk.candidates import WHY
from dispatch.web.i18n import N_, _
from dispatch.web.lists.rows import ladder_of, title_of
from dispatch.web.models.desk import Candidates, DeskItem, DeskPane
from dispatch.web.models.parts import ActionButton, Empty, NavItem, Span, TimeLeft, spans, strong

#: so many items stand in a pane; the pane's own page shows them all
MOST = 6
NONE = (N_("现在没有。"), N_("来了会出现在这里。"))
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


def empty() -> Empty:
    """The sentence of an empty pane."""
    return Empty(_(NONE[0]), _(NONE[1]))


def pane(
    name: str, title: str, note: str, items: Sequence[DeskItem], count: int | None = None, *, whole: bool = False
) -> DeskPane:
    """A pane, cut to `MOST` with a link to its own page unless that is where we are (`whole`)."""
    total = len(items) if count is None else max(count, len(items))
    shown = tuple(items) if whole else tuple(items[:MOST])
    url = f"/desk/{name}"
    more = NavItem(_("看全部 %(n)s 件", n=total), url) if total > len(shown) and not whole else None
    return DeskPane(name, str(total), title, note, shown, empty(), "" if whole else url, more)


# ── what waits for a decision ────────────────────────────────────────────────────────────────────
def unmatched(
    view: DeskView, turn: Turn, reasons: Mapping[UUID, str], opened: Mapping[UUID, Candidates], *, whole: bool = False
) -> DeskPane:
    """没匹配上: the suspected emergencies first, then the oldest, opened."""
    rows = sorted(view.at_desk, key=lambda item: (not _urgent(item, reasons), item.id not in opened))
    items = [_unmatched_item(item, turn, reasons.get(item.id, ""), opened.get(item.id)) for item in rows]
    clocks = [item.clock for item in view.at_desk if item.clock is not None and item.clock.remaining is not None]
    note = ""
    if clocks:
        oldest = max(clocks, key=lambda clock: clock.total - (clock.remaining or 0))
        used = times.length(oldest, oldest.total - (oldest.remaining or 0))
        note = _("最久的等了 %(used)s・派单时限 %(limit)s", used=used, limit=times.length(oldest, oldest.total))
    count = view.counts.get("at-desk", 0)
    return pane("unmatched", _("没匹配上"), note, items, count, whole=whole)


def suspected(item: Item, danger: bool) -> bool:
    """Whether it may be an emergency: said to be one, or in danger words."""
    return item.kind == "emergency" or item.danger or danger


def _urgent(item: Item, reasons: Mapping[UUID, str]) -> bool:
    return suspected(item, reasons.get(item.id, "").startswith("danger:"))


def _unmatched_item(item: Item, turn: Turn, reason: str, chosen: Candidates | None) -> DeskItem:
    danger = reason.startswith("danger:")
    code = reason.removeprefix("danger:")
    urgent = suspected(item, danger)
    note = _(WHY.get(code, N_("等您派单")))
    if item.kind == "emergency":
        note += _("；") + _("%(at)s 已转应急值班", at=f"{item.received_at.astimezone(ZONE):%H:%M}")
    return DeskItem(
        title=f"{item.street_name}：{title_of(item)}" if chosen else title_of(item),
        url=f"/w/{item.number}" if chosen else f"/desk?open={item.number}#unmatched",
        number="" if chosen else str(item.number),
        note="" if chosen else note,
        lamp=times.lamp_of(item.clock),
        time=times.time_of(item.clock, turn, due=()),
        badge=_("疑似紧急") if urgent else "",
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
    unit = _unit(one.request["unit"], turn)
    to = _unit(data.get("to"), turn)
    meant = _("应由：%(unit)s", unit=to) if to else _("没有写应由谁办")
    said: tuple[Span, ...] = ()
    actions: tuple[ActionButton, ...] = ()
    if opened:
        clause = _("条款 %(clause)s。", clause=data["clause"]) if data.get("clause") else ""
        said = spans(_("理由：%(reason)s", reason=ended(data.get("reason"))), clause, meant, _("。"))
        url = f"/w/{item.number}/do/rule"
        actions = (
            ActionButton("rule", words.button("rule", "yes"), f"{url}-yes?next=/desk", needs_fields=True),
            ActionButton("rule", words.button("rule", "no"), f"{url}-no?next=/desk", needs_fields=True),
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
    who = _unit(one.request["unit"], turn) or item.street_name
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


# ── what is watched ──────────────────────────────────────────────────────────────────────────────
def supervision(
    view: DeskView,
    turn: Turn,
    cases: Mapping[UUID, Case],
    ordered: Mapping[UUID, datetime],
    *,
    whole: bool = False,
) -> DeskPane:
    """督办单: the time to the notice, and who has not explained in writing."""
    items = [_supervised(one, turn, cases.get(one.item.id), ordered) for one in view.supervised]
    return pane("supervision", _("督办单"), _("到通报还有"), items, max(view.rungs.get(5, 0), len(items)), whole=whole)


def _supervised(one: Supervised, turn: Turn, case: Case | None, ordered: Mapping[UUID, datetime]) -> DeskItem:
    item = one.item
    clock = next((c for c in case.open_clocks() if item.clock and c.id == item.clock.id), None) if case else None
    unit = _unit(counterpart_unit(case, clock) if case and clock else item.lead, turn)
    done = case is not None and clock is not None and ladder.explained(case, clock)
    at = ordered.get(item.clock.id) if item.clock else None
    sent = _("%(at)s 发出，", at=times.moment(at, turn.now)) if at else ""
    who = _("%(unit)s，", unit=unit) if unit else _("等%(stage)s，", stage=words.stage(item.stage or ""))
    text = spans(who, sent, _("已书面说明") if done else strong(_("还没有书面说明")))
    left = None if done or clock is None else _to_notice(clock, turn)
    year = at.astimezone(ZONE).year if at else turn.now.astimezone(ZONE).year
    return DeskItem(
        title=f"{item.street_name} {title_of(item)}",
        url=f"/w/{item.number}",
        number=_("督〔%(year)s〕%(n)s号", year=year, n=one.order) if one.order else "",
        text=text,
        time=left,
        side=_("已说明") if done else ("" if left else _("已通报")),
    )


def _to_notice(clock: Clock, turn: Turn) -> TimeLeft | None:
    """Working time until the notice; None once it is out."""
    at = clock.fires_at
    if at is None or clock.mark not in (REMIND, NOTICE):
        return None
    policy, calendar = StagePolicy.of(clock), turn.district_calendar
    before = ladder.reminders_before_notice(policy, calendar)
    if clock.mark == REMIND and clock.nth > before:
        return None
    rest = 0 if clock.mark == NOTICE else before - clock.nth + 1
    until = calendar.add(at, rules.length(policy.remind, calendar) * rest) if rest else at
    left = calendar.worked(turn.now, until) if until > turn.now else timedelta()
    said = say.time_left(left, "working", day=calendar.day)
    return TimeLeft("", said.figures, said.full)


def arriving(view: DeskView, turn: Turn, *, whole: bool = False) -> DeskPane:
    """今天会到区里: what still stands with the street, and when it comes."""
    items = [_arriving(one, turn) for one in expected(view.coming)]
    return pane("arriving", _("今天会到区里"), _("现在还在街道"), items, whole=whole)


def _arriving(one: Climbing, turn: Turn) -> DeskItem:
    item = one.item
    code = item.clock.unit if item.clock and item.clock.unit else item.lead
    parts = (_unit(code, turn, short=True), item.street_name)
    return DeskItem(
        title=title_of(item),
        url=f"/w/{item.number}",
        text=spans("・".join(part for part in parts if part)),
        side=f"{one.at.astimezone(ZONE):%H:%M}",
        side_strong=True,
        ladder=ladder_of(item, turn),
    )


def vacant(view: DeskView, turn: Turn, *, whole: bool = False) -> DeskPane:
    """没人在岗: emergencies whose unit has nobody on duty, then units with work and nobody to sign for it."""
    items = [_uncovered(one, turn) for one in view.uncovered]
    items += [
        DeskItem(
            title=_("%(unit)s 联络员", unit=one.unit_name),
            text=spans(_("没有联络员，也没有代理人。%(n)s 件待签收，%(all)s 件在办。", n=one.unsigned, all=one.open)),
            actions=(ActionButton("see", _("看它的待办"), f"/queue?unit={one.unit}", needs_fields=True),),
            open=True,
        )
        for one in view.vacant
    ]
    return pane("vacant", _("没人在岗"), _("哨到了，没人接"), items, whole=whole)


def _uncovered(one: Uncovered, turn: Turn) -> DeskItem:
    """An emergency's clock runs and nobody is there: whom of the unit it was told, and until when they are expected."""
    seat = turn.reference.people.seats.get(one.next_seat or "")
    told = _("已通知%(who)s。", who=f"{one.unit_name}{seat.position}") if seat else _("上面的岗位也没有人。")
    wanted = N_("%(at)s前要到场，") if one.stage == "reported" else N_("%(at)s前要办好，")
    due = _(wanted, at=times.moment(one.due_at, turn.now)) if one.due_at else ""
    return DeskItem(
        title=_("%(unit)s：%(number)s", unit=one.unit_name, number=one.number),
        url=f"/w/{one.number}",
        text=spans(due, strong(_("没有人在岗")), _("；"), told),
        badge=_("紧急"),
        actions=(ActionButton("see", _("去看"), f"/w/{one.number}", needs_fields=True),),
        open=True,
    )


def absent(view: DeskView, turn: Turn, *, whole: bool = False) -> DeskPane:
    """协办没到就报结: what the lead says is done though assisting units never came, and why."""
    items = [
        DeskItem(
            title=f"{one.item.street_name} {title_of(one.item)}",
            url=f"/w/{one.item.number}",
            number=str(one.item.number),
            text=spans(
                _("%(units)s没报到。", units=_("、").join(_unit(code, turn, short=True) for code in one.units)),
                _("理由：%(reason)s", reason=ended(one.reason)),
            ),
        )
        for one in view.absent
    ]
    return pane("absent", _("协办没到就报结"), _("街道核查前可以再看一眼"), items, whole=whole)


def _unit(code: object, turn: Turn, *, short: bool = False) -> str:
    found = turn.reference.units.get(str(code)) if code else None
    if found is None:
        return str(code or "")
    return found.short if short else found.name


def ended(text: object) -> str:
    """A sentence with its full stop; an erased one is said."""
    said = str(text).strip() if text else _("（已按规定清除）")
    return said if said.endswith(("。", "！", "？", ".", "!", "?")) else said + "。"
