"""Who does what next on a whistle, and when: for every clock that runs, the act it waits for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from dispatch.domain import clocks, parts
from dispatch.domain.calendar import WorkCalendar
from dispatch.domain.case import ANSWERED, ASSIGNED, AT_DESK, HANDLING, RESOLVED, VERIFIED, Assignment, Case, Clock
from dispatch.domain.deadlines import between, shift
from dispatch.domain.reference import Reference, node_seat, unit_seat
from dispatch.local.simulation import habits as h
from dispatch.local.simulation.habits import Habits

HERE = {"latitude": 36.61, "longitude": 114.51}
REPLY = {"reply": "已办结", "reason": "协办事项一并办理"}
#: who gets an emergency that no rule matches, and what another unit should have, where a district has them
EMERGENCY_OFFICE, USUAL = "YJ", ("CG", "ZJ")
HOLD_FOR, LONGER = timedelta(days=30), timedelta(days=1)
#: from which share of the time on a lead that will be late asks for more
ASKED_AT = 0.85
#: requests that are decided even when the work is over
DECIDED_LATER = ("hand-back", "extension")


@dataclass(frozen=True, slots=True)
class Next:
    """An act to come. `key` names what it is about, so that it is planned once; `stage` and `unit` its clock."""

    key: tuple[object, ...]
    at: datetime
    seat: str
    action: str
    stage: str
    unit: str | None = None
    fields: dict[str, Any] = field(default_factory=dict)


class People:
    """The district's people, by their habits."""

    def __init__(self, reference: Reference, habits: Habits) -> None:
        self._reference, self._habits = reference, habits
        self._district = reference.calendars["district"]
        self._departments = sorted(one.code for one in reference.units.all if one.type in ("department", "vertical"))
        self._usual = [one for one in USUAL if one in self._departments] or self._departments

    def awaited(self, case: Case, index: int, now: datetime) -> Iterator[Next]:
        """What somebody will do because a clock of the case runs; the same again until it is done."""
        for clock in sorted(case.open_clocks(), key=lambda one: (one.stage, one.unit or "")):
            if clock.running:
                yield from self._for(case, clock, index, now)

    def _for(self, case: Case, clock: Clock, index: int, now: datetime) -> Iterator[Next]:
        match clock.stage:
            case clocks.DISPATCH if case.status == AT_DESK:
                yield self._assign(case, clock, index, now)
            case clocks.REPORTED:
                yield from self._report(case, clock, index, now)
            case clocks.HANDLING:
                yield from self._handle(case, clock, index, now)
            case clocks.VERIFICATION if case.status == RESOLVED:
                yield self._verify(case, clock, index, now)
            case clocks.ANSWERING:
                yield from self._answer(case, clock, index, now)
            case clocks.RULING:
                yield self._decide(case, clock, index, now)

    def hurried(self, planned: Next, rung: int, now: datetime) -> datetime:
        """When it will be done now that the rung is called (0: warned)."""
        if planned.at <= now:
            return planned.at
        return self._district.add(now, self._district.worked(now, planned.at) * h.PULL[rung])

    def explanation(self, case_key: tuple[int, int], clock: dict[str, Any], unit: str, now: datetime) -> Next | None:
        """What a late unit writes after a supervision order; None: nothing."""
        key = ("explain", *case_key, clock["stage"], unit, clock["run"])
        if not self._habits.chance(h.EXPLAINS, *key):
            return None
        at = self._district.add(now, timedelta(hours=self._habits.time(h.EXPLAIN, *key, "time")))
        return Next(key, at, unit_seat(unit, "liaison"), "explain", "explain", unit, {"text": "已加派人手"})

    def _after(
        self, calendar: WorkCalendar, now: datetime, delay: h.Delay, *what: object, times: float = 1
    ) -> datetime:
        return calendar.add(now, timedelta(hours=self._habits.time(delay, *what) * times))

    def _assign(self, case: Case, clock: Clock, index: int, now: datetime) -> Next:
        key = ("assign", index, case.gen, clock.run)
        lead = self._habits.dice(*key, "lead").choice(self._departments)
        if case.emergency:
            lead = EMERGENCY_OFFICE if EMERGENCY_OFFICE in self._departments else lead
            at = now + timedelta(minutes=self._habits.time(h.ASSIGN_NOW, *key))
        else:
            at = self._after(self._district, now, h.ASSIGN, *key)
        fields = {"lead": lead, "assist": [], "reason": "研判后派单"}
        return Next(key, at, node_seat(case.facts.district, "dispatcher"), "assign", clock.stage, None, fields)

    def _report(self, case: Case, clock: Clock, index: int, now: datetime) -> Iterator[Next]:
        part = case.unit(clock.unit)
        if part is None or part.status not in (parts.WAITING, parts.SIGNED):
            return
        key = ("report", index, part.unit, case.gen, clock.run)
        slow = self._habits.pace(part.unit) * (h.FORGOTTEN if self._habits.chance(h.FORGETS, *key, "forgets") else 1)
        seat = unit_seat(part.unit, "liaison")
        if part.on_site:
            at = clock.started_at + timedelta(minutes=self._habits.time(h.ON_SITE, *key) * slow)
            yield Next(key, max(at, now), seat, "arrive", clock.stage, part.unit, dict(HERE))
            return
        calendar = self._reference.calendar_of(part.unit)
        at = max(self._after(calendar, clock.started_at, h.REPORT, *key, times=slow), now)
        yield Next(key, at, seat, "report-in", clock.stage, part.unit)
        back = ("hand-back", index, part.unit, case.gen)
        if not part.handed_back and self._habits.chance(h.HANDS_BACK, *back):
            others = [one.unit for one in case.parts("assist") if one.unit in self._departments]
            to = next((one for one in (*sorted(others), *self._usual) if one != part.unit), None)
            if to is not None:
                yield Next(back, now, seat, "hand-back", "", part.unit, {"reason": "不属本单位职责", "to": to})

    def _handle(self, case: Case, clock: Clock, index: int, now: datetime) -> Iterator[Next]:
        part = case.unit(case.lead)
        if part is None or not _ready(case, part) or case.status not in (ASSIGNED, HANDLING) or clock.due_at is None:
            return
        key = ("resolve", index, part.unit, case.gen, case.rework)
        seat, calendar = unit_seat(part.unit, "liaison"), self._reference.calendar_of(part.unit)
        at = self._done(case, clock, part, key, now)
        yield Next(key, at, seat, "resolve", clock.stage, None, dict(REPLY))
        limit = clocks.limit_of(clocks.StagePolicy.of(clock))
        if at > clock.due_at > now and not case.emergency and self._habits.chance(h.ASKS_TIME, *key, "extension"):
            late = between(limit, clock.started_at, clock.due_at, calendar) * (1 - ASKED_AT)
            ask = max(shift(limit, clock.due_at, -late, calendar), now)
            fields = {"until": at + LONGER, "reason": "等配件到货"}
            yield Next(("extension", index, case.gen), ask, seat, "request-extension", "", part.unit, fields)
        if not case.emergency and self._habits.chance(h.ASKS_HOLD, "hold", index, case.gen):
            fields = {"review_on": now + HOLD_FOR, "reason": "资金列入下季度"}
            ask = self._district.add(now, timedelta(hours=1))
            yield Next(("hold", index, case.gen), ask, seat, "request-hold", "", part.unit, fields)

    def _done(self, case: Case, clock: Clock, part: Assignment, key: tuple[object, ...], now: datetime) -> datetime:
        """When the lead will have solved it: a share of the duty's limit, by its pace; an emergency within the hour."""
        share = self._habits.pace(part.unit) * (h.REWORK if case.rework else 1)
        if case.emergency:
            return now + timedelta(minutes=self._habits.time(h.RESCUE, *key) * share)
        calendar = self._reference.calendar_of(part.unit)
        limit = clocks.parse(clocks.StagePolicy.of(clock).limit or "15d")
        at = shift(limit, now, limit.length(calendar.day) * (self._habits.time(h.WORK, *key) * share), calendar)
        # reported to the street in its working hours
        return self._district.add(at, timedelta(minutes=1))

    def _verify(self, case: Case, clock: Clock, index: int, now: datetime) -> Next:
        key = ("verify", index, case.gen, case.rework)
        refused = case.rework < 2 and self._habits.chance(h.REJECTED, *key, "refused")
        fields: dict[str, Any] = {
            "accepted": not refused,
            **({"reason": "partly", "note": "还有一处没有办好"} if refused else {}),
        }
        at = self._after(self._district, now, h.VERIFY, *key)
        return Next(key, at, _clerk(case), "verify", clock.stage, None, fields)

    def _answer(self, case: Case, clock: Clock, index: int, now: datetime) -> Iterator[Next]:
        for status, action, delay, fields in (
            (VERIFIED, "feedback", h.ANSWER, {"reply": "已答复"}),
            (ANSWERED, "close", h.FILE, {}),
        ):
            if case.status == status:
                key = (action, index, case.gen)
                at = self._after(self._district, now, delay, *key)
                yield Next(key, at, _clerk(case), action, clock.stage, None, dict(fields))

    def _decide(self, case: Case, clock: Clock, index: int, now: datetime) -> Next:
        kind, _, unit = (clock.unit or "").partition(":")
        key = ("decide", index, kind, unit, case.gen, clock.run)
        desk, fields = node_seat(case.facts.district, "dispatcher"), dict[str, Any](unit=unit)
        at = self._after(self._district, now, h.DECIDE, *key)
        if kind not in DECIDED_LATER and case.status not in (ASSIGNED, HANDLING):  # whoever asked takes it back
            return Next(key, at, unit_seat(unit, "liaison"), "withdraw", clock.stage, clock.unit, {"kind": kind})
        if kind == "hand-back":
            upheld = self._habits.chance(h.UPHELD, *key, "upheld")
            return Next(key, at, desk, "rule", clock.stage, clock.unit, {**fields, "upheld": upheld})
        seat = node_seat(case.facts.street) if kind == "hold" else desk
        asked = case.pending(kind, unit)
        if kind == "extension" and asked is not None:
            fields["until"] = max(datetime.fromisoformat(asked.data["until"]), at + LONGER)
        return Next(key, at, seat, f"decide-{kind}", clock.stage, clock.unit, {**fields, "granted": True})


def _clerk(case: Case) -> str:
    return node_seat(case.facts.street, "clerk")


def _ready(case: Case, part: Assignment) -> bool:
    """Whether the lead may report it solved: signed, and on site where that is asked."""
    if part.status not in (parts.SIGNED, parts.ON_SITE):
        return False
    return not part.on_site or part.started or case.outcome != "dispatch"
