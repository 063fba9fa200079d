"""A whistle's projections built anew from its log, by the same rules, at the recorded moments. Nothing is written.

Facts of one moment are one step. What chance decided when it happened (ids) is taken from the log; everything else
comes out of the rules, and where the log says otherwise that is a `Contradiction`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count, groupby
from typing import Any
from uuid import UUID

from dispatch.domain import acts_joining, cover, ladder, outcome, recompute, whistle
from dispatch.domain.case import SYSTEM, Assignment, Case, Facts, Request
from dispatch.domain.clocks import HOLD
from dispatch.domain.effects import Event, LedgerRow
from dispatch.domain.finish import finish
from dispatch.domain.receipt import receive
from dispatch.domain.reference import Reference
from dispatch.domain.refusals import Refusal
from dispatch.domain.routing import Reason, Routing
from dispatch.domain.turn import Turn
from dispatch.steps.escalate import lapse
from dispatch.steps.rebuild_acts import ACTS, actor_of, other
from dispatch.store.audit import Entry

#: what of a fact must come out again; the rest are ids, persons on seats at the time, and words found in the text
TOLD = (
    "status",
    "version",
    "accountable",
    "rung",
    "nth",
    "run",
    "stage",
    "unit",
    "due_at",
    "next_at",
    "remaining",
    "next_in",
    "lead",
    "gen",
    "rework",
    "lapsed",
)
FIRED = frozenset({"clock.warned", "clock.overdue", "clock.climbed", "clock.reminded", "clock.noticed", "hold.lapsed"})
#: facts that the service makes by itself, beside those of the clocks' marks
ALONE = frozenset({"routed", "cover.missing", "clock.recomputed"})
#: ids made here stand far below every real one
_MADE = 1 << 32


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Where the log does not follow from the rules: `field` as `seq.name`."""

    field: str
    stored: Any
    rebuilt: Any


@dataclass(slots=True)
class Rebuilt:
    """What the log amounts to. `case` is None where there is no log. Earlier generations' parts stand in `parts`."""

    case: Case | None = None
    parts: dict[tuple[int, str], Assignment] = field(default_factory=dict)
    ledger: list[LedgerRow] = field(default_factory=list)
    contradictions: list[Contradiction] = field(default_factory=list)


class Unreadable(Exception):
    """A fact that no rule makes."""


def rebuild(facts: Facts, log: Sequence[Entry], reference: Callable[[int], Reference]) -> Rebuilt:
    """Build a whistle's rows from its log, in order of `seq`. `facts` may be of any time: what changes is put back.

    `reference` gives the rules of an edition.
    """
    made = Rebuilt()
    if not log or log[0].type != "raised":
        made.contradictions.append(Contradiction("1.type", log[0].type if log else None, "raised"))
        return made
    replay = _Replay(made, reference)
    try:
        for at, entries in groupby(log, key=lambda entry: entry.at):
            replay.step(facts, at, list(entries))
    except (Refusal, Unreadable, AssertionError, LookupError, ValueError, TypeError, AttributeError) as error:
        seq = replay.seq
        made.contradictions.append(Contradiction(f"{seq}.step", "done", f"{type(error).__name__}: {error}"))
    return made


def is_made(id: UUID) -> bool:
    """Whether an id was made here, because the log does not tell the real one."""
    return id.int < _MADE


class _Replay:
    def __init__(self, made: Rebuilt, reference: Callable[[int], Reference]) -> None:
        self.made = made
        self.seq = 1
        self._reference = reference
        self._edition = 0
        self._ids = (UUID(int=n) for n in count(1))

    def step(self, facts: Facts, at: datetime, entries: list[Entry]) -> None:
        """All facts of one moment."""
        first = entries[0]
        self.seq = first.seq
        self._edition = int(first.data.get("rules", self._edition))
        orders: Iterator[int] = (entry.data["order"] for entry in entries if entry.data.get("order"))
        turn = Turn(self._reference(self._edition), at, self._ids.__next__, orders.__next__)
        case = self.made.case
        if case is None:
            self.made.case = case = self._receive(facts, turn, first)
        elif first.type in FIRED:
            self._fire(case, turn, entries)
        elif first.type == "clock.recomputed":
            self._recompute(case, turn, entries)
        else:
            if len(entries) > 1:
                self._differs(f"{first.seq}.step", len(entries), 1)
            self._one(case, turn, first)
        self._compare(case, entries)
        self._keep(case, entries)

    def _receive(self, facts: Facts, turn: Turn, entry: Entry) -> Case:
        data = entry.data
        then = replace(
            facts,
            category=data.get("category"),
            place=data.get("place"),
            street=data["street"],
            kind=data["kind"],
            danger=data["danger"],
            local=int(data.get("local") or 0),
            sealed=bool(data.get("sealed")),
            hidden_from=list(data.get("hidden_from") or ()),
            merged_into=None,
        )
        return receive(then, turn, entry.id, (next(self._ids), next(self._ids)), SYSTEM)

    def _fire(self, case: Case, turn: Turn, entries: list[Entry]) -> None:
        before = (case.status, case.gen)
        for entry in entries:
            clock = case.clock(entry.data["stage"], entry.data.get("unit"))
            if clock is None or clock.fires_at is None or entry.type not in FIRED:
                raise Unreadable(f"{entry.type}: the clock {entry.data['stage']} has nothing to say")
            told = UUID(entry.data["clock"])
            if is_made(clock.id):
                clock.id = told
            elif clock.id != told:
                self._differs(f"{entry.seq}.clock", told, clock.id)
            if clock.fires_at > turn.now:
                self._differs(f"{entry.seq}.at", turn.now, clock.fires_at)
            ladder.fire(case, clock, turn)
            if clock.stage == HOLD:
                lapse(case, turn)
        finish(case, turn, status_changed=before != (case.status, case.gen))

    def _recompute(self, case: Case, turn: Turn, entries: list[Entry]) -> None:
        for entry in entries:
            clock = case.clock(entry.data["stage"], entry.data.get("unit"))
            if clock is None or entry.type != "clock.recomputed":
                raise Unreadable(f"{entry.type}: no clock {entry.data['stage']} to compute anew")
            if is_made(clock.id):
                clock.id = UUID(entry.data["clock"])
            recompute.apply(case, clock, turn, recompute.Measured.of(entry.data), entry.data["cause"])
        finish(case, turn)

    def _one(self, case: Case, turn: Turn, entry: Entry) -> None:
        if entry.type == "routed":
            outcome.apply(case, _routing(case, entry), turn)
            finish(case, turn, status_changed=True)
            return
        if entry.type == "cover.missing":
            cover.missing(case, entry.data["unit"], entry.data.get("next_seat"), turn)
            finish(case, turn)
            return
        if "of" in entry.data:  # it follows the one it was merged into
            main = other(entry.data["of"], 0)
            if entry.type == "unmerged":
                acts_joining.set_free(case, main, turn)
            else:
                acts_joining.with_main(case, entry.type, None, main, turn)
            finish(case, turn, status_changed=entry.type == "unmerged")
            return
        if entry.type not in ACTS:
            raise Unreadable(f"{entry.type}: no rule makes this fact")
        action, read = ACTS[entry.type]
        row = whistle.TABLE[action]
        if case.status not in row.sources:
            self._differs(f"{entry.seq}.possible", action, case.status)
        before = (case.status, case.gen)
        actor = actor_of(entry.person, entry.seat, entry.data)
        status = row.effect(case, actor, read(entry.data), turn)
        if status is not None:
            case.status = status
        finish(case, turn, status_changed=before != (case.status, case.gen))

    def _compare(self, case: Case, entries: list[Entry]) -> None:
        if len(case.events) != len(entries):
            self._differs(f"{entries[0].seq}.facts", len(entries), len(case.events))
        for entry, event in zip(entries, case.events, strict=False):
            if entry.seq != event.seq:
                self._differs(f"{entry.seq}.seq", entry.seq, event.seq)
            if entry.type != event.type:
                self._differs(f"{entry.seq}.type", entry.type, event.type)
            for name in TOLD:
                if entry.data.get(name) != event.data.get(name):
                    self._differs(f"{entry.seq}.{name}", entry.data.get(name), event.data.get(name))
        case.seq = entries[-1].seq

    def _keep(self, case: Case, entries: list[Entry]) -> None:
        """As `save` does: rows that were touched; then the next step starts with nothing decided."""
        told = dict(zip((event.id for event in case.events), (entry.id for entry in entries), strict=False))
        self.made.ledger += [replace(row, event=told.get(row.event, row.event)) for row in case.ledger]
        if case.touched_requests:
            named = _ids_told(case.events, entries)
            for request in case.requests:
                if request.id in case.touched_requests:
                    self._name(request, named)
        for unit in case.touched_units | case.requeued_units:
            part = case.assignments[unit]
            self.made.parts[(part.gen, unit)] = replace(part)
        for decided in (case.events, case.texts, case.notices, case.ledger, case.drafts):
            decided.clear()
        for touched in (case.touched_units, case.requeued_units, case.touched_requests):
            touched.clear()
        for keys in (case.touched_clocks, case.fired_clocks):
            keys.clear()

    def _name(self, request: Request, named: dict[str, str]) -> None:
        """Ids that chance gave, as the log has them."""
        request.id = UUID(named.get(str(request.id), str(request.id)))
        request.data = {
            key: named.get(value, value) if isinstance(value, str) else value for key, value in request.data.items()
        }

    def _differs(self, field: str, stored: Any, rebuilt: Any) -> None:
        self.made.contradictions.append(Contradiction(field, stored, rebuilt))


def _ids_told(events: Sequence[Event], entries: Sequence[Entry]) -> dict[str, str]:
    """Ids made here → the ids that the log has in the same places."""
    found: dict[str, str] = {}
    for event, entry in zip(events, entries, strict=False):
        for key, value in event.data.items():
            told = entry.data.get(key)
            if isinstance(value, str) and isinstance(told, str):
                found[value] = told
    return found


def _routing(case: Case, entry: Entry) -> Routing:
    """What the duty list, or the street by naming units, decided."""
    data = entry.data
    why = data.get("reason") or {}
    return Routing(
        outcome=data["outcome"],
        kind=case.facts.kind,  # type: ignore[arg-type]
        reason=Reason(why.get("code", ""), why.get("version", 0), data.get("rule")),
        duty=data.get("category"),
        lead=data.get("lead"),
        assist=tuple(data.get("assist") or ()),
        inform=tuple(data.get("inform") or ()),
        sealed=bool(data.get("sealed")),
        hidden_from=tuple(data.get("hidden_from") or ()),
    )
