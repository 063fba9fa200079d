"""Coming where one must: only an arrival that stands counts, and one that is denied leaves the clock what it had."""

from datetime import timedelta

import pytest

from dispatch.domain.clocks import seconds_left
from dispatch.domain.refusals import Invalid, NotNow
from tests.domain.cases import (
    BUILDING,
    DESK,
    FIRE_DOOR,
    HERE,
    LEAD,
    REPLY,
    SEEPAGE,
    STREET,
    XF,
    Play,
    clerk,
    head,
    liaison,
)


def test_an_on_site_report_in_needs_a_place_or_a_photo_and_signing_stops_nothing() -> None:
    play = Play(FIRE_DOOR).route()
    fire = liaison("XF")
    play.act(fire, "report-in")
    clock = play.case.clock("reported", "XF")
    assert clock is not None
    assert clock.open
    with pytest.raises(Invalid) as refused:
        play.act(fire, "arrive")
    assert refused.value.field == "photo"
    play.act(fire, "arrive", {"latitude": 36.6, "longitude": 114.5})
    assert not clock.open
    play.act(clerk(), "deny-arrival", {"unit": "XF"})
    assert clock.open
    assert clock.run == 1


@pytest.mark.parametrize("way", [("note", "report-in"), ("arrive", "deny", "report-in"), ("arrive", "deny", "note")])
def test_where_a_unit_must_come_nothing_but_an_arrival_that_stands_lets_it_resolve(way: tuple[str, ...]) -> None:
    play = Play(FIRE_DOOR).route()
    for action in way:
        if action == "deny":
            play.act(clerk(), "deny-arrival", {"unit": "XF"})
        else:
            play.act(XF, action, {"text": "在路上", **HERE})
    clock = play.case.clock("reported", "XF")
    assert clock is not None
    assert clock.open
    with pytest.raises(NotNow, match="到场"):
        play.act(XF, "resolve", REPLY)
    play.act(XF, "arrive", HERE)
    play.act(XF, "leave")
    play.act(XF, "resolve", REPLY)
    assert not clock.open


@pytest.mark.parametrize("late", [False, True])
def test_a_denied_arrival_of_a_unit_that_signed_on_hold_leaves_its_clock_what_it_had(late: bool) -> None:
    play = Play(SEEPAGE).route()
    clock = play.case.clock("reported", "ZJ")
    assert clock is not None
    play.wait(hours=7 if late else 1)
    play.act(LEAD, "request-hold", {"reason": "等配件", "review_on": play.now + timedelta(days=9)})
    play.act(head(STREET), "decide-hold", {"granted": True})
    left, end = clock.remaining, clock.due_at
    play.act(LEAD, "report-in")
    play.wait(days=1)
    play.act(clerk(), "resume")
    play.wait(minutes=5)
    play.act(LEAD, "arrive", {"note": "到了"})
    play.act(clerk(), "deny-arrival", {"unit": "ZJ"})
    assert (clock.open, clock.running, clock.remaining) == (True, True, None)
    counted = seconds_left(clock, play.now, play.turn.calendar(clock.calendar))
    assert clock.due_at == end if late else left == timedelta(seconds=counted)
    assert clock.fires_at == max(clock.due_at, play.now)


def test_work_has_not_begun_where_nobody_came() -> None:
    play = Play(FIRE_DOOR).route()
    play.act(XF, "arrive", HERE)
    with pytest.raises(NotNow):
        play.act(XF, "hand-back", {"reason": "不归我们", "to": "CG"})
    play.act(clerk(), "deny-arrival", {"unit": "XF"})
    play.act(XF, "hand-back", {"reason": "不归我们", "to": "CG"})


@pytest.mark.parametrize("rung", [2, 5])
def test_a_denied_arrival_goes_on_from_its_rung_and_never_beyond_the_district(rung: int) -> None:
    play = Play(FIRE_DOOR, danger=True, place=BUILDING).route()
    clock = play.case.clock("reported", "XF")
    assert clock is not None
    while clock.rung < max(rung, 3):
        play.next()
    reached, ledger = clock.rung, len(play.ledger)
    for _ in range(7 if rung == 5 else 0):  # reminders, the notice, reminders
        play.next()
    play.act(liaison("XF"), "arrive", {"latitude": 36.6, "longitude": 114.5})
    play.act(clerk(), "deny-arrival", {"unit": "XF"})
    assert (clock.rung, clock.run, clock.open) == (reached, 1, True)
    assert clock.fires_at is not None
    assert clock.fires_at > play.now
    for _ in range(12):
        play.next()
    assert clock.rung == 5
    assert len(play.ledger) > ledger
    assert len(play.ledger) == len(set(play.ledger))


def test_the_lead_cannot_resolve_over_a_unit_that_never_came_without_saying_why() -> None:
    play = Play(SEEPAGE).route()
    play.act(LEAD, "report-in")
    with pytest.raises(Invalid) as refused:
        play.act(LEAD, "resolve", {"reply": "好了"})
    assert refused.value.field == "reason"
    play.act(LEAD, "resolve", REPLY)
    assert play.log[-1].data["absent"] == ["SQ-130403011-D01"]


def test_where_units_must_come_a_signature_is_no_coming() -> None:
    play = Play(FIRE_DOOR).route()
    play.act(DESK, "call", {"unit": "CG"})
    play.act(XF, "arrive", HERE)
    play.act(liaison("CG"), "report-in")
    with pytest.raises(Invalid) as refused:
        play.act(XF, "resolve", {"reply": "好了"})
    assert refused.value.field == "reason"
    play.act(XF, "resolve", REPLY)
    assert "CG" in play.log[-1].data["absent"]
