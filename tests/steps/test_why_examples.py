"""为什么是这个时限, by example: late, rested, denied, extended, on calendars loaded meanwhile."""

from datetime import UTC, datetime, timedelta

import pytest

from dispatch.steps.why import explain
from tests.domain.cases import DESK, MONDAY, SEEPAGE, clerk, head, liaison
from tests.domain.test_recompute import with_days_off, with_limits
from tests.steps.told_lives import LEAD, STREET, Told, assert_exact, district_now, standing


def test_a_shorter_limit_makes_nothing_late_in_hindsight() -> None:
    """Three hours and a half of four were used around a day's rest; then two hours are all that there is."""
    play = Told(SEEPAGE)
    play.route()
    play.wait(hours=1)
    play.try_(LEAD, "request-hold", reason="等", review_on=play.now + timedelta(days=9))
    play.try_(head(STREET), "decide-hold", granted=True)
    play.wait(days=1)
    play.try_(clerk(), "resume")
    play.wait(hours=1, minutes=30)
    play.under(with_limits(reported="2wh"), "policy")
    clock = play.case.clock("reported", "ZJ")
    assert clock is not None
    assert clock.due_at == play.now
    why = assert_exact(play, "reported", "ZJ")
    assert [(one.reason, one.counted, one.seconds) for one in why.stretches] == [
        ("work", True, 3600), ("paused:hold", False, 24 * 3600), ("work", True, 3600), ("overtaken", False, 1800),
    ]  # fmt: skip
    play.wait(minutes=5)
    while play.sweep():
        pass
    why = assert_exact(play, "reported", "ZJ")
    assert (why.used, why.remaining) == (7200 + 300, -300)


def test_a_longer_limit_that_was_used_up_before_a_rest_ended_before_it() -> None:
    """Nobody swept: it rested when it was late, went on, and is late by the longer limit, too."""
    play = Told(SEEPAGE)
    play.route()
    play.wait(hours=7, minutes=45)  # lunch left out, an hour and a quarter over
    play.try_(LEAD, "request-hold", reason="等", review_on=play.now + timedelta(days=9))
    play.try_(head(STREET), "decide-hold", granted=True)
    play.wait(days=1)
    play.try_(clerk(), "resume")
    went_on = play.now
    play.wait(minutes=30)
    play.under(with_limits(reported="5wh"), "policy")
    clock = play.case.clock("reported", "ZJ")
    assert clock is not None
    assert clock.due_at == went_on
    assert_exact(play, "reported", "ZJ")


def test_a_late_clock_is_explained_by_the_calendar_it_ran_out_on() -> None:
    """The day on which it ran out is declared off that evening; the way to its next rung stays the same."""
    play = Told(SEEPAGE)
    play.route()
    play.wait(minutes=1)
    play.try_(LEAD, "report-in")
    play.wait(minutes=1)
    play.try_(LEAD, "resolve", reply="好了", reason="不用来")
    play.wait(days=2, hours=9)
    while play.sweep():
        pass
    play.under(with_days_off("2026-06-17"), "calendar")
    assert not any(fact.data.get("stage") == "verification" for fact in play.logged if fact.type == "clock.recomputed")
    assert assert_exact(play, "verification").counted > 0


@pytest.mark.parametrize("signed", [False, True])
def test_a_denied_arrival_is_explained_whenever_it_was_on_hold(signed: bool) -> None:
    """On hold past the end of its time, which moves no end; or while it counted as answered, when nothing rested."""
    play = Told(SEEPAGE)
    play.route()
    play.wait(minutes=1)
    if signed:
        play.try_(LEAD, "report-in")
    play.wait(hours=6, minutes=30)
    play.try_(LEAD, "request-hold", reason="等", review_on=play.now + timedelta(days=1))
    play.try_(head(STREET), "decide-hold", granted=True)
    play.wait(minutes=5)
    play.try_(clerk(), "resume")
    play.wait(minutes=2)
    play.try_(LEAD, "arrive", note="到了")
    play.try_(clerk(), "deny-arrival", unit="ZJ")
    assert "arrival.denied" in [line.type for line in play.logged]
    assert assert_exact(play, "reported", "ZJ").before == 0


def test_an_answered_clock_is_explained_as_it_ran() -> None:
    play = Told(SEEPAGE)
    play.route()
    play.wait(hours=1)
    play.try_(LEAD, "report-in")
    play.under(with_days_off("2026-06-15"), "calendar")
    assert assert_exact(play, "reported", "ZJ").counted == 4 * 3600


@pytest.mark.parametrize(
    ("resting", "after", "due"),
    [("2026-06-16", "2026-06-17", "2026-06-16T02:30"), ("2026-06-15", "2026-06-24", "2026-06-16T02:30")],
)
def test_calendars_loaded_while_it_rests_and_after_give_and_take_nothing(resting: str, after: str, due: str) -> None:
    """An hour is used at ten; it rests until five in the afternoon, and an hour is left of that day."""
    play = Told(SEEPAGE)
    play.route()
    play.wait(hours=1)
    play.try_(LEAD, "request-hold", reason="等", review_on=MONDAY + timedelta(days=20))
    play.try_(head(STREET), "decide-hold", granted=True)
    play.under(with_days_off(resting), "calendar")
    play.wait(hours=7)
    play.try_(clerk(), "resume")
    assert_exact(play, "reported", "ZJ")
    play.under(with_days_off(after), "calendar")
    assert_exact(play, "reported", "ZJ")
    clock = play.case.clock("reported", "ZJ")
    assert clock is not None
    assert clock.due_at == datetime.fromisoformat(due).replace(tzinfo=UTC)


def test_a_denied_arrival_counts_on_the_calendar_in_force_like_its_neighbours() -> None:
    """Half an hour of four is used when the lead arrives; tomorrow is declared off; then nobody came after all."""
    play = Told(SEEPAGE, at=datetime(2026, 6, 15, 8, 0, tzinfo=UTC))
    play.route()
    play.wait(minutes=30)
    play.try_(LEAD, "arrive", note="到了")
    play.wait(minutes=30)
    play.under(with_days_off("2026-06-16"), "calendar")
    play.wait(minutes=30)
    play.try_(clerk(), "deny-arrival", unit="ZJ")
    clock, beside = play.case.clock("reported", "ZJ"), play.case.clock("reported", "SQ-130403011-D01")
    assert clock is not None
    assert beside is not None
    assert clock.open
    assert (clock.due_at, clock.fires_at, clock.calendar) == (beside.due_at, beside.due_at, district_now(play).name)
    assert clock.due_at == datetime(2026, 6, 17, 2, 30, tzinfo=UTC)
    assert_exact(play, "reported", "ZJ")
    assert standing(play)[clock.id][0] == timedelta(hours=2, minutes=30)


def test_an_arrival_denied_after_its_end_leaves_the_end_as_it_was() -> None:
    """It arrived late, before the first climb was taken: the end that it missed stays, and is explained."""
    play = Told(SEEPAGE, at=datetime(2026, 6, 15, 8, 0, tzinfo=UTC))
    play.route()
    play.wait(hours=20)
    play.try_(LEAD, "arrive", note="到了")
    play.under(with_days_off("2026-06-16"), "calendar")
    play.try_(clerk(), "deny-arrival", unit="ZJ")
    clock = play.case.clock("reported", "ZJ")
    assert clock is not None
    assert (clock.due_at, clock.fires_at) == (datetime(2026, 6, 16, 2, 30, tzinfo=UTC), play.now)
    assert_exact(play, "reported", "ZJ")


def test_a_denied_arrival_after_a_rest_counts_neither_the_rest_nor_anything_twice() -> None:
    play = Told(SEEPAGE)
    play.route()
    play.wait(hours=1)
    play.try_(LEAD, "request-hold", reason="等", review_on=MONDAY + timedelta(days=20))
    play.try_(head(STREET), "decide-hold", granted=True)
    play.wait(hours=30)
    play.try_(clerk(), "resume")
    play.wait(minutes=30)
    play.try_(LEAD, "arrive", note="到了")
    play.wait(minutes=30)
    play.try_(clerk(), "deny-arrival", unit="ZJ")
    assert_exact(play, "reported", "ZJ")
    assert standing(play)[play.case.clock("reported", "ZJ").id][0] == timedelta(hours=2)  # type: ignore[union-attr]


def test_an_extension_keeps_the_time_used_as_it_was_counted() -> None:
    """The day on which an hour was used is declared off; before this whistle is computed anew, it is extended."""
    play = Told("路灯不亮")
    play.route()
    play.wait(hours=1)
    play.load(with_days_off("2026-06-15"))
    handling = play.case.clock("handling")
    assert handling is not None
    assert handling.due_at is not None
    play.try_(liaison("CG"), "request-extension", until=handling.due_at + timedelta(days=2), reason="雨")
    play.try_(DESK, "decide-extension", granted=True)
    assert (handling.run, handling.used) == (2, timedelta(hours=1))
    assert handling.calendar == district_now(play).name


def test_a_rest_names_who_signed_for_it() -> None:
    play = Told(SEEPAGE)
    play.route()
    play.wait(hours=1)
    play.try_(LEAD, "report-in")
    play.try_(LEAD, "request-hold", reason="等", review_on=MONDAY + timedelta(days=20))
    play.try_(head(STREET), "decide-hold", granted=True)
    play.wait(hours=30)
    play.try_(clerk(), "resume")
    clock = play.case.clock("handling")
    assert clock is not None
    why = explain(play.case, clock, play.logged, play.turn)
    assert {(one.reason, one.by) for one in why.stretches if one.by} == {("paused:hold", f"node:{STREET}:head")}


def test_a_second_life_does_not_rest_since_the_first() -> None:
    """Solved, closed, reopened, solved again and refused: the first rest belongs to the first life."""
    play = Told(SEEPAGE)
    play.route()
    for _ in range(2):
        play.wait(hours=1)
        play.try_(LEAD, "report-in")
        play.try_(LEAD, "resolve", reply="好了", reason="不用来")
        play.wait(hours=1)
        if play.case.gen == 2:
            break
        play.try_(clerk(), "verify", accepted=True)
        play.try_(clerk(), "feedback", reply="好了")
        play.try_(clerk(), "close")
        play.wait(hours=1)
        play.try_(clerk(), "reopen", reason="又漏了")
    play.try_(clerk(), "verify", accepted=False, reason="partly", note="还在漏")
    clock = play.case.clock("handling")
    assert clock is not None
    assert play.case.gen == 2
    why = explain(play.case, clock, play.logged, play.turn)
    rests = [one for one in why.stretches if one.reason == "paused:verification"]
    assert sum(one.seconds for one in rests) == 3600
    assert why.counted == why.limit_seconds
