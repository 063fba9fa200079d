"""Limits, the source and the explanation of a deadline, on the demo district's calendar."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain import deadlines as d
from dispatch.domain.deadlines import Limit
from tests.domain.calendars import at, demo
from tests.domain.test_calendar_laws import assert_joined, moments

DISTRICT, ALWAYS = demo()["district"], demo()["always"]
LIMITS = ("15s", "30m", "24h", "7d", "4wh", "3wd")
limits = st.sampled_from([Limit.parse(text) for text in LIMITS])
gaps = st.timedeltas(timedelta(), timedelta(days=4))


@pytest.mark.parametrize("text", LIMITS)
def test_a_limit_reads_back_as_it_was_written(text: str) -> None:
    assert str(Limit.parse(text)) == text


@pytest.mark.parametrize("text", ["", "4", "wh", "4 wh", "-4h", "1.5h", "4w", "4wh ", "999999d", "４h", "4h\n"])
def test_a_limit_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="like 4wh"):
        Limit.parse(text)


@pytest.mark.parametrize(
    ("limit", "due"),
    [
        ("30m", "2026-06-18 18:10"),
        ("24h", "2026-06-19 17:40"),
        ("7d", "2026-06-25 17:40"),
        ("4wh", "2026-06-22 14:40"),
        ("3wd", "2026-06-24 17:40"),
    ],
)
def test_due(limit: str, due: str) -> None:
    assert d.due(Limit.parse(limit), at("2026-06-18 17:40"), DISTRICT) == at(due)


def test_a_working_day_round_the_clock_is_a_whole_day() -> None:
    assert d.due(Limit.parse("2wd"), at("2026-10-01 12:00"), ALWAYS) == at("2026-10-03 12:00")


START, POLICY = at("2026-06-15 09:00"), at("2026-06-18 15:00")


@pytest.mark.parametrize(
    ("source", "margin", "due"),
    [
        (None, "4wh", POLICY),
        (at("2026-07-01 09:00"), "4wh", POLICY),  # the policy is earlier
        (at("2026-06-17 11:00"), "4wh", at("2026-06-16 16:30")),
        (at("2026-06-17 11:00"), "2h", at("2026-06-17 09:00")),
        (at("2026-06-15 11:00"), "4wh", at("2026-06-15 10:00")),  # tight: the margin takes half
        (at("2026-06-14 09:00"), "4wh", START),  # came late: due at once
        (START, "4wh", START),
    ],
)
def test_the_earlier_of_policy_and_source(source: datetime | None, margin: str, due: datetime) -> None:
    assert d.earlier(POLICY, source, Limit.parse(margin), START, DISTRICT) == due


def test_a_source_that_leaves_a_night_only() -> None:
    source = at("2026-06-16 06:00")
    assert d.earlier(POLICY, source, Limit.parse("4wh"), at("2026-06-15 19:00"), DISTRICT) == source


@given(moments, st.timedeltas(timedelta(), timedelta(days=20)), limits)
def test_a_source_never_makes_it_later_nor_due_before_the_start(start: datetime, gap: timedelta, margin: Limit) -> None:
    policy = d.due(Limit.parse("5wd"), start, DISTRICT)
    found = d.earlier(policy, start + gap, margin, start, DISTRICT)
    assert start <= found <= min(policy, start + gap)


@given(limits, moments, st.lists(st.tuples(gaps, gaps), max_size=4))
def test_the_explanation_adds_up_to_the_limit(
    limit: Limit, start: datetime, moves: list[tuple[timedelta, timedelta]]
) -> None:
    due_at, now, pauses = d.due(limit, start, DISTRICT), start, []
    for runs, rests in moves:
        if now + runs >= due_at:
            break
        kept = d.between(limit, now + runs, due_at, DISTRICT)
        pauses.append((now + runs, now + runs + rests, "街道核查"))
        now += runs + rests
        due_at = d.shift(limit, now, kept, DISTRICT)
    found = d.explain(limit, start, pauses, DISTRICT, due_at)
    assert d.total(found) == limit.length(DISTRICT.day)
    assert_joined(found, start, due_at)


def test_pauses_that_overlap_or_last_are_left_out_once() -> None:
    start, until = at("2026-06-15 09:00"), at("2026-06-15 12:00")
    pauses = [(at("2026-06-15 10:00"), at("2026-06-15 11:00"), "a"), (at("2026-06-15 10:30"), None, "b")]
    found = d.explain(Limit.parse("4wh"), start, pauses, DISTRICT, until)
    assert [(s.reason, s.length) for s in found] == [
        ("work", timedelta(hours=1)), ("paused:a", timedelta(hours=1)), ("paused:b", timedelta(hours=1)),
    ]  # fmt: skip
    with pytest.raises(ValueError, match="backwards"):
        d.explain(Limit.parse("4wh"), until, [], DISTRICT, start)
