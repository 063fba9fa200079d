"""What a unit asks for: to hand it back, to put it on hold, more time."""

from datetime import timedelta

import pytest

from dispatch.domain.refusals import Forbidden, NotNow
from tests.domain.cases import (
    DESK,
    DISTRICT,
    FIRE_DOOR,
    LEAD,
    REPLY,
    SEEPAGE,
    STREET,
    XF,
    Play,
    clerk,
    head,
    liaison,
    solved,
)


def test_no_hand_back_once_a_result_was_refused() -> None:
    play = solved()
    play.act(clerk(), "verify", {"accepted": False, "reason": "not-done", "note": "没修"})
    with pytest.raises(NotNow):
        play.act(LEAD, "hand-back", {"reason": "不归我们", "to": "CG"})


def test_hand_back_once_only_before_work_and_the_first_unit_answers_until_the_ruling() -> None:
    play = Play(SEEPAGE).route()
    reported = play.case.clock("reported", "ZJ")
    play.act(LEAD, "hand-back", {"reason": "不归我们", "to": "CG"})
    assert reported is not None
    assert reported.running
    assert play.case.clock("ruling", "hand-back:ZJ").running  # type: ignore[union-attr]
    handling = play.case.clock("handling")
    total_due = play.case.clock("total").due_at  # type: ignore[union-attr]
    play.wait(hours=2)
    play.act(DESK, "rule", {"upheld": True, "remember": True, "words": ["天沟"]})
    assert play.case.lead == "CG"
    assert handling is not None
    assert play.case.clock("handling").run == 2  # type: ignore[union-attr]
    assert play.case.clock("total").due_at == total_due  # type: ignore[union-attr]
    assert not reported.open


def test_a_refused_hand_back_leaves_the_time_used_and_cannot_be_asked_again() -> None:
    play = Play(SEEPAGE).route()
    due = play.case.clock("handling").due_at  # type: ignore[union-attr]
    play.act(LEAD, "hand-back", {"reason": "不归我们", "to": "CG"})
    play.act(DESK, "rule", {"upheld": False})
    assert play.case.clock("handling").due_at == due  # type: ignore[union-attr]
    with pytest.raises(NotNow):
        play.act(LEAD, "hand-back", {"reason": "还是不归", "to": "CG"})
    working = Play(SEEPAGE).route()
    working.act(LEAD, "note", {"text": "到现场看过"})
    with pytest.raises(NotNow):
        working.act(LEAD, "hand-back", {"reason": "不归我们", "to": "CG"})


def test_what_an_assisting_unit_hands_back_to_the_lead_leaves_the_lead_as_it_is() -> None:
    """A lead that became an assisting unit by it would leave nobody who can resolve."""
    play = Play(SEEPAGE).route()
    play.act(LEAD, "report-in")
    play.act(liaison("SQ-130403011-D01"), "hand-back", {"reason": "社区没事可做", "to": "ZJ"})
    play.act(DESK, "rule", {"upheld": True, "remember": True, "words": ["天沟"]})
    assert [(part.unit, part.role, part.status) for part in play.case.parts()] == [("ZJ", "lead", "reported-in")]
    assert not play.case.clock("reported", "ZJ").open  # type: ignore[union-attr]
    assert play.notices[-1].kind == "ruled"
    play.act(LEAD, "resolve", REPLY)
    assert play.case.status == "resolved"


def test_a_remembered_hand_back_of_an_assisting_unit_changes_no_lead() -> None:
    play = Play(SEEPAGE).route()
    play.act(liaison("SQ-130403011-D01"), "hand-back", {"reason": "不归我们", "to": "CG"})
    play.act(DESK, "rule", {"upheld": True, "remember": True, "words": ["天沟"]})
    assert [(draft["lead"], draft["assist"]) for draft in play.drafts] == [("ZJ", ["CG"])]


def test_whoever_gets_what_was_handed_back_in_an_emergency_is_told_like_the_first() -> None:
    play = Play(FIRE_DOOR).route()
    play.act(XF, "hand-back", {"reason": "不归我们", "to": "CG"})
    play.act(DESK, "rule", {"upheld": True})
    assert [(notice.kind, notice.urgent) for notice in play.notices if notice.recipient == liaison("CG").seat] == [
        ("assigned", True)
    ]


def test_a_hold_rests_the_clock_and_comes_back_by_itself() -> None:
    play = Play(SEEPAGE).route()
    play.act(LEAD, "report-in")
    handling = play.case.clock("handling")
    assert handling is not None
    review = play.now + timedelta(days=20)
    play.act(LEAD, "request-hold", {"reason": "等专项资金", "review_on": review})
    left = handling.due_at - play.now  # type: ignore[operator]
    play.act(head(STREET), "decide-hold", {"granted": True})
    assert play.case.status == "on-hold"
    assert not handling.running
    while play.case.status == "on-hold":
        assert play.next()
    assert play.now == review
    assert play.case.status == "handling"
    assert handling.due_at - review == left  # type: ignore[operator]


@pytest.mark.parametrize("sealed", [False, True])
def test_a_hold_is_signed_by_a_leader_and_by_no_dispatcher(sealed: bool) -> None:
    play = Play(SEEPAGE, sealed=sealed).route()
    play.act(LEAD, "report-in")
    play.act(LEAD, "request-hold", {"reason": "等专项资金", "review_on": play.now + timedelta(days=20)})
    with pytest.raises(Forbidden):
        play.act(DESK, "decide-hold", {"granted": True})
    play.act(head(DISTRICT), "decide-hold", {"granted": True})
    assert play.case.status == "on-hold"


def test_when_a_hold_comes_back_by_itself_the_lead_the_clerk_and_who_signed_are_told() -> None:
    play = Play(SEEPAGE).route()
    play.act(LEAD, "report-in")
    play.act(LEAD, "request-hold", {"reason": "等专项资金", "review_on": play.now + timedelta(days=20)})
    play.act(head(STREET), "decide-hold", {"granted": True})
    while play.next() is not None and play.log[-1].type != "hold.lapsed":
        pass
    told = {notice.recipient for notice in play.notices if notice.event == play.log[-1].id}
    assert told == {LEAD.seat, clerk().seat, head(STREET).seat}


def test_an_extension_is_asked_before_the_end_and_a_street_grants_five_working_days_at_most() -> None:
    play = Play(SEEPAGE).route()
    handling = play.case.clock("handling")
    assert handling is not None
    assert handling.due_at is not None
    far = handling.due_at + timedelta(days=60)
    play.act(LEAD, "request-extension", {"until": far, "reason": "雨季"})
    with pytest.raises(Forbidden):
        play.act(head(STREET), "decide-extension", {"granted": True})
    play.act(DESK, "decide-extension", {"granted": True})
    assert handling.due_at == far
    assert handling.run == 2
