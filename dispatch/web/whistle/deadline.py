"""「为什么是这个时限」: every stretch of a clock's time, counted or left out, drawn up by day."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from dispatch.domain import clocks as rules
from dispatch.domain import dayrows, deadlines, timewords
from dispatch.domain.calendar import Stretch, WorkCalendar
from dispatch.domain.clocks import HANDLING
from dispatch.domain.turn import ZONE, Turn
from dispatch.steps.shown import ClockView, seat_view
from dispatch.steps.view import WhistleView
from dispatch.steps.why import Why
from dispatch.web import say
from dispatch.web.common.times import in_seconds, length, limit_of, moment, used_of
from dispatch.web.i18n import _, language
from dispatch.web.models.whistle import AxisTick, Bar, DayRow, WhyDeadline
from dispatch.web.whistle.expecting import due_at_once

#: so many days are drawn at most; a limit longer than that is said by its total
MOST_DAYS = 60


def why_deadline(
    why: Why, view: WhistleView, clock: ClockView, turn: Turn, *, open_: bool = False
) -> WhyDeadline | None:
    """The disclosure for one clock; None where there is nothing to draw (a date fixed by hand, the demo's seconds)."""
    if clock.limit is None or in_seconds(clock):
        return None
    limit, calendar = rules.parse(clock.limit), turn.calendar(clock.calendar)
    stretches = [
        Stretch(one.start, one.end, one.counted, f"{one.reason}:{one.by}" if one.by else one.reason)
        for one in why.stretches
    ]
    rows = dayrows.by_day(stretches, turn.now, ZONE)
    if not rows:
        return None
    counted = dayrows.in_minutes(rows, up=clock.due_at is None)  # at rest, all is used: as the ruler rounds it
    total = sum(counted, timedelta())
    axis = _Axis(dayrows.ticks(rows, calendar if limit.working else None))
    names = {
        "verification": _("%(street)s核查", street=view.raised_by["node_name"]),
        "hold": _("挂账"),
        "merge": _("并单"),
    }
    return WhyDeadline(
        intro=_intro(clock, limit, calendar, why),
        axis=axis.ticks(),
        rows=tuple(
            _row(row, minutes, axis, clock, turn, why, names)
            for row, minutes in zip(rows[:MOST_DAYS], counted[:MOST_DAYS], strict=True)
        ),
        total=length(clock, total.total_seconds(), fold=False),
        total_note=_used(view, clock, why, total, turn),
        source=_source(view, clock, why),
        open=open_,
        provisional=clock.provisional,
    )


def _used(view: WhistleView, clock: ClockView, why: Why, total: timedelta, turn: Turn) -> str:
    """What is used of the total: beside what is left, as long as something is. It stands for the moment of the
    drawing above it, so that is said while the clock runs.
    """
    used = min(why.used, why.counted)
    if clock.remaining is not None:
        left = max(clock.remaining, 0.0) if clock.due_at else 0.0
        used = used_of(clock, total.total_seconds(), left)
    said = length(clock, used, fold=False)
    if due_at_once(view, clock):
        return _("已用 %(time)s，钟一接着走就到期", time=said)
    if clock.running and (clock.remaining or 0) > 0:
        return _("到%(at)s 已用 %(time)s", at=moment(turn.now, turn.now), time=said)
    return _("已用 %(time)s", time=said)


class _Axis:
    """The day's axis: seconds since midnight to shares, with a little air at both ends."""

    def __init__(self, minutes: tuple[int, ...]) -> None:
        self.minutes = minutes
        first, last = minutes[0] * 60, minutes[-1] * 60
        air = 0 if (first, last) == (0, 86400) else (last - first) // 20
        self.first, self.span = first - air, last - first + 2 * air

    def share(self, second: int) -> float:
        return min(max((second - self.first) / self.span, 0.0), 1.0)

    def ticks(self) -> tuple[AxisTick, ...]:
        shown = self.minutes if len(self.minutes) <= 5 else (self.minutes[0], 720, self.minutes[-1])
        return tuple(AxisTick(self.share(m * 60), _hour(m)) for m in shown)


def _hour(minutes: int) -> str:
    return f"{minutes // 60}" if minutes % 60 == 0 else f"{minutes // 60}:{minutes % 60:02d}"


def _row(
    row: dayrows.DayRow,
    counted: timedelta,
    axis: _Axis,
    clock: ClockView,
    turn: Turn,
    why: Why,
    names: Mapping[str, str],
) -> DayRow:
    whole = all(bar.kind == "out" for bar in row.bars)
    bars = tuple(
        Bar(axis.share(bar.start), axis.share(bar.end), bar.kind)
        for bar in row.bars
        if axis.share(bar.start) < axis.share(bar.end)
    )
    return DayRow(
        _label(row),
        (Bar(0.0, 1.0, "out"),) if whole else bars,
        length(clock, counted.total_seconds(), fold=False) if row.counted else "0",
        _reasons(row, clock, turn, why, names),
    )


def seat_words(seat: str, turn: Turn) -> str:
    """A seat in words, with its place said once: 东柳街道 and 街道党工委书记 are 东柳街道党工委书记."""
    found = seat_view(seat, turn)
    node = turn.reference.tree.get(found["node"] or "")
    place, position = node.name if node else "", found["position"] or ""
    twice = next((n for n in range(len(position), 0, -1) if place.endswith(position[:n])), 0)
    return place + position[twice:]


def _label(row: dayrows.DayRow) -> str:
    first, last = row.dates
    if first == last:
        return f"{first.month}/{first.day} {_(say.WEEKDAYS[first.weekday()])}"
    end = f"{last.day}" if last.month == first.month else f"{last.month}/{last.day}"
    return f"{first.month}/{first.day}–{end}"


def _reasons(row: dayrows.DayRow, clock: ClockView, turn: Turn, explained: Why, names: Mapping[str, str]) -> str:
    lang: timewords.Language = "en" if language() == "en" else "zh"

    def named(code: str) -> str:
        kind, _sep, name = code.partition(":")
        if kind != "paused":
            return code
        why, _sep, seat = name.partition(":")
        signed = seat_words(seat, turn) if why == "hold" and seat else ""
        said = _("%(who)s批准挂账", who=signed) if signed else names.get(why, why)
        return f"{kind}:{said} {rests(row, name, explained, clock)}".rstrip()

    said = [timewords.reason(named(code), span, row.days, lang) for code, span in row.left_out]
    said += [timewords.reason(code, None, 1, lang) for code in row.remarks]
    today = turn.now.astimezone(ZONE).date()
    if row.to_come and row.dates[0] == today and row.to_come != row.counted:
        left = length(clock, row.to_come.total_seconds(), fold=False)
        said.append(_("今天还有 %(time)s", time=left))
    if clock.due_at is not None and clock.due_at.astimezone(ZONE).date() == row.dates[0]:
        said = [one for one in said if one != timewords.reason("night", None, 1, lang)]
        said.append(_("%(clock)s 到期", clock=f"{clock.due_at.astimezone(ZONE):%H:%M}"))
    return _("、").join(said)


def rests(row: dayrows.DayRow, name: str, why: Why, clock: ClockView) -> str:
    """From when to when it rested on these days: 10:20–11:05; over days 6/17 10:20–6/18 09:05; 10:20 到现在."""
    said = []
    for one in why.stretches:
        start, end = one.start.astimezone(ZONE), one.end.astimezone(ZONE)
        mine = f"paused:{name}" == (f"{one.reason}:{one.by}" if one.by else one.reason)
        if not mine or start.date() > row.dates[1] or end.date() < row.dates[0]:
            continue
        lasts = clock.due_at is None and one.end == why.until
        whole = (end if not lasts else why.as_of.astimezone(ZONE)).date() == start.date()
        begun, over = (f"{t:%H:%M}" if whole else f"{t.month}/{t.day} {t:%H:%M}" for t in (start, end))
        said.append(_("%(start)s 到现在", start=begun) if lasts else f"{begun}–{over}")
    return _("、").join(said)


def _intro(clock: ClockView, limit: deadlines.Limit, calendar: WorkCalendar, why: Why) -> str:
    since = {
        "dispatch": _("从收到起算"),
        "total": _("从收到起算"),
        "verification": _("从报结起算"),
        "answering": _("从核查通过起算"),
        "ruling": _("从申请起算"),
    }.get(clock.stage, _("从派单起算"))
    if clock.run > 1:
        since = _("这是第 %(n)s 轮，从重新起算的时候算", n=clock.run)
    capped = _("；来源要求更早，按来源的期限提前") if why.capped_by_source else ""
    if limit.working and calendar.always:  # a working hour is an hour there: said as such
        full = limit_of(clock, limit, calendar)
        if clock.stage in (HANDLING, rules.REPORTED):
            return _("%(limit)s，该单位昼夜值守，连续计时，%(since)s。", limit=full, since=since + capped)
        return _("%(limit)s，白天黑夜连续计时，%(since)s。", limit=full, since=since + capped)
    if not limit.working:
        return _("%(limit)s，白天黑夜连续计时，%(since)s。", limit=say.limit(limit), since=since + capped)
    hours = _("、").join(f"{_clock(a)}–{_clock(b)}" for a, b in _sessions(calendar, clock.started_at))
    return _("%(limit)s，按作息 %(hours)s 计，%(since)s。", limit=say.limit(limit), hours=hours, since=since + capped)


def _sessions(calendar: WorkCalendar, at: datetime) -> tuple[tuple[int, int], ...]:
    return calendar.on(at.astimezone(ZONE).date()).season.sessions


def _clock(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02d}"


def _source(view: WhistleView, clock: ClockView, why: Why) -> str:
    """The policy's words and where the limit comes from."""
    if clock.stage == HANDLING and view.category:
        return _("时限出自清单 %(code)s「%(name)s」，来源：%(source)s。", code=view.category,
                 name=view.category_name or "", source=why.basis)  # fmt: skip
    return _("时限出自政策「%(name)s」：%(basis)s。", name=why.policy, basis=why.basis)
