"""The checker finds each defect that is planted in time that rests, or is computed anew."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.chaos.checker import check
from tests.chaos.evidence import Evidence
from tests.chaos.lives import W, at, fact, rested


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


def time_used_lost_at_rest(e: Evidence) -> None:
    fact(e, "clock.recomputed", data={"remaining": 17_000_000})


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
    ("10", time_used_lost_at_rest),
    ("11", never_set_aside),
    ("11", set_aside_for_ever),
    ("11", mended_in_vain),
]


@pytest.mark.parametrize(("rule", "plant"), PLANTED_IN_RESTS, ids=[plant.__name__ for _, plant in PLANTED_IN_RESTS])
def test_a_planted_defect_of_kept_time_is_caught(rule: str, plant: Callable[[Evidence], None]) -> None:
    evidence = rested()
    plant(evidence)
    assert rule in {found.rule for found in check(evidence)}
