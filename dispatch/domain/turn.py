"""What one step of a case is decided with: the rules as loaded, the one moment, and where new ids come from."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

from dispatch.domain import involved
from dispatch.domain.calendar import WorkCalendar
from dispatch.domain.case import Case, Clock
from dispatch.domain.clocks import StagePolicy
from dispatch.domain.effects import Event, Notice, Text
from dispatch.domain.policy import Policy
from dispatch.domain.reference import Chain, Node, Reference

ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Turn:
    """Handed to every rule. `next_order` numbers supervision orders (督办单); only the sweep issues them."""

    reference: Reference
    now: datetime
    new_id: Callable[[], UUID]
    next_order: Callable[[], int] | None = None
    #: the district's calendar day: computed once, asked for every seat
    today: date = field(init=False)
    #: who holds the seats that were asked for: a sweep asks for the same ones again and again
    _held: dict[str, str | None] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "today", self.now.astimezone(ZONE).date())

    @property
    def end_of_day(self) -> datetime:
        """Midnight to come, on the district's clocks."""
        return datetime.combine(self.today + timedelta(days=1), time(), ZONE)

    @property
    def start_of_year(self) -> datetime:
        """Midnight of New Year's Day, on the district's clocks."""
        return datetime.combine(self.today.replace(month=1, day=1), time(), ZONE)

    @property
    def district_calendar(self) -> WorkCalendar:
        return self.reference.calendars["district"]

    def calendar(self, clock_calendar: str) -> WorkCalendar:
        """The calendar a clock counts on, by the `code@revision` it keeps."""
        code = clock_calendar.split("@", 1)[0]
        return self.reference.calendars.get(code) or self.district_calendar

    def counted(self, clock_calendar: str) -> WorkCalendar:
        """The calendar that a clock was counted on until now: one that is loaded reaches it a moment later."""
        now = self.calendar(clock_calendar)
        return now if now.name == clock_calendar else self.reference.earlier.get(clock_calendar, now)

    def district_counted(self, clock: Clock) -> WorkCalendar:
        """The district's calendar that its wait was counted on until now."""
        now = self.district_calendar
        if clock.waits_on is not None:
            return self.reference.earlier.get(clock.waits_on, now) if clock.waits_on != now.name else now
        return self.counted(clock.calendar) if clock.calendar.split("@", 1)[0] == now.code else now

    def policy(self, case: Case) -> Policy:
        return self.reference.policy_for(case.facts.category, case.facts.place or case.facts.street, case.facts.kind)

    def stage_policy(self, case: Case, stage: str) -> StagePolicy:
        """How this case's clock of `stage` is timed and climbs, by today's policy."""
        policy = self.policy(case)
        return _stage_policy(_Key(policy), stage, case.facts.kind, self.reference.policies.version)

    def chain(self, place: str | None) -> Chain:
        """The place's chain, index = rung - 1; None where nothing is known."""
        return self.reference.tree.chain(place) if place else (None,) * 5

    def rung_node(self, case: Case, rung: int) -> Node | None:
        chain = self.chain(case.facts.place or case.facts.street)
        return chain[rung - 1] if len(chain) >= rung else None

    def holder(self, seat: str) -> str | None:
        """The code of the person who holds the seat today; None: vacant."""
        if seat not in self._held:
            person = self.reference.people.holder(seat, self.today)
            self._held[seat] = person.code if person else None
        return self._held[seat]

    def unit_name(self, code: str) -> str:
        """How a unit is called in a sentence; its code where the list no longer has it."""
        unit = self.reference.units.get(code)
        return unit.short if unit else code

    def event(self, case: Case, kind: str, **data: object) -> Event:
        """Note one fact for the log."""
        made = Event(self.new_id(), kind, {key: value for key, value in data.items() if value is not None})
        case.events.append(made)
        return made

    def text(self, case: Case, kind: str, body: str) -> str:
        """Keep free text apart; the event carries the id this returns."""
        made = Text(self.new_id(), kind, body)
        case.texts.append(made)
        return str(made.id)

    def tell(self, case: Case, event: Event, recipient: str, kind: str, *, urgent: bool = False) -> None:
        """Somebody on a seat is to be told of an event; the desk, where they may not know of the case."""
        case.notices.append(Notice(event.id, involved.told(case, recipient), kind, urgent))


class _Key:
    """A policy as a cache key: by identity, because a loaded policy never changes."""

    __slots__ = ("policy",)

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    def __hash__(self) -> int:
        return id(self.policy)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.policy is self.policy


@lru_cache(maxsize=1024)
def _stage_policy(key: _Key, stage: str, kind: str, version: int) -> StagePolicy:
    policy = key.policy
    rule = policy.stage(stage)
    limit = policy.limit(stage, kind)
    waits = tuple(str(policy.wait(rung, kind) or "0m") for rung in range(1, 6))
    return StagePolicy(
        limit=str(limit) if limit else None,
        start=policy.start_rung(stage, kind) if rule.climbs else 0,
        waits=waits,
        warn=round(policy.warn_at * 100),
        remind=str(policy.reminder),
        notice=str(policy.notice),
        version=version,
    )
