"""Over generated lives: the log alone, by the rules in force at each fact, gives the same case to the microsecond."""

from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.domain import parts
from dispatch.domain.case import SYSTEM, Clock, Facts
from dispatch.domain.receipt import receive
from dispatch.domain.reference import Reference
from dispatch.steps.rebuild import rebuild
from dispatch.store.audit import Entry
from tests.domain.cases import BUILDING, DISTRICT, MONDAY, SEEPAGE, STREET
from tests.steps.told_lives import Told, lives

#: ids of real facts: those that the rebuilding makes by itself are lower
REAL = 1 << 40


class Replayed(Told):
    """A life whose log is kept as it is stored: received by the real rule, no two acts at one moment, every version of
    its rules at hand."""

    def __init__(self, *, at: datetime = MONDAY, **facts: Any) -> None:
        self.entries: list[Entry] = []
        self.editions: list[Reference] = []
        self.person: str | None = None
        super().__init__(SEEPAGE, at=at)
        self._ids = count(REAL)
        self.edition()
        known = Facts(self.id(), 2600000011, DISTRICT, at, "appeal", False, None, BUILDING, STREET)
        self.case = receive(replace(known, **facts), self.turn, self.id(), (self.id(), self.id()), SYSTEM)
        self._keep()

    def edition(self) -> None:
        self.rules = replace(self.rules, versions={"rules": len(self.editions) + 1})
        self.editions.append(self.rules)

    def _keep(self) -> None:
        told = bool(self.case.events)
        self.entries += [
            Entry(one.seq, self.now, one.id, one.type, self.person, self.seat, dict(one.data))
            for one in self.case.events
        ]
        super()._keep()
        if told:
            self.now += timedelta(microseconds=1)

    def try_(self, who: Any, action: str, **given: Any) -> None:
        self.person = who.person
        super().try_(who, action, **given)
        self.person = None

    def load(self, rules: Reference) -> None:
        super().load(rules)
        self.edition()

    def recompute(self, cause: Any) -> None:
        if cause == "policy":
            self.edition()
        super().recompute(cause)

    def differences(self) -> Iterator[tuple[str, object, object]]:
        """What the log says otherwise, when read again."""
        made = rebuild(self.case.facts, self.entries, lambda n: replace(self.editions[n - 1], earlier=dict(self.known)))
        yield from ((one.field, one.stored, one.rebuilt) for one in made.contradictions)
        assert made.case is not None
        for key, clock in self.case.clocks.items():
            other = made.case.clocks[key]
            for name in (one.name for one in fields(Clock) if one.name != "id"):
                if getattr(clock, name) != getattr(other, name):
                    yield f"{key}.{name}", getattr(clock, name), getattr(other, name)
        for unit, part in self.case.assignments.items():
            if part != made.case.assignments[unit]:
                yield unit, part, made.case.assignments[unit]
            if (
                part.active
                and part.gen == self.case.gen
                and (part.stage, part.due_at) != parts.nearest(self.case, part)
            ):
                yield f"{unit}: the queue", (part.stage, part.due_at), parts.nearest(self.case, part)
        for name in ("status", "version", "seq", "gen", "rung", "lead", "rework", "status_version"):
            if getattr(self.case, name) != getattr(made.case, name):
                yield name, getattr(self.case, name), getattr(made.case, name)


@st.composite
def received(draw: st.DrawFn) -> Replayed:
    """At any hour, with a date of its source or not."""
    at = MONDAY + timedelta(minutes=draw(st.sampled_from([0, 192, 600, 900])))
    days = draw(st.sampled_from([None, None, 5, 25]))
    return Replayed(at=at, source_due_at=at + timedelta(days=days) if days else None)


@settings(max_examples=250, deadline=None)
@given(lives(received()))
def test_the_log_alone_gives_the_same_case(play: Replayed) -> None:
    assert list(play.differences()) == []
    for _ in range(40):
        if play.next() is None:
            break
    assert list(play.differences()) == []
    assert len(play.ledger) == len(set(play.ledger))


def test_it_notices_what_a_rule_does_otherwise() -> None:
    play = Replayed()
    play.route()
    play.wait(hours=5)
    play.sweep()
    late = play.entries[-1]
    play.entries[-1] = replace(late, data={**late.data, "rung": 9})
    assert any(name.endswith(".rung") for name, _, _ in play.differences())
