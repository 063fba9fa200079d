"""Who is on duty: hours, deputies, leave, rotas."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from dispatch.domain.cover import meet, next_seat, on_duty, on_shift, stands_in
from dispatch.domain.units import Shift
from dispatch.steps.reading.who import span
from tests.domain.cases import MONDAY, reference

NIGHT = MONDAY + timedelta(hours=14)  # 23:00 in Handan
LUNCH = MONDAY + timedelta(hours=4)  # 13:00
SUNDAY = MONDAY - timedelta(days=1)


def test_liaison_then_deputy_then_nobody_and_the_section_head_is_next() -> None:
    both = ("unit:SC:liaison", "unit:SC:deputy")
    assert on_duty(reference(), "SC", MONDAY) == both[0]
    assert on_duty(reference(), "SC", LUNCH) == both[0]
    assert on_duty(reference(), "SC", MONDAY, both[:1]) == both[1]
    assert on_duty(reference(), "SC", MONDAY, both) is None
    assert next_seat(reference(), "SC", MONDAY, both) == "unit:SC:section"
    assert next_seat(reference(), "SC", MONDAY, ("unit:SC:section",)) == "unit:SC:leader"
    assert next_seat(reference(), "nobody", MONDAY) is None


@pytest.mark.parametrize("at", [NIGHT, SUNDAY])
def test_beyond_the_hours_only_units_round_the_clock_and_rotas(at: datetime) -> None:
    assert on_duty(reference(), "SC", at) is None
    assert on_duty(reference(), "XF", at) == "unit:XF:liaison"
    assert (on_duty(reference(), "ZJ", at) or "").startswith("unit:ZJ:rota:")


def test_a_notice_goes_to_whoever_stands_in() -> None:
    zj, away = "unit:ZJ:liaison", frozenset({"unit:ZJ:liaison"})

    def told(seat: str, at: datetime, away: frozenset[str] = frozenset(), *, emergency: bool = False) -> str:
        return stands_in(reference(), seat, at, away, emergency=emergency)

    assert told(zj, MONDAY) == told(zj, NIGHT) == told(zj, MONDAY, emergency=True) == zj
    assert told(zj, MONDAY, away) == told(zj, MONDAY, away, emergency=True) == "unit:ZJ:deputy"
    assert told(zj, NIGHT, emergency=True) == told(zj, NIGHT, away, emergency=True) == "unit:ZJ:rota"
    assert told(zj, MONDAY, away | {"unit:ZJ:deputy"}) == zj, "nobody there: it still goes somewhere"
    assert told("unit:SC:liaison", NIGHT, emergency=True) == "unit:SC:liaison"
    for other in ("node:130403:dispatcher", "unit:ZJ:principal"):
        assert told(other, MONDAY, away, emergency=True) == other


def test_a_rota_turns_once_a_day_and_a_night_belongs_to_the_day_it_began() -> None:
    shift = Shift("SC", time(18), time(8, 30), ("a", "b", "c"), date(2026, 6, 15))
    town = replace(reference(), rota=(shift,))
    evening = datetime(2026, 6, 15, 12, tzinfo=UTC)  # 20:00
    assert on_duty(town, "SC", evening) == "a"
    assert on_duty(town, "SC", evening + timedelta(hours=8)) == "a"
    assert on_duty(town, "SC", evening + timedelta(days=1)) == "b"
    assert on_duty(town, "SC", evening + timedelta(days=3)) == "a"
    assert on_duty(town, "SC", evening, ("a",)) == "b"
    assert on_shift(shift, MONDAY) == ()
    assert on_shift(replace(shift, first=time(8, 30)), MONDAY)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("18:00-08:30", "08:30-18:00", False),
        ("18:00-08:30", "08:00-18:00", True),
        ("18:00-08:30", "17:00-18:01", True),
        ("09:00-12:00", "12:00-18:00", False),
        ("09:00-18:00", "10:00-11:00", True),
        ("22:00-02:00", "01:00-03:00", True),
        ("08:30-08:30", "20:00-21:00", True),
    ],
)
def test_two_shifts_meet_where_they_have_a_time_of_the_day_in_common(one: str, other: str, *, expected: bool) -> None:
    a, b = span(one), span(other)
    assert meet(a, b) == meet(b, a) == expected
