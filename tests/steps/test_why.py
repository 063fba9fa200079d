"""为什么是这个时限, over generated lives: the stretches join, say why, and what counts adds up to the limit exactly."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.domain import clocks
from dispatch.domain.case import Clock
from dispatch.domain.deadlines import Limit, between
from dispatch.domain.reference import Reference
from dispatch.steps.why import counted_on, explain
from tests.domain.cases import DESK, SEEPAGE, clerk, head
from tests.steps.told_lives import (
    CALENDARS,
    LEAD,
    STREET,
    Told,
    assert_joined,
    by_name,
    district_now,
    lives,
    other,
    standing,
)

MINUTE = Limit(1, "m")


def granted(play: Told, clock: Clock) -> bool:
    """Whether a person moved this run's end by hand."""
    return (
        any(
            line.type == "extension.decided" and line.data.get("granted") and line.at >= clock.started_at
            for line in play.logged
        )
        or clock.stage == "hold"
    )


@settings(max_examples=250, deadline=None)
@given(lives())
def test_it_adds_up_exactly_whatever_happened(play: Told) -> None:
    for clock in play.case.clocks.values():
        calendar = (play.known | by_name(play.rules))[counted_on(clock, play.logged)]
        why = explain(play.case, clock, play.logged, play.turn, calendar)
        assert_joined(why)
        if clock.stage == "total":
            assert not [one for one in why.stretches if one.reason.startswith("paused")], "nothing stops it"
        policy = clocks.StagePolicy.of(clock)
        if policy.limit is None or why.due_at is None or granted(play, clock) or not clock.open:
            continue
        if not clock.running:  # rests after its end: nothing of it is to come
            continue
        full = clocks.parse(policy.limit).length(calendar.day).total_seconds()
        if why.before > full:  # a run that began after the time was used up
            assert why.counted == 0
            continue
        assert why.before + why.counted == full, (clock.stage, clock.unit, clock.run)
        assert why.remaining is not None
        assert abs(why.before + why.used + why.remaining - full) < 1e-6 or why.remaining < 0


@st.composite
def rested(draw: st.DrawFn) -> list[tuple[str, int, Reference]]:
    """Steps of rests and loads, each after so many minutes, with a calendar for those that load one."""
    what = st.sampled_from(["hold", "resume", "merge", "unmerge", "solve", "refuse", "load", "recompute", "load"])
    return draw(st.lists(st.tuples(what, st.integers(1, 3000), CALENDARS), min_size=3, max_size=14))


@settings(max_examples=80, deadline=None)
@given(rested())
def test_rests_and_loads_in_any_order_conserve_what_is_left(steps: list[tuple[str, int, Reference]]) -> None:
    """Whatever rests, goes on, is loaded or computed anew takes no microsecond from any clock and gives it none."""
    play = Told(SEEPAGE)
    play.route()
    play.wait(minutes=1)
    play.try_(LEAD, "report-in")
    for step, minutes, rules in steps:
        play.wait(minutes=minutes, seconds=7)
        rungs = {clock.id: clock.rung for clock in play.case.open_clocks()}
        while play.sweep():
            pass
        climbed = [clock for clock in play.case.open_clocks() if clock.rung > rungs.get(clock.id, clock.rung)]
        for clock in climbed:  # the wait that begins is the one that is conserved from now on
            unit, district = clocks.mark_units(clock, clocks.StagePolicy.of(clock), MINUTE, *[district_now(play)] * 2)
            assert standing(play)[clock.id][1] == between(unit, play.now, clock.fires_at, district)  # type: ignore[arg-type]
        until = play.now + timedelta(days=30)
        play.try_(LEAD, "request-hold", reason="等", review_on=until)
        before = standing(play)
        match step:
            case "hold":
                play.try_(head(STREET), "decide-hold", granted=True)
            case "resume":
                play.try_(clerk(), "resume")
            case "merge":
                play.try_(DESK, "merge", main=other(play))
            case "unmerge":
                play.try_(DESK, "unmerge")
            case "solve":
                play.try_(LEAD, "resolve", reply="好了", reason="不用来")
            case "refuse":
                play.try_(clerk(), "verify", accepted=False, reason="partly", note="还在漏")
            case "load":
                play.load(rules)
            case _:
                play.recompute("calendar")
        after = standing(play)
        assert {id: after[id] for id in before if id in after} == {id: before[id] for id in before if id in after}
        for clock in play.case.open_clocks():
            if clock.id in after and clock.running and clock.rung == 0 and not granted(play, clock):
                why = explain(play.case, clock, play.logged, play.turn, play.known[counted_on(clock, play.logged)])
                assert why.before > (why.limit_seconds or 0) or why.before + why.counted == why.limit_seconds
