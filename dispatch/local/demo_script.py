"""One whistle's life as a list of acts with their moments; people act in working hours, emergencies at any hour."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from dispatch.domain import parts
from dispatch.domain.calendar import WorkCalendar
from dispatch.domain.case import Case

Filled = dict[str, Any]
Fill = Callable[[Case, datetime], Filled]
#: the sentences of a matter by kind (note, reply, hold …): its own, then those that fit any
Words = Mapping[str, list[Any]]
HERE: Filled = {"latitude": 36.61, "longitude": 114.51, "note": "已到场"}


@dataclass(frozen=True, slots=True)
class Act:
    """Somebody does something at a moment. `who`: lead, its head, assists, clerk, other-clerk, desk, or a rung's head
    `rung-4`.

    `fields` may need to see the case as it then stands. `subject`: the whistle itself, or its first, second … child.
    """

    at: datetime
    who: str
    action: str
    fields: Filled | Fill = field(default_factory=dict)
    subject: int = 0


@dataclass(slots=True)
class Script:
    """Acts written one after another. `hours` are working hours of the district, `minutes` are elapsed.

    `words` are those of this matter, `others` those of another category's, for the children split off.
    """

    start: datetime
    calendar: WorkCalendar
    dice: Random
    words: Words
    others: Callable[[str], Words] | None = None
    acts: list[Act] = field(default_factory=list)
    subject: int = 0
    redone: str = ""
    now: datetime = field(init=False)
    own: Words = field(init=False)

    def __post_init__(self) -> None:
        self.now, self.own = self.start, self.words

    def hours(self, low: float, high: float) -> "Script":
        """Working time goes by."""
        self.now = self.calendar.add(self.now, timedelta(hours=self.dice.uniform(low, high)))
        return self

    def minutes(self, low: float, high: float) -> "Script":
        """Time goes by, at any hour."""
        self.now += timedelta(minutes=self.dice.uniform(low, high))
        return self

    def of(self, subject: int, category: str = "") -> "Script":
        """What follows is done to the nth child, a matter of `category`; 0: to the whistle itself again."""
        self.subject = subject
        self.words = self.others(category) if category and self.others else self.own
        return self

    def do(self, who: str, action: str, fields: Filled | Fill | None = None) -> "Script":
        """An act at the present moment; the next one is at least a few seconds later."""
        self.acts.append(Act(self.now, who, action, fields or {}, self.subject))
        self.now += timedelta(seconds=self.dice.randint(5, 90))
        return self

    def say(self, kind: str) -> str:
        """One of the seed's sentences that fit the matter."""
        return str(self.dice.choice(self.words[kind]))

    # ── what most lives are made of ─────────────────────────────────────────────────────────────
    def report(self) -> "Script":
        """Lead and assisting units sign."""
        self.hours(0.2, 1.6).do("lead", "report-in")
        return self.hours(0.1, 1.0).do("assists", "report-in")

    def work(self, said: str = "") -> "Script":
        """The lead gets going, after a rejection once more: from here on no hand-back."""
        return self.hours(0.3, 1.5).do(
            "lead", "note", {"text": self.say(said or ("rework" if self.redone else "note"))}
        )

    def solve(self, low: float = 0.3, high: float = 1.5) -> "Script":
        """The lead reports it done, with a reply; who has not come is explained."""
        return self.hours(low, high).do("lead", "resolve", done(self.say(self.redone or "reply")))

    def verify(self, low: float = 0.5, high: float = 6.0) -> "Script":
        """The street accepts the result."""
        return self.hours(low, high).do("clerk", "verify", {"accepted": True})

    def reject(self, reason: str = "") -> "Script":
        """The street refuses the result, for one of the policy's reasons: rework."""
        reason = reason or self.dice.choice(("partly", "partly", "no-evidence", "no-contact"))
        self.redone = f"{reason}-redone"
        return self.hours(0.5, 4).do("clerk", "verify", {"accepted": False, "reason": reason, "note": self.say(reason)})

    def answer(self) -> "Script":
        """The street answers whoever raised it."""
        return self.hours(0.3, 5).do("clerk", "feedback", {"reply": self.say("answer")})

    def rate(self, unhappy: int = 1) -> "Script":
        """Called back, then the lead is evaluated: `unhappy` in ten are not satisfied, and none who was not asked."""
        reached = self.dice.random() < 0.9
        content = self.dice.choices(["satisfied", "basically", "not"], [7, 2, unhappy if reached else 0])[0]
        solved = content != "not" or self.dice.random() < 0.5
        said = {"responded": True, "solved": solved, "satisfied": content}
        self.hours(0.5, 6).do("clerk", "callback", {"reached": reached, **(said if reached else {})})
        return self.hours(0.1, 0.4).do("clerk", "evaluate", said)

    def close(self) -> "Script":
        """Filed."""
        return self.hours(0.1, 1).do("clerk", "close")

    def rush(self) -> "Script":
        """An emergency: on site within the half hour, with a position."""
        self.minutes(4, 22).do("lead", "arrive", HERE)
        return self.minutes(1, 5).do("assists", "arrive", HERE)

    def rescue(self) -> "Script":
        """The emergency is over."""
        return self.minutes(15, 70).do("lead", "resolve", done(self.say("reply")))


def done(reply: str) -> Fill:
    """A result; where an assisting unit never came, why it is one all the same."""

    def fill(case: Case, _now: datetime) -> Filled:
        absent = any(parts.awaited(case, part) for part in case.parts("assist"))
        return {"reply": reply} | ({"reason": "协办事项已由主办单位一并处理"} if absent else {})

    return fill


def after_due(hours: float, reason: str) -> Fill:
    """An extension: until some working-day's hours after the present deadline."""

    def fill(case: Case, now: datetime) -> Filled:
        clock = case.clock("handling")
        due = clock.due_at if clock is not None and clock.due_at is not None else now
        return {"until": max(due, now) + timedelta(hours=hours), "reason": reason}

    return fill


def first_assist_or(unit: str, reason: str) -> Fill:
    """A hand-back to the first assisting unit (else `unit`), as who should have it."""

    def fill(case: Case, _now: datetime) -> Filled:
        others = [part.unit for part in case.parts("assist") if not part.unit.startswith(("JD-", "SQ-"))]
        to = others[0] if others else unit if case.lead != unit else "ZJ"
        return {"reason": reason, "clause": "三定规定", "to": to}

    return fill


__all__ = ["HERE", "Act", "Script", "Words", "after_due", "first_assist_or"]
