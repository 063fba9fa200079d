"""What would happen if this were raised now: the same rules on a case that is never written.

Outcome, units and clocks come from the very functions that route a real one; the ladder's times from letting its
first clock run out in memory, rung after rung.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from dispatch.domain import ladder, outcome
from dispatch.domain.case import RAISED, Actor, Case, Clock, Facts
from dispatch.domain.clocks import DUE, LAST_RUNG, TOTAL, WARN, StagePolicy
from dispatch.domain.finish import finish
from dispatch.domain.routing import Routing
from dispatch.domain.turn import Turn
from dispatch.steps.prepare import NewWhistle, preview
from dispatch.steps.service import Service
from dispatch.steps.shown import ClockView, PartView, PlaceView, clock_view, in_order, part_view, place_view, seat_view


@dataclass(frozen=True, slots=True)
class Runner:
    """A category that came close. `lead` is the unit that it would have led to."""

    category: str
    name: str
    score: int
    words: tuple[str, ...]
    lead: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """A rung that would be asked, and when, if nobody acts before."""

    rung: int
    at: datetime
    node: str | None
    node_name: str | None
    position: str | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """What would happen. `reason` is the decision's data; `say` advice such as whom to phone first."""

    outcome: str
    kind: str
    status: str
    category: str | None
    category_name: str | None
    lead: str | None
    assist: tuple[str, ...]
    inform: tuple[str, ...]
    on_call: tuple[str, ...]
    rule: str | None
    reason: dict[str, Any]
    runners_up: tuple[Runner, ...]
    danger_words: tuple[str, ...]
    assignments: tuple[PartView, ...]
    clocks: tuple[ClockView, ...]
    due_at: datetime | None
    climb: tuple[Step, ...]
    place: PlaceView | None
    place_guess: PlaceView | None
    sealed: bool
    say: str
    basis: str
    duty_list_version: int
    policy: str
    as_of: datetime


async def foresee(service: Service, actor: Actor, new: NewWhistle) -> Forecast:
    """What would happen if this were raised now; nothing is written. Raises `Invalid`, `Unavailable`."""
    routing, turn = preview(service, actor, new)
    turn = replace(turn, now=await service.database.now())
    case = _case(service, actor, new, routing, turn)
    outcome.apply(case, routing, turn)
    finish(case, turn, status_changed=True)
    clocks = tuple(clock_view(clock, turn) for clock in case.open_clocks())
    return _forecast(case, new, routing, clocks, turn)


def _case(service: Service, actor: Actor, new: NewWhistle, routing: Routing, turn: Turn) -> Case:
    facts = Facts(
        id=service.new_id(),
        number=0,
        district=actor.district or "",
        received_at=turn.now,
        kind=routing.kind,
        danger=new.danger,
        category=new.category,
        place=None if new.place_unknown else new.place or new.street,
        street=new.street,
        source_due_at=new.source.get("due_at") if new.source else None,
    )
    return Case(facts, RAISED, 1, 1, 1, None, None, None, 0, turn.now, 1)


def _forecast(case: Case, new: NewWhistle, routing: Routing, clocks: Sequence[ClockView], turn: Turn) -> Forecast:
    reference, facts = turn.reference, case.facts
    duty = reference.duties.get(routing.duty or "")
    handling = case.clock("handling")
    guess = reference.tree.get(new.place) if new.place and new.place_by == "text" else None

    def short(code: str) -> str:
        found = reference.units.get(code)
        return found.short if found else code

    return Forecast(
        outcome=routing.outcome,
        kind=routing.kind,
        status=case.status,
        category=routing.duty,
        category_name=duty.name if duty else None,
        lead=routing.lead,
        assist=routing.assist,
        inform=routing.inform,
        on_call=routing.on_call,
        rule=routing.rule,
        reason=routing.reason.as_json(),
        runners_up=tuple(_runner(hit.duty, hit.score, hit.words, turn, case) for hit in routing.runners_up),
        danger_words=routing.reason.danger,
        assignments=tuple(part_view(part, short(part.unit)) for part in in_order(case, turn)),
        clocks=tuple(clocks),
        due_at=handling.due_at if handling else None,
        climb=tuple(climb(case, turn)),
        place=place_view(facts.place, turn),
        place_guess=place_view(guess.code, turn) if guess else None,
        sealed=routing.sealed,
        say=duty.say if duty else "",
        basis=duty.basis if duty else "",
        duty_list_version=reference.versions.get("duties", routing.reason.version),
        policy=turn.policy(case).code,
        as_of=turn.now,
    )


def _runner(code: str, score: int, words: Sequence[Any], turn: Turn, case: Case) -> Runner:
    duty = turn.reference.duties.get(code)
    unit = turn.reference.units.resolve(duty.lead, turn.chain(case.facts.place)) if duty else None
    return Runner(
        code, duty.name if duty else code, score, tuple(word.text for word in words), unit.code if unit else None
    )


def climb(case: Case, turn: Turn) -> list[Step]:
    """When each rung would be asked if nobody did anything: the first clock to run out, let run in memory.

    The case is used up by it.
    """
    climbing = [clock for clock in case.open_clocks() if clock.stage != TOTAL and clock.due_at is not None]
    climbing = [clock for clock in climbing if clock.running and StagePolicy.of(clock).start]
    if not climbing:
        return []
    clock = min(climbing, key=_due)
    found: list[Step] = []
    while clock.rung < LAST_RUNG and clock.mark in (WARN, DUE) and clock.fires_at is not None:
        at, warning = max(clock.fires_at, turn.now), clock.mark == WARN
        event = ladder.fire(case, clock, replace(turn, now=at, next_order=None))
        if not warning:
            node, seat = event.data.get("node"), event.data.get("seat")
            known = turn.reference.tree.get(node) if node else None
            position = seat_view(seat, turn)["position"] if seat else None
            found.append(Step(clock.rung, at, node, known.name if known else None, position))
    return found


def _due(clock: Clock) -> datetime:
    assert clock.due_at is not None
    return clock.due_at


__all__ = ["Forecast", "Runner", "Step", "climb", "foresee"]
