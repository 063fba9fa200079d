"""Generated lives whose log keeps moment and seat; what is told of each clock, and what it still has."""

from copy import deepcopy
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from dispatch.domain import clocks, recompute
from dispatch.domain.calendar import WorkCalendar
from dispatch.domain.case import Case, Facts
from dispatch.domain.deadlines import between
from dispatch.domain.finish import finish
from dispatch.domain.reference import Reference
from dispatch.domain.turn import Turn
from dispatch.steps.why import Why, counted_on, explain
from dispatch.store.timeline import Logged
from tests.domain.cases import DESK, SEEPAGE, Play, clerk, head, liaison, reference
from tests.domain.test_recompute import with_days_off, with_limits

LEAD, STREET = liaison("ZJ"), "130403011"
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
