"""What is asked for and decided by somebody else: who decides it, and how long the question stands.

A request whose question no longer stands lapses in the step that took its ground away: nobody is asked for it any
more, its ruling clock is answered, and the fact of that step names it (`lapsed`). Whoever asked may ask again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from dispatch.domain import clocks
from dispatch.domain.case import (
    AT_DESK,
    CLOSED,
    DONE,
    LIVE,
    ON_HOLD,
    RAISED,
    RESOLVED,
    WORK,
    Case,
    Clock,
    Request,
)
from dispatch.domain.clocks import RULING

__all__ = ["LAPSED", "REQUESTS", "RequestRule", "asker", "kind_of", "lapse", "lapse_all", "revive"]

PENDING, LAPSED = "pending", "lapsed"
# who decides
DESK, SECRETARY, TARGET = "desk", "secretary", "target"
# whose request it must stay: of a unit that has a part, of the lead
PART, LEAD = "part", "lead"


@dataclass(frozen=True, slots=True)
class RequestRule:
    """One kind of request. It can be decided, and so waits, in the statuses `stands`; in any other it lapses.

    `of` also lets it lapse once the unit that asked has no part any more, or is no longer the lead. `decided_by` is
    the desk, the street's secretary, or the street that is to take it over; "": nobody rules, it has no clock.
    """

    stands: frozenset[str]
    decided_by: str = DESK
    of: str = ""


#: an objection concerns what was evaluated: closing does not answer it, nor does a new round
REQUESTS: Mapping[str, RequestRule] = {
    "hand-back": RequestRule(WORK | {RESOLVED, ON_HOLD}, of=PART),
    "extension": RequestRule(WORK, SECRETARY, of=LEAD),
    "hold": RequestRule(WORK, SECRETARY, of=LEAD),
    "cancel": RequestRule(LIVE - DONE),
    "transfer": RequestRule(WORK | {RAISED, AT_DESK}, TARGET),
    "objection": RequestRule(LIVE | {CLOSED}),
    "review": RequestRule(WORK | {RESOLVED, ON_HOLD}),
    "consult": RequestRule(LIVE, SECRETARY, of=PART),
    "instruction": RequestRule(LIVE, "", of=PART),
    "take-over": RequestRule(LIVE, ""),
}


def asker(request: Request) -> str:
    """Which of the ruling clocks is this request's: the kind, and the unit where one asks."""
    return f"{request.kind}:{request.unit}" if request.unit else request.kind


def kind_of(clock: Clock) -> tuple[str, str | None]:
    """What a ruling clock waits for, and the unit that asked."""
    kind, _, unit = (clock.unit or "").partition(":")
    return kind, unit or None


def lapse(case: Case, now: datetime) -> list[str]:
    """Let every request lapse that does not stand any more; returns their askers, as the log names them."""
    gone = [one for one in case.requests if one.status == PENDING and not _stands(case, one)]
    for request in gone:
        _end(case, request, now)
        clocks.answer(case, RULING, asker(request), now)
    return [asker(request) for request in gone]


def _stands(case: Case, request: Request) -> bool:
    rule = REQUESTS.get(request.kind)
    if rule is None:
        return True
    if case.status not in rule.stands:
        return False
    if request.unit is None or not rule.of:
        return True
    part = case.unit(request.unit)
    return part is not None and part.status != "released" and (rule.of == PART or part.role == LEAD)


def lapse_all(case: Case, now: datetime) -> list[str]:
    """The case joins another: nobody is asked for anything; the ruling clocks rest as they are, like all others."""
    gone = [one for one in case.requests if one.status == PENDING]
    for request in gone:
        _end(case, request, now)
    return [asker(request) for request in gone]


def revive(case: Case, joined_at: datetime) -> None:
    """The joining is undone: what was asked then is asked again."""
    for request in case.requests:
        if request.status == LAPSED and request.decided_at == joined_at:
            request.status, request.decided_at = PENDING, None
            case.touch_request(request)


def _end(case: Case, request: Request, now: datetime) -> None:
    request.status, request.decided_at = LAPSED, now
    case.touch_request(request)
