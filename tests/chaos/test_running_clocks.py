"""The checker's own account of which clocks run agrees with the rules, whatever anybody does: it was written from the
design's table and not from the code, so each checks the other."""

from copy import deepcopy
from typing import Any

from hypothesis import assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from dispatch.domain import whistle
from dispatch.domain.case import Actor
from tests.chaos.running_clocks import RunningClocks
from tests.domain.cases import Play
from tests.domain.life import TEXTS, LifeAmongOthers

#: by the other rules, or without a clock
OFTEN_ENOUGH = {"note", "urge", "minutes", "instruct", "explain", "take-over", "consult", "cancel", "merge", "unmerge"}


class Accounted(LifeAmongOthers):
    """A life that the checker reads along, from the moment it is raised."""

    @initialize(
        text=st.sampled_from((*TEXTS, "医院乱收费")), facts=st.sampled_from([{}, {"danger": True}, {"sealed": True}])
    )
    def begin(self, text: str, facts: dict[str, Any]) -> None:
        self.play = Play(text, **deepcopy(facts))
        self.total = self.play.case.clock("total").due_at  # type: ignore[union-attr]
        self.account, self.read = RunningClocks(), 0
        self.account.take("raised", {})

    def does(self, actor: Actor, action: str, fields: dict[str, Any]) -> None:
        self.play.wait(seconds=1)  # no two steps of a whistle are of one moment
        super().does(actor, action, fields)

    @rule(data=st.data())
    def act_as_offered(self, data: Any) -> None:
        case, turn = self.play.case, self.play.turn
        offered = {who: whistle.allowed(case, who, turn) for who in self.actors}
        acts = sorted({action for actions in offered.values() for action in actions} - OFTEN_ENOUGH)
        assume(acts)
        action = data.draw(st.sampled_from(acts))
        who = data.draw(st.sampled_from([who for who, actions in offered.items() if action in actions]))
        self.does(who, action, self.fields(data))

    @precondition(lambda self: self.play.case.status == "raised")
    @rule()
    def is_routed(self) -> None:
        self.play.route()

    @invariant()
    def the_account_agrees(self) -> None:
        if not hasattr(self, "play"):
            return
        case, log = self.play.case, self.play.log
        for event in log[self.read :]:
            self.account.take(event.type, event.data)
        self.read = len(log)
        running = {(clock.stage, clock.unit) for clock in case.open_clocks() if clock.running}
        said = [(event.seq, event.type, event.data) for event in log]
        assert self.account.running == running, f"{case.status}: {said}"


TestAccounted = Accounted.TestCase

TestAccounted.settings = settings(LifeAmongOthers.TestCase.settings, max_examples=100)
