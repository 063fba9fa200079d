"""How times and numbers are said on the screen: 剩 3 工时 56 分 · 今天 11:14 · 二六、零零零零、三一七三."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from typing import Literal

from dispatch.domain.deadlines import Limit
from dispatch.web.i18n import N_, _, language
from dispatch.web.models.parts import Figure, Text, Ticking, TimeLeft

Mode = Literal["working", "elapsed"]
WEEKDAYS = (N_("周一"), N_("周二"), N_("周三"), N_("周四"), N_("周五"), N_("周六"), N_("周日"))
#: how a moment ends that is the beginning of its day
BEGINS = " 00:00"
DIGITS = "零一二三四五六七八九"


def limit(given: Limit) -> str:
    """An amount of time as rules name it: 3 工作日 · 4 工时 · 30 分 · 2 小时 · 15 天."""
    unit = {"s": _("秒"), "m": _("分"), "h": _("小时"), "d": _("天"), "wh": _("工时"), "wd": _("工作日")}[given.unit]
    return f"{given.amount} {unit}"


def duration(
    span: timedelta, mode: Mode, *, day: timedelta = timedelta(hours=7), seconds: bool = False, whole: bool = False
) -> tuple[Figure, ...]:
    """A length of time as at most two figures; `whole` says the minutes beside days too.

    Working time counts in 工作日 of `day`, 工时, 分; elapsed time in 天, 小时, 分; seconds only in the
    one-minute
    demo. Below a minute: 不到 1 分. The sign is dropped.
    """
    total = abs(int(span.total_seconds()))
    if seconds and total < 120:
        return (Figure(str(total), _("秒")),)
    if total < 60:
        return (Figure(_("不到 1"), _("分")),)
    long = int(day.total_seconds()) if mode == "working" else 86400
    days, rest = divmod(total, long)
    hours, minutes = rest // 3600, rest % 3600 // 60
    words = (_("工作日"), _("工时")) if mode == "working" else (_("天"), _("小时"))
    if days:
        said = (Figure(str(days), words[0]),) + ((Figure(str(hours), words[1]),) if hours else ())
        return said + ((Figure(str(minutes), _("分")),) if whole and minutes else ())
    if hours:
        return (Figure(str(hours), words[1]),) + ((Figure(f"{minutes:02d}", _("分")),) if minutes else ())
    return (Figure(str(minutes), _("分")),)


def plain(figures: tuple[Figure, ...]) -> str:
    """Figures as running text: 3 工时 56 分."""
    return " ".join(f"{figure.value} {figure.unit}" for figure in figures)


def time_left(
    left: timedelta,
    mode: Mode,
    *,
    day: timedelta = timedelta(hours=7),
    seconds: bool = False,
    whole: bool = False,
    due: Text = (),
    tick: Ticking | None = None,
) -> TimeLeft:
    """Time left (剩), or time late (已逾期) where `left` is negative."""
    late = left < timedelta(0)
    figures = duration(left, mode, day=day, seconds=seconds, whole=whole)
    said = "".join(_spoken_number(f.value) + f.unit for f in figures) if language() == "zh" else plain(figures)
    full = (_("已逾期%(time)s") if late else _("剩余%(time)s")) % {"time": said}
    return TimeLeft(_("已逾期") if late else _("剩"), figures, full, due, tick)


def nothing_left(due: Text = ()) -> TimeLeft:
    """剩 0 分: of a clock that rests; one that runs is late by then."""
    return TimeLeft(_("剩"), (Figure("0", _("分")),), _("没有剩余时间"), due)


def moment(t: datetime, now: datetime, zone: tzinfo) -> str:
    """A point in time, seen from `now`: 今天 11:14 · 昨天 16:50 · 周一 10:20 · 6/22 11:56 (24 hours, no
    seconds).
    """
    local, today = t.astimezone(zone), now.astimezone(zone)
    clock = local.strftime("%H:%M")
    days = (local.date() - today.date()).days
    near = {0: _("今天"), -1: _("昨天"), 1: _("明天")}
    if days in near:
        return f"{near[days]} {clock}"
    if -7 < days < 7:
        return f"{_(WEEKDAYS[local.weekday()])} {clock}"
    year = "" if local.year == today.year else f"{local.year}/"
    return f"{year}{local.month}/{local.day} {clock}"


def day(t: datetime, now: datetime, zone: tzinfo) -> str:
    """A day that somebody asked for (复查日), as `moment` but for the day's own beginning: 明天 · 周一 · 6/22."""
    return moment(t, now, zone).removesuffix(BEGINS)


def day_and_time(t: datetime, zone: tzinfo) -> str:
    """6/22 11:56, the form used on ladders."""
    local = t.astimezone(zone)
    return f"{local.month}/{local.day} {local:%H:%M}"


def weekday(t: datetime, zone: tzinfo) -> str:
    """周一."""
    return _(WEEKDAYS[t.astimezone(zone).weekday()])


def on_paper(t: datetime, zone: tzinfo, *, seconds: bool = False) -> str:
    """2026年6月18日（周四）09:14, for paper and the receipt (there with seconds)."""
    local = t.astimezone(zone)
    clock = local.strftime("%H:%M:%S" if seconds else "%H:%M")
    return _(
        "%(year)s年%(month)s月%(day)s日（%(weekday)s）%(clock)s",
        year=local.year,
        month=local.month,
        day=local.day,
        weekday=_(WEEKDAYS[local.weekday()]),
        clock=clock,
    )


def number_groups(number: str) -> tuple[str, str, str]:
    """The ten digits as 2-4-4."""
    return number[:2], number[2:6], number[6:]


def spoken_number(number: str) -> str:
    """How to say a number on the telephone: 二六、零零零零、三一七三."""
    return "、".join("".join(DIGITS[int(d)] for d in group) for group in number_groups(number))


def paper_number(number: str, mark: str = "丛吹") -> str:
    """丛吹〔2026〕2600003173号."""
    return f"{mark}〔20{number[:2]}〕{number}号"


def rate(numerator: int, denominator: int) -> str:
    """86.2 %, with its fraction beside it elsewhere; 没有 where there is no data."""
    return f"{100 * numerator / denominator:.1f} %" if denominator else _("没有")


def _spoken_number(value: str) -> str:
    if not value.isdigit():
        return value
    n = int(value)
    if n < 10:
        return DIGITS[n]
    if n < 100:
        tens = "" if n < 20 else DIGITS[n // 10]
        return tens + "十" + (DIGITS[n % 10] if n % 10 else "")
    return value
