"""What a clock shows adds up: used and left come to the total, the days to what they are of; over random seconds."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import cast
from uuid import UUID

import pytest

from dispatch.domain.calendar import Stretch
from dispatch.domain.dayrows import by_day, in_minutes
from dispatch.domain.turn import ZONE, Turn
from dispatch.steps.shown import ClockView
from dispatch.web.common.times import due_of, length, ruler_of, time_of

NOW = datetime(2026, 6, 18, 1, tzinfo=UTC)
NO_TURN = cast(Turn, None)
UNITS = {"工作日": 420, "工时": 60, "小时": 60, "天": 1440, "分": 1}


def clock_view(total: float, remaining: float, *, working: bool) -> ClockView:
    return ClockView(
        id=UUID(int=1), stage="handling", unit=None, run=1, rung=0, due_at=NOW, started_at=NOW, answered_at=None,
        running=True, remaining=remaining, total=total, working=working, day_seconds=25200 if working else 0,
        limit="4wh" if working else "4h", provisional=False, lamp="green", next_mark=None, next_at=None, start_rung=1,
        calendar="district@1",
    )  # fmt: skip


def minutes(said: str, under: int = 0) -> int:
    """The minutes of a text on screen; 不到 1 分 counts as `under`."""
    if "不到 1" in said:
        return under
    return sum(int(n) * UNITS[unit] for n, unit in re.findall(r"(\d+) (\S+)", said))


@pytest.mark.parametrize("working", [True, False])
def test_used_and_left_come_to_the_total(working: bool) -> None:
    random = Random(4)
    for _n in range(3000):
        total = float(
            random.choice((1800, 7200, 14400, 5 * 25200, random.randint(60, 25000), random.randint(60, 900000)))
        )
        left = round(random.uniform(0.001, total), random.choice((0, 3)))
        clock = clock_view(total, left, working=working)
        time = time_of(clock, NO_TURN, due=(), tick=False, whole=True)
        ruler = ruler_of(clock, NO_TURN, tick=False)
        assert time is not None
        assert ruler is not None
        shown = minutes(" ".join(f"{one.value} {one.unit}" for one in time.figures), under=1)
        whole, _sep, hours = ruler.total.partition("（")
        assert minutes(ruler.used) + shown == minutes(whole), (total, left, ruler)
        assert minutes(hours.rstrip("）")) in (0, minutes(whole))


def test_used_of_many_days_is_said_to_the_minute() -> None:
    clock = clock_view(2 * 86400, 20.5 * 3600 + 30, working=False)
    ruler = ruler_of(clock, NO_TURN, tick=False)
    assert ruler is not None
    assert (ruler.used, ruler.total) == ("已用 1 天 3 小时 30 分", "共 2 天")


def test_what_is_left_beside_what_is_used_is_said_to_the_minute_in_the_same_units() -> None:
    clock = clock_view(3 * 25200, 8 * 3600 + 1200, working=True)
    time, ruler = time_of(clock, NO_TURN, due=(), tick=False, whole=True), ruler_of(clock, NO_TURN, tick=False)
    assert time is not None
    assert ruler is not None
    assert "".join(one.value + one.unit for one in time.figures) == "1工作日1工时20分"
    assert (ruler.used, ruler.total) == ("已用 1 工作日 5 工时 40 分", "共 3 工作日（21 工时）")


def test_a_clock_that_rests_with_nothing_left_is_due_when_it_goes_on() -> None:
    clock = replace(clock_view(7200, 0, working=True), due_at=None, running=False, lamp="hold")
    time, ruler = time_of(clock, NO_TURN), ruler_of(clock, NO_TURN)
    assert time is not None
    assert ruler is not None
    said = "".join(one.value + one.unit for one in time.figures), time.due[0].text
    assert said == ("0分", "时限用完了，钟一接着走就到期")
    assert (ruler.used, ruler.total) == ("已用 2 工时", "共 2 工时")
    resting = replace(clock, remaining=1.0)
    assert due_of(resting, NO_TURN)[0].text == "钟停着，恢复后接着走"


def test_used_of_a_clock_that_is_late_goes_beyond_the_total() -> None:
    ruler = ruler_of(clock_view(14400, -330, working=True), NO_TURN, tick=False)
    assert ruler is not None
    assert ruler.used == "已用 4 工时 05 分"


@pytest.mark.parametrize("up", [True, False])
def test_the_days_as_shown_come_to_the_total_as_shown(up: bool) -> None:
    random = Random(5)
    clock = clock_view(0, 0, working=True)
    for _n in range(500):
        at, stretches = NOW, []
        for _m in range(random.randint(1, 8)):
            end = at + timedelta(seconds=random.randint(1, 60000))
            stretches.append(Stretch(at, end, random.random() < 0.6, "work"))
            at = end
        rows = by_day(stretches, NOW, ZONE)
        whole = sum((row.counted for row in rows), timedelta()) / timedelta(minutes=1)
        shown = in_minutes(rows, up=up)
        said = [minutes(length(clock, one.total_seconds(), fold=False)) for one in shown]
        assert sum(said) == (-(-whole // 1) if up else whole // 1)
        assert all(abs(one - row.counted) < timedelta(minutes=1) for one, row in zip(shown, rows, strict=True))
        assert not any(one for one, row in zip(shown, rows, strict=True) if not row.counted)
