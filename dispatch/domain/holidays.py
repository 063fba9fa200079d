"""Public holidays and make-up working days (调休) of China, from the tables of `chinesecalendar`.

The State Council publishes one year at a time; a year that the library does not have is not guessed at: its name is
missing from `DayKinds.published`, and what is reckoned in it is provisional.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from types import MappingProxyType

import chinese_calendar

_NAMES = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "National Day": "国庆节",
    "Mid-autumn Festival": "中秋节",
    "Anti-Fascist 70th Day": "抗战胜利纪念日",
}


@dataclass(frozen=True, slots=True)
class DayKinds:
    """Which dates are not what their weekday says: `holiday:<name>` or `makeup:<name>`; all others are plain.

    `published` holds the years that are known; any other year has plain weekdays and is provisional.
    """

    special: Mapping[date, str] = field(default_factory=lambda: MappingProxyType({}))
    published: frozenset[int] = frozenset()


@cache
def published() -> DayKinds:
    """All that the installed library knows."""
    holidays, makeup = chinese_calendar.holidays, chinese_calendar.workdays
    special = {day: f"holiday:{_NAMES.get(name, name)}" for day, name in holidays.items()}
    special |= {day: f"makeup:{_NAMES.get(name, name)}" for day, name in makeup.items()}
    return DayKinds(MappingProxyType(special), frozenset(day.year for day in holidays))
