"""The end of every step: who is accountable now, what each queue shows, and the places in the log."""

from dispatch.domain import parts, requests
from dispatch.domain.case import ENDED, INFORM, MERGED, Assignment, Case
from dispatch.domain.clocks import DISPATCH
from dispatch.domain.turn import Turn


def finish(case: Case, turn: Turn, *, status_changed: bool = False) -> None:
    """Close a step. Everything a step changes in projections that people see is brought up to date here."""
    lapsed = requests.lapse(case, turn.now)
    if status_changed or case.touched_units or case.touched_clocks:
        _queues(case)
    if status_changed or case.touched_units:
        case.version += 1
        if status_changed:
            case.status_version, case.entered = case.version, True
        for unit in case.touched_units:
            case.assignments[unit].version = case.version
    rung = accountable_rung(case)
    if case.events:
        if rung != case.rung:
            case.events[-1].data["accountable"] = rung
        first = case.events[0].data
        first["status"], first["version"] = case.status, case.version
        first["rules"] = turn.reference.edition
        if case.stood_by:
            first["stood_by"] = dict(case.stood_by)
            case.stood_by.clear()
        if lapsed:
            first["lapsed"] = lapsed
        for event in case.events:
            case.seq += 1
            event.seq = case.seq
        case.last_at = turn.now
    case.rung = rung


def accountable_rung(case: Case) -> int | None:
    """The highest rung among the unanswered clocks, or the one that took the case over; None: nothing is late."""
    if case.status == MERGED:
        return None
    rungs = [clock.rung for clock in case.open_clocks() if clock.rung]
    taken = case.pending("take-over")
    if taken is not None:
        rungs.append(int(taken.data["rung"]))
    return max(rungs, default=None)


def _queues(case: Case) -> None:
    """Each part's place in its unit's queue: its nearest clock; out of the queue when the case is over."""
    over = case.status in ENDED
    for part in list(case.assignments.values()):
        if part.gen == case.gen and part.role == INFORM:
            _informed(case, part)
            continue
        if part.gen != case.gen or not part.active:
            continue
        if over:
            part.active = False
            case.touched_units.add(part.unit)
            continue
        stage, due_at = parts.nearest(case, part)
        if (stage, due_at) != (part.stage, part.due_at):
            part.stage, part.due_at = stage, due_at
            case.requeued_units.add(part.unit)


def _informed(case: Case, part: Assignment) -> None:
    """What a unit is only informed of stands in no queue, but for an emergency that no unit has: that stands first."""
    stands = parts.nobody_has(case) and part.status != parts.RELEASED
    place = (True, DISPATCH, parts.AT_ONCE) if stands else (False, None, None)
    if place != (part.active, part.stage, part.due_at):
        part.active, part.stage, part.due_at = place
        case.requeued_units.add(part.unit)
