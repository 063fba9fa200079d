"""The checker finds nothing in a sound life, and each rule's own planted defect."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.chaos.checker import check
from tests.chaos.evidence import Answered, Evidence, Fact, Journal, Receipt, Step

START = datetime(2026, 6, 15, 1, tzinfo=UTC)
W, HANDLING, REPORTED = "w1", "clock-handling", "clock-reported"
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
    return Evidence(life.log, life.ledger, journal, WAITS, topic)


def fact(evidence: Evidence, type: str, **changes: Any) -> None:
    """Change the first fact of a type."""
    log = list(evidence.log)
    i = next(i for i, one in enumerate(log) if one.type == type)
    data = {**log[i].data, **changes.pop("data", {})}
    log[i] = replace(log[i], data=data, **changes)
    evidence.log = log


def renumbered(evidence: Evidence, log: list[Fact]) -> None:
    evidence.log = [replace(one, seq=i + 1) for i, one in enumerate(log)]
    evidence.topic = None


def early(e: Evidence) -> None:
    e.ledger = [replace(row, due_at=row.at + timedelta(seconds=1)) if row.rung == 2 else row for row in e.ledger]


def before_the_rung_was_given(e: Evidence) -> None:
    fact(e, "clock.climbed", data={"next_at": at(40).isoformat()})


def doubled_row(e: Evidence) -> None:
    e.ledger = [*e.ledger, e.ledger[2]]


def skipped(e: Evidence) -> None:
    e.log = [replace(one, data={**one.data, "rung": 3}) if one.data.get("rung") == 2 else one for one in e.log]


def silent_start(e: Evidence) -> None:
    e.log = [
        replace(one, data={**one.data, "rung": one.data["rung"] + 1}) if one.data.get("rung", 5) < 5 else one
        for one in e.log
        if one.data.get("rung") != 5
    ]


def beyond(e: Evidence) -> None:
    last = next(one for one in e.log if one.data.get("rung") == 5)
    more = replace(last, id="e99", at=last.at, data={**last.data, "rung": 6, "order": 8})
    log = list(e.log)
    log.insert(log.index(last) + 1, more)
    e.ledger = [*e.ledger, Step(HANDLING, 1, 6, "due", 0, W, last.at, last.at, "e99")]
    renumbered(e, log)


def after_the_answer(e: Evidence) -> None:
    log = list(e.log)
    log.insert(3, Fact(W, 0, at(6), "e98", "clock.warned", None,
                       {"clock": REPORTED, "stage": "reported", "unit": "CG", "run": 1}))  # fmt: skip
    e.ledger = [*e.ledger, Step(REPORTED, 1, 0, "warn", 0, W, at(6), at(6), "e98")]
    renumbered(e, log)


def while_it_rests(e: Evidence) -> None:
    """Handling rests from the result until it is verified."""
    log = list(e.log)
    where = next(i for i, one in enumerate(log) if one.type == "verified")
    data = {"clock": HANDLING, "stage": "handling", "unit": None, "run": 1, "rung": 5, "nth": 1}
    log.insert(where, Fact(W, 0, at(3681.5), "e97", "clock.reminded", None, data))
    e.ledger = [*e.ledger, Step(HANDLING, 1, 5, "remind", 1, W, at(3681.5), at(3681), "e97")]
    renumbered(e, log)


def swept_twice(e: Evidence) -> None:
    """A second scheduler's fact, without a row of its own."""
    log = list(e.log)
    where = next(i for i, one in enumerate(log) if one.type == "clock.warned")
    log.insert(where + 1, replace(log[where], id="e96"))
    renumbered(e, log)


def row_without_fact(e: Evidence) -> None:
    e.ledger = [*e.ledger, Step(HANDLING, 1, 5, "remind", 1, W, at(3679), at(3679), "nowhere")]


def robbed_of_its_time(e: Evidence) -> None:
    """After an hour of downtime the next rung came at once."""
    third = next(one for one in e.log if one.data.get("rung") == 3)
    e.log = [
        replace(one, data={**one.data, "next_at": at(3646.5).isoformat()}) if one is third else one for one in e.log
    ]


def lost_event(e: Evidence) -> None:
    e.log = [one for one in e.log if one.type != "noted"]
    e.topic = None


def backwards(e: Evidence) -> None:
    fact(e, "verified", at=at(3000))


def never_left(e: Evidence) -> None:
    assert e.topic is not None
    e.topic = [row for row in e.topic if row[1] != 3]


def left_without_a_log(e: Evidence) -> None:
    assert e.topic is not None
    e.topic = [*e.topic, (W, 30, "ghost")]


def out_of_order(e: Evidence) -> None:
    assert e.topic is not None
    e.topic = [e.topic[1], e.topic[0], *e.topic[2:]]


def nothing_runs(e: Evidence) -> None:
    """At the desk, and the clock of the receipt was never there."""
    fact(e, "routed", data={"outcome": "unmatched"})
    renumbered(e, [one for one in e.log if one.type in ("routed", "noted")])
    e.ledger, e.journal = [], None


def forgotten(e: Evidence) -> None:
    """Rung 4 was to come, and did not."""
    e.log = [one for one in e.log if one.seq <= 7]
    e.ledger = e.ledger[:4]
    e.topic = e.journal = None
    e.until = at(5000)


def forgotten_after_the_warning(e: Evidence) -> None:
    fact(e, "clock.warned", data={"due_at": at(16).isoformat()})
    e.log = [one for one in e.log if one.seq <= 4]
    e.ledger = e.ledger[:1]
    e.topic = e.journal = None
    e.until = at(5000)


def lost_receipt(e: Evidence) -> None:
    assert e.journal is not None
    e.journal.receipts.append(Receipt("k2", "w2", 2600000022))


def doubled_receipt(e: Evidence) -> None:
    """Two whistles for one tap: the second has no receipt."""
    e.log = [*e.log, Fact("w2", 1, at(0), "x1", "raised", None, {})]


def routed_twice(e: Evidence) -> None:
    log = list(e.log)
    log.insert(2, replace(log[1], id="e95"))
    renumbered(e, log)


def answered_and_lost(e: Evidence) -> None:
    assert e.journal is not None
    e.journal.answered.append(Answered(W, "urge", "node:S:clerk"))


def assigned_and_lost(e: Evidence) -> None:
    assert e.journal is not None
    e.journal.answered.append(Answered(W, "assign", "node:D:dispatcher"))


def noted_twice(e: Evidence) -> None:
    log = list(e.log)
    where = next(i for i, one in enumerate(log) if one.type == "noted")
    log.insert(where, replace(log[where], id="e94"))
    renumbered(e, log)


def order_twice(e: Evidence) -> None:
    other = [replace(one, whistle="w2", id=f"o{one.id}") for one in e.log]
    e.log = [*e.log, *other]
    e.ledger = [
        *e.ledger,
        *(replace(row, whistle="w2", event=f"o{row.event}", clock=f"o{row.clock}") for row in e.ledger),
    ]


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


def by_a_hosts_clock(e: Evidence) -> None:
    fact(e, "rejected", at=at(86400))


def swept_by_a_hosts_clock(e: Evidence) -> None:
    e.ledger = [replace(e.ledger[0], at=at(-86400)), *e.ledger[1:]]


def pause_lost(e: Evidence) -> None:
    """It rested for ten seconds and climbs as if it had counted on."""
    e.ledger = [replace(row, due_at=at(17)) if row.rung == 1 else row for row in e.ledger]


def pause_given_twice(e: Evidence) -> None:
    e.ledger = [replace(row, due_at=at(82)) if row.rung == 2 else row for row in e.ledger]


def time_used_lost(e: Evidence) -> None:
    fact(e, "clock.recomputed", data={"due_at": at(21).isoformat()})


def time_left_misread(e: Evidence) -> None:
    fact(e, "clock.recomputed", data={"old_due": at(18).isoformat()})


def never_set_aside(e: Evidence) -> None:
    e.spoiled = {W: False}


def set_aside_for_ever(e: Evidence) -> None:
    e.parked = [(W, "JSONDecodeError")]


def mended_in_vain(e: Evidence) -> None:
    e.spoiled, e.ledger = {W: True}, []


PLANTED_IN_RESTS: list[tuple[str, Callable[[Evidence], None]]] = [
    ("8", by_a_hosts_clock),
    ("8", swept_by_a_hosts_clock),
    ("9", pause_lost),
    ("9", pause_given_twice),
    ("10", time_used_lost),
    ("10", time_left_misread),
    ("11", never_set_aside),
    ("11", set_aside_for_ever),
    ("11", mended_in_vain),
]


PLANTED: list[tuple[str, Callable[[Evidence], None]]] = [
    ("1", early),
    ("1", before_the_rung_was_given),
    ("2", doubled_row),
    ("3", skipped),
    ("3", silent_start),
    ("3", beyond),
    ("4", after_the_answer),
    ("4", while_it_rests),
    ("5", swept_twice),
    ("5", row_without_fact),
    ("7", robbed_of_its_time),
    ("12", lost_event),
    ("12", backwards),
    ("12", never_left),
    ("12", left_without_a_log),
    ("12", answered_and_lost),
    ("12", assigned_and_lost),
    ("12", noted_twice),
    ("13", out_of_order),
    ("14", nothing_runs),
    ("14", forgotten),
    ("14", forgotten_after_the_warning),
    ("receipt", lost_receipt),
    ("receipt", doubled_receipt),
    ("receipt", routed_twice),
    ("order", order_twice),
]


def test_a_sound_life_violates_nothing() -> None:
    assert check(sound()) == []
    assert check(rested()) == []


def test_assigning_what_somebody_else_just_assigned_is_answered_as_done() -> None:
    evidence = sound()
    assigned_and_lost(evidence)
    log = list(evidence.log)
    where = next(i for i, one in enumerate(log) if one.type == "noted")
    log.insert(where, replace(log[where], id="e93", type="assigned", seat="node:S:clerk", data={"lead": "CG"}))
    renumbered(evidence, log)
    assert check(evidence) == []


@pytest.mark.parametrize(("rule", "plant"), PLANTED, ids=[plant.__name__ for _, plant in PLANTED])
def test_a_planted_defect_is_caught(rule: str, plant: Callable[[Evidence], None]) -> None:
    evidence = sound()
    plant(evidence)
    assert rule in {found.rule for found in check(evidence)}


@pytest.mark.parametrize(("rule", "plant"), PLANTED_IN_RESTS, ids=[plant.__name__ for _, plant in PLANTED_IN_RESTS])
def test_a_planted_defect_of_kept_time_is_caught(rule: str, plant: Callable[[Evidence], None]) -> None:
    evidence = rested()
    plant(evidence)
    assert rule in {found.rule for found in check(evidence)}
