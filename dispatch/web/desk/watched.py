"""What the desk watches, a pane each: their counts stand in the headings."""

from collections.abc import Mapping
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
from dispatch.steps.desk_board import DeskView, Supervised
from dispatch.web import say, words
from dispatch.web.chain.page import expected
from dispatch.web.common import times
from dispatch.web.common.units import full_name
from dispatch.web.desk.panes import ended, pane
from dispatch.web.i18n import N_, _
from dispatch.web.lists.rows import ladder_of, title_of
from dispatch.web.models.desk import DeskItem, DeskPane
from dispatch.web.models.parts import ActionButton, TimeLeft, spans, strong


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
    late = counterpart_unit(case, clock) if case and clock else item.lead
    done = case is not None and clock is not None and ladder.explained(case, clock)
    at = ordered.get(item.clock.id) if item.clock else None
    sent = _("%(at)s 发出，", at=times.moment(at, turn.now)) if at else ""
    who = (
        _("%(unit)s，", unit=full_name(late, turn)) if late else _("等%(stage)s，", stage=words.stage(item.stage or ""))
    )
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
    parts = (turn.unit_name(code) if code else "", item.street_name)
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
                _("%(units)s没报到。", units=_("、").join(turn.unit_name(code) for code in one.units)),
                _("理由：%(reason)s", reason=ended(one.reason)),
            ),
        )
        for one in view.absent
    ]
    return pane("absent", _("协办没到就报结"), _("街道核查前可以再看一眼"), items, whole=whole)
