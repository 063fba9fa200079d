"""What a whistle expects of a reader, as data; its clocks and parts by name; who does the street's acts, and why."""

from dataclasses import dataclass
from datetime import timedelta

from dispatch.domain.clocks import TOTAL
from dispatch.domain.involved import stands_in
from dispatch.steps.shown import ClockView, PartView
from dispatch.steps.view import WhistleView
from dispatch.web.i18n import _
from dispatch.web.models.parts import Text


@dataclass(frozen=True, slots=True)
class Expected:
    """`mine`: this reader is to act; `first` names the acts that are the right answer, the best first."""

    mine: bool
    sentence: Text
    clock: ClockView | None
    first: tuple[str, ...] = ()
    heading: str = ""


def part_of(view: WhistleView, unit: str | None) -> PartView | None:
    """The unit's part in the present generation."""
    return next((part for part in view.assignments if part.unit == unit and part.status != "released"), None)


def clock_of(view: WhistleView, stage: str, unit: str | None = None) -> ClockView | None:
    """An open clock by stage and unit."""
    for clock in view.clocks:
        if clock.stage == stage and clock.unit == unit and clock.answered_at is None:
            return clock
    return None


def due_at_once(view: WhistleView, clock: ClockView) -> bool:
    """Whether it rests with nothing left, and is due the moment it goes on (`resting.rest` leaves a late one its end).

    A whistle that was merged goes on with the other one: what is left to its clocks is not shown, but true.
    """
    own = view.case.clocks[(clock.stage, clock.unit)]
    spent = own.open and own.due_at is None and own.remaining == timedelta()
    return spent and clock_of(view, TOTAL) is not None


def street_of(view: WhistleView) -> str:
    """Who verifies and answers: the street that raised it, or the desk in its place."""
    return _("区调度台") if stands_in(view.case) else str(view.raised_by["node_name"])


def nearest(view: WhistleView) -> ClockView | None:
    """The clock of the whistle that runs out first, of those that climb."""
    open_ = [c for c in view.clocks if c.answered_at is None and c.due_at is not None and c.start_rung]
    return min(open_, key=lambda clock: clock.due_at or view.as_of, default=None)


def why_the_desk(view: WhistleView) -> str:
    """Why the desk has the street's acts."""
    if view.case.facts.hidden_from:
        return _(
            "这件反映的就是%(street)s，要对它回避：街道该办的核查、答复、评价、办结，由区调度台来办。",
            street=view.raised_by["node_name"],
        )
    return _("这件没有确定是哪个街道的：街道该办的核查、答复、评价、办结，由区调度台来办。")
