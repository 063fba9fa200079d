"""The state of a whistle in the words of the table, as the person who looks at it means it."""

from dispatch.domain import ladder
from dispatch.domain.case import CANCELLED, CONSULTATION, DONE, INFORM, LEAD, LIVE, MERGED, Actor, Case
from dispatch.domain.clocks import LAST_RUNG, NOTICE, REMIND, StagePolicy
from dispatch.domain.parts import nobody_has
from dispatch.domain.turn import ZONE, Turn
from dispatch.web import states
from dispatch.web.i18n import _


def state_of(case: Case, turn: Turn, actor: Actor | None = None) -> str:
    """The label. A unit reads of its own part and its own requests, everybody else of the lead's.

    What the log alone tells is in it for cases that were read with it (`cases.many`, `aside`).
    """
    mine = actor.unit if actor is not None else None
    part = case.unit(mine) or next(case.parts(LEAD), None)
    if part is not None and part.role == INFORM and nobody_has(case):
        return _("还没有单位接手")
    state = states.label(
        case.status,
        part.status if part else "",
        _pending(case, mine),
        outcome=case.outcome or "",
        gen=case.gen,
        rework=case.rework > 0,
        refused=_refused(case, part.unit if part else None),
        taken_over=case.pending("take-over") is not None,
        consulting=_consulting(case),
        children=case.aside.children,
        extended_to=_extended(case),
        review_on=_review(case),
        merged_into=str(case.aside.main_number or ""),
        archived=case.aside.archived,
        called_back=case.aside.reached,
    )
    for beside in (_supervision(case, turn), _beside(case, mine, part.unit if part else None)):
        state = states.beside(beside, state) if beside else state
    return state


def _beside(case: Case, mine: str | None, unit: str | None) -> str:
    """What is said behind the state: what a unit has to sign for before what it was told, then its rating."""
    if case.status in (CANCELLED, MERGED):
        return ""
    if case.status in LIVE - DONE:
        if case.pending("instruction", mine) is not None:
            return "instructed"
        said = {one: kind for one, kind in case.aside.said.items() if not mine or one in (mine, None)}
        return next(reversed(said.values()), "")
    return "evaluated" if unit in case.aside.rated and case.pending("objection") is None else ""


def _pending(case: Case, mine: str | None) -> str:
    """The kind of the request that waits; a unit is not told what another unit asked for."""
    for request in case.requests:
        if (
            request.status == "pending"
            and request.kind in states.PENDING
            and (not mine or request.unit in (mine, None))
        ):
            return request.kind
    return ""


def _refused(case: Case, unit: str | None) -> bool:
    return any(
        request.kind == "hand-back" and request.status == "refused" and request.unit == unit and request.gen == case.gen
        for request in case.requests
    )


def _consulting(case: Case) -> bool:
    """A consultation that was called and has no minutes yet."""
    return any(
        request.kind == CONSULTATION and request.gen == case.gen and not request.data.get("minutes")
        for request in case.requests
    )


def _extended(case: Case) -> str:
    clock = case.clock("handling")
    granted = any(request.kind == "extension" and request.status == "granted" for request in case.requests)
    if not granted or clock is None or clock.due_at is None:
        return ""
    day = clock.due_at.astimezone(ZONE)
    return f"{day.month}/{day.day}"


def _review(case: Case) -> str:
    clock = case.clock("hold")
    if clock is None or not clock.open or clock.due_at is None:
        return ""
    day = clock.due_at.astimezone(ZONE)
    return f"{day.month}/{day.day}"


def _supervision(case: Case, turn: Turn) -> str:
    """督办中 once a clock stands on the district's rung, 已通报 once the notice went out; nothing after an end."""
    if case.ended:
        return ""
    top = [clock for clock in case.open_clocks() if clock.rung == LAST_RUNG and clock.mark in (REMIND, NOTICE)]
    if not top:
        return ""
    noticed = any(
        clock.mark == REMIND
        and clock.nth > ladder.reminders_before_notice(StagePolicy.of(clock), turn.district_calendar)
        and not ladder.explained(case, clock)
        for clock in top
    )
    return "noticed" if noticed else "order"


__all__ = ["state_of"]
