"""What a unit asks for and somebody else decides: hand-back, extension, hold; and taking it back."""

from collections.abc import Mapping
from typing import Any

from dispatch.domain import clocks, parts
from dispatch.domain.asking import ask, decide, moment, need, own
from dispatch.domain.case import INFORM, LEAD, Actor, Case, Clock, Request
from dispatch.domain.involved import desk_seat, leader_seat, secretary_seat
from dispatch.domain.refusals import Invalid, NotNow
from dispatch.domain.turn import Turn

Fields = Mapping[str, Any]


def can_hand_back(case: Case, actor: Actor, fields: Fields, turn: Turn) -> None:
    """Once per unit, before work starts and within the policy's time, with a reason; a unit named for it exists."""
    part = own(case, actor)
    if part.role == INFORM:
        raise NotNow("这件没有派给贵单位，只是知会，没有可退的")
    if part.handed_back:
        raise NotNow("每个单位只能申请一次退单")
    if part.started or part.status == parts.DONE:
        raise NotNow("已经开始办理，不能再退单")
    limit = turn.policy(case).handback_within
    calendar = turn.reference.calendar_of(part.unit)
    if turn.now > clocks.due(limit, part.assigned_at, calendar):
        raise NotNow("退单要在派单后{limit}内提出", limit=limit)
    need(fields, "reason", "写上退单理由")
    to = fields.get("to")
    if to and turn.reference.units.resolve(str(to), turn.chain(case.facts.place)) is None:
        raise Invalid("没有「{to}」这个单位，写上应由哪个单位办", field="to", value=to, to=to)


def hand_back(case: Case, actor: Actor, fields: Fields, turn: Turn) -> str | None:
    """The unit keeps answering until the desk has ruled (首接负责): its clocks run on."""
    part = own(case, actor)
    part.handed_back = True
    case.touch(part)
    reason = turn.text(case, "reason", str(fields["reason"]))
    data = {"reason": reason, "clause": fields.get("clause"), "to": fields.get("to")}
    made = ask(case, actor, turn, "hand-back", data, unit=part.unit)
    event = turn.event(case, "hand-back.asked", unit=part.unit, request=str(made.id), **data)
    turn.tell(case, event, desk_seat(case), "hand-back", urgent=case.emergency)
    return None


def can_extend(case: Case, actor: Actor, fields: Fields, turn: Turn) -> None:
    """The lead only, before the deadline, to a later moment, with a reason."""
    if own(case, actor).role != LEAD:
        raise NotNow("只有主办单位可以申请延期")
    clock = case.clock("handling")
    if clock is None or not clock.running or clock.due_at is None or clock.due_at <= turn.now:
        raise NotNow("已经到期，不能再申请延期；请说明情况")
    until = moment(fields, "until", "写上延到什么时候（要晚于现在）", turn.now)
    if until <= clock.due_at:
        raise Invalid("延到的时间要晚于现在的时限", field="until", value=until.isoformat())
    need(fields, "reason", "写上为什么要延期")


def request_extension(case: Case, actor: Actor, fields: Fields, turn: Turn) -> str | None:
    clock = case.clock("handling")
    assert clock is not None
    assert clock.due_at is not None
    policy = clocks.StagePolicy.of(clock)
    share = _share_used(clock, turn, policy)
    late = share >= turn.policy(case).late_extension_share
    data = {
        "until": fields["until"].isoformat(),
        "reason": turn.text(case, "reason", str(fields["reason"])),
        "late": late or None,
    }
    made = ask(case, actor, turn, "extension", data, unit=actor.unit)
    event = turn.event(case, "extension.asked", unit=actor.unit, request=str(made.id), **data)
    turn.tell(case, event, secretary_seat(case), "extension")
    return None


def _share_used(clock: Clock, turn: Turn, policy: clocks.StagePolicy) -> float:
    """Of all the time that the clock was given; what it rested is none of it."""
    calendar = turn.counted(clock.calendar)
    assert clock.due_at is not None
    assert clock.running_since is not None
    running = clocks.seconds_between(policy, clock.running_since, clock.due_at, calendar)
    total = clock.used.total_seconds() + running
    return 1 - clocks.seconds_left(clock, turn.now, calendar) / total if total else 1.0


def can_hold(case: Case, actor: Actor, fields: Fields, turn: Turn) -> None:
    """The lead or the street, with a reason and a review date to come."""
    if actor.unit is not None and own(case, actor).role != LEAD:
        raise NotNow("只有主办单位或街道可以申请挂账")
    need(fields, "reason", "写上为什么现在办不了")
    moment(fields, "review_on", "写上复查日（要晚于今天）", turn.now)


def request_hold(case: Case, actor: Actor, fields: Fields, turn: Turn) -> str | None:
    data = {
        "reason": turn.text(case, "reason", str(fields["reason"])),
        "review_on": fields["review_on"].isoformat(),
    }
    made = ask(case, actor, turn, "hold", data, unit=actor.unit)
    event = turn.event(case, "hold.asked", unit=actor.unit, request=str(made.id), **data)
    turn.tell(case, event, leader_seat(case), "hold")
    return None


def can_withdraw(case: Case, actor: Actor, fields: Fields, _turn: Turn) -> None:
    """A request of one's own is still pending."""
    if _mine(case, actor, fields) is None:
        raise NotNow("没有您提出、还没答复的申请")


def _mine(case: Case, actor: Actor, fields: Fields) -> Request | None:
    kind = fields.get("kind")
    for request in case.requests:
        if request.status == "pending" and request.asked_by == actor.person and kind in (None, request.kind):
            return request
    return None


def withdraw(case: Case, actor: Actor, fields: Fields, turn: Turn) -> str | None:
    request = _mine(case, actor, fields)
    assert request is not None
    decide(case, actor, turn, request, "withdrawn")
    turn.event(case, "withdrawn", request=str(request.id), asked=request.kind, unit=request.unit)
    return None
