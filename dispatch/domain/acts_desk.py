"""What the desk and the leaders decide: who gets it, hand-backs (终审), extensions, holds, cancellations."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from dispatch.domain import clocks, parts
from dispatch.domain.acts_street import REVIEW, accept, unit_code
from dispatch.domain.asking import decide, need, remember, waiting
from dispatch.domain.case import ASSIGNED, ASSIST, HANDLING, LEAD, ON_HOLD, VERIFIED, Actor, Case, Request
from dispatch.domain.clocks import DISPATCH, HOLD
from dispatch.domain.involved import street_seat
from dispatch.domain.refusals import Forbidden, Invalid, NotNow
from dispatch.domain.turn import Turn
from dispatch.domain.units import unit_seat

Fields = Mapping[str, Any]


def _named(case: Case, fields: Fields, turn: Turn) -> tuple[str, list[str]]:
    lead = unit_code(case, turn, need(fields, "lead", "选一个主办单位"), "lead")
    assist = [unit_code(case, turn, code, "assist") for code in fields.get("assist") or ()]
    return lead, [code for code in dict.fromkeys(assist) if code != lead]


def can_assign(case: Case, actor: Actor, fields: Fields, turn: Turn) -> None:
    """The units exist; once it is routed, only the desk assigns anew."""
    if actor.role != "desk" and case.status not in ("raised", "at-desk", "local"):
        raise NotNow("已经派出去了；改派请找区调度台，追加单位用「追加单位」")
    _named(case, fields, turn)


def assigned(case: Case, _actor: Actor, fields: Fields) -> bool:
    if case.status != ASSIGNED or case.lead is None or case.lead != fields.get("lead"):
        return False
    return {part.unit for part in case.parts(ASSIST)} == set(fields.get("assist") or ())


def assign(case: Case, actor: Actor, fields: Fields, turn: Turn) -> str | None:
    lead, assist = _named(case, fields, turn)
    _replace(case, turn, lead, assist)
    case.outcome = "dispatch"
    reason = turn.text(case, "reason", str(fields["reason"])) if fields.get("reason") else None
    event = turn.event(case, "assigned", lead=lead, assist=assist, reason=reason)
    remember(case, fields, turn, lead, assist)
    for part in case.parts(LEAD, ASSIST):
        turn.tell(case, event, unit_seat(part.unit, "liaison"), "assigned", urgent=case.emergency)
    return ASSIGNED


def _replace(case: Case, turn: Turn, lead: str, assist: list[str]) -> None:
    """New lead and assisting units; those who stay keep their clocks, the others are released."""
    old_lead = case.lead
    for part in list(case.parts(LEAD, ASSIST)):
        if part.unit != lead and part.unit not in assist:
            parts.release(case, turn, part)
    clocks.answer(case, DISPATCH, None, turn.now)
    _give(case, turn, lead, LEAD)
    for code in assist:
        _give(case, turn, code, ASSIST)
    if old_lead != lead:
        parts.begin_handling(case, turn)


def _give(case: Case, turn: Turn, unit: str, role: str) -> None:
    part = case.unit(unit)
    if part is None or part.status == parts.RELEASED or part.role == "inform":
        parts.assign(case, turn, unit, role)
        return
    if part.role != role:
        part.role = role
        case.touch(part)
    if role == LEAD:
        case.lead = unit


# ── hand-back ────────────────────────────────────────────────────────────────────────────────────
def has_hand_back(case: Case, _actor: Actor, fields: Fields, turn: Turn) -> None:
    """A hand-back waits for its ruling; yes or no, a yes names another unit."""
    request = waiting(case, "hand-back", fields)
    if request is None:
        raise NotNow("没有等裁定的退单")
    if not isinstance(fields.get("upheld"), bool):
        raise Invalid("请选同意退单并改派，还是驳回退单", field="upheld", value=fields.get("upheld"))
    if fields["upheld"]:
        to = fields.get("to") or request.data.get("to")
        if not to:
            raise Invalid("写上改派给哪个单位", field="to", value=None)
        if unit_code(case, turn, to, "to") == request.unit:
            raise Invalid("不能改派回申请退单的单位", field="to", value=to)


def rule(case: Case, actor: Actor, fields: Fields, turn: Turn) -> str | None:
    request = waiting(case, "hand-back", fields)
    assert request is not None
    assert request.unit is not None
    upheld = bool(fields["upheld"])
    decide(case, actor, turn, request, "granted" if upheld else "refused")
    reason = turn.text(case, "reason", str(fields["reason"])) if fields.get("reason") else None
    if not upheld:
        event = turn.event(case, "hand-back.ruled", unit=request.unit, upheld=False, reason=reason)
        turn.tell(case, event, unit_seat(request.unit, "liaison"), "ruled", urgent=case.emergency)
        return None
    to = unit_code(case, turn, fields.get("to") or request.data["to"], "to")
    there = {part.unit for part in case.parts(LEAD, ASSIST)}
    role = _hand_over(case, turn, request.unit, to)
    event = turn.event(case, "hand-back.ruled", unit=request.unit, upheld=True, to=to, role=role, reason=reason)
    remember(case, fields, turn, case.lead or to, [part.unit for part in case.parts(ASSIST)])
    stays = role == ASSIST and to in there
    for unit, kind in ((request.unit, "ruled"), (to, "ruled" if stays else "assigned")):
        turn.tell(case, event, unit_seat(unit, "liaison"), kind, urgent=case.emergency)
    return ASSIGNED if role == LEAD else None


def _hand_over(case: Case, turn: Turn, unit: str, to: str) -> str:
    """The new unit gets fresh stage clocks; the total goes on. What an assisting unit was to do falls to one that is
    at it already, and its part stays as it is: the lead above all must not become an assisting unit by it."""
    part = case.unit(unit)
    role = part.role if part else LEAD
    if part is not None:
        parts.release(case, turn, part)
    if role == LEAD or to not in {one.unit for one in case.parts(LEAD, ASSIST)}:
        parts.assign(case, turn, to, role)
    if role == LEAD:
        parts.begin_handling(case, turn)
    return role


# ── extension, hold, cancellation, objection ─────────────────────────────────────────────────────
def can_decide(kind: str) -> Callable[[Case, Actor, Fields, Turn], None]:
    """A pending request of this kind, and a yes or no."""

    def guard(case: Case, actor: Actor, fields: Fields, turn: Turn) -> None:
        """Such a request waits; with a yes or no."""
        request = waiting(case, kind, fields)
        if request is None:
            raise NotNow("没有等答复的申请")
        if not isinstance(fields.get("granted"), bool):
            raise Invalid("请选同意还是不同意", field="granted", value=fields.get("granted"))
        if kind == "extension" and fields["granted"]:
            _within_power(case, actor, turn, _until(fields, request, turn))

    if kind == "extension":
        guard.__doc__ = "Such a request waits; with a yes or no. A street grants as much as the policy lets it."
    return guard


def _until(fields: Fields, request: Request, turn: Turn) -> datetime:
    given = fields.get("until")
    until = given if isinstance(given, datetime) else datetime.fromisoformat(request.data["until"])
    if until <= turn.now:
        raise Invalid("延到的时间要晚于现在", field="until", value=until.isoformat())
    return until


def _within_power(case: Case, actor: Actor, turn: Turn, until: datetime) -> None:
    """A street secretary grants up to the policy's number of working days; more is the desk's."""
    if actor.role == "desk" or actor.node == case.facts.district:
        return
    clock, limit = case.clock("handling"), turn.policy(case).extension_by_street
    if clock is None or clock.due_at is None:
        raise NotNow("办理时限没有在走")
    if until > clocks.due(limit, clock.due_at, turn.district_calendar):
        raise Forbidden("街道只能批{limit}以内的延期；更长的请区调度台批", field="until", limit=limit)


def decide_extension(case: Case, actor: Actor, fields: Fields, turn: Turn) -> str | None:
    request = waiting(case, "extension", fields)
    assert request is not None
    granted = bool(fields["granted"])
    until = _until(fields, request, turn) if granted else None
    decide(case, actor, turn, request, "granted" if granted else "refused")
    clock = case.clock("handling")
    if until is not None and clock is not None and clock.open:
        counted = turn.counted(clock.calendar)
        clocks.extend(case, clock, until, turn.now, counted, turn.calendar(clock.calendar))
    reason = turn.text(case, "reason", str(fields["reason"])) if fields.get("reason") else None
    event = turn.event(
        case,
        "extension.decided",
        unit=request.unit,
        granted=granted,
        reason=reason,
        until=until.isoformat() if until else None,
    )
    if request.unit:
        turn.tell(case, event, unit_seat(request.unit, "liaison"), "decided")
    return None


def decide_hold(case: Case, actor: Actor, fields: Fields, turn: Turn) -> str | None:
    request = waiting(case, "hold", fields)
    assert request is not None
    granted = bool(fields["granted"])
    decide(case, actor, turn, request, "granted" if granted else "refused")
    review = datetime.fromisoformat(request.data["review_on"])
    signed = turn.reference.tree.get(actor.node) if actor.node else None
    if granted:
        request.data["level"] = signed.level if signed else clocks.LAST_RUNG
        request.data["seat"] = actor.seat  # told when it comes back
    event = turn.event(
        case,
        "hold.decided",
        unit=request.unit,
        request=str(request.id),  # the street's own has no unit, and may not be the oldest
        granted=granted,
        review_on=request.data["review_on"],
        level=request.data.get("level"),
    )
    if request.unit:
        turn.tell(case, event, unit_seat(request.unit, "liaison"), "decided")
    if not granted:
        return None
    parts.rest_all(case, turn, "handling", "reported")
    policy = turn.stage_policy(case, HOLD)
    clocks.start(
        case,
        HOLD,
        None,
        turn.now,
        clocks.with_limit(policy, None),
        turn.district_calendar,
        turn.new_id(),
        fixed=max(review, turn.now),
    )
    return ON_HOLD


def resume(case: Case, _actor: Actor, _fields: Fields, turn: Turn) -> str | None:
    clocks.answer(case, HOLD, None, turn.now)
    parts.resume_all(case, turn, "handling", "reported")
    event = turn.event(case, "hold.ended")
    if case.lead:
        turn.tell(case, event, unit_seat(case.lead, "liaison"), "resumed")
    return HANDLING


def decide_cancel(case: Case, actor: Actor, fields: Fields, turn: Turn) -> str | None:
    request = waiting(case, "cancel", fields)
    assert request is not None
    granted = bool(fields["granted"])
    decide(case, actor, turn, request, "granted" if granted else "refused")
    event = turn.event(case, "cancel.decided", granted=granted)
    turn.tell(case, event, street_seat(case), "decided")
    if not granted:
        return None
    parts.answer_all(case, turn)
    return "cancelled"


def decide_review(case: Case, actor: Actor, fields: Fields, turn: Turn) -> str | None:
    """区复核: the refusal stands and the unit works on, or the result holds after all and the answer is due."""
    request = waiting(case, REVIEW, fields)
    assert request is not None
    granted = bool(fields["granted"])
    decide(case, actor, turn, request, "granted" if granted else "refused")
    reason = turn.text(case, "reason", str(fields["reason"])) if fields.get("reason") else None
    event = turn.event(case, "review.decided", granted=granted, reason=reason)
    turn.tell(case, event, street_seat(case), "reviewed")
    if case.lead:
        turn.tell(case, event, unit_seat(case.lead, "liaison"), "reviewed", urgent=case.emergency)
    if granted:
        return None
    accept(case, actor, turn)
    return VERIFIED


def decide_objection(case: Case, actor: Actor, fields: Fields, turn: Turn) -> str | None:
    """Granted: what the unit was rated before it objected is void (`struck`); the street may rate it anew."""
    request = waiting(case, "objection", fields)
    assert request is not None
    granted = bool(fields["granted"])
    decide(case, actor, turn, request, "granted" if granted else "refused")
    event = turn.event(case, "objection.decided", unit=request.unit, granted=granted, struck=granted or None)
    if request.unit:
        turn.tell(case, event, unit_seat(request.unit, "liaison"), "decided")
    return None
