"""The whistle page, put together for the person who looks at it."""

from collections.abc import Sequence
from dataclasses import replace

from fastapi import Request

from dispatch.domain import permissions
from dispatch.domain.case import ENDED, ON_HOLD, Actor
from dispatch.domain.clocks import DISPATCH, HOLD, RULING
from dispatch.domain.ladder import owner_seats
from dispatch.domain.turn import ZONE, Turn
from dispatch.steps import why as why_step
from dispatch.steps.shown import ClockView
from dispatch.steps.sign_in import Visit
from dispatch.steps.view import WhistleView
from dispatch.store.timeline import Relative
from dispatch.web import say, words
from dispatch.web.common.frame import build_frame, level_of, places
from dispatch.web.common.ladders import ladder_clock, large_ladder
from dispatch.web.common.paths import path_of
from dispatch.web.common.times import ends, lamp_of, ruler_of, time_of
from dispatch.web.common.why import why_text
from dispatch.web.deps import deps_of
from dispatch.web.i18n import _
from dispatch.web.lists.labels import state_of
from dispatch.web.live.address import events_of
from dispatch.web.models.frame import Frame
from dispatch.web.models.parts import Ladder, Lamp, NavItem, Notice, Ruler, Span, Text, link, spans, strong
from dispatch.web.models.whistle import Expectation, WhistlePage, Why, WhyDeadline
from dispatch.web.whistle import replies
from dispatch.web.whistle.barred import barred
from dispatch.web.whistle.buttons import asked, buttons
from dispatch.web.whistle.clock_rows import clock_rows
from dispatch.web.whistle.deadline import seat_words, why_deadline
from dispatch.web.whistle.expecting import Expected, street_of
from dispatch.web.whistle.meetings import meetings
from dispatch.web.whistle.reader import expected
from dispatch.web.whistle.told import photos_of, timeline
from dispatch.web.whistle.who import who

#: 来源: where a whistle may come from; the first is the street's own eyes
CHANNELS = ("主动发现", "12345", "网格巡查", "领导批示", "群众来访", "网上提议")


async def whistle_page(
    request: Request, visit: Visit, view: WhistleView, turn: Turn, notices: Sequence[Notice] = ()
) -> WhistlePage:
    """The page. Raises `Unavailable`."""
    actor = visit.actor
    level = level_of(actor, turn.reference)
    what = expected(view, actor, turn, level)
    number = str(view.number)
    home = places(actor, level)[1 if actor.role == permissions.CLERK else 0]
    title, ladder = _ladder(view, what.clock, turn)
    return WhistlePage(
        frame=_frame(request, visit, view, turn, home[1], notices),
        number=number,
        paper_number=say.paper_number(number),
        title=view.title,
        place=_place(view, turn),
        meta=_meta(view),
        crumbs=(NavItem(_(home[0]), home[1]),),
        expectation=_expectation(view, what, actor, turn),
        ladder_title=title,
        ladder=ladder,
        timeline=timeline(view, turn),
        who=who(view, turn),
        clocks=clock_rows(view, turn),
        why=_why(view, actor, turn),
        deadline=await _deadline(request, visit, view, what.clock, turn),
        body=view.body if view.body.strip() != view.title.strip() else "",
        before=photos_of(view, turn, "raised", "arrived"),
        after=photos_of(view, turn, "resolved", "verified"),
        who_empty=_("还没有派给单位。") if view.status in ("raised", "at-desk") else _("没有派给任何单位。"),
        related=_related(view),
        contact=_contact(view),
        contact_url=f"/w/{number}/reporter" if view.reporter else "",
        meetings=meetings(view, turn),
        sealed=view.sealed,
        reply=replies.latest(view),
        reply_copy=replies.for_hotline(view, turn),
    )


def _frame(
    request: Request, visit: Visit, view: WhistleView, turn: Turn, home: str, notices: Sequence[Notice]
) -> Frame:
    title = _("哨 %(number)s", number=str(view.number))
    return build_frame(
        request,
        visit,
        title,
        current=home,
        back=home,
        phone_title=title,
        task=True,
        events=events_of("all", turn.now, whistle=view.number),
        notices=notices,
        now=turn.now,
    )


def _place(view: WhistleView, turn: Turn) -> str:
    """The path of the place, with the address that was written."""
    path = path_of(view.place.code if view.place else None, turn.reference)
    return f"{path}・{view.address}" if view.address else path


def _contact(view: WhistleView) -> str:
    """来访人, masked, and when it happened; the view leaves the person out for those who have no use for it."""
    said = view.reporter or {}
    person = " ".join(str(said[key]) for key in ("name", "phone") if said.get(key))
    parts = [_("来访人 %(who)s", who=person)] if person else []
    if view.occurred_at is not None:
        parts.append(_("发生在 %(at)s", at=say.moment(view.occurred_at, view.as_of, ZONE)))
    return "・".join(parts)


def _meta(view: WhistleView) -> str:
    parts = [view.category_name or _("没有类别"), words.KINDS.get(view.kind, view.kind)]
    parts[1] = _(parts[1])
    source = view.source or {}
    if source.get("channel"):
        handed = source.get("number") and source["channel"] != CHANNELS[0]
        parts.append(_("%(channel)s 转来", channel=source["channel"]) if handed else source["channel"])
    if source.get("callback_required"):
        parts[-1] += _("，要求回访")
    return "・".join(parts)


def _expectation(view: WhistleView, what: Expected, actor: Actor, turn: Turn) -> Expectation:
    actions, more = buttons(view, what, actor)
    heading = what.heading or (_("现在要你做的") if what.mine else _("现在不用你做什么"))
    held = view.status == ON_HOLD and what.clock is not None and what.clock.stage == HOLD
    lamp, ruler = lamp_of(what.clock), ruler_of(what.clock, turn)
    time = time_of(what.clock, turn, whole=not held)
    if held and what.clock is not None:
        lamp, ruler = Lamp.HOLD, Ruler(0.0, Lamp.HOLD)
        if time is not None and what.clock.due_at is not None:
            review = strong(ends(what.clock, turn, weekday_too=True))
            time = replace(time, due=spans(review, _(" 复查")))
    return Expectation(
        heading=heading,
        state=state_of(view.case, turn, actor),
        sentence=what.sentence,
        lamp=lamp,
        time=time,
        ruler=ruler,
        actions=actions,
        more=more,
        slip_url=f"/w/{view.number}/slip",
        barred=barred(view),
        asked=asked(view, what, turn),
    )


def _ladder(view: WhistleView, wanted: ClockView | None, turn: Turn) -> tuple[str, Ladder]:
    chosen = ladder_clock(view.clocks, wanted) if view.status not in ENDED else None
    last = max(view.clocks, key=lambda c: (c.rung, c.stage == "handling"), default=None)
    clock = chosen or last
    if clock is None:
        return _("会到谁那里"), Ladder(())
    title = _("到期没办完，会到谁那里") if not clock.rung else _("没人动的时候，走到了哪一级")
    if view.status in ENDED:
        title = _("这件走过的梯子")
    own = view.case.clocks[(clock.stage, clock.unit)]
    return title, large_ladder(view.case, own, clock, turn, view.timeline, ground=_ground(view, clock, turn))


def _ground(view: WhistleView, clock: ClockView, turn: Turn) -> str:
    if view.status in ENDED:
        return _("从头到尾没有往上报")
    lead = next((part.unit_name for part in view.assignments if part.role == "lead"), "")
    if clock.stage in ("verification", "answering"):
        return _("%(street)s在办，没有逾期，没有往上报", street=street_of(view))
    if clock.stage == RULING:
        ruler, *_more = owner_seats(view.case, view.case.clocks[(clock.stage, clock.unit)], turn)
        return _("等%(who)s定，没有逾期", who=seat_words(ruler, turn))
    if clock.stage == DISPATCH:
        return _("区调度台在办，没有逾期")
    if view.kind == "emergency" and lead:
        return _("%(lead)s主办，没有逾期", lead=lead)
    return _("%(lead)s主办，没有逾期，没有往上报", lead=lead) if lead else _("没有逾期")


def _why(view: WhistleView, actor: Actor, turn: Turn) -> Why | None:
    routing = view.routing
    if routing is None or not routing.get("reason"):
        return None
    title = _("为什么派给你") if actor.unit and actor.unit == view.case.lead else _("为什么是他们")
    if view.outcome not in ("dispatch", "self"):
        title = _("为什么是这个去向")
    text = why_text(routing["reason"], routing.get("rule"), turn.reference, note=routing.get("note"))
    say_ = routing.get("say")
    return Why(title, (*text, Span(str(say_))) if say_ else text)


async def _deadline(
    request: Request, visit: Visit, view: WhistleView, clock: ClockView | None, turn: Turn
) -> WhyDeadline | None:
    clock = clock or next((one for one in view.clocks if one.stage == "handling"), None)
    if clock is None or view.archived:  # what is archived says why, and is not here
        return None
    service, actor = deps_of(request).service, visit.actor
    found = await why_step.why(service, actor, str(view.number), clock.stage, clock.unit)
    return why_deadline(found, view, clock, turn, open_=actor.role == permissions.AUDITOR)


def _related(view: WhistleView) -> Text:
    """Other whistles that belong to this one, as links."""
    said: list[str | Span] = []

    def add(before: str, others: tuple[Relative, ...], after: str = "") -> None:
        if others:
            said.append(("；" if said else "") + before)
            for i, one in enumerate(others):
                said.append("、" if i else "")
                said.append(link(str(one.number), f"/w/{one.number}"))
            said.append(after)

    add(_("随这一件办理："), (view.merged_into,) if view.merged_into else ())
    add(_("并进来的："), view.merged)
    add(_("拆自："), (view.parent,) if view.parent else ())
    add(_("子单："), view.children)
    add(_("可能与 "), view.repeats, _(" 重复"))
    return spans(*said)


__all__ = ["CHANNELS", "whistle_page"]
