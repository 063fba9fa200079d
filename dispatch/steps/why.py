"""为什么是这个时限: every stretch of a clock's time, counted or left out, with its reason; the counted ones add up."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.domain import clocks as rules
from dispatch.domain import deadlines
from dispatch.domain.calendar import Stretch, WorkCalendar
from dispatch.domain.case import Actor, Case, Clock
from dispatch.domain.refusals import Invalid
from dispatch.domain.turn import Turn
from dispatch.steps.readable import readable
from dispatch.steps.recompute import calendars_named
from dispatch.steps.service import Service
from dispatch.store import archives, timeline
from dispatch.store.timeline import Logged

#: which events put clocks to rest, and which let them count on (or leave nothing that could)
_RESTS = {"resolved": "verification", "hold.decided": "hold", "merged": "merge"}
_RESUMES = {
    "rejected": "verification", "verified": "verification", "hold.ended": "hold", "hold.lapsed": "hold",
    "unmerged": "merge",
}  # fmt: skip
_BY_STAGE = {
    rules.HANDLING: ("verification", "hold", "merge"), rules.REPORTED: ("hold", "merge"), rules.TOTAL: (),
}  # fmt: skip
#: the clock that is explained where none is named: the first of these that is open, else that there is
_ORDER = (rules.HANDLING, rules.REPORTED, rules.DISPATCH, rules.VERIFICATION, rules.ANSWERING, rules.HOLD)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of time. `reason` as in `dispatch.domain.calendar.Stretch`; `seconds` is its length.

    `by`: the seat that put the clock to rest, where it is `paused:verification`, `paused:hold` or `paused:merge`.
    """

    start: datetime
    end: datetime
    counted: bool
    reason: str
    seconds: float
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Why:
    """One clock explained. Seconds are counted ones.

    `stretches` go from the run's start to `until` (the deadline; while it rests: now). `counted` is what those
    counted add up to, `before` what earlier runs used (an extension keeps it), `remaining` what is left now.
    """

    stage: str
    unit: str | None
    run: int
    limit: str | None
    limit_seconds: float | None
    calendar: str
    day_seconds: float
    policy_version: int
    policy: str
    basis: str
    started_at: datetime
    due_at: datetime | None
    until: datetime
    provisional: bool
    answered_at: datetime | None
    stretches: tuple[Piece, ...]
    counted: float
    used: float
    before: float
    remaining: float | None
    capped_by_source: bool
    as_of: datetime


async def why(service: Service, actor: Actor, ref: str, stage: str | None = None, unit: str | None = None) -> Why:
    """Explain a clock of a whistle. Raises `NotFound`, `Invalid`, `Unavailable`."""
    case, turn = await readable(service, actor, ref)
    clock = _choose(case, stage, unit)
    async with service.database.acquire() as connection:
        log = await timeline.events(connection, case.id, case.facts.received_at)
        gone = await archives.missing(connection, len(log), case.seq, case.facts.received_at, case.last_at)
    if gone:
        raise Invalid("这件 {value} 的经过已经归档，放回来才说得清时限", field="archived", value="、".join(gone))
    name = counted_on(clock, log)
    known = {one.name: one for one in turn.reference.calendars.values()}
    if name not in known:
        known |= await calendars_named(service, case.facts.district, [name])
    return explain(case, clock, log, turn, known.get(name))


def _choose(case: Case, stage: str | None, unit: str | None) -> Clock:
    if stage is not None and stage not in rules.STAGES:
        raise Invalid("没有「{value}」这个环节，请看接口文档", field="stage", value=stage)
    wanted = (stage,) if stage else _ORDER
    found = [
        clock for name in wanted for clock in case.clocks.values() if clock.stage == name and unit in (None, clock.unit)
    ]
    chosen = next((clock for clock in found if clock.open), next(iter(found), None))
    if chosen is None:
        raise Invalid("这件现在没有这个环节的时限", field="stage", value=stage)
    return chosen


def counted_on(clock: Clock, log: Iterable[Logged]) -> str:
    """The calendar (`code@revision`) that the deadline in force was counted on: the one that the clock keeps, unless
    it was late when that was loaded. Then its end stayed, and the new calendar counts only the way to its next mark.
    """
    late, id = False, str(clock.id)
    for event in log:
        if event.at >= clock.started_at and id in (stood_by := event.data.get("stood_by") or {}):
            return str(stood_by[id])
        if event.data.get("clock") != id or event.data.get("run") != clock.run:
            continue
        late = late or event.type == "clock.climbed"
        if late and event.type == "clock.recomputed" and event.data.get("counted_on"):
            return str(event.data["counted_on"])
    return clock.calendar


def explain(case: Case, clock: Clock, log: list[Logged], turn: Turn, calendar: WorkCalendar | None = None) -> Why:
    """Every stretch of the clock's present run, from what the log says; `calendar` is the one it was counted on."""
    policy, calendar = rules.StagePolicy.of(clock), calendar or turn.calendar(clock.calendar)
    limit = rules.limit_of(policy)
    pauses = list(_pauses(case, clock, log))
    until = clock.due_at or max(turn.now, clock.started_at)
    stretches = deadlines.explain(limit, clock.started_at, pauses, calendar, max(until, clock.started_at))
    now = min(turn.now, clock.answered_at or turn.now)
    so_far = deadlines.explain(limit, clock.started_at, pauses, calendar, max(now, clock.started_at))
    used = deadlines.total(so_far)
    before = _before(clock, used, turn, calendar)
    full = limit.length(calendar.day) if policy.limit else None
    whole = deadlines.total(stretches)
    if full is not None and _overtaken(clock, log, {end for _, end, _ in pauses}):
        stretches = list(deadlines.overtaken(stretches, max(full - before, timedelta())))
    counted = deadlines.total(stretches)
    used -= whole - counted
    return Why(
        stage=clock.stage,
        unit=clock.unit,
        run=clock.run,
        limit=policy.limit,
        limit_seconds=full.total_seconds() if full is not None else None,
        calendar=calendar.name,
        day_seconds=calendar.day.total_seconds(),
        policy_version=policy.version,
        policy=turn.policy(case).name,
        basis=_basis(case, clock, turn),
        started_at=clock.started_at,
        due_at=clock.due_at,
        until=until,
        provisional=clock.provisional,
        answered_at=clock.answered_at,
        stretches=tuple(_piece(one) for one in stretches),
        counted=counted.total_seconds(),
        used=used.total_seconds(),
        before=before.total_seconds(),
        remaining=rules.seconds_left(clock, turn.now, calendar) if clock.open else None,
        capped_by_source=full is not None and counted < full and _capped(case, clock),
        as_of=turn.now,
    )


def _basis(case: Case, clock: Clock, turn: Turn) -> str:
    """What the limit rests on: the duty's source for handling, the policy's for every other stage."""
    duty = turn.reference.duties.get(case.facts.category) if case.facts.category else None
    return duty.source if duty is not None and clock.stage == rules.HANDLING else turn.policy(case).basis


def _capped(case: Case, clock: Clock) -> bool:
    """Whether the source's own deadline may end it sooner than its limit."""
    ends = clock.due_at is not None and clock.stage in (rules.HANDLING, rules.TOTAL)
    return ends and case.facts.source_due_at is not None


def _recomputed(clock: Clock, log: Iterable[Logged]) -> Iterator[Logged]:
    """The times this run was computed anew."""
    id = str(clock.id)
    for event in log:
        if event.type == "clock.recomputed" and event.data["clock"] == id and event.data["run"] == clock.run:
            yield event


def _overtaken(clock: Clock, log: Iterable[Logged], went_on: Collection[datetime | None]) -> bool:
    """Whether its end is the moment at which a limit was applied that it had used up, or, where it rested then, the
    moment at which it went on, if it did (`went_on`: None while it rests)."""
    for event in _recomputed(clock, log):
        if event.data.get("overtaken"):
            due = event.data.get("due_at")
            if clock.due_at == datetime.fromisoformat(due) if due else clock.due_at in went_on:
                return True
    return False


def _piece(one: Stretch) -> Piece:
    kind, _, rest = one.reason.partition(":")
    why, _, by = rest.partition(":") if kind == "paused" else (rest, "", "")
    reason = f"{kind}:{why}" if rest else kind
    return Piece(one.start, one.end, one.counted, reason, one.length.total_seconds(), by or None)


def _pauses(case: Case, clock: Clock, log: list[Logged]) -> Iterator[tuple[datetime, datetime | None, str]]:
    """When the clock rested, why and by which seat (`hold:node:…`); the last one may still last."""
    kinds = _BY_STAGE.get(clock.stage, ("merge",))
    since: dict[str, tuple[datetime, str]] = {}
    part = case.assignments.get(clock.unit or "")
    answers = {"arrived"} if part is not None and part.on_site else {"arrived", "reported-in"}
    answered_at: datetime | None = None
    over: list[tuple[datetime, datetime, str]] = []
    for event in log:
        if "of" in event.data:  # said to a whistle that was merged into another
            continue
        own = clock.unit is not None and event.data.get("unit") == clock.unit and event.at >= clock.started_at
        if own and event.type in answers:
            answered_at = answered_at or event.at  # nothing that begins from now on puts it to rest
        elif own and event.type == "arrival.denied" and answered_at is not None:
            # what was answered while it rested has rested until now
            over = [(begun, event.at if end > answered_at else end, said) for begun, end, said in over]
            answered_at = None
        rests, goes_on = _RESTS.get(event.type), _RESUMES.get(event.type)
        if event.type == "reopened":
            since.clear()
        elif rests in kinds and answered_at is None and (rests != "hold" or event.data.get("granted")):
            since.setdefault(str(rests), (event.at, f"{rests}:{event.seat or ''}"))
        elif goes_on in kinds and goes_on in since:
            begun, said = since.pop(str(goes_on))
            over.append((begun, event.at, said))
    yield from (one for one in over if one[1] > clock.started_at)
    resting = clock.open and not clock.running
    began_at_rest = any("remaining" in one.data and one.at == clock.started_at for one in _recomputed(clock, log))
    for begun, said in since.values():
        if resting and (begun >= clock.started_at or began_at_rest):
            yield begun, None, said


def _before(clock: Clock, used: timedelta, turn: Turn, calendar: WorkCalendar) -> timedelta:
    """What the runs before this one used: what the clock has counted beyond this run."""
    counted = clock.used
    if clock.running_since is not None:
        policy = rules.StagePolicy.of(clock)
        counted += timedelta(seconds=rules.seconds_between(policy, clock.running_since, turn.now, calendar))
    return max(counted - used, timedelta()) if clock.open else timedelta()


__all__ = ["Piece", "Why", "counted_on", "explain", "why"]
