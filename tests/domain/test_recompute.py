"""Another policy, another calendar: what was used stays used, what a person granted stands, what climbed stays late."""

from copy import deepcopy
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.domain import clocks, recompute
from dispatch.domain.calendar_file import calendars
from dispatch.domain.case import Clock
from dispatch.domain.deadlines import Limit
from dispatch.domain.finish import finish
from dispatch.domain.holidays import published
from dispatch.domain.policy import Policies
from dispatch.domain.reference import Reference
from dispatch.domain.turn import Turn
from tests.domain.calendars import FILE, at
from tests.domain.cases import DESK, MONDAY, SEEPAGE, Play, clerk, head, liaison, reference

LEAD = liaison("ZJ")
#: days that some calendars have off: before MONDAY's first deadlines, among them, after them
OFF = ("2026-06-12", "2026-06-15", "2026-06-16", "2026-06-17", "2026-06-24", "2026-07-01")


@cache
def with_days_off(*days: str) -> Reference:
    document = deepcopy(yaml.safe_load(FILE.read_text(encoding="utf-8")))
    document["exceptions"] += [
        {"date": datetime.fromisoformat(day).date(), "day": "off", "reason": "停办"} for day in days
    ]
    return replace(reference(), calendars=calendars(document, published()))


@cache
def with_limits(**limits: str) -> Reference:
    policies = reference().policies
    standard = policies.standard
    stages = {
        name: replace(rule, limit=Limit.parse(limits[name])) if name in limits else rule
        for name, rule in standard.stages.items()
    }
    changed = {**policies.by_code, "standard": replace(standard, stages=stages)}
    return replace(reference(), policies=Policies(policies.version + 1, changed))


def again(play: Play, other: Reference, cause: Any) -> list[dict[str, Any]]:
    """Compute everything anew under `other`; the facts."""
    turn: Turn = replace(play.turn, reference=other)
    old = {one.name: one for one in (*reference().calendars.values(), *other.calendars.values())}
    recompute.again(play.case, turn, cause, old.__getitem__)
    finish(play.case, turn)
    facts = [event.data for event in play.case.events if event.type == "clock.recomputed"]
    play._keep()
    return facts


def left(clock: Clock, now: datetime, rules: Reference) -> timedelta:
    return timedelta(seconds=clocks.seconds_left(clock, now, rules.calendars[clock.calendar.split("@")[0]]))


@st.composite
def lives(draw: st.DrawFn) -> Play:
    """A whistle some way into its life, with rests, refusals and an extension or not."""
    play = Play(SEEPAGE).route()
    hours = st.integers(0, 90)
    for step in draw(st.lists(st.sampled_from(["sign", "hold", "solve", "refuse", "extend"]), max_size=5)):
        play.wait(minutes=draw(hours) * 10 + 1).sweep()
        part = play.case.unit("ZJ")
        assert part is not None
        match step:
            case "sign" if part.status == "assigned" and play.case.status == "assigned":
                play.act(LEAD, "report-in")
            case "hold" if play.case.status in ("assigned", "handling"):
                until = play.now + timedelta(days=draw(st.integers(1, 20)))
                play.act(LEAD, "request-hold", {"reason": "等", "review_on": until})
                play.act(head("130403011"), "decide-hold", {"granted": True})
                play.wait(hours=draw(hours)).sweep()
                if play.case.status == "on-hold":
                    play.act(clerk(), "resume")
            case "solve" if part.status == "reported-in" and play.case.status == "handling":
                play.act(LEAD, "resolve", {"reply": "好了", "reason": "不用来"})
            case "refuse" if play.case.status == "resolved":
                play.act(clerk(), "verify", {"accepted": False, "reason": "partly", "note": "还差一半"})
            case "extend" if play.case.status in ("assigned", "handling"):
                due = play.case.clock("handling").due_at  # type: ignore[union-attr]
                if due and due > play.now:
                    play.act(LEAD, "request-extension", {"until": due + timedelta(days=2), "reason": "雨"})
                    play.act(DESK, "decide-extension", {"granted": True})
    return play


@settings(max_examples=60, deadline=None)
@given(lives(), st.integers(0, 90), st.lists(st.sampled_from(OFF), unique=True, min_size=1))
def test_another_calendar_changes_no_time_used_and_none_left(play: Play, hours: int, days: list[str]) -> None:
    play.wait(minutes=hours * 10 + 1).sweep()
    other, case = with_days_off(*sorted(days)), play.case
    before = {
        clock.id: (left(clock, play.now, reference()), clock.due_at, clock.rung, clock.mark, clock.run)
        for clock in case.open_clocks()
        if clock.running and clock.stage != "hold" and clock.due_at
    }
    facts = {fact["clock"]: fact for fact in again(play, other, "calendar")}
    for clock in case.open_clocks():
        if clock.id not in before:
            assert str(clock.id) not in facts
            continue
        had, due, rung, mark, run = before[clock.id]
        assert clock.rung == rung
        if rung:
            assert clock.due_at == due
            continue
        fact = facts.get(str(clock.id))
        if fact is None:
            assert (clock.due_at, clock.run) == (due, run)
        extended = clock.due_at == due and fact is not None
        if not extended:
            assert left(clock, play.now, other if fact else reference()) == had
        if fact is not None:
            assert (fact["old_due"], fact["due_at"]) == (due.isoformat(), clock.due_at.isoformat())  # type: ignore[union-attr]
            assert fact["used"] + fact["left"] >= fact["full"]
        assert clock.mark == mark or clock.run > run or mark == "warn"
        assert clock.fires_at is not None
        assert clock.fires_at <= clock.due_at  # type: ignore[operator]
    ledger = len(play.ledger)
    for _ in range(60):
        if play.next() is None:
            break
    assert len(play.ledger) == len(set(play.ledger)) > ledger


@settings(max_examples=60, deadline=None)
@given(lives(), st.integers(0, 90), st.sampled_from(["2wh", "6wh", "9wh"]), st.sampled_from(["1wd", "5wd"]))
def test_another_policy_keeps_the_time_used(play: Play, minutes: int, report: str, verify: str) -> None:
    play.wait(minutes=minutes * 10 + 1).sweep()
    other, case = with_limits(reported=report, verification=verify), play.case
    before = {
        clock.id: (left(clock, play.now, reference()), clocks.StagePolicy.of(clock).limit)
        for clock in case.open_clocks()
        if clock.running and clock.rung == 0 and clock.stage in ("reported", "verification")
    }
    untouched = {clock.id: clock.due_at for clock in case.open_clocks() if clock.id not in before}
    facts = {fact["clock"]: fact for fact in again(play, other, "policy")}
    day = reference().calendars["district"].day
    for clock in case.open_clocks():
        if clock.id in untouched:
            assert clock.due_at == untouched[clock.id]
            continue
        had, limit = before[clock.id]
        new = clocks.StagePolicy.of(clock).limit
        assert limit is not None
        assert new in (report, verify)
        changed = had + Limit.parse(new).length(day) - Limit.parse(limit).length(day)
        assert left(clock, play.now, other) == max(changed, min(had, timedelta())), "nothing is late in hindsight"
        assert facts[str(clock.id)]["due_at"] == clock.due_at.isoformat()  # type: ignore[union-attr]
    assert again(play, other, "policy") == []


def test_other_units_of_time_keep_the_share_that_is_used() -> None:
    play = Play(SEEPAGE).route().wait(hours=1)
    clock = play.case.clock("reported", "ZJ")
    assert clock is not None
    again(play, with_limits(reported="8h"), "policy")
    assert clock.due_at == play.now + timedelta(hours=6)
    assert (clock.used, clock.run) == (timedelta(hours=2), 2)


def test_a_day_declared_off_afterwards_moves_no_end_that_was_over() -> None:
    """Late since half past three, and nobody has looked yet: that evening the day is declared off."""
    play = Play(SEEPAGE).route()
    play.wait(hours=9)
    clock = play.case.clock("reported", "ZJ")
    assert clock is not None
    end = clock.due_at
    assert end is not None
    assert end < play.now
    facts = again(play, with_days_off("2026-06-15", "2026-06-16"), "calendar")
    assert "reported" not in {fact["stage"] for fact in facts}
    assert (clock.due_at, clock.run) == (end, 1)
    assert play.sweep() > 0


def test_a_shorter_limit_that_is_used_up_runs_out_now_and_climbs_once() -> None:
    play = Play(SEEPAGE).route().wait(hours=2)
    clock = play.case.clock("reported", "ZJ")
    assert clock is not None
    again(play, with_limits(reported="1wh"), "policy")
    assert clock.due_at == play.now == MONDAY + timedelta(hours=2)
    play.sweep()
    assert clock.rung == 1
    play.sweep()
    assert clock.rung == 1


def hurried() -> tuple[Play, Clock]:
    """Of the twenty working days of its total, the source, less a day's margin, leaves ten; three are used."""
    play = Play(SEEPAGE, source_due_at=MONDAY + timedelta(days=16))
    policy, margin = play.turn.stage_policy(play.case, "total"), play.turn.policy(play.case).source_margin
    source, calendar = (play.case.facts.source_due_at, margin), play.turn.district_calendar
    clock = clocks.start(play.case, "total", None, MONDAY, policy, calendar, play.id(), source=source)
    return play.route().wait(days=3), clock


@pytest.mark.parametrize(("limit", "due"), [("6wd", "2026-06-24 09:00"), ("2wd", "2026-06-18 09:00")])
def test_where_the_source_comes_first_a_shorter_limit_is_as_short(limit: str, due: str) -> None:
    play, clock = hurried()
    facts = {fact["stage"]: fact for fact in again(play, with_limits(total=limit), "policy")}
    assert clock.due_at == at(due)
    assert facts["total"].get("overtaken", False) == (clock.due_at == play.now)


def test_a_longer_margin_to_the_source_takes_nothing_from_what_is_open() -> None:
    play, clock = hurried()
    play.wait(days=6)
    policies = with_limits(total="19wd").policies
    standard = replace(policies.standard, source_margin=Limit.parse("9wd"))
    other = replace(reference(), policies=Policies(policies.version, {**policies.by_code, "standard": standard}))
    before = clock.due_at
    again(play, other, "policy")
    assert clock.due_at == before


def test_a_published_year_ends_the_provisional() -> None:
    play = Play(SEEPAGE, at=at("2026-12-28 09:00")).route()
    clock = play.case.clock("total")
    assert clock is not None
    assert clock.provisional
    document = deepcopy(yaml.safe_load(FILE.read_text(encoding="utf-8")))
    document["published"] = [2027]
    document["exceptions"] += [{"date": date(2027, 1, 1), "day": "holiday", "reason": "元旦"}]
    before = clock.due_at
    facts = again(play, replace(reference(), calendars=calendars(document, published())), "calendar")
    assert not clock.provisional
    assert before is not None
    assert clock.due_at is not None
    assert clock.due_at > before
    assert str(clock.id) in {fact["clock"] for fact in facts}


def test_a_total_that_has_run_out_says_so_once() -> None:
    play = Play(SEEPAGE).route()
    clock = play.case.clock("total")
    assert clock is not None
    while "clock.overdue" not in play.types():
        play.next()
    again(play, with_days_off("2026-06-24"), "calendar")
    assert clock.fires_at is None
    play.wait(days=30).sweep()
    assert play.types().count("clock.overdue") == 1


def test_what_a_person_granted_stands() -> None:
    play = Play(SEEPAGE).route()
    clock = play.case.clock("handling")
    assert clock is not None
    assert clock.due_at is not None
    until = clock.due_at + timedelta(days=2)
    play.act(LEAD, "request-extension", {"until": until, "reason": "雨"})
    play.act(DESK, "decide-extension", {"granted": True})
    again(play, with_days_off("2026-06-24"), "calendar")
    assert clock.due_at == until


@pytest.mark.parametrize("day", ["2026-06-16", "2026-06-17"])
def test_a_climbed_clock_waits_as_long_as_before(day: str) -> None:
    play = Play(SEEPAGE).route()
    clock = play.case.clock("reported", "ZJ")
    assert clock is not None
    while clock.rung < 2:
        play.next()
    district = reference().calendars["district"]
    assert clock.fires_at is not None
    wait = district.worked(play.now, clock.fires_at)
    other = with_days_off(day)
    again(play, other, "calendar")
    assert clock.rung == 2
    assert other.calendars["district"].worked(play.now, clock.fires_at) == wait
