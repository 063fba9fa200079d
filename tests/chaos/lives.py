"""Lives written by hand, sound ones, for the checker's own tests to plant defects in."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.chaos.announced import ACCEPTED, REFUSED
from tests.chaos.evidence import Answered, Evidence, Fact, Inbound, Journal, Receipt, Step

START = datetime(2026, 6, 15, 1, tzinfo=UTC)
W, HANDLING, REPORTED, TOTAL = "w1", "clock-handling", "clock-reported", "clock-total"
UNIT = "unit:CG:liaison"
WAITS = {2: 15.0, 3: 15.0, 4: 15.0, 5: 15.0}


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


class Life:
    """A log and a ledger written by hand."""

    def __init__(self) -> None:
        self.log: list[Fact] = []
        self.ledger: list[Step] = []

    def add(self, type: str, seconds: float, seat: str | None = None, **data: Any) -> Fact:
        seq = len(self.log) + 1
        fact = Fact(W, seq, at(seconds), f"e{seq}", type, seat, data)
        self.log.append(fact)
        return fact

    def fire(self, type: str, seconds: float, due: float, **data: Any) -> None:
        """A step of the handling clock, with its ledger row."""
        fact = self.add(type, seconds, clock=HANDLING, stage="handling", unit=None, run=1, **data)
        mark = {"clock.warned": "warn", "clock.climbed": "due"}[type]
        self.ledger.append(Step(HANDLING, 1, data.get("rung", 0), mark, 0, W, at(seconds), at(due), fact.id))

    def total(self, type: str, seconds: float, **data: Any) -> None:
        """A step of the total clock, taken the moment it is due."""
        fact = self.add(type, seconds, clock=TOTAL, stage="total", unit=None, run=1, **data)
        mark = {"clock.warned": "warn", "clock.overdue": "due"}[type]
        self.ledger.append(Step(TOTAL, 1, 0, mark, 0, W, at(seconds), at(seconds), fact.id))


def sound() -> Evidence:
    """Neglected up to the district, then solved; the third rung came an hour late and the fourth got its full time."""
    life = Life()
    life.add("raised", 0, "node:S:clerk")
    life.add("routed", 1, outcome="dispatch", lead="CG", assist=[])
    life.add("reported-in", 5, UNIT, unit="CG")
    life.fire("clock.warned", 13, 13)
    due = at(16).isoformat()
    previous = 16.0
    for rung, moment in ((1, 16.2), (2, 31.1), (3, 3646.0), (4, 3661.5), (5, 3676.1)):
        late = moment - previous
        origin = moment if late > 1.5 else previous
        following = origin + 15
        told: dict[str, Any] = {"next_at": at(following).isoformat()}
        if rung == 5:
            told = {"order": 7}
        life.fire("clock.climbed", moment, previous, rung=rung, due_at=due, **told)
        previous = following
    life.add("noted", 3680, UNIT, unit="CG")
    life.add("resolved", 3681, UNIT, unit="CG")
    life.add("verified", 3682, "node:S:clerk", unit="CG")
    life.add("answered", 3683, "node:S:clerk")
    life.add("closed", 3684, "node:S:clerk")
    journal = Journal([Receipt("k1", W, 2600000011)], [Answered(W, "report-in", UNIT), Answered(W, "note", UNIT, "n1")])
    journal.sent[W, "note", UNIT] = 1
    topic = [(W, fact.seq, fact.id) for fact in life.log[1:]]
    inbound = Inbound({"m1", "m2", "m3", "m4"}, {"m1", "m2", "m3"}, {"m2": "forbidden-source", "m3": "undecodable"})
    inbound.letters = {("m2", "forbidden-source"), ("m3", "undecodable")}
    inbound.answers = {(ACCEPTED, "m1"), (REFUSED, "m2")}
    return Evidence(life.log, life.ledger, journal, WAITS, topic, raised=[W, W], inbound=inbound)


def fact(evidence: Evidence, type: str, **changes: Any) -> None:
    """Change the first fact of a type."""
    log = list(evidence.log)
    i = next(i for i, one in enumerate(log) if one.type == type)
    data = {**log[i].data, **changes.pop("data", {})}
    log[i] = replace(log[i], data=data, **changes)
    evidence.log = log


def renumbered(evidence: Evidence, log: list[Fact]) -> None:
    evidence.log = [replace(one, seq=i + 1) for i, one in enumerate(log)]
    evidence.topic = evidence.raised = None


def rested() -> Evidence:
    """Handling rests for ten seconds while the result is refused, then goes on; a new policy gives two seconds more."""
    life = Life()
    life.add("raised", 0, "node:S:clerk")
    life.add("routed", 1, outcome="dispatch", lead="CG", assist=[])
    life.add(
        "clock.recomputed", 3, clock=REPORTED, stage="reported", unit="CG", run=1, used=2_000_000, left=14_000_000,
        full=16_000_000, old_due=at(17).isoformat(), due_at=at(19).isoformat(), next_at=at(15.4).isoformat(),
    )  # fmt: skip
    life.add("reported-in", 5, UNIT, unit="CG")
    life.fire("clock.warned", 13, 13, due_at=at(17).isoformat())
    life.add("resolved", 14, UNIT, unit="CG")
    life.add("rejected", 24, "node:S:clerk", unit="CG")
    life.fire("clock.climbed", 27.1, 27, rung=1, due_at=at(27).isoformat(), next_at=at(42).isoformat())
    life.add("resolved", 30, UNIT, unit="CG")
    life.add("rejected", 50, "node:S:clerk", unit="CG")
    life.fire("clock.climbed", 62, 62, rung=2, due_at=at(27).isoformat(), next_at=at(77).isoformat())
    return Evidence(life.log, life.ledger, waits=WAITS, since=START, read_at=at(63), limits={"reported": 18.0})


def joined() -> Evidence:
    """Passed on to another street, merged, parted and merged again while its result waits; timed by itself."""
    life = Life()
    life.add("raised", 0, "node:S:clerk")
    life.add("routed", 1, outcome="dispatch", lead="CG", assist=[])
    life.add("transfer.asked", 2, "node:S:clerk", to="T")
    life.add("transfer.accepted", 3, "node:T:clerk", to="T")
    life.add("routed", 4, outcome="dispatch", lead="CG", assist=[])
    life.add("reported-in", 5, UNIT, unit="CG")
    life.add("resolved", 6, UNIT, unit="CG")
    life.add("merged", 7, "node:D:dispatcher", into="w2")
    life.add("unmerged", 9, "node:D:dispatcher")
    life.add("noted", 10, UNIT, unit="CG")
    life.add("merged", 11, "node:D:dispatcher", into="w2")
    life.total("clock.warned", 80, due_at=at(100).isoformat())
    life.total("clock.overdue", 100)
    life.add("answered", 110, "node:T:clerk", of="w2")
    life.add("closed", 120, "node:T:clerk", of="w2")
    journal = Journal([Receipt("k1", W, 2600000011)], [Answered(W, "accept-transfer", "node:T:clerk")])
    return Evidence(life.log, life.ledger, journal, WAITS, since=START, until=at(200), read_at=at(201))
