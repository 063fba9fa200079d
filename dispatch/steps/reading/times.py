"""calendars.yaml: working hours and their exceptions; what they mean is `dispatch.domain.timetable`'s to say."""

from __future__ import annotations

from typing import Any

from dispatch.domain.calendar import Season, WorkCalendar
from dispatch.domain.holidays import published
from dispatch.domain.timetable import Hours, build
from dispatch.steps.reading.cursor import Cursor

_SEASONS = (
    Season("冬季", (1, 1), ((510, 720), (810, 1020))),
    Season("夏季", (6, 1), ((510, 720), (870, 1080))),
    Season("冬季", (10, 1), ((510, 720), (810, 1020))),
)


def read_calendars(top: Cursor) -> dict[str, Any]:
    return dict(top.value)


def make_calendars(document: dict[str, Any]) -> dict[str, WorkCalendar]:
    hours = {"district": Hours("district", seasons=_SEASONS), "always": Hours("always")}
    return {code: build(one, published()) for code, one in hours.items()}
