"""One whistle's life as a list of acts with their moments; people act in working hours, emergencies at any hour."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from dispatch.domain.calendar import WorkCalendar
from dispatch.domain.case import Case

Filled = dict[str, Any]
Fill = Callable[[Case, datetime], Filled]


@dataclass(frozen=True, slots=True)
class Act:
    """Somebody does something at a moment. `who`: lead, assists, clerk, other-clerk, desk, or a rung's head `rung-4`.

    `fields` may need to see the case as it then stands. `subject`: the whistle itself, or its first, second … child.
    """

    at: datetime
    who: str
    action: str
    fields: Filled | Fill = field(default_factory=dict)
    subject: int = 0


@dataclass(slots=True)
class Script:
    """Acts written one after another. `hours` are working hours of the district, `minutes` are elapsed."""

    start: datetime
    calendar: WorkCalendar
    dice: Random
    words: dict[str, list[str]]
    acts: list[Act] = field(default_factory=list)
    subject: int = 0
    now: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.now = self.start

    def hours(self, low: float, high: float) -> "Script":
        """Working time goes by."""
        self.now = self.calendar.add(self.now, timedelta(hours=self.dice.uniform(low, high)))
        return self

    def minutes(self, low: float, high: float) -> "Script":
        """Time goes by, at any hour."""
        self.now += timedelta(minutes=self.dice.uniform(low, high))
        return self

    def of(self, subject: int) -> "Script":
        """What follows is done to the nth child; 0: to the whistle itself again."""
        self.subject = subject
        return self

    def do(self, who: str, action: str, fields: Filled | Fill | None = None) -> "Script":
        """An act at the present moment; the next one is at least a few seconds later."""
        self.acts.append(Act(self.now, who, action, fields or {}, self.subject))
        self.now += timedelta(seconds=self.dice.randint(5, 90))
        return self

    def say(self, kind: str) -> str:
        """One of the seed's sentences."""
        return self.dice.choice(self.words[kind])

    # ── what most lives are made of ─────────────────────────────────────────────────────────────
    def report(self) -> "Script":
        """Lead and assisting units sign."""
        self.hours(0.2, 1.6).do("lead", "report-in")
        return self.hours(0.1, 1.0).do("assists", "report-in")

    def work(self) -> "Script":
        """The lead gets going: from here on no hand-back."""
        return self.hours(0.3, 1.5).do("lead", "note", {"text": self.say("notes")})

    def solve(self, low: float = 0.3, high: float = 1.5) -> "Script":
        """The lead reports it done, with a reply; who has not come is explained."""
        return self.hours(low, high).do(
            "lead", "resolve", {"reply": self.say("replies"), "reason": "协办事项已由主办单位一并处理"}
        )

    def verify(self, low: float = 0.5, high: float = 6.0) -> "Script":
        """The street accepts the result."""
        return self.hours(low, high).do("clerk", "verify", {"accepted": True})

    def reject(self, reason: str = "partly") -> "Script":
        """The street refuses the result: rework."""
        return self.hours(0.5, 4).do(
            "clerk", "verify", {"accepted": False, "reason": reason, "note": "现场看过，还没有做完"}
        )

    def answer(self) -> "Script":
        """The street answers whoever raised it."""
        return self.hours(0.3, 5).do("clerk", "feedback", {"reply": self.say("answers")})

    def rate(self) -> "Script":
        """Called back, then the lead is evaluated."""
        content = self.dice.choices(["satisfied", "basically", "not"], [7, 2, 1])[0]
        said = {"responded": True, "solved": content != "not", "satisfied": content}
        reached = self.dice.random() < 0.9
        self.hours(0.5, 6).do("clerk", "callback", {"reached": reached, **(said if reached else {})})
        return self.hours(0.1, 0.4).do("clerk", "evaluate", said)

    def close(self) -> "Script":
        """Filed."""
        return self.hours(0.1, 1).do("clerk", "close")

    def rush(self) -> "Script":
        """An emergency: on site within the half hour, with a position."""
        here = {"latitude": 36.61, "longitude": 114.51, "note": "已到场"}
        self.minutes(4, 22).do("lead", "arrive", here)
        return self.minutes(1, 5).do("assists", "arrive", here)

    def rescue(self) -> "Script":
        """The emergency is over."""
        return self.minutes(15, 70).do(
            "lead", "resolve", {"reply": self.say("replies"), "reason": "险情已排除，协办单位随后补签"}
        )


def after_due(hours: float) -> Fill:
    """An extension: until some working-day's hours after the present deadline."""

    def fill(case: Case, now: datetime) -> Filled:
        clock = case.clock("handling")
        due = clock.due_at if clock is not None and clock.due_at is not None else now
        return {"until": max(due, now) + timedelta(hours=hours), "reason": "需要等配件到货，附采购单"}

    return fill


def first_assist_or(unit: str) -> Fill:
    """A hand-back to the first assisting unit (else `unit`), as who should have it."""

    def fill(case: Case, _now: datetime) -> Filled:
        others = [part.unit for part in case.parts("assist") if not part.unit.startswith(("JD-", "SQ-"))]
        to = others[0] if others else unit if case.lead != unit else "ZJ"
        return {"reason": "现场查看后认为不在本单位职责范围", "clause": "三定规定", "to": to}

    return fill


__all__ = ["Act", "Script", "after_due", "first_assist_or"]
