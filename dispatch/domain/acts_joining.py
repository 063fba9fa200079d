"""Duplicates become part of another whistle (并单): one answer for all, undone within a day; and children (子单).

The other case comes in `fields["main"]`, locked by the step together with this one.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from dispatch.domain import clocks, parts, permissions, requests, resting
from dispatch.domain.case import ANSWERED, ENDED, LOCAL, MERGED, Actor, Case, Request
from dispatch.domain.clocks import STAGES, TOTAL
from dispatch.domain.involved import street_seat
from dispatch.domain.refusals import Invalid, NotNow
from dispatch.domain.turn import Turn
from dispatch.domain.units import unit_seat

Fields = Mapping[str, Any]
UNDO_WITHIN = timedelta(days=1)
#: what a merged whistle does not wait for any more; from its receipt to its closing it is timed by itself
RESTS = tuple(stage for stage in STAGES if stage != TOTAL)


def main_of(fields: Fields) -> Case:
    """The case this one joins."""
    main = fields.get("main")
    if not isinstance(main, Case):
        raise _nowhere(fields)
    return main


def _nowhere(fields: Fields) -> Invalid:
    """No such whistle, or none that this person may know of: the same words."""
    return Invalid("写上并到哪一件（编号）", field="into", value=str(fields.get("into") or ""))


def can_merge(case: Case, actor: Actor, fields: Fields, turn: Turn) -> None:
    """Into another whistle of the district that has not been answered."""
    main = main_of(fields)
    if not permissions.may(actor, "read", main, turn.chain(main.facts.place)):
        raise _nowhere(fields)
    if main.id == case.id:
        raise Invalid("不能并到自己", field="into", value=str(main.facts.number))
    if main.facts.district != case.facts.district:
        raise _nowhere(fields)
    if case.facts.street in main.facts.hidden_from:
        raise NotNow("{number}对这件的街道回避，并进去街道就看见了；请分开办", number=main.facts.number)
    if main.status in ENDED or main.status == ANSWERED:
        raise NotNow("{number}已经答复、办结或并走，不能再并进去", number=main.facts.number)
    if main.status == LOCAL:
        raise NotNow("{number}还没有成为哨，不能并进去", number=main.facts.number)


def merge(case: Case, actor: Actor, fields: Fields, turn: Turn) -> str | None:
    """Its clocks but the total rest as they are, and what was asked lapses, so that undoing it gives back exactly what
    was left."""
    main = main_of(fields)
    made = Request(turn.new_id(), case.gen, "merge", None, "granted", actor.person, turn.now)
    made.data = {"into": str(main.id), "before": case.status}
    case.touch_request(made)
    lapsed = requests.lapse_all(case, turn.now)
    parts.rest_all(case, turn, *RESTS)
    for part in case.parts():
        part.active = False
        case.touch(part)
    case.facts.merged_into, case.facts_touched = main.id, True
    event = turn.event(case, "merged", into=str(main.id), number=main.facts.number, lapsed=lapsed or None)
    for part in case.parts("lead", "assist"):
        turn.tell(case, event, unit_seat(part.unit, "liaison"), "merged")
    turn.tell(case, event, street_seat(case), "merged")
    return MERGED


def _merge_of(case: Case) -> Request | None:
    return next((row for row in reversed(case.requests) if row.kind == "merge" and row.status == "granted"), None)


def can_unmerge(case: Case, _actor: Actor, _fields: Fields, turn: Turn) -> None:
    """Merged less than a day ago."""
    request = _merge_of(case)
    if request is None:
        raise NotNow("这件没有并单")
    if turn.now - request.asked_at > UNDO_WITHIN:
        raise NotNow("并单满一天就不能撤销了；请另吹一哨")


def unmerge(case: Case, _actor: Actor, _fields: Fields, turn: Turn) -> str | None:
    turn.event(case, "unmerged")
    return _undo(case, turn)


def _undo(case: Case, turn: Turn) -> str:
    """It is as it was before, and its clocks count on, the total also if the main one was closed meanwhile; says the
    status that it has again."""
    request = _merge_of(case)
    assert request is not None
    requests.revive(case, request.asked_at)
    request.status, request.decided_at = "withdrawn", turn.now
    case.touch_request(request)
    for part in case.parts("lead", "assist"):
        part.active = True
        case.touch(part)
    case.facts.merged_into, case.facts_touched = None, True
    before = str(request.data["before"])
    parts.resume_all(case, turn, *_running_in(before), TOTAL)  # merged by an earlier release, the total rests, too
    resting.reopen_total(case, turn.now, turn.counted)
    return before


def _running_in(status: str) -> tuple[str, ...]:
    """Which stages count in a status; what rested before the merge goes on resting."""
    match status:
        case "resolved":
            return tuple(stage for stage in RESTS if stage not in ("handling", "hold"))
        case "on-hold":
            return tuple(stage for stage in RESTS if stage not in ("handling", "reported"))
        case _:
            return RESTS


def with_main(child: Case, event_type: str, reply: str | None, main: Case, turn: Turn) -> None:
    """What the main case says to whoever raised it, the merged ones say as well, each for itself; its closing ends
    their time, too, and its being open again lets it count on."""
    request = _merge_of(child)
    if event_type in ("answered", "reopened") and request is not None:  # once answered it is called back by itself
        request.data = {**request.data, "answered": event_type == "answered"}
        child.touch_request(request)
    if event_type == "closed":
        clocks.answer(child, TOTAL, None, turn.now)
    if event_type == "reopened":
        resting.reopen_total(child, turn.now, turn.counted)
    turn.event(child, event_type, of=str(main.id), number=main.facts.number, reply=reply)
    turn.tell(child, child.events[-1], street_seat(child), event_type)


def was_answered(child: Case) -> bool:
    """Whether an answer, or a closing, has reached it by way of its main case."""
    request, total = _merge_of(child), child.clock(TOTAL)
    return bool(request and request.data.get("answered")) or (total is not None and not total.open)


def set_free(child: Case, main: Case, turn: Turn) -> None:
    """The main case was called off: no answer would ever come from it, and the child stands by itself again."""
    child.status = _undo(child, turn)
    event = turn.event(child, "unmerged", of=str(main.id), number=main.facts.number)
    units = [unit_seat(part.unit, "liaison") for part in child.parts("lead", "assist")]
    for seat in (*units, street_seat(child)):
        turn.tell(child, event, seat, "set-free", urgent=child.emergency)


def can_callback(case: Case, _actor: Actor, _fields: Fields, _turn: Turn) -> None:
    """Answered; one that was merged, once the answer has reached it."""
    request = _merge_of(case)
    if case.status == MERGED and not (request and request.data.get("answered")):
        raise NotNow("所随的一件还没有答复，答复以后再回访")


def can_add_child(_case: Case, _actor: Actor, fields: Fields, _turn: Turn) -> None:
    """The child's own whistle is made in the same transaction."""
    if not fields.get("child"):
        raise Invalid("写上要拆出来的是什么事", field="body", value=None)


def add_child(case: Case, _actor: Actor, fields: Fields, turn: Turn) -> str | None:
    """One of several problems becomes a whistle of its own; the step has made it in the same transaction."""
    turn.event(case, "child.added", child=str(fields["child"]), number=fields["number"])
    return None
