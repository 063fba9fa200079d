"""The state machine of a whistle, as one table: from, action, guard, to; the clocks each act starts and stops.

`act` is the only way a person's deed changes a case. Who may do what is `permissions.TABLE`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dispatch.domain import acts_chain, acts_desk, acts_joining, acts_street, acts_units, permissions
from dispatch.domain.case import (
    ANSWERED,
    ASSIGNED,
    AT_DESK,
    CANCELLED,
    CLOSED,
    ENDED,
    HANDLING,
    LOCAL,
    MERGED,
    ON_HOLD,
    RAISED,
    RESOLVED,
    STATUSES,
    VERIFIED,
    Actor,
    Case,
)
from dispatch.domain.finish import finish
from dispatch.domain.refusals import Forbidden, NotFound, NotNow, Stale
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
WORK = frozenset({ASSIGNED, HANDLING})
UNDER_WAY = WORK | {LOCAL, RESOLVED, ON_HOLD}
LIVE = STATUSES - ENDED
DONE = frozenset({VERIFIED, ANSWERED})


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


U, S, D, C, J = acts_units, acts_street, acts_desk, acts_chain, acts_joining
TABLE: dict[str, Transition] = {
    row.action: row
    for row in (
        # the units
        _row(
            "report-in",
            WORK | {ON_HOLD},
            U.report_in,
            (HANDLING,),
            U.can_report,
            U.reported,
            stops="reported",
            moves=FRESH,
        ),
        _row(
            "arrive",
            WORK | {LOCAL},
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
            WORK,
            U.resolve,
            (RESOLVED, VERIFIED),
            U.can_resolve,
            U.resolved,
            "verification answering",
            "handling",
            "handling",
        ),
        _row(
            "hand-back",
            WORK,
            U.hand_back,
            guard=U.can_hand_back,
            in_force=U.asked("hand-back"),
            starts="ruling",
        ),
        _row(
            "request-extension",
            WORK,
            U.request_extension,
            guard=U.can_extend,
            in_force=U.asked("extension"),
            starts="ruling",
        ),
        _row("request-hold", WORK, U.request_hold, guard=U.can_hold, in_force=U.asked("hold"), starts="ruling"),
        _row("withdraw", LIVE, U.withdraw, guard=U.can_withdraw, stops="ruling"),
        _row("explain", LIVE, U.explain, repeatable=True),
        _row("sign-instruction", LIVE, U.sign_instruction, guard=U.has_instruction),
        _row(
            "object",
            DONE | {CLOSED},
            U.object_to,
            guard=U.can_object,
            in_force=U.asked("objection"),
            starts="ruling",
        ),
        # the street
        _row("call", WORK, S.call, guard=S.can_call, in_force=S.called, starts="reported"),
        _row(
            "keep",
            frozenset({RAISED, AT_DESK, ASSIGNED}),
            S.keep,
            (HANDLING,),
            S.can_keep,
            S.kept,
            "handling",
            "dispatch reported",
        ),
        _row(
            "verify",
            frozenset({RESOLVED}),
            S.verify,
            (VERIFIED, HANDLING),
            S.can_verify,
            starts="answering",
            stops="verification handling reported",
            resumes="handling",
        ),
        _row("feedback", frozenset({VERIFIED}), S.feedback, (ANSWERED,)),
        _row("callback", frozenset({ANSWERED}), S.callback, repeatable=True),
        _row("evaluate", DONE | {CLOSED}, S.evaluate, guard=S.can_evaluate, repeatable=True),
        _row("close", frozenset({ANSWERED}), S.close, (CLOSED,), S.can_close, stops="all"),
        _row("cancel", LIVE - DONE, S.cancel, (CANCELLED,), S.can_cancel, stops="all"),
        _row("request-cancel", UNDER_WAY, S.request_cancel, in_force=U.asked("cancel"), starts="ruling"),
        _row(
            "transfer",
            frozenset({RAISED, AT_DESK, ASSIGNED}),
            S.transfer,
            guard=S.can_transfer,
            in_force=U.asked("transfer"),
            starts="ruling",
        ),
        _row(
            "accept-transfer",
            LIVE,
            S.accept_transfer,
            (RAISED,),
            S.has_transfer,
            starts="dispatch",
            stops="ruling handling reported",
        ),
        _row("decline-transfer", LIVE, S.decline_transfer, guard=S.has_transfer, stops="ruling"),
        _row("deny-arrival", WORK, S.deny_arrival, guard=S.can_deny, resumes="reported"),
        _row(
            "reopen",
            frozenset({ANSWERED, CLOSED}),
            S.reopen,
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
            "dispatch reported",
        ),
        _row(
            "rule",
            WORK | {RESOLVED, ON_HOLD},
            D.rule,
            (ASSIGNED,),
            D.has_hand_back,
            starts="reported handling",
            stops="ruling reported",
        ),
        _row(
            "decide-extension",
            LIVE,
            D.decide_extension,
            guard=D.can_decide("extension"),
            starts="handling",
            stops="ruling",
        ),
        _row(
            "decide-hold",
            WORK,
            D.decide_hold,
            (ON_HOLD,),
            D.can_decide("hold"),
            starts="hold",
            stops="ruling",
            rests="handling reported",
        ),
        _row("decide-cancel", LIVE, D.decide_cancel, (CANCELLED,), D.can_decide("cancel"), stops="all"),
        _row(
            "decide-objection",
            DONE | {CLOSED},
            D.decide_objection,
            guard=D.can_decide("objection"),
            stops="ruling",
        ),
        _row("resume", frozenset({ON_HOLD}), D.resume, (HANDLING,), stops="hold", resumes="handling reported"),
        _row("merge", LIVE - DONE, J.merge, (MERGED,), J.can_merge, rests="all"),
        _row("unmerge", frozenset({MERGED}), J.unmerge, tuple(sorted(LIVE - DONE)), J.can_unmerge, resumes="all"),
        _row("add-child", LIVE - DONE, J.add_child, guard=J.can_add_child, repeatable=True),
        # the chain
        _row("urge", LIVE, C.urge, repeatable=True),
        _row("instruct", LIVE, C.instruct, repeatable=True),
        _row("take-over", UNDER_WAY, C.take_over, in_force=C.taken),
        _row("send-down", UNDER_WAY, C.send_down, guard=C.is_taken),
        _row("send-up", UNDER_WAY, C.send_up, guard=C.can_send_up),
        _row("consult", LIVE, C.consult, guard=C.can_consult, repeatable=True),
        _row("minutes", LIVE, C.minutes, repeatable=True),
    )
}


def _level(actor: Actor, turn: Turn) -> int | None:
    node = turn.reference.tree.get(actor.node) if actor.node else None
    return node.level if node else None


def may(case: Case, actor: Actor, action: str, turn: Turn) -> bool:
    """Whether the table of permissions lets this actor do it on this case."""
    chain = turn.chain(case.facts.place)
    return permissions.may(actor, action, case, chain, _level(actor, turn))


def possible(case: Case, actor: Actor, action: str, turn: Turn) -> bool:
    """Whether the act could be done now by this actor, with some fields."""
    row = TABLE[action]
    if case.status not in row.sources or not may(case, actor, action, turn):
        return False
    if row.guard is None:
        return True
    try:
        row.guard(case, actor, PROBE, turn)
    except NotNow:
        return False
    except Exception as refusal:  # a missing field is no reason against offering the act
        return type(refusal).__name__ in ("Invalid", "NotFound")
    return True


class _Probe(dict[str, Any]):
    """Fields of an act that is only asked about: guards see that nothing was given yet."""


PROBE: Fields = _Probe()


def allowed(case: Case, actor: Actor, turn: Turn) -> tuple[str, ...]:
    """The acts this actor could do now, in the table's order."""
    return tuple(action for action in TABLE if possible(case, actor, action, turn))


def act(case: Case, actor: Actor, action: str, fields: Fields, turn: Turn, version: int | None = None) -> bool:
    """Do it. False: it already holds, nothing was changed. Raises a `Refusal`, naming the remedy."""
    row = TABLE.get(action)
    if row is None:
        raise NotFound("没有「{action}」这个动作", field="action", value=action, action=action)
    if not may(case, actor, "read", turn) and not may(case, actor, action, turn):
        raise NotFound("没有这件，或不归您看")
    if not may(case, actor, action, turn):
        raise Forbidden("您的岗位不能做「{action}」", field="action", value=action, action=action)
    if row.in_force(case, actor, fields):
        return False
    _fresh(case, actor, version)
    if case.status not in row.sources:
        raise NotNow("现在不能做「{action}」", allowed=allowed(case, actor, turn), action=action)
    if row.guard is not None:
        row.guard(case, actor, fields, turn)
    case.actor = actor
    before = (case.status, case.gen)
    status = row.effect(case, actor, fields, turn)
    if status is not None:
        case.status = status
    finish(case, turn, status_changed=before != (case.status, case.gen))
    return True


def _fresh(case: Case, actor: Actor, version: int | None) -> None:
    """A unit's view is stale only if its own part, the status or gen changed; anyone else's if anything did."""
    if version is None or version == case.version:
        return
    part = case.unit(actor.unit)
    if part is not None and version >= max(part.version, case.status_version):
        return
    raise Stale("别人刚办了一步，请看过再继续", field="version", value=version)
