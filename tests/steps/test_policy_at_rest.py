"""Another policy for clocks at rest: what is left is computed at once, and nobody becomes late by it while it rests."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from dispatch.domain.case import Clock
from dispatch.domain.deadlines import Limit
from dispatch.domain.policy import Policies
from dispatch.domain.reference import Reference
from dispatch.steps.escalate import fire_due
from dispatch.steps.why import Why, counted_on, explain
from tests.domain.cases import DESK, MONDAY, SEEPAGE, clerk, head, reference
from tests.domain.test_recompute import with_days_off, with_limits
from tests.steps.told_lives import LEAD, STREET, Told, assert_exact, standing

HOUR = timedelta(hours=1)


def on_hold(*, used: timedelta, rest: timedelta = HOUR) -> Told:
    """A whistle that was suspended after so long, so long ago; nobody swept."""
    play = Told(SEEPAGE)
    play.route()
    play.wait(seconds=int(used.total_seconds()))
    hold(play)
    return play.wait(seconds=int(rest.total_seconds()))  # type: ignore[return-value]


def hold(play: Told, days: int = 60) -> None:
    play.try_(LEAD, "request-hold", reason="等", review_on=play.now + timedelta(days=days))
    play.try_(head(STREET), "decide-hold", granted=True)
    assert play.case.status == "on-hold"


def the(play: Told, stage: str = "reported", unit: str | None = "ZJ") -> Clock:
    clock = play.case.clock(stage, unit)
    assert clock is not None
    return clock


def explained(play: Told) -> Why:
    clock = the(play)
    return explain(play.case, clock, play.logged, play.turn, play.known[counted_on(clock, play.logged)])


@pytest.mark.parametrize(
    ("limit", "left"), [("2wh", timedelta(hours=1)), ("6wh", timedelta(hours=5)), ("30h", timedelta(hours=22.5))]
)
def test_a_clock_at_rest_gets_the_limit_and_keeps_what_it_used(limit: str, left: timedelta) -> None:
    """An hour of four is used; a quarter of it, where the new limit counts in other units."""
    play = on_hold(used=timedelta(hours=1))
    play.under(with_limits(reported=limit), "policy")
    clock = the(play)
    assert (clock.remaining, clock.due_at, clock.fires_at) == (left, None, None)
    told = [one.data for one in play.logged if one.type == "clock.recomputed" and one.data["unit"] == "ZJ"]
    assert [one["remaining"] for one in told] == [left // timedelta(microseconds=1)]
    assert not any(wait.counted for wait in explained(play).stretches[1:])
    assert not play.sweep()
    play.wait(days=1)
    play.try_(clerk(), "resume")
    assert standing(play)[clock.id] == (left, None)
    assert_exact(play, "reported", "ZJ")


def test_a_clock_at_rest_that_has_used_up_a_shorter_limit_is_due_when_it_goes_on() -> None:
    play = on_hold(used=timedelta(hours=3))
    play.under(with_limits(reported="2wh"), "policy")
    clock = the(play)
    assert (clock.remaining, clock.due_at) == (timedelta(), None)
    stretches = [("work", True, 7200), ("overtaken", False, 3600), ("paused:hold", False, 3600)]
    assert [(one.reason, one.counted, one.seconds) for one in explained(play).stretches] == stretches
    play.wait(days=1, hours=2)
    assert not play.sweep()
    play.try_(clerk(), "resume")
    assert clock.due_at == play.now
    play.wait(minutes=5)
    while play.sweep():
        pass
    assert clock.rung == 1
    why = assert_exact(play, "reported", "ZJ")
    assert (why.used, why.remaining) == (7200 + 300, -300)


def test_a_late_clock_at_rest_is_late_no_more_under_a_longer_limit() -> None:
    """Nobody swept; what is beyond four hours is within six."""
    play = on_hold(used=timedelta(hours=6, minutes=30))  # lunch left out, of four it used five
    play.under(with_limits(reported="6wh"), "policy")
    clock = the(play)
    assert (clock.used + (clock.remaining or timedelta()), clock.due_at) == (timedelta(hours=6), None)
    play.try_(clerk(), "resume")
    assert_exact(play, "reported", "ZJ")


@pytest.mark.parametrize("rest", [HOUR, timedelta(days=2)])
@pytest.mark.parametrize(("limit", "by"), [("2wh", timedelta()), ("30h", timedelta()), ("5wh", HOUR)])
def test_a_late_clock_at_rest_is_as_late_as_it_was(rest: timedelta, limit: str, by: timedelta) -> None:
    """Of four hours five and a half are used; how long it has rested makes no difference."""
    play = on_hold(used=timedelta(hours=8), rest=rest)
    clock = the(play)
    assert (clock.due_at, clock.remaining) == (MONDAY + timedelta(hours=6.5), -1.5 * HOUR)
    play.under(with_limits(reported=limit), "policy")
    left = -1.5 * HOUR + by if limit != "30h" else -30 * HOUR * 1.5 / 4
    assert (clock.due_at, clock.remaining) == (MONDAY + timedelta(hours=6.5) + by, left)
    play.try_(clerk(), "resume")
    assert clock.fires_at == MONDAY + timedelta(hours=6.5) + by
    if limit != "30h":
        assert_exact(play, "reported", "ZJ")


def test_another_reminder_makes_no_late_clock_less_late() -> None:
    play = on_hold(used=timedelta(hours=8), rest=timedelta(days=1))
    policies = reference().policies
    standard = replace(policies.standard, reminder=Limit.parse("2wd"))
    changed = Policies(policies.version + 1, {**policies.by_code, "standard": standard})
    play.under(replace(reference(), policies=changed), "policy")
    assert (the(play).due_at, the(play).remaining) == (MONDAY + timedelta(hours=6.5), -1.5 * HOUR)
    assert not any(one.data.get("overtaken") for one in play.logged if one.data.get("unit") == "ZJ")


def within(limit: str) -> Reference:
    """What seepage is to be handled in."""
    duties = reference().duties
    one = replace(duties.by_code["202"], limit=Limit.parse(limit))
    known = tuple(one if each.code == one.code else each for each in duties.duties)
    return replace(reference(), duties=replace(duties, duties=known, by_code={**duties.by_code, one.code: one}))


def sourced(limit: str, days: int, **known: Any) -> Told:
    """Handled within `limit`, asked for by its source in so many days."""
    play = Told(SEEPAGE, source_due_at=MONDAY + timedelta(days=days), **known)
    play.rules = replace(play.rules, duties=within(limit).duties)
    return play.route()  # type: ignore[return-value]


def test_where_rests_have_moved_the_end_past_the_sources_date_it_takes_no_more() -> None:
    play = sourced("5wd", 11)
    play.wait(days=3)
    hold(play)
    play.wait(days=14)
    clock = the(play, "handling", None)
    left = clock.remaining
    assert left is not None
    play.under(within("2wd"), "policy")
    assert clock.remaining == timedelta()
    play.under(within("5wd"), "policy")  # it was a mistake
    assert clock.remaining == left
    play.under(within("6wd"), "policy")
    assert clock.remaining == left + timedelta(hours=7)
    play.try_(clerk(), "resume")
    play.under(with_days_off("2026-07-03"), "calendar")
    assert standing(play)[clock.id][0] == left + timedelta(hours=7)
    assert_exact(play, "handling")


@pytest.mark.parametrize("days", [0, 4])
def test_what_an_extension_left_is_the_same_share_whenever_it_is_computed(days: int) -> None:
    play = sourced("5wd", 90)
    play.wait(days=1)
    due = the(play, "handling", None).due_at
    assert due is not None
    play.try_(LEAD, "request-extension", until=due + timedelta(days=2), reason="雨")
    play.try_(DESK, "decide-extension", granted=True)
    play.wait(hours=1)
    hold(play)
    clock = the(play, "handling", None)
    used, left = clock.used, clock.remaining
    assert left is not None
    play.wait(days=days)
    play.under(within("7d"), "policy")
    whole, before = timedelta(days=7), timedelta(hours=35)
    assert (clock.used, clock.remaining) == (whole * (used / before), whole * (left / before))


def test_a_rest_in_which_nothing_was_used_is_not_counted_where_nobody_came_after_all() -> None:
    """On hold from Saturday to Monday afternoon."""
    play = Told(SEEPAGE, at=datetime.fromisoformat("2026-06-13T10:00+08:00"))
    play.route()
    play.wait(minutes=10)
    hold(play)
    play.wait(days=2, hours=6)
    play.try_(clerk(), "resume")
    play.wait(minutes=20)
    play.try_(LEAD, "arrive", note="到了")
    play.wait(minutes=5)
    play.try_(clerk(), "deny-arrival", unit="ZJ")
    assert the(play).open
    assert assert_exact(play, "reported", "ZJ").used == 25 * 60


def test_what_a_hold_sets_free_climbs_in_a_sweep_of_its_own() -> None:
    """An order of the district has a number, which is drawn for the orders that a sweep knows of before."""
    play = Told(SEEPAGE)
    play.route()
    play.wait(hours=3)
    hold(play, days=3)
    play.under(with_limits(reported="2wh"), "policy")
    review = the(play, "hold", None).fires_at
    assert review is not None
    play.now = review
    play.case.clocks = dict(sorted(play.case.clocks.items(), key=lambda one: one[1].stage != "hold"))
    fire_due(play.case, play.turn)
    assert [event.type for event in play.case.events] == ["hold.lapsed"]
    assert the(play).fires_at == review
