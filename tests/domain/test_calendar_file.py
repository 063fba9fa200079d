"""A district's calendar file: what it yields, and that every fault names its place and the remedy."""

import copy
from datetime import date, timedelta
from typing import Any

import pytest
import yaml

from dispatch.domain.calendar_file import CalendarFileError, calendars, describe
from dispatch.domain.holidays import DayKinds
from tests.domain.calendars import FILE, at

SESSIONS = ("calendars", 0, "seasons", 0, "sessions")
GOOD: dict[str, Any] = {
    "years": [2026, 2027],
    "calendars": [
        {
            "code": "district",
            "seasons": [{"name": "全年", "from": "01-01", "sessions": ["08:30-12:00", "14:00-17:30"]}],
        },
        {
            "code": "market",
            "every_day": True,
            "seasons": [{"name": "全年", "from": "01-01", "sessions": ["06:00-14:00"]}],
        },
        {"code": "always", "always": True},
    ],
    "exceptions": [
        {"date": "2026-03-02", "to": "2026-03-04", "day": "off", "reason": "停电检修", "calendars": ["district"]},
        {"date": date(2026, 3, 7), "day": "work", "reason": "补班"},
    ],
}


def changed(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    document = copy.deepcopy(GOOD)
    place: Any = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return document


def test_the_demo_file_is_good() -> None:
    found = describe(yaml.safe_load(FILE.read_text(encoding="utf-8")))
    assert [hours.code for hours in found] == ["district", "always"]


def test_exceptions_hold_for_the_calendars_they_name() -> None:
    found = calendars(GOOD, DayKinds())
    monday, friday = at("2026-03-02 00:00"), at("2026-03-07 00:00")
    assert found["district"].worked(monday, friday) == timedelta(hours=14)
    assert found["market"].worked(monday, friday) == timedelta(hours=40)
    assert found["district"].worked(friday, friday + timedelta(days=1)) == timedelta(hours=7)
    assert found["always"].worked(monday, friday) == timedelta(days=5)


def test_a_bare_off_is_understood() -> None:
    document = yaml.safe_load("{date: 2026-05-06, day: off, reason: x}")
    assert document["day"] is False
    assert describe({**GOOD, "exceptions": [document]})[0].deviations[0].kind == "off"


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("yeras",), 1, "yeras: unknown"),
        (("years",), [2027, 2026], "years: must be two years"),
        (("zone",), "Mars/Base", "zone: must be a time zone"),
        (("zone",), "../../etc/passwd", "zone: must be a time zone"),
        (("calendars",), [], "calendars: must be a list"),
        (("calendars", 1, "code"), "district", "calendars: every code once"),
        (("calendars", 0, "code"), 7, "calendars/0/code: must be text"),
        (("calendars", 0, "always"), True, "calendars/0: either"),
        (("calendars", 0, "seasons"), None, "calendars/0/seasons: must be a list"),
        (("calendars", 0, "seasons", 0, "from"), "13-01", "calendars/0/seasons/0/from: must be month and day"),
        (SESSIONS, ["12:00-08:30"], "calendars/0/seasons/0/sessions/0: must be from-to"),
        (SESSIONS, ["08:00-25:00"], "calendars/0/seasons/0/sessions/0: must be from-to"),
        (SESSIONS, ["08:00-12:00", "11:00-13:00"], "sessions/1: '11:00-13:00' must begin"),
        (SESSIONS, [510], "calendars/0/seasons/0/sessions/0: must be from-to"),
        (("calendars", 0, "day_hours"), 25, "calendars/0/day_hours: must be hours"),
        (("exceptions", 0, "reason"), "", "exceptions/0/reason: must be text"),
        (("exceptions", 0, "day"), "maybe", "exceptions/0/day: must be off, work"),
        (("exceptions", 0, "hours"), ["08:00-09:00"], "exceptions/0: write either"),
        (("exceptions", 0, "to"), "2026-03-01", "exceptions/0/date: 2026-03-02 to 2026-03-01 must run forwards"),
        (("exceptions", 0, "date"), "2026-02-30", "exceptions/0/date: must be a date"),
        (("exceptions", 0, "to"), "2026-03-07", "exceptions/1: 2026-03-07 already has an exception"),
        (("exceptions", 0, "calendars"), ["nobody"], "exceptions/0/calendars: must be calendars of this file"),
        (("published",), "2027", "published: must be a list of years"),
    ],
)  # fmt: skip
def test_faults_name_their_place(path: tuple[Any, ...], value: Any, said: str) -> None:
    with pytest.raises(CalendarFileError) as caught:
        calendars(changed(path, value), DayKinds())
    assert said in str(caught.value)


def test_seasons_of_different_length_need_to_say_what_a_day_is() -> None:
    seasons = [
        *GOOD["calendars"][0]["seasons"],
        {"name": "夏", "from": "06-01", "sessions": ["08:00-12:00", "13:00-17:00"]},
    ]
    document = changed(("calendars", 0, "seasons"), seasons)
    with pytest.raises(CalendarFileError, match="day_hours"):
        calendars(document, DayKinds())
    document["calendars"][0]["day_hours"] = 7.5
    assert calendars(document, DayKinds())["district"].day == timedelta(hours=7.5)
