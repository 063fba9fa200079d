"""The laws of working time, for any moments, edges of sessions among them, against a count minute by minute."""

from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.calendar import Stretch, WorkCalendar
from tests.domain.calendars import SHANGHAI, at, demo

MICROSECOND = timedelta(microseconds=1)
EDGES = (0, 510, 720, 840, 870, 1050, 1080, 1440)
FIRST = at("2026-01-01 00:00")

calendars = st.sampled_from([demo()["district"], demo()["district"], demo()["always"]])
edges = st.builds(
    lambda day, minute, off: FIRST + timedelta(days=day, minutes=minute, microseconds=off),
    st.integers(0, 500),
    st.sampled_from(EDGES),
    st.sampled_from([-1, 0, 1]),
)
anywhere = st.timedeltas(timedelta(), timedelta(days=545)).map(lambda gap: FIRST + gap)
moments = edges | anywhere
amounts = st.timedeltas(timedelta(), timedelta(hours=300)) | st.sampled_from([MICROSECOND, timedelta(hours=3.5)])


def ends_working_time(calendar: WorkCalendar, u: datetime) -> bool:
    return calendar.worked(u - MICROSECOND, u) == MICROSECOND


@given(calendars, moments, moments)
def test_adding_what_was_worked_leads_back(calendar: WorkCalendar, t: datetime, u: datetime) -> None:
    t, u = min(t, u), max(t, u)
    reached = calendar.add(t, calendar.worked(t, u))
    assert reached <= u
    assert calendar.worked(t, reached) == calendar.worked(t, u)
    if ends_working_time(calendar, u):
        assert reached == u


@given(calendars, moments, amounts)
def test_what_was_added_is_what_was_worked(calendar: WorkCalendar, t: datetime, amount: timedelta) -> None:
    due = calendar.add(t, amount)
    assert calendar.worked(t, due) == amount
    assert not amount or ends_working_time(calendar, due)


@given(calendars, moments, amounts)
def test_back_is_the_way_back(calendar: WorkCalendar, t: datetime, amount: timedelta) -> None:
    assert calendar.worked(calendar.back(t, amount), t) == amount


@given(calendars, moments, moments, moments)
def test_worked_is_additive(calendar: WorkCalendar, a: datetime, b: datetime, c: datetime) -> None:
    a, b, c = sorted((a, b, c))
    assert calendar.worked(a, b) + calendar.worked(b, c) == calendar.worked(a, c)
    assert timedelta() <= calendar.worked(a, b) <= b - a


@given(calendars, moments, moments, amounts, amounts)
def test_add_is_monotone(calendar: WorkCalendar, t: datetime, u: datetime, a: timedelta, b: timedelta) -> None:
    (t, u), (a, b) = sorted((t, u)), sorted((a, b))
    assert t <= calendar.add(t, a) <= calendar.add(t, b) <= calendar.add(u, b)


@given(calendars, moments, amounts, amounts)
def test_adding_in_two_goes_is_adding_at_once(calendar: WorkCalendar, t: datetime, a: timedelta, b: timedelta) -> None:
    assert calendar.add(calendar.add(t, a), b) == calendar.add(t, a + b)


@given(calendars, moments, moments)
def test_stretches_cover_everything_and_add_up(calendar: WorkCalendar, t: datetime, u: datetime) -> None:
    t, u = sorted((t, u))
    found = calendar.stretches(t, u)
    assert sum((s.length for s in found if s.counted), timedelta()) == calendar.worked(t, u)
    assert_joined(found, t, u)


@given(anywhere, st.integers(0, 3000))
def test_against_a_count_minute_by_minute(t: datetime, minutes: int) -> None:
    calendar = demo()["district"]
    t = t.replace(second=0, microsecond=0)
    counted = sum(open_at(calendar, t + timedelta(minutes=i)) for i in range(minutes))
    assert calendar.worked(t, t + timedelta(minutes=minutes)) == timedelta(minutes=counted)


def open_at(calendar: WorkCalendar, t: datetime) -> bool:
    local = t.astimezone(SHANGHAI)
    minute = local.hour * 60 + local.minute
    return any(start <= minute < end for start, end in calendar.on(local.date()).sessions)


def assert_joined(found: list[Stretch], t: datetime, u: datetime) -> None:
    """No gap, no overlap, no empty piece, from t to u."""
    if t == u:
        assert found == []
        return
    assert found[0].start == t
    assert found[-1].end == u
    assert all(s.start < s.end for s in found)
    assert all(a.end == b.start for a, b in pairwise(found))
