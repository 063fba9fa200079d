"""The checker finds nothing in a sound life, and each rule's own planted defect."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.chaos.announced import ACCEPTED, REFUSED
from tests.chaos.checker import check
from tests.chaos.evidence import Answered, Evidence, Fact, Receipt, Step
from tests.chaos.lives import HANDLING, REPORTED, W, at, fact, renumbered, rested, sound


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


def never_announced(e: Evidence) -> None:
    """The reconciler routed it, so nothing else shows it."""
    e.raised = []


def announced_without_a_log(e: Evidence) -> None:
    e.raised = [W, "ghost"]


def poison_swallowed(e: Evidence) -> None:
    assert e.inbound is not None
    e.inbound.letters.remove(("m3", "undecodable"))


def good_one_put_aside(e: Evidence) -> None:
    assert e.inbound is not None
    e.inbound.letters.add(("m1", "rejected"))


def put_aside_for_another_reason(e: Evidence) -> None:
    assert e.inbound is not None
    e.inbound.letters = {("m2", "rejected"), ("m3", "undecodable")}


def never_answered(e: Evidence) -> None:
    assert e.inbound is not None
    e.inbound.answers.remove((ACCEPTED, "m1"))


def refused_in_silence(e: Evidence) -> None:
    assert e.inbound is not None
    e.inbound.answers.remove((REFUSED, "m2"))


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
    ("12", never_announced),
    ("12", announced_without_a_log),
    ("inbound", poison_swallowed),
    ("inbound", good_one_put_aside),
    ("inbound", put_aside_for_another_reason),
    ("inbound", never_answered),
    ("inbound", refused_in_silence),
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
