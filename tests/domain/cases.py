"""Cases built in memory for the tests of the rules: no database, one virtual moment after another."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

from dispatch.domain import clocks, outcome, whistle
from dispatch.domain.case import RAISED, Actor, Case, Facts
from dispatch.domain.effects import Event, Notice
from dispatch.domain.finish import finish
from dispatch.domain.matching import match
from dispatch.domain.permissions import ROLE_OF_POST
from dispatch.domain.reference import Reference
from dispatch.domain.routing import decide
from dispatch.domain.turn import Turn
from dispatch.domain.units import People
from dispatch.steps.escalate import fire_due
from dispatch.steps.read_files import build_reference, read_district

DISTRICT, STREET, COMMUNITY = "130403", "130403011", "130403011-D01"
BUILDING = "130403011-D01-X1-B3"
#: a Monday morning in Handan, 9:00
MONDAY = datetime(2026, 6, 15, 1, 0, tzinfo=UTC)
#: texts that the example list routes for certain
FIRE_DOOR, RUBBISH, SEEPAGE = "楼道消防门被锁", "垃圾成堆没人清", "天沟渗水，三户漏水"
#: complaints: about the street (bribery; it does nothing), and about a unit
BRIBERY, IDLE_STREET, IDLE_UNIT = (
    "东柳街道办事处工作人员受贿 举报",
    "街道办事处不作为，楼道没人管",
    "城管局不作为，占道没人管",
)


@cache
def reference() -> Reference:
    """The demo district, as loaded."""
    documents = read_district(Path(__file__).parents[2] / "deploy" / "demo")
    return build_reference(documents, dict.fromkeys(documents, 1))


def clerk(street: str = STREET) -> Actor:
    return Actor("street-clerk", "clerk", f"node:{street}:clerk", node=street, district=DISTRICT)


def liaison(unit: str) -> Actor:
    return Actor("liaison", f"liaison-{unit}", f"unit:{unit}:liaison", unit=unit, district=DISTRICT)


def head(node: str) -> Actor:
    return Actor("person-in-charge", f"head-{node}", f"node:{node}:head", node=node, district=DISTRICT)


def superior(unit: str, post: str = "principal") -> Actor:
    return Actor("superior", f"{post}-{unit}", f"unit:{unit}:{post}", unit=unit, district=DISTRICT)


def holder(seat: str) -> Actor:
    """Whoever sits on a seat."""
    scope, code, post = seat.split(":")
    of: dict[str, Any] = {scope: code}
    return Actor(ROLE_OF_POST[post], seat, seat, district=DISTRICT, **of)


DESK = Actor("desk", "desk", f"node:{DISTRICT}:dispatcher", node=DISTRICT, district=DISTRICT)
#: who leads on a seepage and resolves it without the assisting unit; who must come to a fire door, and has
LEAD, REPLY = liaison("ZJ"), {"reply": "已修好", "reason": "社区不用来"}
XF, HERE = liaison("XF"), {"latitude": 36.6, "longitude": 114.5}


def leaks(case: Case, seat: str, turn: Turn) -> bool:
    """Whether who sits there is told of a sealed case that they may not open (a unit: that is hidden from it)."""
    who = holder(seat)
    if not case.facts.sealed:
        return False
    return who.unit in case.facts.hidden_from if who.unit else not whistle.may(case, who, "read", turn)


def emptied(known: Reference, seats: Collection[str]) -> Reference:
    """The district with nobody on these seats."""
    people = known.people
    held = [one for one in people.holdings if one.seat not in seats]
    return replace(known, people=People.of(people.persons.values(), people.seats.values(), held)) if seats else known


class Play:
    """One whistle's life in memory: raise, route, act, let time pass; all events it made are kept."""

    def __init__(
        self,
        text: str = SEEPAGE,
        *,
        place: str | None = BUILDING,
        at: datetime = MONDAY,
        vacant: tuple[str, ...] = (),
        **facts: Any,
    ) -> None:
        """`vacant`: seats that nobody holds."""
        self.reference = emptied(reference(), vacant)
        self.now = at
        self._ids = count(1)
        self._orders = count(1)
        self.log: list[Event] = []
        self.notices: list[Notice] = []
        self.drafts: list[dict[str, Any]] = []
        self.ledger: list[tuple[Any, ...]] = []
        self.told: list[tuple[str, str]] = []
        self.leaks: list[str] = []
        self.text = text
        known = Facts(self.id(), 2600000011, DISTRICT, at, "appeal", False, None, place, STREET)
        self.case = Case(replace(known, **facts), RAISED, 1, 1, 1, None, None, None, 0, at, 1)
        for stage in (clocks.DISPATCH, clocks.TOTAL):
            policy = self.turn.stage_policy(self.case, stage)
            clocks.start(self.case, stage, None, at, policy, self.turn.district_calendar, self.id())

    def id(self) -> UUID:
        return UUID(int=next(self._ids))

    @property
    def turn(self) -> Turn:
        return Turn(self.reference, self.now, self.id, self._orders.__next__)

    def _keep(self) -> None:
        case = self.case
        assert [event.seq for event in case.events] == list(range(case.seq - len(case.events) + 1, case.seq + 1))
        self.log += case.events
        self.notices += case.notices
        self.drafts += case.drafts
        self.ledger += [(row.clock, row.run, row.rung, row.mark, row.nth) for row in case.ledger]
        self.told += [(notice.recipient, notice.kind) for notice in case.notices]
        self.leaks += [notice.recipient for notice in case.notices if leaks(self.case, notice.recipient, self.turn)]
        for decided in (case.events, case.texts, case.notices, case.ledger, case.drafts):
            decided.clear()
        case.touched_units.clear()
        case.requeued_units.clear()
        case.touched_clocks.clear()
        case.fired_clocks.clear()
        case.touched_requests.clear()

    def route(self) -> "Play":
        case, turn = self.case, self.turn
        found = match(turn.reference.duties, "", self.text)
        kind: Any = case.facts.kind if case.facts.danger else None
        routing = decide(
            turn.reference.duties, found, chain=turn.chain(case.facts.place), units=turn.reference.units,
            category=case.facts.category, kind=kind, danger=case.facts.danger,
        )  # fmt: skip
        case.facts.kind = routing.kind
        outcome.apply(case, routing, turn)
        finish(case, turn, status_changed=True)
        self._keep()
        return self

    def act(
        self, actor: Actor, action: str, fields: Mapping[str, Any] | None = None, version: int | None = None
    ) -> bool:
        changed = whistle.act(self.case, actor, action, fields or {}, self.turn, version)
        self._keep()
        return changed

    def sweep(self) -> int:
        steps = fire_due(self.case, self.turn)
        self._keep()
        return steps

    def next(self) -> Event | None:
        """Jump to the next moment anything is due, and let it happen; the last event, None when nothing will."""
        moments = [clock.fires_at for clock in self.case.open_clocks() if clock.fires_at]
        if not moments:
            return None
        self.now = max(self.now, min(moments))
        self.sweep()
        return self.log[-1]

    def wait(self, **length: float) -> "Play":
        self.now += timedelta(**length)
        return self

    def types(self) -> list[str]:
        return [event.type for event in self.log]


def solved() -> Play:
    """A seepage that its lead has resolved."""
    play = Play(SEEPAGE).route()
    play.act(LEAD, "report-in")
    play.act(LEAD, "resolve", REPLY)
    return play
