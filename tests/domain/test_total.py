"""From receipt to closing a whistle is timed as a whole: nothing stops that clock, and each mark is told once."""

from datetime import datetime, timedelta

import pytest

from dispatch.domain.case import Clock
from tests.domain.cases import DESK, SEEPAGE, STREET, Play, clerk, head, liaison
from tests.domain.life import LifeAmongOthers, another, follows

LEAD = liaison("ZJ")


def total(play: Play) -> Clock:
    clock = play.case.clock("total")
    assert clock is not None
    return clock


TestLifeAmongOthers = LifeAmongOthers.TestCase


def moments(play: Play) -> tuple[datetime, datetime]:
    """Of the warning and of the end, before either came."""
    clock = total(play)
    assert clock.fires_at is not None
    assert clock.due_at is not None
    assert clock.fires_at < clock.due_at
    return clock.fires_at, clock.due_at


def told(play: Play, moment: datetime) -> list[tuple[str, datetime]]:
    """Everything that is due until then happens when it is due: what the total clock says, and when."""
    said = []
    while any(clock.fires_at and clock.fires_at <= moment for clock in play.case.open_clocks()):
        before = len(play.log)
        play.next()
        said += [(event.type, play.now) for event in play.log[before:] if event.data.get("stage") == "total"]
    play.now = moment
    return said


def closed(play: Play) -> None:
    play.act(LEAD, "report-in")
    play.act(LEAD, "resolve", {"reply": "已修好", "reason": "社区不用来"})
    play.act(clerk(), "verify", {"accepted": True})
    play.act(clerk(), "feedback", {"reply": "好了"})
    play.act(clerk(), "close")


def test_a_merged_one_is_warned_and_overdue_when_it_would_have_been() -> None:
    play = Play(SEEPAGE).route()
    warned, due = moments(play)
    play.act(DESK, "merge", {"into": "2600000029", "main": another().case})
    assert told(play, due + timedelta(days=9)) == [("clock.warned", warned), ("clock.overdue", due)]
    assert {clock.stage for clock in play.case.open_clocks() if clock.running} == {"total"}
    assert play.case.rung is None, "it is counted, and climbs nowhere"


def test_the_mains_answer_does_not_end_it_and_its_closing_does() -> None:
    play, main = Play(SEEPAGE).route(), another()
    warned, due = moments(play)
    play.act(DESK, "merge", {"into": "2600000029", "main": main.case})
    assert told(play, warned) == [("clock.warned", warned)]
    follows(play, main, "answered")
    assert total(play).running
    follows(play, main, "closed")
    assert (total(play).open, total(play).answered_at) == (False, play.now)
    assert told(play, due + timedelta(days=1)) == []


def test_parted_from_a_main_that_was_closed_it_was_never_stopped() -> None:
    play, main = Play(SEEPAGE).route(), another()
    warned, due = moments(play)
    play.act(DESK, "merge", {"into": "2600000029", "main": main.case})
    follows(play, main, "closed")
    play.wait(hours=3).act(DESK, "unmerge")
    assert (total(play).due_at, total(play).run, total(play).running) == (due, 1, True)
    assert told(play, due) == [("clock.warned", warned), ("clock.overdue", due)]


def test_a_hold_does_not_stop_it() -> None:
    play = Play(SEEPAGE).route()
    warned, due = moments(play)
    play.act(LEAD, "report-in")
    play.act(LEAD, "request-hold", {"reason": "等材料", "review_on": due + timedelta(days=30)})
    play.act(head(STREET), "decide-hold", {"granted": True})
    assert told(play, due) == [("clock.warned", warned), ("clock.overdue", due)]


@pytest.mark.parametrize("again", ["before", "between", "after"])
def test_reopened_it_still_says_what_it_had_not_said(again: str) -> None:
    """A mark that came while the whistle was closed is told at once."""
    play = Play(SEEPAGE).route()
    warned, due = moments(play)
    play.wait(hours=1)
    closed(play)
    play.now = {"before": warned, "between": due, "after": due + timedelta(days=2)}[again] - timedelta(hours=1)
    reopened = play.now
    play.act(clerk(), "reopen", {"reason": "又漏了"})
    assert told(play, due + timedelta(days=3)) == [
        ("clock.warned", max(warned, reopened)),
        ("clock.overdue", max(due, reopened)),
    ]
    assert total(play).run == 1


@pytest.mark.parametrize("late", [False, True])
def test_reopened_it_does_not_say_again_what_it_had_said(late: bool) -> None:
    play = Play(SEEPAGE).route()
    warned, due = moments(play)
    before = told(play, due + timedelta(hours=1) if late else warned + timedelta(hours=1))
    closed(play)
    play.wait(minutes=1).act(clerk(), "reopen", {"reason": "又漏了"})
    after = told(play, due + timedelta(days=3))
    assert before + after == [("clock.warned", warned), ("clock.overdue", due)]
