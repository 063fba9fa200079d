"""The large ladder of one clock: which rungs it has climbed, where it stands, who is asked next and when."""

from datetime import datetime
from typing import Any

from dispatch.domain import clocks as rules
from dispatch.domain import deadlines, rungs
from dispatch.domain.case import Case, Clock
from dispatch.domain.clocks import LAST_RUNG, StagePolicy
from dispatch.domain.reference import Node, node_seat
from dispatch.domain.turn import ZONE, Turn
from dispatch.steps.shown import ClockView
from dispatch.steps.told import Told
from dispatch.web import say, words
from dispatch.web.common.times import in_seconds, next_climb
from dispatch.web.i18n import _
from dispatch.web.models.parts import Ladder, Rung, RungState

#: what somebody on a rung did, said in their row
_DID = {"arrived": "arrive", "noted": "note", "urged": "urge", "sent-up": "send-up", "instructed": "instruct",
        "taken-over": "take-over", "consulted": "consult"}  # fmt: skip


def large_ladder(
    case: Case,
    clock: Clock,
    view: ClockView,
    turn: Turn,
    timeline: tuple[Told, ...],
    *,
    ground: str,
    size: str = "page",
) -> Ladder:
    """The ladder of `clock`. `ground` is said on the ground while nothing is late (who works)."""
    return _Builder(case, clock, view, turn, timeline).ladder(ground, size)


def climbed_at(clock: ClockView, timeline: tuple[Told, ...]) -> dict[int, datetime]:
    """When this run of the clock climbed which rung."""
    return {
        int(one.data["rung"]): one.at
        for one in timeline
        if one.type == "clock.climbed" and one.data.get("clock") == str(clock.id) and one.data.get("run") == clock.run
    }


class _Builder:
    def __init__(self, case: Case, clock: Clock, view: ClockView, turn: Turn, timeline: tuple[Told, ...]) -> None:
        self.case, self.clock, self.view, self.turn, self.timeline = case, clock, view, turn, timeline
        self.policy = StagePolicy.of(clock)
        self.first = rungs.first_rung(case, turn, self.policy.start or LAST_RUNG)
        self.climbed = climbed_at(view, timeline)
        self.next = clock.rung + 1 if clock.rung else self.first
        self.times = self._times() if clock.open else {}

    def ladder(self, ground: str, size: str) -> Ladder:
        rungs = [self._rung(level) for level in range(LAST_RUNG, 0, -1) if self._shown(level)]
        if not self.clock.rung:
            name = words.stage(self.clock.stage) if self.clock.open else _("走完了")
            here = _("现在在这里") if self.clock.open else ""
            rungs.append(Rung(name, RungState.PRESENT, here, note=ground))
        return Ladder(tuple(rungs), self._fill(), size)

    def _shown(self, level: int) -> bool:
        """Rungs below the start are drawn where they were told: in an emergency at once, else with the first climb."""
        return level >= self.first or self.case.emergency or bool(self.clock.rung)

    def _rung(self, level: int) -> Rung:
        node = rungs.asked_node(self.case, self.turn, level)
        lane = node is not None and node.kind in ("grid", "lane", "point")
        name, who = words.rung(level, lane=lane), self._who(level, node)
        asked = self.turn.policy(self.case).rung(level).asked
        if level < self.first:
            if self.case.facts.sealed:
                return Rung(name, RungState.PASSED, "", "", _("保密，不经属地"))
            unknown = "" if node else _("地点不明")
            return Rung(name, RungState.PASSED, "", who, unknown, informed=node is not None)
        if level < self.clock.rung:
            return Rung(name, RungState.PASSED, self._when(self.climbed.get(level)), who, self._did(node))
        if level == self.clock.rung:
            return Rung(name, RungState.PRESENT, _("现在在这一级"), who, self._did(node) or asked)
        state = RungState.NEXT if level == self.next and self.clock.open else RungState.LATER
        return Rung(name, state, self._when(self.times.get(level)), who, asked if self.clock.open else "")

    def _who(self, level: int, node: Node | None) -> str:
        """书记 · 6号楼楼栋长 · 调度中心; a vacant seat says so."""
        if level == LAST_RUNG or self.case.facts.sealed:
            return _("调度中心")
        if node is None:
            return ""
        seat = self.turn.reference.people.seats.get(node_seat(node.code))
        position = seat.position if seat else ""
        if level == 1:
            said = f"{node.name}{position}"
        else:
            name = words.rung(level, lane=node.kind == "grid")
            short = position.removeprefix(name).removeprefix("街道").removeprefix("乡镇")
            said = short if len(short) > 1 else position
        return said if self.turn.holder(node_seat(node.code)) else _("%(who)s（空缺）", who=said)

    def _did(self, node: Node | None) -> str:
        """What somebody of this node did since it came: 看过现场, 10:20."""
        for one in reversed(self.timeline):
            if node is not None and one.by and one.by.get("node") == node.code and one.type in _DID:
                return f"{words.button(_DID[one.type])} {one.at.astimezone(ZONE):%H:%M}"
        return ""

    def _times(self) -> dict[int, datetime]:
        """When each rung that is still to come falls due, if nobody acts."""
        at = next_climb(self.view)
        times: dict[int, datetime] = {}
        for level in range(self.next, LAST_RUNG + 1):
            if at is None:
                break
            times[level] = at
            if level < LAST_RUNG:
                at = deadlines.due(rules.parse(self.policy.waits[level]), at, self.turn.district_calendar)
        return times

    def _when(self, at: datetime | None) -> str:
        if at is None:
            return ""
        if not in_seconds(self.view):
            return say.day_and_time(at, ZONE)
        gone = round((self.turn.now - at).total_seconds())
        if gone > 120:
            return say.day_and_time(at, ZONE)
        return _("%(n)s 秒前", n=gone) if gone >= 0 else _("还有 %(n)s 秒", n=-gone)

    def _fill(self) -> float:
        """The share of the way to the next rung that is gone."""
        if not self.clock.open or self.clock.rung >= LAST_RUNG:
            return 0.0
        if not self.clock.rung:
            if self.view.remaining is None or self.view.total <= 0:
                return 0.0
            return min(max(1 - self.view.remaining / self.view.total, 0.0), 1.0)
        came, goes = self.climbed.get(self.clock.rung), next_climb(self.view)
        if came is None or goes is None:
            return 0.0
        limit, calendar = rules.parse(self.policy.waits[self.clock.rung]), self.turn.district_calendar
        whole = deadlines.between(limit, came, goes, calendar)
        gone = deadlines.between(limit, came, self.turn.now, calendar)
        return min(max(gone / whole, 0.0), 1.0) if whole else 1.0


def ladder_clock(clocks: tuple[ClockView, ...], wanted: ClockView | None = None) -> ClockView | None:
    """The clock the ladder is about: the one that climbed highest, else the one wanted, else the first that would."""
    climbing = [one for one in clocks if one.start_rung and one.answered_at is None]
    highest = max(climbing, key=lambda one: one.rung, default=None)
    if highest is not None and highest.rung:
        return highest
    if wanted in climbing:
        return wanted
    dated = [one for one in climbing if one.due_at is not None]
    return min(dated, key=_due, default=highest)


def _due(clock: ClockView) -> Any:
    return clock.due_at
