"""The checker finds each defect that is planted in a life that is passed on to another street, merged and parted."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.chaos.checker import check
from tests.chaos.evidence import Answered, Evidence, Fact, Step
from tests.chaos.lives import HANDLING, W, at, joined, renumbered


def without(e: Evidence, type: str) -> None:
    """The log without the first fact of a type, and without its row of the ledger."""
    gone = next(one for one in e.log if one.type == type)
    e.ledger = [row for row in e.ledger if row.event != gone.id]
    renumbered(e, [one for one in e.log if one is not gone])


def fired(e: Evidence, before: str, clock: str, stage: str, seconds: float) -> None:
    """A step more, in the log and in the ledger, before the first fact of a type."""
    data = {"clock": clock, "stage": stage, "unit": None, "run": 1}
    log = list(e.log)
    where = next(i for i, one in enumerate(log) if one.type == before)
    log.insert(where, Fact(W, 0, at(seconds), "e90", "clock.warned", None, data))
    e.ledger = [*e.ledger, Step(clock, 1, 0, "warn", 0, W, at(seconds), at(seconds), "e90")]
    renumbered(e, log)


def timed_no_more_once_merged(e: Evidence) -> None:
    """Its deadline came while it was merged, and nothing was said."""
    for type in ("clock.overdue", "answered", "closed"):
        without(e, type)


def timed_after_the_closing(e: Evidence) -> None:
    """Its main one was closed, and its total still spoke."""
    without(e, "clock.warned")
    log = sorted(e.log, key=lambda one: (one.type == "clock.overdue", one.seq))
    late = {"clock.overdue": at(130)}
    renumbered(e, [replace(one, at=late.get(one.type, one.at)) for one in log])
    e.ledger = [replace(row, at=at(130)) for row in e.ledger]


def counts_while_merged(e: Evidence) -> None:
    """Somebody was still late with what the merge had put to rest."""
    fired(e, "unmerged", "clock-verification", "verification", 8)


def counts_though_it_rested_before(e: Evidence) -> None:
    """Handling rested for the result, and the parting made it count on."""
    fired(e, "noted", HANDLING, "handling", 9.5)


def routed_though_nobody_passed_it_on(e: Evidence) -> None:
    without(e, "transfer.accepted")


def passed_on_and_never_routed(e: Evidence) -> None:
    e.log = [one for one in e.log if one.seq <= 4]
    e.ledger = []


def routed_while_merged(e: Evidence) -> None:
    """Merged as soon as it was raised: the list has nothing to say any more."""
    first = e.log[0]
    merged = Fact(W, 2, at(0.5), "e91", "merged", "node:D:dispatcher", {"into": "w2"})
    routed = Fact(W, 3, at(1), "e92", "routed", None, {"outcome": "unmatched"})
    e.log, e.ledger, e.journal = [first, merged, routed], [], replace(e.journal, answered=[]) if e.journal else None


def reopened_without_units_and_never_routed(e: Evidence) -> None:
    log = [
        e.log[0],
        Fact(W, 2, at(1), "e93", "routed", None, {"outcome": "statutory"}),
        Fact(W, 3, at(2), "e94", "answered", "node:S:clerk", {}),
        Fact(W, 4, at(3), "e95", "reopened", "node:S:clerk", {"units": []}),
    ]
    e.log, e.ledger, e.journal = log, [], replace(e.journal, answered=[]) if e.journal else None


def accepted_and_lost(e: Evidence) -> None:
    assert e.journal is not None
    e.journal.answered.append(Answered(W, "decline-transfer", "node:T:clerk"))


PLANTED: list[tuple[str, Callable[[Evidence], None]]] = [
    ("14", timed_no_more_once_merged),
    ("4", timed_after_the_closing),
    ("4", counts_while_merged),
    ("4", counts_though_it_rested_before),
    ("receipt", routed_though_nobody_passed_it_on),
    ("receipt", passed_on_and_never_routed),
    ("receipt", routed_while_merged),
    ("receipt", reopened_without_units_and_never_routed),
    ("12", accepted_and_lost),
]


def test_a_sound_life_with_a_transfer_and_merges_violates_nothing() -> None:
    assert check(joined()) == []


@pytest.mark.parametrize(("rule", "plant"), PLANTED, ids=[plant.__name__ for _, plant in PLANTED])
def test_a_planted_defect_of_a_life_among_others_is_caught(rule: str, plant: Callable[[Evidence], None]) -> None:
    evidence = joined()
    plant(evidence)
    assert rule in {found.rule for found in check(evidence)}


def test_what_is_merged_as_soon_as_it_was_raised_need_not_be_routed() -> None:
    evidence = joined()
    routed_while_merged(evidence)
    evidence.log = evidence.log[:2]
    assert check(evidence) == []


def test_what_was_reopened_with_its_main_one_is_not_routed_when_it_is_parted() -> None:
    evidence = joined()
    log = [
        evidence.log[0],
        Fact(W, 2, at(1), "e93", "routed", None, {"outcome": "statutory"}),
        Fact(W, 3, at(2), "e94", "merged", "node:D:dispatcher", {"into": "w2"}),
        Fact(W, 4, at(3), "e95", "answered", "node:S:clerk", {"of": "w2"}),
        Fact(W, 5, at(4), "e96", "reopened", "node:S:clerk", {"of": "w2"}),
        Fact(W, 6, at(5), "e97", "unmerged", "node:D:dispatcher", {}),
    ]
    evidence.log, evidence.ledger = log, []
    assert not [found for found in check(evidence) if "routed" in found.said]
