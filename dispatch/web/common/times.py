"""A clock for the eye: lamp, time left with what lets it tick, ruler, the point in time beneath."""

from datetime import datetime, timedelta
from functools import lru_cache

from dispatch.domain.calendar import WorkCalendar
from dispatch.domain.clocks import DUE, HOLD, LAST_RUNG, WARN
from dispatch.domain.deadlines import Limit
from dispatch.domain.timewords import used_beside
from dispatch.domain.turn import ZONE, Turn
from dispatch.steps.shown import ClockView
from dispatch.web import say
from dispatch.web.i18n import _
from dispatch.web.models.parts import Lamp, Ruler, SmallLadder, Text, Ticking, TimeLeft, spans, strong
from dispatch.web.words import climbed


def lamp_of(clock: ClockView | None) -> Lamp | None:
    """The lamp a clock burns; None once it is answered."""
    return Lamp(clock.lamp) if clock and clock.lamp else None


def in_seconds(clock: ClockView) -> bool:
    """Whether it belongs to the one-minute demo, where seconds are shown."""
    return bool(clock.limit and clock.limit.endswith("s"))


def ticking(clock: ClockView, turn: Turn, *, whole: bool = False) -> Ticking:
    """What lets the clock tick in place: it falls only while its stretch of time counts. `whole` as for `length`."""
    counting, until = clock.running, None
    if clock.working and clock.running:
        counting, until = _counting(turn.calendar(clock.calendar), turn.now)
    left = round(clock.remaining or 0)
    return Ticking(
        left, int(turn.now.timestamp()), max(timedelta(seconds=clock.total) // timedelta(seconds=1), 1), counting,
        until, round(clock.day_seconds), in_seconds(clock), whole,
    )  # fmt: skip


@lru_cache(maxsize=64)
def _counting(calendar: WorkCalendar, now: datetime) -> tuple[bool, int | None]:
    """Whether working time goes on now, and until when: on a page the same for every row of a calendar."""
    ahead = calendar.stretches(now, now + timedelta(days=1))
    counting = bool(ahead) and ahead[0].counted
    return counting, int(ahead[0].end.timestamp()) if counting and len(ahead) > 1 else None


def time_of(
    clock: ClockView | None, turn: Turn, *, due: Text | None = None, tick: bool = True, whole: bool = False
) -> TimeLeft | None:
    """The time left until the clock runs out, or by how much it is late; None once it is answered.

    `whole`: to the minute however long it is, where 已用 stands beside it (`ruler_of`).
    """
    if clock is None or clock.remaining is None:
        return None
    if spent(clock):
        return say.nothing_left(due_of(clock, turn) if due is None else due)
    return say.time_left(
        timedelta(seconds=clock.remaining),
        "working" if clock.working else "elapsed",
        day=timedelta(seconds=clock.day_seconds or 86400),
        seconds=in_seconds(clock),
        whole=whole,
        due=due_of(clock, turn) if due is None else due,
        tick=ticking(clock, turn, whole=whole) if tick else None,
    )


def spent(clock: ClockView) -> bool:
    """Whether it rests with nothing left: a shorter limit was applied meanwhile, and it is due when it goes on."""
    return clock.remaining == 0 and clock.due_at is None


def due_of(clock: ClockView, turn: Turn) -> Text:
    """周一 6/22 11:56 到期; a rest is said instead."""
    if spent(clock):
        return spans(_("时限用完了，钟一接着走就到期"))
    if clock.due_at is None:
        return spans(_("钟停着，恢复后接着走"))
    words = ends(clock, turn, weekday_too=True)
    late = clock.due_at <= turn.now
    end = _("到期") if not late else _("到的期")
    return spans(strong(words), " ", end, _("（暂定）") if clock.provisional else "")


def ends(clock: ClockView, turn: Turn, *, weekday_too: bool = False) -> str:
    """When it runs out, as `moment`; "" for one that rests. A hold runs to a day, not to its first moment."""
    if clock.due_at is None:
        return ""
    said = moment(clock.due_at, turn.now, weekday_too=weekday_too)
    return said.removesuffix(say.BEGINS) if clock.stage == HOLD else said


def moment(t: datetime, now: datetime, *, weekday_too: bool = False) -> str:
    """今天 11:14 · 周一 10:20; with `weekday_too` a weekday carries its date: 周一 6/22 11:56."""
    said = say.moment(t, now, ZONE)
    if not weekday_too or said.split(" ")[0] in (_("今天"), _("昨天"), _("明天")) or "/" in said:
        return said
    return f"{say.weekday(t, ZONE)} {say.day_and_time(t, ZONE)}"


def limit_of(clock: ClockView, limit: Limit, calendar: WorkCalendar) -> str:
    """A limit as the rules name it; on a calendar without hours off a working hour is an hour, and said as such."""
    if not limit.working or not calendar.always:
        return say.limit(limit)
    return length(clock, limit.length(calendar.day).total_seconds())


def length(clock: ClockView, seconds: float, *, fold: bool = True, whole: bool = False) -> str:
    """Counted seconds of a clock in its own units, at most two: 17 工时 04 分, 2 工作日 3 工时.

    `whole`: to the minute beside days, too; without `fold` to the minute and not in working days.
    """
    mode: say.Mode = "working" if clock.working else "elapsed"
    day = timedelta(seconds=clock.day_seconds or 86400) if fold or not clock.working else timedelta(days=9999)
    return say.plain(
        say.duration(
            timedelta(seconds=seconds),
            mode,
            day=day,
            seconds=in_seconds(clock),
            whole=whole or not fold,
        )
    )


def used_of(clock: ClockView, total: float, left: float) -> float:
    """What is used of `total` counted seconds, such that it adds up with `left` as shown (`app.js` does it, too)."""
    grain = timedelta(seconds=1) if in_seconds(clock) and total < 120 else timedelta(minutes=1)
    return used_beside(timedelta(seconds=total), timedelta(seconds=left), grain).total_seconds()


def ruler_of(clock: ClockView | None, turn: Turn, *, texts: bool = True, tick: bool = True) -> Ruler | None:
    """The share used, in the lamp's colour; with `texts` what stands beneath it on pages: 已用 and 共, in the units of
    a 剩 that is `whole`.
    """
    if clock is None or clock.remaining is None or clock.lamp is None:
        return None
    used = max(clock.total - clock.remaining, 0.0)
    share = min(used / clock.total, 1.0) if clock.total > 0 else 1.0
    now = ticking(clock, turn, whole=texts) if tick and clock.lamp != "hold" else None
    if not texts:  # of a hundred steps, each some two pixels long: many rows are drawn alike
        return Ruler(int(share * 100) / 100, Lamp(clock.lamp), "", "", now)
    whole = _("共 %(time)s", time=length(clock, clock.total, whole=True))
    if clock.working and clock.total >= clock.day_seconds > 0:
        whole = _(
            "共 %(time)s（%(hours)s）",
            time=length(clock, clock.total, whole=True),
            hours=length(clock, clock.total, fold=False),
        )
    said = _("已用 %(time)s", time=length(clock, used_of(clock, clock.total, clock.remaining), whole=True))
    return Ruler(share, Lamp(clock.lamp), said, whole, now)


def small_ladder(rung: int | None, *, lane: bool = False) -> SmallLadder:
    """The small ladder of a row: where it stands and the word beside it."""
    return SmallLadder(rung or 0, climbed(rung or 0, lane=lane))


def next_climb(clock: ClockView) -> datetime | None:
    """When the clock next climbs a rung; None while it rests, is answered or has reached the top."""
    if not clock.running or clock.rung >= LAST_RUNG or not clock.start_rung:
        return None
    if clock.next_mark == WARN:
        return clock.due_at
    return clock.next_at if clock.next_mark == DUE else None
