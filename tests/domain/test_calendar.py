"""The working calendar by examples: days, seasons, exceptions, unpublished years, what is refused."""

from datetime import UTC, date, datetime, timedelta
from time import perf_counter

import pytest

from dispatch.domain.calendar import OutOfCalendarError, Season
from dispatch.domain.holidays import DayKinds, published
from dispatch.domain.timetable import Deviation, Hours, build
from tests.domain.calendars import SHANGHAI, at, demo

DISTRICT = demo()["district"]
ALWAYS = demo()["always"]
MAKEUP_2026 = {
    date(2026, 1, 4),
    date(2026, 2, 14),
    date(2026, 2, 28),
    date(2026, 5, 9),
    date(2026, 9, 20),
    date(2026, 10, 10),
}
PLAIN = Hours("plain", seasons=(Season("全年", (1, 1), ((510, 720), (840, 1050))),), first=2026, last=2028)


def hours(n: float) -> timedelta:
    return timedelta(hours=n)


def test_make_up_days_of_2026_are_the_published_ones() -> None:
    days = (date(2026, 1, 1) + timedelta(days=i) for i in range(365))
    assert {day for day in days if DISTRICT.on(day).reason.startswith("makeup:")} == MAKEUP_2026
    for day in MAKEUP_2026:
        start = datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
        assert DISTRICT.worked(start, start + timedelta(days=1)) == hours(7)


def test_the_library_ends_with_2026() -> None:
    assert 2026 in published().published
    assert 2027 not in published().published  # when this fails a new year is out: nothing is broken, move the test on


@pytest.mark.parametrize(
    ("start", "worked", "end"),
    [
        ("2026-06-15 15:41", 21, "2026-06-18 15:41"),  # three working days, none of them off
        ("2026-06-18 17:00", 2, "2026-06-22 09:30"),  # across the Dragon Boat Festival
        ("2026-06-18 17:00", 1, "2026-06-18 18:00"),  # the end of the afternoon, not the next morning
        ("2026-06-18 11:00", 2, "2026-06-18 15:30"),  # across lunch, summer
        ("2026-11-23 11:00", 2, "2026-11-23 15:00"),  # across lunch, winter
        ("2026-11-23 03:00", 1, "2026-11-23 09:30"),  # blown at night
        ("2026-09-30 17:00", 2, "2026-10-08 09:30"),  # the National Day, and the season's turn
        ("2026-10-09 17:30", 7, "2026-10-10 17:30"),  # on a make-up Saturday
        ("2026-07-21 11:00", 2, "2026-07-22 09:30"),  # the district's own exception: an afternoon off
    ],
)
def test_add_by_example(start: str, worked: int, end: str) -> None:
    assert DISTRICT.add(at(start), hours(worked)) == at(end)
    assert DISTRICT.worked(at(start), at(end)) == hours(worked)


def test_nothing_added_is_the_same_moment_also_at_night() -> None:
    night = at("2026-06-20 03:00")
    assert DISTRICT.add(night, timedelta()) == night
    assert DISTRICT.back(night, timedelta()) == night


def test_round_the_clock() -> None:
    t = at("2026-10-01 23:59")
    assert ALWAYS.always
    assert ALWAYS.day == hours(24)
    assert ALWAYS.add(t, timedelta(minutes=30)) == t + timedelta(minutes=30)
    assert ALWAYS.worked(t, t + timedelta(days=400)) == timedelta(days=400)
    assert not ALWAYS.is_provisional(t, at("2035-01-01 00:00"))
    assert [s.reason for s in ALWAYS.stretches(t, t + timedelta(days=3))] == ["work"]


def test_answers_are_utc() -> None:
    for t in (DISTRICT.add(at("2026-06-18 11:00"), hours(2)), DISTRICT.add(at("2026-06-18 11:00"), timedelta())):
        assert t.tzinfo is UTC


def test_every_piece_of_a_day_has_its_reason() -> None:
    found = [(s.counted, s.reason) for s in DISTRICT.stretches(at("2026-09-19 00:00"), at("2026-09-21 12:00"))]
    assert found == [
        (False, "weekend"),
        (False, "night"),
        (True, "makeup:国庆节"),
        (False, "lunch"),
        (True, "makeup:国庆节"),
        (False, "night"),
        (True, "work"),
    ]


def test_an_afternoon_off_says_why() -> None:
    found = DISTRICT.stretches(at("2026-07-21 08:30"), at("2026-07-21 19:00"))
    why = "暴雨红色预警下午停止办公（示例）"
    assert [(s.counted, s.reason) for s in found] == [
        (True, f"hours:{why}"), (False, "lunch"), (False, f"off:{why}"), (False, "night"),
    ]  # fmt: skip


def test_crossing_into_an_unpublished_year_is_provisional() -> None:
    t = at("2026-12-30 09:00")
    assert not DISTRICT.is_provisional(t, at("2026-12-31 17:30"))
    assert DISTRICT.is_provisional(t, at("2027-01-04 09:00"))
    # plain weekdays: 1 January 2027 is a Friday and counts until its year is published
    assert DISTRICT.worked(at("2027-01-01 00:00"), at("2027-01-04 00:00")) == hours(7)


def test_publishing_a_year_ends_the_provisional_and_shows_from_when_deadlines_change() -> None:
    before = build(PLAIN, published())
    off = tuple(Deviation(date(2027, 1, day), "holiday", "元旦") for day in (1, 2, 3))
    after = build(Hours(PLAIN.code, seasons=PLAIN.seasons, first=2026, last=2028, deviations=off,
                        published=frozenset({2027})), published())  # fmt: skip
    t, due = at("2026-12-31 15:00"), at("2027-01-05 09:00")
    assert before.is_provisional(t, due)
    assert not after.is_provisional(t, due)
    assert before.revision != after.revision
    assert before.first_difference(after) == at("2027-01-01 08:30")
    assert before.first_difference(build(PLAIN, published())) is None
    assert before.add(t, hours(3)) == at("2027-01-01 09:00")
    assert after.add(t, hours(3)) == at("2027-01-04 09:00")


def test_the_same_content_has_the_same_revision() -> None:
    assert build(PLAIN, DayKinds()).revision == build(PLAIN, DayKinds()).revision
    assert build(PLAIN, DayKinds()).revision != build(PLAIN, published()).revision


def test_every_kind_of_exception() -> None:
    deviations = (
        Deviation(date(2026, 11, 23), "off", "区运动会"),
        Deviation(date(2026, 11, 28), "work", "创城冲刺"),
        Deviation(date(2026, 11, 29), "hours", "信访接待日", ((540, 660),)),
    )
    calendar = build(Hours("x", seasons=PLAIN.seasons, first=2026, last=2026, deviations=deviations), published())
    assert calendar.worked(at("2026-11-23 00:00"), at("2026-11-24 00:00")) == hours(0)
    assert calendar.worked(at("2026-11-28 00:00"), at("2026-11-29 00:00")) == hours(7)
    assert calendar.worked(at("2026-11-29 00:00"), at("2026-11-30 00:00")) == hours(2)
    reasons = {s.reason for s in calendar.stretches(at("2026-11-28 00:00"), at("2026-11-30 00:00")) if s.counted}
    assert reasons == {"workday:创城冲刺", "hours:信访接待日"}


def test_a_unit_that_works_every_day_knows_no_holiday() -> None:
    calendar = build(Hours("x", seasons=PLAIN.seasons, first=2026, last=2026, every_day=True), published())
    assert calendar.worked(at("2026-10-01 00:00"), at("2026-10-08 00:00")) == hours(49)
    assert not calendar.is_provisional(at("2026-12-31 00:00"), at("2027-01-01 00:00"))


def test_what_is_refused() -> None:
    t = at("2026-06-18 11:00")
    with pytest.raises(ValueError, match="backwards"):
        DISTRICT.worked(t, t - timedelta(microseconds=1))
    with pytest.raises(ValueError, match="backwards"):
        DISTRICT.stretches(t, t - timedelta(microseconds=1))
    with pytest.raises(ValueError, match="negative"):
        DISTRICT.add(t, -timedelta(microseconds=1))
    with pytest.raises(ValueError, match="negative"):
        DISTRICT.back(t, -timedelta(microseconds=1))
    with pytest.raises(OutOfCalendarError, match="years"):
        DISTRICT.add(t, timedelta(days=36500))
    with pytest.raises(OutOfCalendarError, match="years"):
        DISTRICT.worked(t, at("2999-01-01 00:00"))
    with pytest.raises(OutOfCalendarError, match="years"):
        DISTRICT.back(at("2010-01-05 09:00"), hours(100))
    with pytest.raises(TypeError):
        DISTRICT.add(datetime(2026, 6, 18, 11), hours(1))  # noqa: DTZ001  no zone: that is what is refused


def test_a_hundred_thousand_deadlines_in_seconds_whatever_their_length() -> None:
    starts = [at("2026-01-01 00:00") + timedelta(minutes=5.2 * i) for i in range(100_000)]

    def seconds(amount: timedelta, among: list[datetime]) -> float:
        began = perf_counter()
        for t in among:
            DISTRICT.add(t, amount)
        return perf_counter() - began

    assert seconds(hours(28), starts) < 5
    some = starts[::20]
    short = min(seconds(hours(1), some) for _ in range(5))
    long = min(seconds(hours(7 * 250 * 10), some) for _ in range(5))
    assert long < 5 * short  # ten years cost what an hour costs
