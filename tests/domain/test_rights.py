"""The street's four rights (call, evaluate each, refuse, name), units that come separately, and outcomes that end with
an answer."""

from typing import Any

import pytest

from dispatch.domain.refusals import Forbidden, Invalid, NotNow
from tests.domain.cases import FIRE_DOOR, SEEPAGE, Play, clerk, liaison

LEAD, ASSIST = liaison("ZJ"), liaison("SQ-130403011-D01")
GOOD: dict[str, Any] = {"responded": True, "solved": True, "satisfied": "basically"}


def test_a_unit_called_later_has_its_own_clock_and_comes_by_itself() -> None:
    play = Play(SEEPAGE).route()
    play.act(LEAD, "report-in")
    play.wait(hours=2)
    play.act(clerk(), "call", {"unit": "CG", "role": "assist"})
    clock = play.case.clock("reported", "CG")
    assert clock is not None
    assert (clock.started_at, clock.running) == (play.now, True)
    with pytest.raises(Invalid):
        play.act(clerk(), "call", {"unit": "XF", "role": "lead"})
    with pytest.raises(Forbidden):
        play.act(LEAD, "call", {"unit": "XF", "role": "assist"})
    play.act(liaison("CG"), "report-in")
    assert not clock.open
    waiting = play.case.clock("reported", ASSIST.unit)
    assert waiting is not None
    assert waiting.open
    assert play.case.lead == "ZJ"


def test_a_unit_that_is_informed_only_has_no_clock_and_is_not_evaluated() -> None:
    play = Play(SEEPAGE).route()
    play.act(clerk(), "call", {"unit": "CG", "role": "inform"})
    assert play.case.clock("reported", "CG") is None
    play.act(LEAD, "report-in")
    play.act(LEAD, "resolve", {"reply": "好了", "reason": "不用来"})
    play.act(clerk(), "verify", {"accepted": True})
    with pytest.raises(Invalid):
        play.act(clerk(), "evaluate", {"unit": "CG", **GOOD})
    for unit in ("ZJ", ASSIST.unit):
        play.act(clerk(), "evaluate", {"unit": unit, **GOOD})
        assert (play.log[-1].type, play.log[-1].data["unit"]) == ("evaluated", unit)


def test_leaving_before_it_is_done_is_recorded_and_stops_nothing() -> None:
    play = Play(FIRE_DOOR).route()
    fire = liaison("XF")
    with pytest.raises(NotNow):
        play.act(fire, "leave")
    play.act(fire, "arrive", {"latitude": 36.6, "longitude": 114.5})
    before = {clock.id: clock.fires_at for clock in play.case.open_clocks()}
    play.act(fire, "leave", {"reason": "去拿工具"})
    assert play.log[-1].type == "left"
    assert {clock.id: clock.fires_at for clock in play.case.open_clocks()} == before


@pytest.mark.parametrize(
    ("text", "outcome", "lead"),
    [("公交地铁建议", "relay", "ZB"), ("学位招生", "answer", "JY"), ("逾期交房，房产证办不下来", "statutory", None)],
)
def test_what_is_no_whistle_ends_with_an_answer(text: str, outcome: str, lead: str | None) -> None:
    """Relayed and enquired: the unit's reply goes straight to the answer; statutory: the street answers at once."""
    play = Play(text).route()
    assert (play.case.outcome, play.case.lead) == (outcome, lead)
    assert not [clock for clock in play.case.clocks.values() if clock.stage == "reported"]
    if lead:
        play.act(liaison(lead), "resolve", {"reply": "已转市级部门"})
    assert play.case.status == "verified"
    assert {clock.stage for clock in play.case.open_clocks()} == {"answering", "total"}
    with pytest.raises(NotNow):
        play.act(clerk(), "close")
    play.act(clerk(), "feedback", {"reply": "已转市级部门，答复期限另告"})
    play.act(clerk(), "close")
    assert play.case.status == "closed"
