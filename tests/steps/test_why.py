"""为什么是这个时限, over generated lives: the stretches join, say why, and what counts adds up to the limit exactly."""

from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.domain import clocks, recompute
from dispatch.domain.calendar import WorkCalendar
from dispatch.domain.case import Case, Clock, Facts
from dispatch.domain.deadlines import Limit, between
from dispatch.domain.finish import finish
from dispatch.domain.reference import Reference
from dispatch.domain.turn import Turn
from dispatch.steps.why import Why, counted_on, explain
from dispatch.store.timeline import Logged
from tests.domain.cases import DESK, MONDAY, SEEPAGE, Play, clerk, head, liaison, reference
from tests.domain.test_recompute import with_days_off, with_limits

LEAD, STREET = liaison("ZJ"), "130403011"
MINUTE = Limit(1, "m")
STEPS = (
    "sign",
    "hold",
    "resume",
    "solve",
    "refuse",
    "accept",
    "reopen",
    "extend",
    "merge",
    "unmerge",
    "policy",
    "days",
    "load",
    "recompute",
    "arrive",
    "deny",
)
#: working days that some calendars have off: none, or one in two, so that hardly any wait is as long on two of them
WEEKDAYS = [day for n in range(28) if (day := date(2026, 6, 15) + timedelta(days=n)).weekday() < 5]
OFF: tuple[tuple[str, ...], ...] = (
    (),
    *(tuple(str(day) for day in WEEKDAYS[n::2]) for n in (0, 1)),
    tuple(str(day) for day in WEEKDAYS[1::3]),
)
CALENDARS = st.sampled_from(OFF).map(lambda days: with_days_off(*days))


class Told(Play):
    """A life whose log keeps moment and seat, as the stored one does; its rules may change."""

    def __init__(self, *given: Any, **facts: Any) -> None:
        self.rules: Reference = reference()
        self.known = by_name(self.rules)
        self.logged: list[Logged] = []
        self.seat: str | None = None
        super().__init__(*given, **facts)

    @property
    def turn(self) -> Turn:
        return Turn(self.rules, self.now, self.id, self._orders.__next__)

    def _keep(self) -> None:
        self.logged += [
            Logged(event.seq, event.type, self.now, None, self.seat, dict(event.data)) for event in self.case.events
        ]
        super()._keep()

    def try_(self, who: Any, action: str, **fields: Any) -> None:
        from dispatch.domain.refusals import Refusal

        self.seat = who.seat
        try:
            self.act(who, action, fields)
        except Refusal:
            self.case.events.clear()
        self.seat = None

    def under(self, rules: Reference, cause: Any) -> None:
        """Computed anew, as `dispatch load` and `dispatch policies apply` do."""
        if cause == "policy":
            self.rules = replace(self.rules, policies=rules.policies, duties=rules.duties)
        else:
            self.load(rules)
        self.recompute(cause)

    def load(self, rules: Reference) -> None:
        """Another calendar is in force; this whistle's turn to be computed anew has not come yet."""
        self.known |= by_name(rules)
        self.rules = replace(self.rules, calendars=rules.calendars, earlier=dict(self.known))

    def recompute(self, cause: Any) -> None:
        turn = self.turn
        if recompute.again(self.case, turn, cause, self.known.__getitem__):
            finish(self.case, turn)
        self._keep()


def by_name(rules: Reference) -> dict[str, Any]:
    return {one.name: one for one in rules.calendars.values()}


@st.composite
def lives(draw: st.DrawFn, raised: st.SearchStrategy[Any] = st.builds(Told, st.just(SEEPAGE))) -> Any:  # noqa: B008
    """What was `raised`, some way into its life."""
    play = draw(raised)
    play.route()
    for step in draw(st.lists(st.sampled_from(STEPS), max_size=9)):
        play.wait(minutes=draw(st.integers(0, 200)) * 10 + 1, seconds=draw(st.integers(0, 59)))
        if draw(st.integers(0, 3)):  # else no scheduler was up
            play.sweep()
        case = play.case
        match step:
            case "sign":
                play.try_(LEAD, "report-in")
            case "hold":
                until = play.now + timedelta(days=draw(st.integers(1, 20)))
                play.try_(LEAD, "request-hold", reason="等", review_on=until)
                play.try_(head(STREET), "decide-hold", granted=True)
            case "resume":
                play.try_(clerk(), "resume")
            case "solve":
                play.try_(LEAD, "report-in")
                play.try_(LEAD, "resolve", reply="好了", reason="不用来")
            case "refuse":
                play.try_(clerk(), "verify", accepted=False, reason="partly", note="还在漏")
            case "accept":
                play.try_(clerk(), "verify", accepted=True)
            case "reopen":
                play.try_(clerk(), "feedback", reply="好了")
                play.try_(clerk(), "close")
                play.try_(clerk(), "reopen", reason="又漏了")
            case "extend":
                handling = case.clock("handling")
                if handling is not None and handling.due_at is not None:
                    play.try_(LEAD, "request-extension", until=handling.due_at + timedelta(days=2), reason="雨")
                    play.try_(DESK, "decide-extension", granted=True)
            case "merge":
                play.try_(DESK, "merge", main=other(play))
            case "unmerge":
                play.try_(DESK, "unmerge")
            case "policy":
                limit = draw(st.sampled_from(["2wh", "6wh", "30h"]))
                play.under(with_limits(reported=limit, verification="3wd"), "policy")
            case "days":
                play.under(draw(CALENDARS), "calendar")
            case "load":
                play.load(draw(CALENDARS))
            case "recompute":
                play.recompute("calendar")
            case "arrive":
                play.try_(LEAD, "arrive", note="到了")
            case "deny":
                play.try_(LEAD, "arrive", note="到了")
                play.try_(clerk(), "deny-arrival", unit="ZJ")
    return play.wait(minutes=draw(st.integers(0, 90)))  # type: ignore[return-value]


def other(play: Told) -> Case:
    """What it is merged into."""
    facts = deepcopy(play.case.facts)
    facts.id, facts.number = play.id(), 2600000022
    assert isinstance(facts, Facts)
    return Case(facts, "handling", 1, 1, 1, None, None, None, 0, play.now, 1)


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


def standing(play: Told) -> dict[Any, tuple[timedelta, timedelta | None]]:
    """What each clock still has, on the calendar that it counts on: to its end (none past it), to its next rung."""
    found = {}
    for clock in play.case.open_clocks():
        if clock.stage == "hold" or clock.mark is None:
            continue
        policy = clocks.StagePolicy.of(clock)
        limit, calendar = clocks.parse(policy.limit or "1m"), play.known[clock.calendar]
        district = calendar if calendar.code == "district" else play.turn.district_calendar
        if clock.running:
            assert clock.due_at is not None
            left = between(limit, play.now, clock.due_at, calendar)
            unit, counted = clocks.mark_units(clock, policy, limit, calendar, district)
            wait = between(unit, play.now, clock.fires_at, counted) if clock.fires_at else None
        else:
            assert clock.remaining is not None
            left, wait = clock.remaining, clock.fires_in
        late = left <= timedelta()
        found[clock.id] = (timedelta() if late else left, max(wait or timedelta(), timedelta()) if late else None)
    return found


def district_now(play: Told) -> WorkCalendar:
    return play.rules.calendars["district"]


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


def assert_joined(why: Why) -> None:
    pieces = why.stretches
    assert all(before.end == after.start for before, after in pairwise(pieces))
    assert all(one.start < one.end and one.seconds == (one.end - one.start).total_seconds() for one in pieces)
    if pieces:
        assert (pieces[0].start, pieces[-1].end) == (why.started_at, max(why.until, why.started_at))
    for one in pieces:
        if one.reason.startswith("paused:"):
            assert one.by is not None, "somebody signed for it"


def assert_exact(play: Told, stage: str, unit: str | None = None) -> Why:
    """What was used before this run and what it counts come to the limit."""
    clock = play.case.clock(stage, unit)
    assert clock is not None
    calendar = (play.known | by_name(play.rules))[counted_on(clock, play.logged)]
    why = explain(play.case, clock, play.logged, play.turn, calendar)
    assert_joined(why)
    assert why.before + why.counted == why.limit_seconds
    return why


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
