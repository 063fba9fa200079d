"""What the street does with its four rights: call, verify, refuse, evaluate; and answering, closing, passing on."""

from collections.abc import Mapping
from typing import Any

from dispatch.domain import acts_local, clocks, parts, recompute, resting
from dispatch.domain.asking import ask, decide, need, remember
from dispatch.domain.case import (
    ANSWERED,
    ASSIST,
    CLOSED,
    HANDLING,
    INFORM,
    LEAD,
    VERIFIED,
    Actor,
    Case,
)
from dispatch.domain.clocks import ANSWERING, DISPATCH, HOLD, REPORTED, VERIFICATION
from dispatch.domain.involved import desk_seat
from dispatch.domain.refusals import Invalid, NotNow
from dispatch.domain.turn import Turn
from dispatch.domain.units import unit_seat

Fields = Mapping[str, Any]
#: what the second refusal asks of the district
REVIEW = "review"
SATISFIED = ("satisfied", "basically", "not")


def unit_code(case: Case, turn: Turn, value: object, field: str) -> str:
    """A unit by code; JD and SQ mean the one of the place."""
    found = turn.reference.units.resolve(str(value), turn.chain(case.facts.place or case.facts.street))
    if found is None:
        raise Invalid("没有「{value}」这个单位，请从单位名单里选", field=field, value=str(value))
    if found.code in case.facts.hidden_from:
        raise Invalid("这件反映的就是{unit}，要对它回避；请选别的单位", field=field, value=str(value), unit=found.short)
    return found.code


def can_call(case: Case, _actor: Actor, fields: Fields, turn: Turn) -> None:
    """The unit exists and does not work on it yet; as assisting or informed."""
    code = unit_code(case, turn, fields.get("unit", ""), "unit")
    if fields.get("role", ASSIST) not in (ASSIST, INFORM):
        raise Invalid("追加的单位只能是协办或知会", field="role", value=fields.get("role"))
    part = case.unit(code)
    if part is not None and part.status != parts.RELEASED and part.role != INFORM:
        raise NotNow("{unit}已经在办这件", unit=turn.unit_name(code))


def called(case: Case, actor: Actor, fields: Fields) -> bool:
    part = case.unit(str(fields.get("unit")))
    return part is not None and part.role == fields.get("role", ASSIST) and part.status != parts.RELEASED


def call(case: Case, _actor: Actor, fields: Fields, turn: Turn) -> str | None:
    code, role = unit_code(case, turn, fields["unit"], "unit"), str(fields.get("role") or ASSIST)
    part = parts.assign(case, turn, code, role)
    event = turn.event(case, "called", unit=code, role=role)
    turn.tell(case, event, unit_seat(part.unit, "liaison"), "assigned", urgent=case.emergency)
    return None


def can_keep(case: Case, actor: Actor, _fields: Fields, turn: Turn) -> None:
    """The street has a squad, and no unit has begun to work; below the street: it is not a whistle yet."""
    if acts_local.is_below(actor, turn):
        acts_local.can_keep(case)
        return
    if case.facts.street in case.facts.hidden_from:
        raise NotNow("这件反映的就是街道，要对它回避，不能由街道自办")
    unit_code(case, turn, "JD", "unit")
    if parts.started(case):
        raise NotNow("单位已经开始办理，不能改为街道自办")


def kept(case: Case, _actor: Actor, _fields: Fields) -> bool:
    return case.outcome == "self" and case.status == HANDLING


def keep(case: Case, actor: Actor, fields: Fields, turn: Turn) -> str | None:
    """The street does it itself after all: its squad leads, nobody else is called."""
    if acts_local.is_below(actor, turn):
        acts_local.keep(case, actor, fields, turn)
        return None
    squad = unit_code(case, turn, "JD", "unit")
    for part in list(case.parts(LEAD, ASSIST)):
        parts.release(case, turn, part)
    clocks.answer(case, DISPATCH, None, turn.now)
    parts.assign(case, turn, squad, LEAD, report=False)
    parts.begin_handling(case, turn)
    case.outcome = "self"
    reason = turn.text(case, "reason", str(fields["reason"])) if fields.get("reason") else None
    turn.event(case, "kept", unit=squad, reason=reason)
    remember(case, fields, turn, squad)
    return HANDLING


def can_verify(case: Case, _actor: Actor, fields: Fields, turn: Turn) -> None:
    """Yes or no; a no names one of the policy's listed reasons and brings evidence: photos, or what was found."""
    accepted = fields.get("accepted")
    if not isinstance(accepted, bool):
        raise Invalid("请选核查通过还是退回重办", field="accepted", value=accepted)
    if accepted:
        return
    listed = dict(turn.policy(case).rejections)
    if fields.get("reason") not in listed:
        raise Invalid(
            "退回要选一条理由：{reasons}",
            field="reason",
            value=fields.get("reason"),
            reasons="、".join(listed.values()),
        )
    need_evidence(fields)


def need_evidence(fields: Fields) -> None:
    """Photos, or what was found. Raises `Invalid`."""
    if not fields.get("photos") and not str(fields.get("note") or "").strip():
        raise Invalid("退回要有凭据：附现场照片，或写明现场情况", field="note", value=fields.get("note"))


def verify(case: Case, actor: Actor, fields: Fields, turn: Turn) -> str | None:
    clocks.answer(case, VERIFICATION, None, turn.now)
    photos = [str(photo) for photo in fields.get("photos") or ()] or None
    words = turn.text(case, "verification", str(fields["note"])) if fields.get("note") else None
    if fields["accepted"]:
        accept(case, actor, turn)
        turn.event(case, "verified", unit=case.lead, photos=photos, note=words)
        return VERIFIED
    return _rework(case, actor, fields, turn, photos, words)


def accept(case: Case, actor: Actor, turn: Turn) -> None:
    """The result holds: the units are done, the answer is due; a review that waits is not needed any more."""
    for stage in (VERIFICATION, "handling", HOLD):
        clocks.answer(case, stage, None, turn.now)
    for part in case.parts(LEAD, ASSIST):
        if part.status != parts.DONE or part.active:
            part.status, part.active = parts.DONE, False
            part.done_at = part.done_at or turn.now
            case.touch(part)
        clocks.answer(case, REPORTED, part.unit, turn.now)
    waiting = case.pending(REVIEW)
    if waiting is not None:
        decide(case, actor, turn, waiting, "withdrawn")
    parts.begin_stage(case, turn, ANSWERING)


def _rework(case: Case, actor: Actor, fields: Fields, turn: Turn, photos: list[str] | None, words: str | None) -> str:
    """Refused: the original clock counts on (返工); from the second refusal on the district reviews it (区复核)."""
    case.rework += 1
    for part in case.parts(LEAD):
        part.status, part.done_at = parts.SIGNED if not part.on_site else parts.ON_SITE, None
        case.touch(part)
    parts.resume_all(case, turn, "handling")
    review = None
    if case.rework >= 2 and case.pending(REVIEW) is None:
        review = ask(case, actor, turn, REVIEW, {"reason": fields["reason"], "rework": case.rework, "note": words})
    event = turn.event(
        case,
        "rejected",
        unit=case.lead,
        reason=fields["reason"],
        rework=case.rework,
        photos=photos,
        note=words,
        review=True if case.rework >= 2 else None,
        request=str(review.id) if review else None,
    )
    if case.lead:
        turn.tell(case, event, unit_seat(case.lead, "liaison"), "rework", urgent=case.emergency)
    if review is not None:
        turn.tell(case, event, desk_seat(case), "review", urgent=case.emergency)
    return HANDLING


def feedback(case: Case, _actor: Actor, fields: Fields, turn: Turn) -> str | None:
    """Where it was passed on the fact says where to: the unit that relays it, or the category's own way (法定途径)."""
    reply = need(fields, "reply", "写上给来源人的答复")
    to = {"relay": case.lead, "statutory": case.facts.category}.get(case.outcome or "")
    outcome = case.outcome if case.outcome in ("relay", "statutory") else None
    turn.event(case, "answered", reply=turn.text(case, "answer", reply), outcome=outcome, to=to)
    return ANSWERED


def _flag(fields: Fields, name: str, *, required: bool) -> bool | None:
    value = fields.get(name)
    if value is None and not required:
        return None
    if isinstance(value, bool):
        return value
    if name == "reached":
        raise Invalid("请选联系上了没有", field=name, value=value)
    if name == "responded":
        raise Invalid("请选响应了没有", field=name, value=value)
    raise Invalid("请选解决了没有", field=name, value=value)


def _satisfaction(fields: Fields, *, required: bool) -> str | None:
    value = fields.get("satisfied")
    if value is None and not required:
        return None
    if value not in SATISFIED:
        raise Invalid("请选满意、基本满意还是不满意", field="satisfied", value=value)
    return str(value)


def callback(case: Case, _actor: Actor, fields: Fields, turn: Turn) -> str | None:
    """Valid only if somebody was reached; then all three figures count."""
    reached = _flag(fields, "reached", required=True)
    turn.event(
        case,
        "called-back",
        reached=reached,
        responded=_flag(fields, "responded", required=bool(reached)),
        solved=_flag(fields, "solved", required=bool(reached)),
        satisfied=_satisfaction(fields, required=bool(reached)),
        lead=case.lead,
    )
    return None


def can_evaluate(case: Case, _actor: Actor, fields: Fields, turn: Turn) -> None:
    """The unit had a part in the work."""
    code = unit_code(case, turn, fields.get("unit") or case.lead or "", "unit")
    part = case.unit(code)
    if part is None or part.role == INFORM:
        raise Invalid("{unit}没有办这件，不用评价", field="unit", value=code, unit=turn.unit_name(code))


def evaluate(case: Case, _actor: Actor, fields: Fields, turn: Turn) -> str | None:
    code = unit_code(case, turn, fields.get("unit") or case.lead or "", "unit")
    turn.event(
        case,
        "evaluated",
        unit=code,
        responded=_flag(fields, "responded", required=True),
        solved=_flag(fields, "solved", required=True),
        satisfied=_satisfaction(fields, required=True),
    )
    return None


def can_close(case: Case, _actor: Actor, _fields: Fields, _turn: Turn) -> None:
    """Called back first, where the source wants it."""
    if case.facts.callback_required and not case.called_back:
        raise NotNow("来源要求回访：先登记回访，再办结")


def close(case: Case, _actor: Actor, _fields: Fields, turn: Turn) -> str | None:
    parts.answer_all(case, turn)
    turn.event(case, "closed", lead=case.lead, rework=case.rework or None)
    return CLOSED


def can_deny(case: Case, _actor: Actor, fields: Fields, turn: Turn) -> None:
    """The unit says that it is on site."""
    code = unit_code(case, turn, fields.get("unit") or case.lead or "", "unit")
    part = case.unit(code)
    if part is None or part.status != parts.ON_SITE:
        raise NotNow("{unit}没有登记到场", unit=turn.unit_name(code))


def deny_arrival(case: Case, _actor: Actor, fields: Fields, turn: Turn) -> str | None:
    """未到场: the report-in clock is back as it was, as if it had never been answered; nor has work begun there."""
    code = unit_code(case, turn, fields.get("unit") or case.lead or "", "unit")
    part = case.unit(code)
    assert part is not None
    part.status, part.reported_at = parts.WAITING, None
    part.started = part.started and not part.on_site  # what has no arrival to begin with may have begun by a note
    case.touch(part)
    clock = case.clock(REPORTED, code)
    if clock is not None and not clock.open:
        calendar = turn.calendar(clock.calendar)
        recompute.answered(clock, turn.counted(clock.calendar), calendar)
        resting.restore(case, clock, turn.now, turn.counted(clock.calendar), calendar, turn.district_calendar)
        if clock.rung:
            clocks.recounted(case, clock, calendar)
    event = turn.event(case, "arrival.denied", unit=code)
    turn.tell(case, event, unit_seat(code, "liaison"), "arrival-denied", urgent=True)
    return None
