"""Times as people say them, in Chinese and English: 剩 3 工时 20 分 · 今天 11:14 · 端午节放假 3 天.

Lengths come as pieces (figure, unit), so that a page can set figures large and units small, as running text, and as
the text a screen reader says. Working time speaks of 工作日 and 工时, elapsed time of 天 and 小时; never mixed. What is
left is never rounded up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Language = Literal["zh", "en"]
Piece = tuple[str, str]
"""Figure, unit."""

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
WORKING_DAY = timedelta(hours=7)
_DIGITS = "零一二三四五六七八九"
_WEEKDAYS = {
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}
_NEAR = {"zh": {0: "今天", -1: "昨天", 1: "明天"}, "en": {0: "today", -1: "yesterday", 1: "tomorrow"}}
_UNITS = {
    "zh": {True: ("工作日", "工时", "分", "秒"), False: ("天", "小时", "分", "秒")},
    "en": {True: ("working day", "working hour", "min", "s"), False: ("day", "hour", "min", "s")},
}


@dataclass(frozen=True, slots=True)
class Words:
    """A length said: `before` 剩, 已逾期 (or nothing), the pieces, `after` (English only); `spoken` for readers."""

    pieces: tuple[Piece, ...]
    spoken: str
    before: str = ""
    after: str = ""

    @property
    def text(self) -> str:
        """As one line: 剩 3 工时 20 分."""
        parts = [self.before, *(part for piece in self.pieces for part in piece), self.after]
        return " ".join(part for part in parts if part)


def length(
    span: timedelta,
    working: bool,
    *,
    day: timedelta = WORKING_DAY,
    fold: bool = True,
    seconds: bool = False,
    lang: Language = "zh",
) -> Words:
    """A length of time in at most two units, cut to the minute; the sign is dropped.

    `day` is the length of a working day. Without `fold` hours are not gathered into days (共 21 工时). `seconds` is
    for the one-minute demonstration: below two minutes they are shown.
    """
    pieces = _pieces(abs(span), working, day if working else DAY, fold, seconds, lang)
    return Words(pieces, _spoken(pieces, lang))


def used_beside(total: timedelta, left: timedelta, grain: timedelta = MINUTE) -> timedelta:
    """What is used of `total`, in whole grains, such that it and `left` as shown come to the total as shown.

    What is left is cut, never rounded up; so what is used takes the rest. 不到 1 分 stands for the last minute.
    """
    shown = abs(left) // grain * grain
    if not shown and left > timedelta() and grain == MINUTE:
        shown = grain
    return max(total // grain * grain - (shown if left > timedelta() else -shown), timedelta())


def time_left(
    left: timedelta,
    working: bool,
    *,
    day: timedelta = WORKING_DAY,
    seconds: bool = False,
    lang: Language = "zh",
) -> Words:
    """What is left until a deadline, or, where `left` is negative, by how much it has passed."""
    said = length(left, working, day=day, seconds=seconds, lang=lang)
    late = left < timedelta()
    if lang == "en":
        return Words(said.pieces, f"overdue by {said.spoken}" if late else f"{said.spoken} left",
                     "overdue by" if late else "", "" if late else "left")  # fmt: skip
    return Words(said.pieces, ("已逾期" if late else "剩余") + said.spoken, "已逾期" if late else "剩")


def point(
    t: datetime,
    now: datetime,
    zone: ZoneInfo,
    *,
    weekday: bool = True,
    provisional: bool = False,
    lang: Language = "zh",
) -> str:
    """A point in time seen from `now`: 今天 11:14 · 昨天 16:50 · 周一 10:20 · 6/22 11:56 · 2027/1/4 09:00.

    Weekdays within seven days, unless `weekday` is False (where past and future could be mistaken). A provisional
    deadline carries 暂定.
    """
    local, today = t.astimezone(zone), now.astimezone(zone).date()
    days = (local.date() - today).days
    if days in _NEAR[lang]:
        name = _NEAR[lang][days]
    elif weekday and abs(days) < 7:
        name = _WEEKDAYS[lang][local.weekday()]
    else:
        name = f"{local.month}/{local.day}" if local.year == today.year else f"{local.year}/{local.month}/{local.day}"
    mark = ("（暂定）" if lang == "zh" else " (provisional)") if provisional else ""
    return f"{name} {local:%H:%M}{mark}"


def on_paper(t: datetime, zone: ZoneInfo, *, seconds: bool = False, lang: Language = "zh") -> str:
    """2026年6月18日（周四）09:14, for paper; with seconds on the receipt."""
    local = t.astimezone(zone)
    clock, name = f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}", _WEEKDAYS[lang][local.weekday()]
    if lang == "en":
        return f"{name} {local.year}-{local:%m-%d} {clock}"
    return f"{local.year}年{local.month}月{local.day}日（{name}）{clock}"


def reason(code: str, span: timedelta | None = None, days: int = 1, lang: Language = "zh") -> str:
    """Why time counts or does not, in words: 午休 2 小时 30 分 · 端午节放假 3 天 · 国庆节调休上班 · 东柳街道核查，钟停.

    `code` is a stretch's reason; `span`, where given, is added to a lunch break, `days` to whole days off.
    """
    kind, _, name = code.partition(":")
    many = days > 1
    if lang == "en":
        known = {
            "lunch": "lunch break", "night": "outside hours", "weekend": "weekend", "holiday": f"{name} holiday",
            "off": f"day off: {name}", "paused": f"clock at rest: {name}", "makeup": f"make-up working day for {name}",
            "workday": f"working day: {name}", "hours": f"other hours: {name}", "work": "working hours",
            "elapsed": "day and night", "overtaken": "beyond the shorter limit applied later",
        }  # fmt: skip
        amount = f" {days} days" if many else ""
    else:
        known = {
            "lunch": "午休", "night": "夜间", "weekend": "周末", "holiday": f"{name}放假", "off": f"不上班（{name}）",
            "paused": f"{name}，钟停", "makeup": f"{name}调休上班", "workday": f"照常上班（{name}）",
            "hours": f"另定时段（{name}）", "work": "上班时间", "elapsed": "连续计时",
            "overtaken": "超出后来改短的时限，不计",
        }  # fmt: skip
        amount = f" {days} 天" if many else ""
    if kind == "lunch" and span is not None:
        amount = f" {length(span, False, lang=lang).text}"
    return known.get(kind, code) + amount


def _pieces(
    span: timedelta, working: bool, day: timedelta, fold: bool, seconds: bool, lang: Language
) -> tuple[Piece, ...]:
    names = _UNITS[lang][working]
    if seconds and span < timedelta(minutes=2):
        return ((str(span // timedelta(seconds=1)), names[3]),)
    if span < timedelta(minutes=1):
        return (("不到 1" if lang == "zh" else "less than 1", names[2]),)
    days, rest = divmod(span, day) if fold else (0, span)
    hours, rest = divmod(rest, timedelta(hours=1))
    minutes = rest // timedelta(minutes=1)
    if days:
        counted = [_piece(days, names[0], lang)]
        return (*counted, _piece(hours, names[1], lang)) if hours else tuple(counted)
    if hours:
        counted = [_piece(hours, names[1], lang)]
        return (*counted, (f"{minutes:02d}", names[2])) if minutes else tuple(counted)
    return ((str(minutes), names[2]),)


def _piece(amount: int, unit: str, lang: Language) -> Piece:
    return str(amount), f"{unit}s" if lang == "en" and amount != 1 else unit


def _spoken(pieces: tuple[Piece, ...], lang: Language) -> str:
    if lang == "en":
        full = {"min": "minutes", "s": "seconds"}
        words = [f"{int(n) if n.isdigit() else n} {full.get(unit, unit)}" for n, unit in pieces]
        return " ".join(
            word[:-1] if word in ("1 minutes", "1 seconds", "less than 1 minutes") else word for word in words
        )
    return "".join(_chinese(figure) + unit for figure, unit in pieces)


def _chinese(figure: str) -> str:
    """三, 两, 十二, 五十六, 一百零五; a figure padded to two digits says its zero: 零五."""
    if figure == "不到 1":
        return "不到一"
    if len(figure) == 2 and figure[0] == "0":
        return "零" + _DIGITS[int(figure)]
    number = int(figure)
    return "两" if number == 2 else _numeral(number)


def _numeral(n: int) -> str:
    if n < 10:
        return _DIGITS[n]
    if n < 100:
        tens, ones = divmod(n, 10)
        return ("" if tens == 1 else _DIGITS[tens]) + "十" + (_DIGITS[ones] if ones else "")
    if n >= 10_000:
        return str(n)
    size, name = (1000, "千") if n >= 1000 else (100, "百")
    high, rest = divmod(n, size)
    if not rest:
        return _DIGITS[high] + name
    tail = ("一" if 10 <= rest < 20 else "") + _numeral(rest)
    return _DIGITS[high] + name + ("零" if rest < size // 10 else "") + tail
