"""The demo district's calendars and moments in its zone, for the tests of working time."""

from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

from dispatch.domain.calendar import WorkCalendar
from dispatch.domain.calendar_file import calendars
from dispatch.domain.holidays import published

SHANGHAI = ZoneInfo("Asia/Shanghai")
FILE = Path(__file__).parents[2] / "deploy" / "demo" / "calendars.yaml"


@cache
def demo() -> dict[str, WorkCalendar]:
    return calendars(yaml.safe_load(FILE.read_text(encoding="utf-8")), published())


def at(text: str) -> datetime:
    """A moment of the district: `2026-06-18 09:05`."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)
