"""A life at random: anybody does anything at any moment, and what must hold is looked at after every step."""

from copy import deepcopy
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dispatch.domain import acts_joining, whistle
from dispatch.domain.case import CANCELLED, CLOSED, ENDED, MERGED, Actor, Case
from dispatch.domain.clocks import STAGES
from dispatch.domain.finish import finish
from dispatch.domain.ladder import owner_seats
from dispatch.domain.refusals import Refusal
from dispatch.domain.requests import REQUESTS, asker
from dispatch.domain.transitions import Transition
from tests.domain.cases import (
    BRIBERY,
    COMMUNITY,
    DESK,
    DISTRICT,
    FIRE_DOOR,
    IDLE_STREET,
    IDLE_UNIT,
    RUBBISH,
    SEEPAGE,
    STREET,
    Play,
    clerk,
    head,
    liaison,
)


def stood(case: Case) -> dict[tuple[str, str | None], tuple[int, bool, bool]]:
    """Run, open and running of each clock."""
    return {key: (clock.run, clock.open, clock.running) for key, clock in case.clocks.items()}


#: which clocks there may be in each status, running or at rest
WORKING = {"reported", "handling", "ruling", "total"}
KNOWN = {
    "raised": {"dispatch", "ruling", "total"},
    "at-desk": {"dispatch", "ruling", "total"},
    "local": {"handling", "ruling", "total"},
    "assigned": WORKING,
    "handling": WORKING,
    "resolved": WORKING | {"verification"},
    "on-hold": WORKING | {"hold"},
    "verified": {"answering", "ruling", "total"},
    "answered": {"answering", "ruling", "total"},
    "closed": {"ruling"},
    "cancelled": set(),
    "merged": set(STAGES),
}


def undeclared(before: dict[tuple[str, str | None], tuple[int, bool, bool]], case: Case, row: Transition) -> None:
    """What an act did to the clocks stands in its row of the table; and what stands there was done."""
    for (stage, unit), (_, is_open, _) in stood(case).items():
        if is_open and (stage in row.stops or "all" in row.stops):
            assert stage in KNOWN[case.status], f"{row.action}: {stage} of {unit} is not answered in {case.status}"
    for (stage, unit), (run, is_open, running) in stood(case).items():
        old = before.get((stage, unit), (0, False, False))
        if run > old[0]:
            said = row.starts
        elif old[1] and not is_open:
            said = row.stops
        elif running and not old[2]:
            said = row.resumes
        elif old[2] and not running:
            said = row.rests
        else:
            continue
        assert stage in said or "all" in said, f"{row.action}: {stage}"


#: with which the generated lives begin
TEXTS = (SEEPAGE, FIRE_DOOR, RUBBISH, BRIBERY, IDLE_STREET, IDLE_UNIT, "没有这种事的规则")
#: a way out is none of those that a case goes on by
GIVING_UP = ("cancel", "merge")
#: who decides, by the seat that is told
RULERS = {
    DESK: f"node:{DISTRICT}:dispatcher",
    head(STREET): f"node:{STREET}:head",
    clerk("130403001"): "node:130403001:clerk",
    head(DISTRICT): f"node:{DISTRICT}:head",
    head("130403001"): "node:130403001:head",  # once it was taken over there
}


class Life(RuleBasedStateMachine):
    """Anybody does anything at any moment, and time passes: what must hold, holds after every step."""

    #: of a merged one
    main_is_closed = False
    actors = (clerk(), liaison("ZJ"), liaison("SQ-130403011-D01"), liaison("CG"), liaison("XF"), DESK,
              head(COMMUNITY), head(STREET), head(DISTRICT), clerk("130403001"))  # fmt: skip

    @initialize(
        text=st.sampled_from(TEXTS),
        facts=st.sampled_from(
            [{}, {"danger": True}, {"sealed": True}, {"sealed": True, "hidden_from": [STREET, f"JD-{STREET}"]}]
        ),
    )
    def begin(self, text: str, facts: dict[str, Any]) -> None:
        self.play = Play(text, **deepcopy(facts)).route()
        self.total = self.play.case.clock("total").due_at  # type: ignore[union-attr]

    def fields(self, data: Any) -> dict[str, Any]:
        until = self.play.now + timedelta(hours=data.draw(st.integers(1, 900)))
        listed = st.sampled_from(["not-done", "nonsense"])
        return {
            "lead": data.draw(st.sampled_from(["CG", "ZJ", "XF", "nobody"])),
            "assist": data.draw(st.lists(st.sampled_from(["JJ", "SQ", "CG"]), max_size=2)),
            "unit": data.draw(st.sampled_from(["CG", "ZJ", "XF", None])),
            "units": ["CG"], "text": "说明", "reply": "办好了", "to": data.draw(st.sampled_from(["CG", "130403001"])),
            "reason": data.draw(st.one_of(listed, st.just("有理由"))), "latitude": 1.0, "longitude": 2.0,
            "accepted": data.draw(st.booleans()), "granted": data.draw(st.booleans()),
            "upheld": data.draw(st.booleans()), "until": until, "review_on": until,
            "reached": True, "responded": True, "solved": False, "satisfied": "not", "note": "现场看过",
        }  # fmt: skip

    @rule(data=st.data(), actor=st.sampled_from(actors), action=st.sampled_from(sorted(whistle.TABLE)))
    def act(self, data: Any, actor: Actor, action: str) -> None:
        self.does(actor, action, self.fields(data))

    def does(self, actor: Actor, action: str, fields: dict[str, Any]) -> None:
        case = self.play.case
        before, clocks = (case.status, case.version, case.seq), stood(case)
        offered = action in whistle.allowed(case, actor, self.play.turn)
        try:
            changed = self.play.act(actor, action, fields)
        except Refusal:
            assert (case.status, case.version, case.seq) == before
            return
        assert offered or not changed
        assert case.status in (*whistle.TABLE[action].leads(before[0]), before[0])
        undeclared(clocks, case, whistle.TABLE[action])
        self.main_is_closed = self.main_is_closed and case.status == MERGED
        if changed and action in ("report-in", "arrive") and (part := case.unit(actor.unit)) is not None:
            clock = case.clock("reported", part.unit)
            assert clock is None or clock.open == (part.on_site and action == "report-in")
        assert case.seq > before[2] or not changed

    @rule(hours=st.floats(0.01, 200))
    def time_passes(self, hours: float) -> None:
        self.play.wait(hours=hours).sweep()

    @precondition(lambda self: self.play.case.status == "raised")
    @rule()
    def routed_again(self) -> None:
        self.play.route()

    @invariant()
    def somebody_answers(self) -> None:
        if not hasattr(self, "play"):
            return
        case = self.play.case
        running = [clock for clock in case.open_clocks() if clock.stage != "total" and clock.running]
        assert running or case.status in ENDED, f"{case.status}: nothing runs"
        if case.status in ENDED:
            assert case.status == CLOSED or not running
            assert all((clock.unit or "").startswith("objection:") for clock in running)

    @invariant()
    def each_clock_waits_for_something_that_can_be_done(self) -> None:
        if hasattr(self, "play"):
            case = self.play.case
            assert {clock.stage for clock in case.open_clocks()} <= KNOWN[case.status], case.status

    @invariant()
    def somebody_can_move_it(self) -> None:
        """Whatever the status, somebody may do something that it goes on by; those on its parts and asked, too."""
        if not hasattr(self, "play") or self.play.case.status in ENDED:
            return
        case, turn = self.play.case, self.play.turn
        moving = [row.action for row in whistle.TABLE.values() if row.leads(case.status)]
        assert any(
            whistle.possible(case, who, action, turn)
            for who in (*self.actors, *(liaison(part.unit) for part in case.parts("lead")))
            for action in moving
            if action not in GIVING_UP
        ), case.status

    @invariant()
    def nobody_is_told_of_what_they_may_not_open(self) -> None:
        if hasattr(self, "play"):
            assert not self.play.leaks

    @invariant()
    def whoever_is_asked_has_a_clock_and_can_decide(self) -> None:
        """A request waits as long as somebody may decide it and its clock runs; no clock waits for nothing."""
        if not hasattr(self, "play"):
            return
        case, turn = self.play.case, self.play.turn
        waiting = {asker(one): one for one in case.requests if one.status == "pending"}
        if case.status == MERGED:
            assert not waiting
            return
        owed = {key: one for key, one in waiting.items() if REQUESTS[one.kind].decided_by}
        rulings = {clock.unit for clock in case.open_clocks() if clock.stage == "ruling"}
        assert rulings == set(owed)
        for key, request in owed.items():
            clock = case.clock("ruling", key)
            assert clock is not None
            assert clock.running
            assert clock.fires_at is not None
            act = "rule" if request.kind == "hand-back" else f"decide-{request.kind}"
            act = "accept-transfer" if request.kind == "transfer" else act
            assert case.status in whistle.TABLE[act].sources
            seats = [RULERS[actor] for actor in RULERS if whistle.possible(case, actor, act, turn)]
            assert set(owner_seats(case, clock, turn)) <= set(seats), act

    @invariant()
    def the_total_never_restarts(self) -> None:
        if hasattr(self, "play"):
            assert self.play.case.clock("total").due_at == self.total  # type: ignore[union-attr]

    @invariant()
    def the_total_runs_until_it_is_closed(self) -> None:
        if hasattr(self, "play"):
            clock = self.play.case.clock("total")
            assert clock is not None
            over = self.play.case.status in (CLOSED, CANCELLED) or self.main_is_closed
            assert (clock.open, clock.running) == (not over, not over)

    @invariant()
    def clocks_that_rest_or_are_answered_never_fire(self) -> None:
        if hasattr(self, "play"):
            for clock in self.play.case.clocks.values():
                assert clock.fires_at is None or clock.running

    @invariant()
    def each_step_of_the_ladder_is_there_once(self) -> None:
        if hasattr(self, "play"):
            assert len(self.play.ledger) == len(set(self.play.ledger))

    @invariant()
    def one_lead_while_units_work(self) -> None:
        if hasattr(self, "play") and self.play.case.status in ("assigned", "handling", "resolved", "on-hold"):
            case = self.play.case
            assert [part.unit for part in case.parts("lead")] == [case.lead]


def another() -> Play:
    """A whistle that the first may be a double of."""
    play = Play(SEEPAGE).route()
    play.case.facts.id, play.case.facts.number = UUID(int=10**9), 2600000029
    return play


def follows(play: Play, main: Play, fact: str) -> None:
    """What becomes of the main one reaches the merged one."""
    acts_joining.with_main(play.case, fact, None, main.case, play.turn)
    finish(play.case, play.turn)
    play._keep()


class LifeAmongOthers(Life):
    """Anybody does anything, and now and then it is merged into another one, which may be closed, and parted again."""

    @initialize()
    def begin_beside(self) -> None:
        self.main = another()

    @precondition(lambda self: self.play.case.status in whistle.TABLE["merge"].sources and len(self.play.log) % 4 == 3)
    @rule()
    def is_merged(self) -> None:
        self.does(DESK, "merge", {"into": "2600000029", "main": self.main.case})

    @precondition(lambda self: self.play.case.status == MERGED and not self.main_is_closed)
    @rule()
    def the_main_one_is_closed(self) -> None:
        follows(self.play, self.main, "closed")
        self.main_is_closed = True

    @precondition(lambda self: self.play.case.status == MERGED)
    @rule()
    def is_parted(self) -> None:
        self.does(DESK, "unmerge", {})


#: without shrinking, which takes minutes: the steps printed are short enough to read
Life.TestCase.settings = LifeAmongOthers.TestCase.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, phases=(Phase.explicit, Phase.generate)
)
