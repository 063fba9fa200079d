"""层级督办 of a building or lane head: one item a page, one question, three large answers, a photo if they like."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from secrets import token_urlsafe
from uuid import UUID

from fastapi import Request

from dispatch.domain import whistle
from dispatch.domain.case import LOCAL
from dispatch.domain.reference import node_seat
from dispatch.domain.turn import ZONE
from dispatch.steps.sign_in import Visit
from dispatch.web.chain.informed import informed_rows
from dispatch.web.chain.page import PATH, expected
from dispatch.web.chain.reading import Reached, Standing, late_unit, position_of
from dispatch.web.common import times
from dispatch.web.common.frame import build_frame
from dispatch.web.i18n import N_, _
from dispatch.web.lists.rows import ladder_of, title_of
from dispatch.web.live.address import events_of
from dispatch.web.models.chain import BuildingPage
from dispatch.web.models.frame import Frame
from dispatch.web.models.parts import ActionButton, Empty, Hidden, NavItem, Notice, Option, SmallLadder

#: the three answers, which are also what is noted
ANSWERS: Mapping[str, str] = {"working": N_("有人在办"), "nobody": N_("还没人来"), "done": N_("已经办好了")}
PROMISED = {
    "reported": N_("%(unit)s说好%(at)s前来，还没有回音。"),
    "handling": N_("%(unit)s主办，说好%(at)s前办完，还没有回音。"),
}


def unanswered(found: Standing) -> list[Reached]:
    """What this person has not looked at since it came."""
    seat = node_seat(found.node.code)
    return [one for one in found.reached if one.case.status != LOCAL and not _answered(one, seat)]


def _own(found: Standing) -> tuple[NavItem, ...]:
    """What this person raised and is still solved here."""
    return tuple(
        NavItem(title_of(one.item), f"/w/{one.item.number}") for one in found.reached if one.case.status == LOCAL
    )


def _answered(one: Reached, seat: str) -> bool:
    came = one.climbed_at(one.clock.rung)
    return any(came is None or told.at >= came for told in one.done_by(seat))


def building_page(
    request: Request, visit: Visit, found: Standing, notices: Iterable[Notice], kept: Mapping[str, Sequence[UUID]]
) -> BuildingPage:
    """The page of the first item that waits, or the sentence that none does; `kept` are photos by number."""
    frame = build_frame(
        request,
        visit,
        _("层级督办"),
        current=PATH,
        phone_title=_("层级督办"),
        events=events_of("chain", found.view.as_of),
        notices=tuple(notices),
        now=found.view.as_of,
    )
    waiting = unanswered(found)
    if not waiting:
        return _nothing(frame, found)
    one = waiting[0]
    return BuildingPage(
        frame=frame,
        greeting=_greeting(found),
        heading=_("请您去看一眼"),
        title=title_of(one.item),
        context=_context(one, found),
        question=_("有人来过吗？"),
        answers=tuple(Option(value, _(label)) for value, label in ANSWERS.items()),
        url=f"{PATH}/{one.item.number}/answer",
        next_note=_next(one, found),
        rest_note=_rest(found),
        ladder=ladder_of(one.item, found.turn),
        hidden=(Hidden("version", str(one.item.version)), Hidden("key", token_urlsafe(16))),
        away=_away(one, found),
        raise_url=f"{PATH}/raise",
        own=_own(found),
        coming=_coming(found),
        informed=informed_rows(found),
        more=_("看完这件，还有 %(n)s 件请您看。", n=len(waiting) - 1) if len(waiting) > 1 else "",
        kept=tuple(str(photo) for photo in kept.get(str(one.item.number), ())),
    )


def _nothing(frame: Frame, found: Standing) -> BuildingPage:
    return BuildingPage(
        frame=frame,
        greeting=_greeting(found),
        heading=_("今天没有要您看的"),
        title="",
        context="",
        question="",
        answers=(),
        url="",
        next_note=_("有事会出现在这里。"),
        rest_note=_rest(found),
        ladder=SmallLadder(0, times.small_ladder(0).word),
        empty=Empty(_("没有要您看的。"), _("有到期没办的，会先请您看一眼。")),
        raise_url=f"{PATH}/raise",
        own=_own(found),
        coming=_coming(found),
        informed=informed_rows(found),
    )


def _coming(found: Standing) -> str:
    """One line of what they may be asked to look at today; nobody is to be blamed for it."""
    rows = expected(found.view.coming)
    if not rows:
        return ""
    first = {"at": f"{rows[0].at.astimezone(ZONE):%H:%M}", "title": title_of(rows[0].item)}
    if len(rows) == 1:
        return _("今天 %(at)s 要是还没人来，会请您去看一眼、拍张照：%(title)s。", **first)
    return _("今天还有 %(n)s 件可能请您去看一眼、拍张照，最早 %(at)s：%(title)s。", n=len(rows), **first)


def _greeting(found: Standing) -> str:
    node = found.node
    above = found.turn.reference.tree.get(node.parent) if node.parent else None
    place = f"{above.name}{node.name}" if above is not None and not above.general else node.name
    return _("%(place)s・%(position)s，您好", place=place, position=position_of(node, found.turn))


def _rest(found: Standing) -> str:
    """When they are left in peace; the policy's hours on a twelve-hour clock."""
    policy = found.turn.reference.policy_for(None, found.node.code)
    return _(
        "志愿岗位，不打分。晚上 %(from)s 点到早上 %(until)s 点不打扰。",
        **{"from": policy.quiet_from - 12, "until": policy.quiet_until},
    )


def _context(one: Reached, found: Standing) -> str:
    at = _at(one.clock.due_at, found)
    said = PROMISED.get(one.clock.stage, N_("这件说好%(at)s前有回音，还没有。"))
    return _(said, unit=late_unit(one, found.turn), at=at)


def _at(t: datetime | None, found: Standing) -> str:
    if t is None:
        return ""
    if found.turn.now.astimezone(ZONE).date() == t.astimezone(ZONE).date():
        return _("今天 %(clock)s ", clock=f"{t.astimezone(ZONE):%H:%M}")
    return times.moment(t, found.turn.now) + " "


def _next(one: Reached, found: Standing) -> str:
    """When the next person is asked, so that this one need not worry."""
    at = times.next_climb(one.view)
    node = found.turn.rung_node(one.case, one.clock.rung + 1)
    who = position_of(node, found.turn)
    if at is None or not who:
        return _("您看过就行，不用您催。")
    return _("您看过就行，不用您催。%(at)s前还没动静，%(who)s接着问。", at=_at(at, found), who=who)


def _away(one: Reached, found: Standing) -> ActionButton | None:
    """A way out: the next person is asked now."""
    if not whistle.possible(one.case, found.actor, "send-up", found.turn):
        return None
    who = position_of(found.turn.rung_node(one.case, one.clock.rung + 1), found.turn)
    label = _("我今天不在，请%(who)s看", who=who) if who else _("我今天不在")
    return ActionButton("send-up", label, f"/w/{one.item.number}/do/send-up?next={PATH}", needs_fields=True)
