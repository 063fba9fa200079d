"""The state machine of a whistle, as one table: from, action, guard, to; the clocks each act starts and stops.

`act` is the only way a person's deed changes a case. Who may do what is `permissions.TABLE`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dispatch.domain import (
    acts_chain,
    acts_consult,
    acts_desk,
    acts_joining,
    acts_moving,
    acts_requests,
    acts_street,
    acts_units,
    asking,
)
from dispatch.domain.case import (
    ANSWERED,
    ASSIGNED,
    AT_DESK,
    CANCELLED,
    CLOSED,
    DONE,
    HANDLING,
    LIVE,
    LOCAL,
    MERGED,
    ON_HOLD,
    RAISED,
    RESOLVED,
    VERIFIED,
    WORK,
    Actor,
    Case,
)
from dispatch.domain.requests import REQUESTS
from dispatch.domain.turn import Turn

Fields = Mapping[str, Any]
Guard = Callable[[Case, Actor, Fields, Turn], None]
Effect = Callable[[Case, Actor, Fields, Turn], str | None]
Repeat = Callable[[Case, Actor, Fields], bool]


def _never(_case: Case, _actor: Actor, _fields: Fields) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Transition:
    """One row: in which statuses the act is possible, what it does, which status follows.

    `effect` returns the status that follows, or None where it stays; `to` names the possible ones for the
    generated page. `in_force` tells that the same actor repeats what already holds. Of the clocks' stages (or
    `all`), `starts` begin a fresh run, `stops` are answered, `rests` and `resumes` keep what was left. `moves` are the
    sources that the status leaves, where it stays in the others.
    """

    action: str
    sources: frozenset[str]
    to: tuple[str, ...]
    effect: Effect
    guard: Guard | None = None
    in_force: Repeat = _never
    starts: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()
    rests: tuple[str, ...] = ()
    resumes: tuple[str, ...] = ()
    repeatable: bool = False
    moves: frozenset[str] | None = None

    def leads(self, source: str) -> tuple[str, ...]:
        """The statuses that may follow on `source`; none: it stays."""
        if self.moves is not None and source not in self.moves:
            return ()
        return tuple(status for status in self.to if status != source)


FRESH = frozenset({ASSIGNED})
UNDER_WAY = WORK | {LOCAL, RESOLVED, ON_HOLD}


def _row(
    action: str,
    sources: frozenset[str],
    effect: Effect,
    to: tuple[str, ...] = (),
    guard: Guard | None = None,
    in_force: Repeat = _never,
    starts: str = "",
    stops: str = "",
    rests: str = "",
    resumes: str = "",
    repeatable: bool = False,
    moves: frozenset[str] | None = None,
) -> Transition:
    begin, stop, rest, resume = (tuple(stages.split()) for stages in (starts, stops, rests, resumes))
    return Transition(action, sources, to, effect, guard, in_force, begin, stop, rest, resume, repeatable, moves)


def _asks(action: str, sources: frozenset[str], effect: Effect, guard: Guard, kind: str) -> Transition:
    """A request of `kind`: asked once, and a clock runs until somebody else has ruled on it."""
    return _row(action, sources, effect, guard=guard, in_force=asking.asked(kind), starts="ruling")


U, S, D, C, J = acts_units, acts_street, acts_desk, acts_chain, acts_joining
R, M, T = acts_requests, acts_moving, acts_consult
TABLE: dict[str, Transition] = {
    row.action: row
    for row in (
        # the units
        _row(
            "report-in",
            WORK | {RESOLVED, ON_HOLD},
            U.report_in,
            (HANDLING,),
            U.can_report,
            U.reported,
            stops="reported",
            moves=FRESH,
        ),
        _row(
            "arrive",
            WORK | {LOCAL, RESOLVED},
            U.arrive,
            (HANDLING,),
            U.can_arrive,
            U.arrived,
            stops="reported",
            moves=FRESH,
        ),
        _row("leave", WORK, U.leave, guard=U.is_on_site),
        _row("note", LIVE, U.note, (HANDLING,), repeatable=True, moves=FRESH),
        _row(
            "resolve",
            WORK | {LOCAL},
            U.resolve,
            (RESOLVED, VERIFIED, CLOSED),
            U.can_resolve,
            U.resolved,
            "verification answering",
            "handling reported ruling",
            "handling",
        ),
        _asks("hand-back", WORK, R.hand_back, R.can_hand_back, "hand-back"),
        _asks("request-extension", WORK, R.request_extension, R.can_extend, "extension"),
        _asks("request-hold", WORK, R.request_hold, R.can_hold, "hold"),
        _row("withdraw", LIVE | {CLOSED}, R.withdraw, guard=R.can_withdraw, stops="ruling"),
        _row("explain", LIVE, U.explain, repeatable=True),
        _row("sign-instruction", LIVE, U.sign_instruction, guard=U.has_instruction),
        _asks("object", DONE | {CLOSED}, U.object_to, U.can_object, "objection"),
        # the street
        _row("call", WORK, S.call, guard=S.can_call, in_force=S.called, starts="reported"),
        _row(
            "keep",
            frozenset({RAISED, AT_DESK, ASSIGNED, LOCAL}),
            S.keep,
            (HANDLING,),
            S.can_keep,
            S.kept,
            "handling",
            "dispatch reported ruling",
        ),
        _row(
            "verify",
            frozenset({RESOLVED}),
            S.verify,
            (VERIFIED, HANDLING),
            S.can_verify,
            starts="answering",
            stops="verification handling reported ruling",
            resumes="handling",
        ),
        _row("feedback", frozenset({VERIFIED}), S.feedback, (ANSWERED,)),
        _row("callback", frozenset({ANSWERED, MERGED}), S.callback, guard=J.can_callback, repeatable=True),
        _row("evaluate", DONE | {CLOSED}, S.evaluate, guard=S.can_evaluate, repeatable=True),
        _row("close", frozenset({ANSWERED}), S.close, (CLOSED,), S.can_close, stops="all"),
        _row("cancel", LIVE - DONE, M.cancel, (CANCELLED,), M.can_cancel, stops="all"),
        _asks("request-cancel", UNDER_WAY, M.request_cancel, M.can_request_cancel, "cancel"),
        _asks("transfer", frozenset({RAISED, AT_DESK, ASSIGNED}), M.transfer, M.can_transfer, "transfer"),
        _row(
            "accept-transfer",
            REQUESTS["transfer"].stands,
            M.accept_transfer,
            (RAISED,),
            M.has_transfer,
            starts="dispatch",
            stops="ruling handling reported",
        ),
        _row(
            "decline-transfer",
            REQUESTS["transfer"].stands,
            M.decline_transfer,
            guard=M.has_transfer,
            stops="ruling",
        ),
        _row("deny-arrival", WORK, S.deny_arrival, guard=S.can_deny, resumes="reported"),
        _row(
            "reopen",
            frozenset({ANSWERED, CLOSED}),
            M.reopen,
            (ASSIGNED, HANDLING, RAISED),
            starts="dispatch reported handling",
            stops="answering reported ruling",
            resumes="total",
        ),
        # the desk
        _row(
            "assign",
            frozenset({RAISED, AT_DESK, LOCAL}) | WORK,
            D.assign,
            (ASSIGNED,),
            D.can_assign,
            D.assigned,
            "reported handling",
            "dispatch reported ruling",
        ),
        _row(
            "rule",
            REQUESTS["hand-back"].stands,
            D.rule,
            (ASSIGNED,),
            D.has_hand_back,
            starts="reported handling",
            stops="ruling reported",
        ),
        _row(
            "decide-extension",
            REQUESTS["extension"].stands,
            D.decide_extension,
            guard=D.can_decide("extension"),
            starts="handling",
            stops="ruling",
        ),
        _row(
            "decide-hold",
            REQUESTS["hold"].stands,
            D.decide_hold,
            (ON_HOLD,),
            D.can_decide("hold"),
            starts="hold",
            stops="ruling",
            rests="handling reported",
        ),
        _row(
            "decide-cancel",
            REQUESTS["cancel"].stands,
            D.decide_cancel,
            (CANCELLED,),
            D.can_decide("cancel"),
            stops="all",
        ),
        _row(
            "decide-objection",
            REQUESTS["objection"].stands,
            D.decide_objection,
            guard=D.can_decide("objection"),
            stops="ruling",
        ),
        _row(
            "decide-review",
            REQUESTS["review"].stands,
            D.decide_review,
            (VERIFIED,),
            D.can_decide("review"),
            starts="answering",
            stops="ruling verification handling reported hold",
        ),
        _row("resume", frozenset({ON_HOLD}), D.resume, (HANDLING,), stops="hold", resumes="handling reported"),
        _row("merge", LIVE - DONE, J.merge, (MERGED,), J.can_merge, rests=" ".join(J.RESTS)),
        _row("unmerge", frozenset({MERGED}), J.unmerge, tuple(sorted(LIVE - DONE)), J.can_unmerge, resumes="all"),
        _row("add-child", LIVE - DONE, J.add_child, guard=J.can_add_child, repeatable=True),
        # the chain
        _row("urge", LIVE, C.urge, repeatable=True),
        _row("instruct", LIVE, C.instruct, guard=C.can_instruct, repeatable=True),
        _row("take-over", UNDER_WAY, C.take_over, in_force=C.taken),
        _row("send-down", UNDER_WAY, C.send_down, guard=C.is_taken),
        _row("send-up", UNDER_WAY, C.send_up, guard=C.can_send_up),
        _row("consult", LIVE, T.consult, guard=T.can_consult, starts="ruling", stops="ruling", repeatable=True),
        _row(
            "decide-consult", REQUESTS["consult"].stands, T.decide_consult, guard=T.can_decide_consult, stops="ruling"
        ),
        _row("minutes", LIVE, T.minutes, guard=T.has_consultation, repeatable=True),
    )
}
