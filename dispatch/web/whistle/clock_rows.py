"""The clocks of a whistle, a line each: how much is left, or was used, and whether it runs."""

from dispatch.domain.clocks import TOTAL, StagePolicy, seconds_between
from dispatch.domain.turn import Turn
from dispatch.steps.shown import ClockView
from dispatch.steps.view import WhistleView
from dispatch.web import say, words
from dispatch.web.common.times import length, ticking, time_of, used_of
from dispatch.web.i18n import _
from dispatch.web.models.whistle import ClockRow
from dispatch.web.whistle.expecting import due_at_once


def clock_rows(view: WhistleView, turn: Turn) -> tuple[ClockRow, ...]:
    """In the order of the view."""
    return tuple(_row(clock, view, turn) for clock in view.clocks)


def _row(clock: ClockView, view: WhistleView, turn: Turn) -> ClockRow:
    name = words.stage(clock.stage)
    unit = turn.reference.units.get(clock.unit) if clock.unit and ":" not in clock.unit else None
    if unit is not None:
        name = f"{name}・{unit.short}"
    tick = ticking(clock, turn) if clock.running and clock.remaining is not None else None
    if clock.stage == TOTAL:
        used = _used(clock, view, turn) if clock.remaining is None else used_of(clock, clock.total, clock.remaining)
        return ClockRow(name, length(clock, used), _("不重来"), tick, used=True)
    if due_at_once(view, clock):
        nothing = say.nothing_left()
        return ClockRow(name, f"{nothing.prefix} {say.plain(nothing.figures)}", _("停着，一接着走就到期"))
    if clock.remaining is None:
        ended = _("停着") if clock.answered_at is None else _("已应答")
        return ClockRow(name, length(clock, _used(clock, view, turn)), ended)
    left = time_of(clock, turn, tick=False)
    figure = f"{left.prefix} {say.plain(left.figures)}" if left else ""
    return ClockRow(name, figure, _("走着") if clock.running else _("停着"), tick)


def _used(clock: ClockView, view: WhistleView, turn: Turn) -> float:
    """What an answered clock had counted: up to its last rest, else from its start."""
    own = view.case.clocks[(clock.stage, clock.unit)]
    if own.used or clock.answered_at is None:
        return own.used.total_seconds()
    policy, calendar = StagePolicy.of(own), turn.calendar(clock.calendar)
    return seconds_between(policy, clock.started_at, clock.answered_at, calendar)
