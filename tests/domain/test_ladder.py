"""The ladder: one rung per expiry, never skipped, never beyond the district, full time after downtime."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.domain.case import Case
from dispatch.domain.clocks import LAST_RUNG, ON_TIME, StagePolicy, length
from dispatch.domain.counterparts import POSTS
from dispatch.domain.effects import Event
from tests.domain.cases import (
    BUILDING,
    COMMUNITY,
    DISTRICT,
    FIRE_DOOR,
    RUBBISH,
    SEEPAGE,
    STREET,
    Play,
    clerk,
    liaison,
)


def climbs(play: Play, stage: str, unit: str | None = None) -> list[int]:
    return [
        event.data["rung"]
        for event in play.log
        if event.type == "clock.climbed" and event.data["stage"] == stage and event.data.get("unit") == unit
    ]


def types_of(play: Play, stage: str) -> list[str]:
    return [event.type for event in play.log if event.data.get("stage") == stage]


def test_neglected_it_climbs_one_rung_after_another_to_a_supervision_order() -> None:
    play = Play(SEEPAGE).route()
    while len(climbs(play, "handling")) < 5:
        assert play.next()
    assert climbs(play, "handling") == [1, 2, 3, 4, 5]
    assert climbs(play, "reported", "ZJ") == [1, 2, 3, 4, 5]
    orders = [event.data["order"] for event in play.log if event.data.get("rung") == 5 and event.data.get("order")]
    assert orders == sorted(set(orders))
    assert play.case.rung == 5


def test_nothing_fires_before_it_is_due() -> None:
    play = Play(SEEPAGE).route()
    first = min(clock.fires_at for clock in play.case.open_clocks() if clock.fires_at)
    play.now = first - timedelta(microseconds=1)
    assert play.sweep() == 0
    play.now = first
    assert play.sweep() >= 1


def test_an_emergency_starts_at_the_community_and_the_rungs_below_are_informed() -> None:
    play = Play(FIRE_DOOR).route()
    while not climbs(play, "reported", "XF"):
        assert play.next()
    event = next(event for event in play.log if event.type == "clock.climbed")
    assert event.data["rung"] == 3
    assert [row["rung"] for row in event.data["informed"]] == [1, 2]


def test_a_place_known_only_to_the_street_starts_at_rung_four_and_says_so() -> None:
    play = Play(RUBBISH, place=STREET).route()
    while not climbs(play, "handling"):
        assert play.next()
    event = next(event for event in play.log if event.type == "clock.climbed")
    assert event.data["rung"] == 4
    assert [row for row in event.data["informed"] if row.get("unknown")] == [
        {"rung": rung, "unknown": True} for rung in (1, 2, 3)
    ]


def test_an_answered_clock_never_fires() -> None:
    play = Play(SEEPAGE).route()
    play.act(liaison("ZJ"), "report-in")
    while not climbs(play, "handling"):
        assert play.next()
    assert climbs(play, "reported", "ZJ") == []
    assert climbs(play, "reported", "SQ-130403011-D01")


def test_at_the_district_reminders_then_one_notice_unless_explained() -> None:
    play = Play(SEEPAGE).route()
    play.act(liaison("ZJ"), "report-in")
    while "clock.noticed" not in types_of(play, "handling"):
        assert play.next()
    kinds = types_of(play, "handling")[-6:]
    assert kinds == ["clock.climbed", *["clock.reminded"] * 4, "clock.noticed"]

    explained = Play(SEEPAGE).route()
    explained.act(liaison("ZJ"), "report-in")
    while len(climbs(explained, "handling")) < 5:
        assert explained.next()
    explained.act(liaison("ZJ"), "explain", {"text": "等配件"})
    while types_of(explained, "handling").count("clock.reminded") < 6:
        assert explained.next()
    assert "clock.noticed" not in types_of(explained, "handling")


def test_after_days_of_downtime_the_next_rung_gets_its_full_time() -> None:
    play = Play(SEEPAGE).route()
    clock = play.case.clock("handling")
    assert clock is not None
    play.now = clock.due_at + timedelta(days=14)  # type: ignore[operator]
    before = play.now
    while clock.rung == 0:
        play.sweep()
    assert clock.rung == 1
    wait = play.turn.district_calendar.worked(before, clock.fires_at)  # type: ignore[arg-type]
    assert wait == timedelta(hours=4)


def test_a_little_late_counts_from_when_it_was_due() -> None:
    play = Play(SEEPAGE).route()
    clock = play.case.clock("handling")
    assert clock is not None
    play.act(liaison("ZJ"), "report-in")
    while clock.mark != "due":
        assert play.next()
    due = clock.fires_at
    assert due is not None
    play.now = due + timedelta(minutes=2)
    play.sweep()
    assert clock.fires_at == play.turn.district_calendar.add(due, timedelta(hours=4))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0.01, 400), min_size=5, max_size=25))
def test_every_next_rung_gets_its_full_time_however_long_nobody_swept(hours: list[float]) -> None:
    """Counted from when this one was due where we came no later than five minutes or a tenth of it, else from now."""
    play = Play(SEEPAGE).route()
    district = play.turn.district_calendar
    for pause in hours:
        play.wait(hours=pause)
        due = {clock.id: clock.fires_at for clock in play.case.open_clocks()}
        made = len(play.ledger)
        play.sweep()
        for id, _run, rung, mark, _nth in play.ledger[made:]:
            clock = next(one for one in play.case.clocks.values() if one.id == id)
            if mark != "due" or not clock.rung:
                continue
            assert clock.fires_at is not None
            policy = StagePolicy.of(clock)
            wait = length(policy.remind if clock.rung == LAST_RUNG else policy.waits[clock.rung], district)
            late = play.now - due[id]  # type: ignore[operator]
            origin = due[id] if late <= min(ON_TIME, wait / 10) else play.now
            assert district.worked(origin, clock.fires_at) == wait, (clock.stage, rung, mark)  # type: ignore[arg-type]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.floats(0.01, 400), min_size=1, max_size=40), st.sampled_from([SEEPAGE, FIRE_DOOR, RUBBISH]))
def test_whatever_the_moments_of_the_sweeps(hours: list[float], text: str) -> None:
    """Rungs of a run are never skipped or repeated, never beyond 5; each ledger row is there once; never early."""
    play = Play(text).route()
    for pause in hours:
        play.wait(hours=pause)
        due_before = {clock.id: clock.fires_at for clock in play.case.open_clocks()}
        made = len(play.ledger)
        play.sweep()
        for row in play.ledger[made:]:
            assert due_before[row[0]] is not None
            assert due_before[row[0]] <= play.now  # type: ignore[operator]
    assert len(play.ledger) == len(set(play.ledger))
    for clock in play.case.clocks.values():
        rungs = [row[2] for row in play.ledger if row[0] == clock.id and row[3] == "due" and row[2]]
        assert rungs == list(range(rungs[0], rungs[0] + len(rungs))) if rungs else True
        assert all(rung <= 5 for rung in rungs)
    assert_somebody_answers(play.case)


def assert_somebody_answers(case: Case) -> None:
    """From receipt to closing a clock other than the total runs, unless somebody signed for its rest."""
    running = [clock for clock in case.open_clocks() if clock.stage != "total" and clock.running]
    assert running or case.ended


@pytest.mark.parametrize("reason", ["not-done", "partly"])
def test_a_refused_result_goes_on_with_the_original_clock(reason: str) -> None:
    play = Play(SEEPAGE).route()
    lead = liaison("ZJ")
    play.act(lead, "report-in")
    play.wait(hours=30)
    clock = play.case.clock("handling")
    assert clock is not None
    left = clock.due_at - play.now  # type: ignore[operator]
    play.act(lead, "resolve", {"reply": "修好了", "reason": "社区不用来"})
    assert not clock.running
    play.wait(hours=9)
    play.act(clerk(), "verify", {"accepted": False, "reason": reason, "note": "现场看过"})
    assert clock.due_at - play.now == left  # type: ignore[operator]
    assert clock.run == 1
    assert play.case.rework == 1


def test_a_late_clock_rests_after_its_end_and_comes_back_late_with_the_wait_it_had() -> None:
    play = Play(SEEPAGE).route()
    lead = liaison("ZJ")
    play.act(lead, "report-in")
    clock = play.case.clock("handling")
    assert clock is not None
    while clock.rung < 2:
        assert play.next()
    play.wait(hours=1)
    due, left = clock.due_at, play.turn.district_calendar.worked(play.now, clock.fires_at)  # type: ignore[arg-type]
    play.act(lead, "resolve", {"reply": "修好了", "reason": "社区不用来"})
    climbed = climbs(play, "handling")
    play.wait(days=1).sweep()
    assert (climbs(play, "handling"), clock.fires_at) == (climbed, None)
    play.act(clerk(), "verify", {"accepted": False, "reason": "not-done", "note": "现场看过"})
    assert (clock.rung, clock.run, clock.due_at) == (2, 1, due)
    assert play.turn.district_calendar.worked(play.now, clock.fires_at) == left  # type: ignore[arg-type]


def climbed(play: Play, rung: int) -> Event:
    """The climb of the handling clock to a rung."""
    while not any(one.data.get("rung") == rung and one.data.get("stage") == "handling" for one in play.log):
        assert play.next()
    return next(one for one in play.log if one.data.get("rung") == rung and one.data.get("stage") == "handling")


def test_a_vacant_seat_of_the_place_passes_upward_and_the_fact_says_which() -> None:
    seats = (f"node:{BUILDING}:head", f"node:{COMMUNITY}-X1:head")
    first = climbed(Play(SEEPAGE, vacant=seats).route(), 1)
    assert (first.data["seat"], first.data["vacant"]) == (f"node:{COMMUNITY}:head", list(seats))
    assert first.data["person"]


@pytest.mark.parametrize(
    ("vacant", "rung", "called"),
    [
        (("section",), 3, ["leader"]),
        (("section", "leader"), 3, ["principal"]),
        (("deputy",), 2, ["liaison"]),
        (("liaison", "deputy"), 2, ["section"]),
        (("principal",), 5, ["leader"]),
        (("liaison", "deputy", "section", "leader", "principal"), 4, []),
    ],
)
def test_a_vacant_seat_of_the_unit_passes_to_the_next_held_post_and_the_fact_says_which(
    vacant: tuple[str, ...], rung: int, called: list[str]
) -> None:
    play = Play(SEEPAGE, vacant=tuple(f"unit:ZJ:{post}" for post in vacant)).route()
    event = climbed(play, rung)
    assert [one["seat"] for one in event.data.get("counterpart") or ()] == [f"unit:ZJ:{post}" for post in called]
    assert all(one["person"] for one in event.data.get("counterpart") or ())
    asked = play.turn.policy(play.case).counterpart(rung)
    assert event.data["unit_vacant"] == [f"unit:ZJ:{post}" for post in asked if post in vacant]


def test_at_the_district_reminders_go_to_whoever_stands_for_a_vacant_head() -> None:
    for vacant, seat in ((("principal",), "unit:ZJ:leader"), (POSTS, f"node:{DISTRICT}:dispatcher")):
        play = Play(SEEPAGE, vacant=tuple(f"unit:ZJ:{post}" for post in vacant)).route()
        while "clock.noticed" not in types_of(play, "handling"):
            assert play.next()
        assert {(seat, "reminded"), (seat, "noticed")} <= set(play.told)
