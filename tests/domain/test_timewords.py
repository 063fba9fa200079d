"""Times as they are said."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.timewords import length, on_paper, point, reason, time_left
from tests.domain.calendars import SHANGHAI, at

NOW = at("2026-06-18 10:52")


def span(**parts: float) -> timedelta:
    return timedelta(**parts)


@pytest.mark.parametrize(
    ("left", "working", "text", "spoken"),
    [
        (span(hours=3, minutes=20), True, "剩 3 工时 20 分", "剩余三工时二十分"),
        (span(hours=3, minutes=56, seconds=59), True, "剩 3 工时 56 分", "剩余三工时五十六分"),
        (span(hours=1, minutes=5), False, "剩 1 小时 05 分", "剩余一小时零五分"),
        (span(hours=9), True, "剩 1 工作日 2 工时", "剩余一工作日两工时"),
        (span(hours=9, minutes=59), True, "剩 1 工作日 2 工时", "剩余一工作日两工时"),
        (span(days=6, hours=4), False, "剩 6 天 4 小时", "剩余六天四小时"),
        (span(hours=-1, minutes=-50), True, "已逾期 1 工时 50 分", "已逾期一工时五十分"),
        (span(seconds=59), True, "剩 不到 1 分", "剩余不到一分"),
        (span(seconds=-1), True, "已逾期 不到 1 分", "已逾期不到一分"),
        (span(minutes=22), True, "剩 22 分", "剩余二十二分"),
        (span(hours=7), True, "剩 1 工作日", "剩余一工作日"),
        (span(hours=24, minutes=30), False, "剩 1 天", "剩余一天"),
        (span(hours=3), True, "剩 3 工时", "剩余三工时"),
        (span(days=112), False, "剩 112 天", "剩余一百一十二天"),
        (span(days=2005), False, "剩 2005 天", "剩余二千零五天"),
    ],
)
def test_time_left(left: timedelta, working: bool, text: str, spoken: str) -> None:
    said = time_left(left, working)
    assert said.text == text
    assert said.spoken == spoken


def test_pieces_for_a_page() -> None:
    assert time_left(span(hours=3, minutes=56), True).pieces == (("3", "工时"), ("56", "分"))


def test_hours_need_not_be_gathered_into_days() -> None:
    assert length(span(hours=21), True, fold=False).text == "21 工时"
    assert length(span(hours=17, minutes=4), True, fold=False).text == "17 工时 04 分"


def test_seconds_only_where_asked() -> None:
    assert time_left(span(seconds=14.9), False, seconds=True).text == "剩 14 秒"
    assert time_left(span(seconds=119), False, seconds=True).text == "剩 119 秒"
    assert time_left(span(seconds=120), False, seconds=True).text == "剩 2 分"


def test_a_working_day_round_the_clock() -> None:
    assert time_left(span(hours=25), True, day=span(hours=24)).text == "剩 1 工作日 1 工时"


@pytest.mark.parametrize(
    ("left", "working", "text", "spoken"),
    [
        (span(hours=3, minutes=20), True, "3 working hours 20 min left", "3 working hours 20 minutes left"),
        (span(hours=-1, minutes=-1), False, "overdue by 1 hour 01 min", "overdue by 1 hour 1 minute"),
        (span(hours=9), True, "1 working day 2 working hours left", "1 working day 2 working hours left"),
        (span(seconds=5), True, "less than 1 min left", "less than 1 minute left"),
    ],
)
def test_in_english(left: timedelta, working: bool, text: str, spoken: str) -> None:
    said = time_left(left, working, lang="en")
    assert (said.text, said.spoken) == (text, spoken)


@given(st.timedeltas(timedelta(), timedelta(days=3000)), st.booleans())
def test_never_more_than_there_is_and_at_most_two_units(left: timedelta, working: bool) -> None:
    pieces = time_left(left, working).pieces
    size = {"工作日": 420, "工时": 60, "天": 1440, "小时": 60, "分": 1}
    said = sum(0 if n == "不到 1" else int(n) * size[unit] for n, unit in pieces)
    assert len(pieces) <= 2
    assert timedelta(minutes=said) <= left
    elapsed, worked = {"天", "小时"}, {"工作日", "工时"}
    assert not {unit for _, unit in pieces} & (elapsed if working else worked)


@pytest.mark.parametrize(
    ("t", "said"),
    [
        ("2026-06-18 11:14", "今天 11:14"),
        ("2026-06-17 16:50", "昨天 16:50"),
        ("2026-06-19 00:00", "明天 00:00"),
        ("2026-06-22 10:20", "周一 10:20"),
        ("2026-06-24 10:20", "周三 10:20"),
        ("2026-06-25 11:56", "6/25 11:56"),
        ("2026-05-02 09:05", "5/2 09:05"),
        ("2027-01-04 09:00", "2027/1/4 09:00"),
    ],
)
def test_points_in_time(t: str, said: str) -> None:
    assert point(at(t), NOW, SHANGHAI) == said


def test_points_where_the_weekday_would_not_be_clear_or_the_year_is_not_published() -> None:
    assert point(at("2026-06-22 11:56"), NOW, SHANGHAI, weekday=False) == "6/22 11:56"
    assert point(at("2027-01-04 09:00"), NOW, SHANGHAI, provisional=True) == "2027/1/4 09:00（暂定）"
    assert point(at("2026-06-22 11:56"), NOW, SHANGHAI, lang="en") == "Mon 11:56"


def test_on_paper() -> None:
    assert on_paper(at("2026-06-18 09:14:07"), SHANGHAI) == "2026年6月18日（周四）09:14"
    assert on_paper(at("2026-06-18 09:14:07"), SHANGHAI, seconds=True) == "2026年6月18日（周四）09:14:07"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("lunch", "午休 2 小时 30 分"),
        ("night", "夜间"),
        ("weekend", "周末"),
        ("holiday:国庆节", "国庆节放假"),
        ("makeup:国庆节", "国庆节调休上班"),
        ("paused:东柳街道核查", "东柳街道核查，钟停"),
        ("off:区运动会", "不上班（区运动会）"),
    ],
)
def test_reasons(code: str, said: str) -> None:
    assert reason(code, span(hours=2.5)) == said
    assert reason(code, lang="en")
