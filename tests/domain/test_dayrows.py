"""「为什么是这个时限」 by day, as the reference picture draws it."""

from datetime import date, timedelta

from dispatch.domain.dayrows import Bar, by_day, ticks
from dispatch.domain.deadlines import Limit, between, due, explain, shift, total
from dispatch.domain.timewords import length, reason
from tests.domain.calendars import SHANGHAI, at, demo

DISTRICT = demo()["district"]
LIMIT = Limit.parse("3wd")
START, REST, GO_ON = at("2026-06-15 15:41"), at("2026-06-17 10:20"), at("2026-06-18 09:05")
DUE = shift(LIMIT, GO_ON, between(LIMIT, REST, due(LIMIT, START, DISTRICT), DISTRICT), DISTRICT)
FOUND = explain(LIMIT, START, [(REST, GO_ON, "东柳街道核查")], DISTRICT, DUE)
NOW = at("2026-06-18 17:30")
ROWS = by_day(FOUND, NOW, SHANGHAI)


def test_the_picture() -> None:
    assert at("2026-06-22 11:56") == DUE
    assert [(row.dates[0].day, row.days, length(row.counted, True).text) for row in ROWS] == [
        (15, 1, "2 工时 19 分"),
        (16, 1, "1 工作日"),
        (17, 1, "1 工时 50 分"),
        (18, 1, "6 工时 25 分"),
        (19, 3, "不到 1 分"),
        (22, 1, "3 工时 26 分"),
    ]
    assert [row.to_come for row in ROWS[3:]] == [timedelta(minutes=30), timedelta(), timedelta(hours=3, minutes=26)]
    assert sum((row.counted for row in ROWS), timedelta()) == total(FOUND) == timedelta(hours=21)
    assert sum((row.counted - row.to_come for row in ROWS), timedelta()) == timedelta(hours=17, minutes=4)


def test_reasons_of_a_day() -> None:
    assert ROWS[1].left_out == (("night", timedelta(hours=14.5)), ("lunch", timedelta(hours=2.5)))
    assert [code for code, _ in ROWS[2].left_out] == ["night", "paused:东柳街道核查"]
    assert ROWS[4].dates == (date(2026, 6, 19), date(2026, 6, 21))
    ((code, span),) = ROWS[4].left_out
    assert (code, span) == ("holiday:端午节", timedelta(days=3))
    assert reason(code, span, ROWS[4].days) == "端午节放假 3 天"


def test_bars_of_a_day_used_to_come_and_left_out() -> None:
    seconds = [hour * 3600 for hour in (0, 9 + 5 / 60, 12, 14.5, 17.5, 18, 24)]
    kinds = ["out", "used", "out", "used", "left", "out"]
    assert ROWS[3].bars == tuple(Bar(int(a), int(b), k) for a, b, k in zip(seconds, seconds[1:], kinds, strict=False))  # type: ignore[arg-type]
    assert {bar.kind for bar in ROWS[5].bars} == {"out", "left"}
    assert ROWS[5].bars[-1].end == 11 * 3600 + 56 * 60


def test_the_axis_is_the_seasons_hours() -> None:
    assert ticks(ROWS, DISTRICT) == (510, 720, 870, 1080)
    assert ticks(ROWS, None) == ticks(ROWS, demo()["always"]) == (0, 720, 1440)


def test_a_make_up_day_is_remarked() -> None:
    rows = by_day(DISTRICT.stretches(at("2026-10-09 09:00"), at("2026-10-12 12:00")), NOW, SHANGHAI)
    assert [row.remarks for row in rows] == [(), ("makeup:国庆节",), (), ()]
    assert [row.dates[0].day for row in rows] == [9, 10, 11, 12]


def test_days_off_for_different_reasons_do_not_share_a_row() -> None:
    rows = by_day(DISTRICT.stretches(at("2026-01-01 00:00"), at("2026-01-12 00:00")), NOW, SHANGHAI)
    assert [(row.dates[0].day, row.dates[1].day) for row in rows] == [
        (1, 3), (4, 4), (5, 5), (6, 6), (7, 7), (8, 8), (9, 9), (10, 11),
    ]  # fmt: skip


def test_a_limit_that_elapses_counts_day_and_night() -> None:
    limit, start = Limit.parse("2d"), at("2026-06-18 17:40")
    rows = by_day(explain(limit, start, [], DISTRICT, due(limit, start, DISTRICT)), NOW, SHANGHAI)
    assert [row.counted for row in rows] == [timedelta(hours=h) for h in (6 + 20 / 60, 24, 17 + 40 / 60)]
