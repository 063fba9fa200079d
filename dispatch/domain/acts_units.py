"""What a unit does: sign, arrive, leave, note, resolve, ask for something, explain itself."""

from collections.abc import Mapping
from typing import Any

from dispatch.domain import acts_local, clocks, parts
from dispatch.domain.acts_street import accept
from dispatch.domain.asking import ask, decide, need, own
from dispatch.domain.case import ASSIST, HANDLING, LEAD, RESOLVED, VERIFIED, Actor, Assignment, Case, Request
from dispatch.domain.clocks import REPORTED, VERIFICATION
from dispatch.domain.involved import desk_seat, street_seat
from dispatch.domain.refusals import Invalid, NotNow
from dispatch.domain.turn import Turn
from dispatch.domain.units import unit_seat

Fields = Mapping[str, Any]
#: outcomes whose reply goes straight to answering: nobody reports in, nothing is verified
REPLY_ONLY = ("answer", "relay")


def begin_work(case: Case, part: Assignment) -> str | None:
    """Work has started: from now on no hand-back. Says the status that follows."""
    if not part.started:
        part.started = True
        case.touch(part)
    return HANDLING if part.role == LEAD and case.status == "assigned" else None


# ── report-in ────────────────────────────────────────────────────────────────────────────────────
def can_report(case: Case, actor: Actor, _fields: Fields, _turn: Turn) -> None:
    """The unit has a part here and has not reported in yet."""
    if own(case, actor).status not in (parts.WAITING,):
        raise NotNow("贵单位已经签收过了")


def reported(case: Case, actor: Actor, _fields: Fields) -> bool:
    """Signed for, on site or resolved; what only ended with the case was none of these."""
    part = case.unit(actor.unit)
    if part is None or part.status == parts.WAITING:
        return False
    return part.reported_at is not None or part.active


def report_in(case: Case, actor: Actor, _fields: Fields, turn: Turn) -> str | None:
    """Signed for. Where the report-in is on site, only an arrival stops the clock."""
    part = own(case, actor)
    part.status, part.reported_at = parts.SIGNED, turn.now
    case.touch(part)
    if not part.on_site:
        clocks.answer(case, REPORTED, part.unit, turn.now)
    turn.event(case, "reported-in", unit=part.unit, role=part.role, on_site_due=part.on_site or None)
    return HANDLING if part.role == LEAD and case.status == "assigned" else None


def can_arrive(case: Case, actor: Actor, fields: Fields, _turn: Turn) -> None:
    """The unit is not on site yet; where the report-in is on site, a position or a photo comes along."""
    if actor.unit is None:
        return
    part = own(case, actor)
    if part.status in (parts.ON_SITE, parts.DONE):
        if part.status == parts.DONE:
            raise NotNow("贵单位已经报结了")
        raise NotNow("贵单位已经到场了")
    placed = fields.get("latitude") is not None and fields.get("longitude") is not None
    if part.on_site and not placed and not fields.get("photo"):
        raise Invalid("到场要带上位置或一张照片", field="photo", value=None)


def arrived(case: Case, actor: Actor, _fields: Fields) -> bool:
    part = case.unit(actor.unit)
    return part is not None and part.status == parts.ON_SITE


def arrive(case: Case, actor: Actor, fields: Fields, turn: Turn) -> str | None:
    said = {
        "latitude": fields.get("latitude"),
        "longitude": fields.get("longitude"),
        "photo": str(fields["photo"]) if fields.get("photo") else None,
        "note": turn.text(case, "note", fields["note"]) if fields.get("note") else None,
    }
    if actor.unit is None:  # somebody of the place's chain looked in
        turn.event(case, "arrived", node=actor.node, **said)
        return None
    part = own(case, actor)
    part.status = parts.ON_SITE
    part.reported_at = part.reported_at or turn.now
    case.touch(part)
    clocks.answer(case, REPORTED, part.unit, turn.now)
    turn.event(case, "arrived", unit=part.unit, role=part.role, **said)
    return begin_work(case, part)


def is_on_site(case: Case, actor: Actor, _fields: Fields, _turn: Turn) -> None:
    """The unit is on site."""
    if own(case, actor).status != parts.ON_SITE:
        raise NotNow("还没有到场，谈不上离场")


def leave(case: Case, actor: Actor, fields: Fields, turn: Turn) -> str | None:
    """Leaving before it is done (事不完人不撤) is recorded, and stops nothing."""
    part = own(case, actor)
    part.status = parts.SIGNED
    case.touch(part)
    reason = turn.text(case, "reason", fields["reason"]) if fields.get("reason") else None
    turn.event(case, "left", unit=part.unit, reason=reason)
    return None


def note(case: Case, actor: Actor, fields: Fields, turn: Turn) -> str | None:
    """Progress: work has begun, but not where the unit is still to come."""
    body = need(fields, "text", "写一句进展再记")
    turn.event(case, "noted", unit=actor.unit, node=actor.node, text=turn.text(case, "note", body))
    part = case.unit(actor.unit)
    if part is None or part.role not in (LEAD, ASSIST) or case.status not in ("assigned", HANDLING):
        return None
    if part.on_site and parts.awaited(case, part):
        return None
    return begin_work(case, part)


# ── resolve ──────────────────────────────────────────────────────────────────────────────────────
def can_resolve(case: Case, actor: Actor, fields: Fields, turn: Turn) -> None:
    """The lead only, signed (on site where asked), with a reply; and with a reason if an assisting unit never came."""
    if acts_local.is_below(actor, turn):
        acts_local.can_resolve(case, fields)
        return
    part = own(case, actor)
    if part.role != LEAD:
        raise NotNow("只有主办单位报结；协办单位请记进展")
    if parts.awaited(case, part) and part.on_site:
        raise NotNow("这类要先到场，再报结")
    if parts.awaited(case, part):
        raise NotNow("先签收，再报结")
    need(fields, "reply", "写上处理结果（回复内容）")
    absent = _absent(case)
    if absent and not str(fields.get("reason") or "").strip():
        raise Invalid(
            "协办单位{units}还没报到；请写明为什么可以报结",
            field="reason",
            value=None,
            units="、".join(map(turn.unit_name, absent)),
        )


def _absent(case: Case) -> list[str]:
    """Assisting units that never reported in."""
    return [part.unit for part in case.parts(ASSIST) if parts.awaited(case, part)]


def resolved(case: Case, actor: Actor, _fields: Fields) -> bool:
    part = case.unit(actor.unit)
    return case.status == RESOLVED and part is not None and part.status == parts.DONE


def resolve(case: Case, actor: Actor, fields: Fields, turn: Turn) -> str | None:
    if acts_local.is_below(actor, turn):
        return acts_local.resolve(case, actor, fields, turn)
    part = own(case, actor)
    part.status, part.done_at, part.started = parts.DONE, turn.now, True
    case.touch(part)
    absent = _absent(case)
    event = turn.event(
        case,
        "resolved",
        unit=part.unit,
        reply=turn.text(case, "reply", str(fields["reply"])),
        reason=turn.text(case, "reason", str(fields["reason"])) if fields.get("reason") else None,
        absent=absent or None,
        photos=[str(photo) for photo in fields.get("photos") or ()] or None,
    )
    if absent:
        turn.tell(case, event, desk_seat(case), "resolved-without", urgent=False)
    turn.tell(case, event, street_seat(case), "resolved", urgent=case.emergency)
    if case.outcome in REPLY_ONLY:
        accept(case, actor, turn)
        return VERIFIED
    parts.rest_all(case, turn, "handling")
    parts.begin_stage(case, turn, VERIFICATION)
    return RESOLVED


# ── words ────────────────────────────────────────────────────────────────────────────────────────
def explain(case: Case, actor: Actor, fields: Fields, turn: Turn) -> str | None:
    """A written explanation: logged, stops no clock; after a supervision order it keeps the notice away."""
    body = need(fields, "text", "写上情况说明")
    text = turn.text(case, "explanation", body)
    turn.event(case, "explained", unit=actor.unit, text=text)
    for clock in list(case.open_clocks()):
        if clock.rung == clocks.LAST_RUNG and (clock.unit or case.lead) == actor.unit:
            made = Request(turn.new_id(), case.gen, "explanation", actor.unit, "granted", actor.person, turn.now)
            made.data = {"clock": str(clock.id), "run": clock.run, "text": text}
            case.touch_request(made)
    return None


def has_instruction(case: Case, actor: Actor, fields: Fields, _turn: Turn) -> None:
    """An instruction waits for this unit's signature, or that of whoever has it while no unit leads."""
    if _unsigned(case, actor, fields) is None:
        if actor.unit is None:
            raise NotNow("没有等您签收的批示")
        raise NotNow("没有等贵单位签收的批示")


def unsigned(case: Case, actor: Actor) -> list[Request]:
    """The instructions that wait for this actor's signature, the oldest first."""
    waiting = [one for one in case.requests if (one.kind, one.status) == ("instruction", "pending")]
    if actor.unit is not None:
        return [one for one in waiting if one.unit == actor.unit]
    return [one for one in waiting if one.unit is None and one.data.get("node") == actor.node]


def _unsigned(case: Case, actor: Actor, fields: Fields) -> Request | None:
    """The one that is named, else the oldest."""
    wanted = str(fields.get("request") or "")
    return next((one for one in unsigned(case, actor) if wanted in ("", str(one.id))), None)


def sign_instruction(case: Case, actor: Actor, fields: Fields, turn: Turn) -> str | None:
    """One signature for one instruction."""
    request = _unsigned(case, actor, fields)
    assert request is not None
    decide(case, actor, turn, request, "granted")
    turn.event(case, "instruction.signed", unit=actor.unit, request=str(request.id))
    return None


def can_object(case: Case, actor: Actor, fields: Fields, _turn: Turn) -> None:
    """The unit has a part here and says what it objects to."""
    own(case, actor)
    need(fields, "text", "写上对评价有什么异议")


def object_to(case: Case, actor: Actor, fields: Fields, turn: Turn) -> str | None:
    text = turn.text(case, "objection", str(fields["text"]))
    made = ask(case, actor, turn, "objection", {"text": text}, unit=actor.unit)
    event = turn.event(case, "objected", unit=actor.unit, request=str(made.id), text=text)
    turn.tell(case, event, desk_seat(case), "objection")
    return None


__all__ = ["ask", "decide", "need", "own", "unit_seat"]
