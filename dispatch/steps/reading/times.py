"""calendars.yaml: working hours and their exceptions; what they mean is `dispatch.domain.calendar_file`'s to say."""

from __future__ import annotations

import re
from typing import Any

from dispatch.domain.calendar import WorkCalendar
from dispatch.domain.calendar_file import CalendarFileError, calendars, describe
from dispatch.domain.holidays import published
from dispatch.steps.reading.cursor import Cursor

_WORDS = {"true": True, "false": False}
REQUIRED = ("district", "always")


def read_calendars(top: Cursor) -> dict[str, Any]:
    """The document of the calendars, checked; the codes `district` and `always` must be among them."""
    document = {key: value for key, value in _typed(top.value).items() if key not in ("title", "note")}
    try:
        codes = [hours.code for hours in describe(document)]
    except CalendarFileError as error:
        top.wrong_at(error.path, f"写法不对：{error.problem}")
        return {"calendars": [{"code": code} for code in REQUIRED]}  # so that other files are still checked
    for code in REQUIRED:
        if code not in codes:
            top.wrong("calendars", code, f"缺少代码为 {code} 的日历，请补上")
    return document


def make_calendars(document: dict[str, Any]) -> dict[str, WorkCalendar]:
    return calendars({key: value for key, value in document.items() if key != "amended"}, published())


def _typed(value: Any) -> Any:
    """Whole numbers, fractions and true / false as such; the files are otherwise read as texts."""
    if isinstance(value, dict):
        return {key: _typed(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_typed(one) for one in value]
    if isinstance(value, str) and re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value):
        return float(value) if "." in value else int(value)
    return _WORDS.get(value, value) if isinstance(value, str) else value
