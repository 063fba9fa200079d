"""Sealed cases and those hidden from a street: who may open them, who is told, and that somebody can always act."""

from datetime import timedelta

import pytest

from dispatch.domain import whistle
from dispatch.domain.refusals import Invalid, NotFound, NotNow
from tests.domain.cases import (
    BRIBERY,
    BUILDING,
    COMMUNITY,
    DESK,
    DISTRICT,
    IDLE_STREET,
    IDLE_UNIT,
    SEEPAGE,
    STREET,
    Play,
    clerk,
    head,
    holder,
    liaison,
    superior,
)

OTHER, DESK_SEAT = "130403001", f"node:{DISTRICT}:dispatcher"
LEAD, SQUAD = liaison("ZJ"), f"JD-{STREET}"


def test_misconduct_at_the_street_is_answered_and_closed_by_the_desk() -> None:
    play = Play(BRIBERY).route()
    assert (play.case.status, play.case.facts.hidden_from) == ("verified", [STREET, SQUAD])
    play.act(DESK, "feedback", {"reply": "已转区纪委"})
    play.act(DESK, "callback", {"reached": True, "responded": True, "solved": True, "satisfied": "satisfied"})
    play.act(DESK, "close")
    assert play.case.status == "closed"
    for hidden in (clerk(), head(STREET), liaison(SQUAD), holder(f"node:{STREET}:duty")):
        with pytest.raises(NotFound):
            play.act(hidden, "note", {"text": "看看"})


def test_where_the_street_is_hidden_the_desk_does_every_act_of_its() -> None:
    play = Play(IDLE_STREET).route()
    assert play.case.status == "at-desk"
    play.act(DESK, "assign", {"lead": "ZJ"})
    play.act(LEAD, "report-in")
    for accepted in (False, True):
        play.act(LEAD, "resolve", {"reply": "办好了"})
        assert (DESK_SEAT, "resolved") in play.told
        play.act(DESK, "verify", {"accepted": accepted, "reason": "not-done", "note": "没办"})
    play.act(DESK, "feedback", {"reply": "办好了"})
    play.act(DESK, "evaluate", {"responded": True, "solved": True, "satisfied": "satisfied"})
    play.act(DESK, "close")
    assert not play.leaks


def test_the_desk_does_not_do_the_acts_of_a_street_that_may_see_it() -> None:
    play = Play(IDLE_UNIT).route()
    play.act(DESK, "assign", {"lead": "ZJ"})
    play.act(LEAD, "report-in")
    play.act(LEAD, "resolve", {"reply": "办好了"})
    assert "verify" not in whistle.allowed(play.case, DESK, play.turn)
    assert "verify" in whistle.allowed(play.case, clerk(), play.turn)


def test_where_no_street_is_known_the_desk_does_its_acts() -> None:
    play = Play(SEEPAGE, place=None, street=DISTRICT).route()
    play.act(DESK, "assign", {"lead": "ZJ"})
    play.act(LEAD, "report-in")
    play.act(LEAD, "resolve", {"reply": "办好了"})
    assert (DESK_SEAT, "resolved") in play.told
    play.act(DESK, "verify", {"accepted": True})
    play.act(DESK, "feedback", {"reply": "办好了"})
    play.act(DESK, "close")


def test_the_street_complained_about_gets_no_part_in_it() -> None:
    play = Play(IDLE_STREET).route()
    for action, fields in (("assign", {"lead": "JD"}), ("transfer", {"to": STREET})):
        play.case.facts.street = OTHER if action == "transfer" else STREET
        with pytest.raises(Invalid) as refused:
            play.act(DESK, action, fields)
        assert "回避" in refused.value.words()
    play.case.facts.street = STREET
    assert "keep" in whistle.barred(play.case, DESK, play.turn)
    other = Play(SEEPAGE).route()
    play.case.facts.id = other.id()
    with pytest.raises(NotNow):
        other.act(DESK, "merge", {"into": "1", "main": play.case})


@pytest.mark.parametrize("text", [BRIBERY, IDLE_STREET, IDLE_UNIT])
def test_a_sealed_case_climbs_its_rungs_at_the_desk(text: str) -> None:
    play = Play(text).route()
    if play.case.status == "at-desk":
        play.act(DESK, "assign", {"lead": "ZJ"})
    while play.case.rung != 5:
        assert play.next()
    for event in play.log:
        if event.type == "clock.climbed":
            assert event.data["seat"] == (DESK_SEAT if event.data["rung"] < 5 else f"node:{DISTRICT}:head")
            assert all(one == {"rung": one["rung"], "sealed": True} for one in event.data.get("informed") or ())
    for _ in range(8):  # reminders, the notice
        play.next()
    assert not play.leaks


def test_whoever_a_sealed_case_climbs_to_may_open_it_and_explain() -> None:
    play = Play(SEEPAGE, sealed=True).route()
    turn = play.turn
    for post in ("section", "leader", "principal"):
        assert whistle.may(play.case, superior("ZJ", post), "explain", turn)
        assert not whistle.may(play.case, superior("XF", post), "read", turn)
    assert whistle.may(play.case, head(DISTRICT), "read", turn)
    for node in (BUILDING, COMMUNITY, STREET):
        assert not whistle.may(play.case, head(node), "read", turn)


def test_what_a_unit_asks_of_the_street_in_a_sealed_case_the_desk_decides_but_for_a_hold() -> None:
    play = Play(SEEPAGE, sealed=True).route()
    play.act(LEAD, "report-in")
    later = play.now + timedelta(days=30)
    for action, fields in (
        ("request-extension", {"until": later, "reason": "雨季"}),
        ("request-hold", {"review_on": later, "reason": "等资金"}),
        ("consult", {"units": ["CG"]}),
    ):
        play.act(LEAD, action, fields)
        signer = head(DISTRICT) if action == "request-hold" else DESK
        assert play.told[-1][0] == signer.seat
        decided = {"request-hold": "hold", "request-extension": "extension", "consult": "consult"}[action]
        assert whistle.possible(play.case, signer, f"decide-{decided}", play.turn)
    assert not play.leaks


def test_a_street_that_is_to_take_over_a_sealed_case_may_open_it() -> None:
    play = Play(IDLE_UNIT).route()
    assert not whistle.may(play.case, clerk(OTHER), "read", play.turn)
    play.act(clerk(), "transfer", {"to": OTHER})
    play.act(clerk(OTHER), "accept-transfer")
    assert whistle.may(play.case, clerk(OTHER), "read", play.turn)
    assert not whistle.may(play.case, clerk(), "read", play.turn)
    assert not play.leaks


def test_in_a_sealed_emergency_nobody_of_the_place_is_told() -> None:
    play = Play(IDLE_STREET, danger=True).route()
    assert {seat for seat, _kind in play.told} == {DESK_SEAT, "unit:YJ:liaison"}
    unit = Play(IDLE_UNIT, danger=True).route()
    assert (f"node:{STREET}:duty", "duty") in unit.told  # the street's own counter, which may open it
    assert not play.leaks
    assert not unit.leaks


def test_a_place_not_known_is_the_district_heads_too() -> None:
    play = Play(SEEPAGE, place=None, street=DISTRICT).route()
    assert whistle.may(play.case, head(DISTRICT), "read", play.turn)
    assert not whistle.may(play.case, head(STREET), "read", play.turn)


def test_passed_on_to_another_street_an_unmatched_emergency_is_told_to_the_duty_office_again() -> None:
    play = Play("没有这种事的规则", danger=True).route()
    play.act(clerk(), "transfer", {"to": "130403001"})
    play.act(clerk("130403001"), "accept-transfer")
    play.told.clear()
    play.route()
    assert ("unit:YJ:liaison", "informed") in play.told
    assert [(part.unit, part.active) for part in play.case.parts()] == [("YJ", True)]


def test_who_is_only_informed_has_nothing_to_hand_back() -> None:
    play = Play("没有这种事的规则", danger=True).route()
    play.act(DESK, "assign", {"lead": "ZJ"})
    office = liaison("YJ")
    assert not whistle.possible(play.case, office, "hand-back", play.turn)
    with pytest.raises(NotNow, match="只是知会"):
        play.act(office, "hand-back", {"reason": "不归我们", "to": "CG"})


def test_an_unmatched_emergency_is_told_to_the_duty_office_the_streets_duty_officer_and_the_desk_at_once() -> None:
    play = Play("没有这种事的规则", danger=True).route()
    assert play.case.status == "at-desk"
    assert set(play.told) == {
        ("unit:YJ:liaison", "informed"),
        (f"node:{STREET}:duty", "duty"),
        (DESK_SEAT, "unmatched"),
    }
    for seat, _kind in play.told:
        assert whistle.may(play.case, holder(seat), "read", play.turn)
