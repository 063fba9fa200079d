"""The life of a case by its table: who may, when, what follows, and what every step keeps true."""

from dataclasses import replace
from datetime import timedelta

import pytest

from dispatch.domain import whistle
from dispatch.domain.case import STATUSES, Actor, Request
from dispatch.domain.clocks import seconds_left
from dispatch.domain.permissions import TABLE as GRANTS
from dispatch.domain.reasons import not_in
from dispatch.domain.refusals import Forbidden, Invalid, NotFound, NotNow, Stale
from tests.domain.cases import (
    BUILDING,
    COMMUNITY,
    DESK,
    DISTRICT,
    FIRE_DOOR,
    SEEPAGE,
    STREET,
    Play,
    clerk,
    head,
    liaison,
)
from tests.domain.life import Life, stood, undeclared

LEAD, REPLY = liaison("ZJ"), {"reply": "已修好", "reason": "社区不用来"}


def solved() -> Play:
    play = Play(SEEPAGE).route()
    play.act(LEAD, "report-in")
    play.act(LEAD, "resolve", REPLY)
    return play


def test_the_whole_way_to_closing() -> None:
    play = solved()
    assert play.case.status == "resolved"
    play.act(clerk(), "verify", {"accepted": True})
    play.act(clerk(), "feedback", {"reply": "已经处理好了"})
    play.act(clerk(), "callback", {"reached": True, "responded": True, "solved": True, "satisfied": "basically"})
    play.act(clerk(), "evaluate", {"responded": True, "solved": True, "satisfied": "satisfied"})
    play.act(clerk(), "close")
    assert play.types() == [
        "routed", "reported-in", "resolved", "verified", "answered", "called-back", "evaluated", "closed",
    ]  # fmt: skip
    assert not list(play.case.open_clocks())


def test_every_status_and_action_of_the_table_is_a_known_word() -> None:
    granted = {grant.action for grant in GRANTS}
    for row in whistle.TABLE.values():
        assert row.sources <= STATUSES
        assert set(row.to) <= STATUSES
        assert row.action in granted, f"nobody may {row.action}"


def test_what_is_not_possible_now_says_what_is() -> None:
    play = Play(SEEPAGE).route()
    with pytest.raises(NotNow) as refused:
        play.act(clerk(), "feedback", {"reply": "好了"})
    assert "call" in refused.value.allowed
    assert "feedback" not in refused.value.allowed


@pytest.mark.parametrize("action", sorted(whistle.TABLE))
def test_no_act_is_done_from_a_status_that_its_row_does_not_name(action: str) -> None:
    row = whistle.TABLE[action]
    doer = next(one for one in (LEAD, clerk(), DESK, head(STREET), head(COMMUNITY), clerk("130403001"))
                if (one.role, action) in {(grant.role, grant.action) for grant in GRANTS})  # fmt: skip
    for status in STATUSES - row.sources:
        play = Play(SEEPAGE).route()
        ask = Request(play.id(), 1, "transfer", None, "pending", "x", play.now, data={"to": "130403001"})
        play.case.requests.append(ask)
        play.case.status = status
        before = (play.case.seq, play.case.version)
        if row.in_force(play.case, doer, {}):
            continue
        with pytest.raises((NotNow, Forbidden, NotFound)) as refused:
            play.act(doer, action, {})
        assert (play.case.status, play.case.seq, play.case.version) == (status, *before)
        if isinstance(refused.value, NotNow):
            assert set(refused.value.allowed) == set(whistle.allowed(play.case, doer, play.turn))
            assert all(status in whistle.TABLE[one].sources for one in refused.value.allowed)


def test_others_do_not_even_learn_that_it_exists() -> None:
    play = Play(SEEPAGE).route()
    with pytest.raises(NotFound):
        play.act(clerk("130403001"), "verify", {"accepted": True})
    with pytest.raises(NotFound):
        play.act(liaison("SW"), "report-in")


def test_seen_but_not_theirs_to_do() -> None:
    play = Play(SEEPAGE).route()
    with pytest.raises(Forbidden):
        play.act(LEAD, "verify", {"accepted": True})


def test_the_same_act_again_changes_nothing() -> None:
    play = Play(SEEPAGE).route()
    assert play.act(LEAD, "report-in")
    version = play.case.version
    assert not play.act(LEAD, "report-in")
    assert play.case.version == version


def test_a_units_view_is_stale_only_by_its_own_part_the_status_or_gen() -> None:
    play = Play(SEEPAGE).route()
    seen = play.case.version
    play.act(liaison("SQ-130403011-D01"), "report-in")
    assert play.act(LEAD, "report-in", version=seen)
    with pytest.raises(Stale):
        play.act(clerk(), "call", {"unit": "CG"}, version=seen)


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


XF, HERE = liaison("XF"), {"latitude": 36.6, "longitude": 114.5}


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


def test_no_hand_back_once_a_result_was_refused() -> None:
    play = solved()
    play.act(clerk(), "verify", {"accepted": False, "reason": "not-done", "note": "没修"})
    with pytest.raises(NotNow):
        play.act(LEAD, "hand-back", {"reason": "不归我们", "to": "CG"})


def test_a_result_that_holds_after_all_answers_the_leads_report_in_too() -> None:
    """A denied arrival, then the district says that it was done: nothing waits for an arrival that nobody can make."""
    play = Play(FIRE_DOOR).route()
    play.act(XF, "arrive", HERE)
    for _ in range(2):
        play.act(XF, "resolve", REPLY)
        play.act(clerk(), "verify", {"accepted": False, "reason": "not-done", "note": "没修"})
    play.act(clerk(), "deny-arrival", {"unit": "XF"})
    before = stood(play.case)
    play.act(DESK, "decide-review", {"granted": False})
    undeclared(before, play.case, whistle.TABLE["decide-review"])
    assert {clock.stage for clock in play.case.open_clocks()} == {"answering", "total"}


def test_a_reply_that_goes_straight_to_answering_waits_for_no_unit_any_more() -> None:
    play = Play("断头路何时拉通", category="223").route()
    lead = play.case.lead
    assert play.case.outcome == "relay"
    assert lead is not None
    play.act(DESK, "call", {"unit": "CG"})
    before = stood(play.case)
    with pytest.raises(Invalid):
        play.act(liaison(lead), "resolve", {"reply": "转市级了"})
    play.act(liaison(lead), "resolve", REPLY)
    undeclared(before, play.case, whistle.TABLE["resolve"])
    assert {clock.stage for clock in play.case.open_clocks()} == {"answering", "total"}


def test_an_assisting_unit_may_still_report_in_while_the_result_is_verified() -> None:
    play = solved()
    clock = play.case.clock("reported", "SQ-130403011-D01")
    assert clock is not None
    assert clock.open
    play.act(liaison("SQ-130403011-D01"), "report-in")
    assert not clock.open
    assert play.case.status == "resolved"
    with pytest.raises(NotNow):
        play.act(LEAD, "arrive", {"latitude": 36.6, "longitude": 114.5})


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


def test_the_second_refusal_goes_to_the_district() -> None:
    play = solved()
    for times in (1, 2):
        play.act(clerk(), "verify", {"accepted": False, "reason": "not-done", "note": "没修"})
        assert play.log[-1].data["rework"] == times
        assert play.log[-1].data.get("review") == (True if times == 2 else None)
        if times == 1:
            play.act(LEAD, "resolve", REPLY)


def test_where_an_act_is_not_possible_a_sentence_says_where_it_stands_and_what_it_waits_for() -> None:
    play = Play(SEEPAGE).route()
    with pytest.raises(NotNow) as refused:
        play.act(clerk(), "verify", {"accepted": True})
    assert str(refused.value) == "已经派给单位，还没开始办理；单位报结以后才能核查"
    for action in whistle.TABLE:
        for status in STATUSES:
            assert action not in not_in(action, status)


def test_a_rejection_needs_a_listed_reason_and_evidence() -> None:
    with pytest.raises(Invalid) as refused:
        solved().act(clerk(), "verify", {"accepted": False, "reason": "就是不行"})
    assert refused.value.field == "reason"
    with pytest.raises(Invalid) as refused:
        solved().act(clerk(), "verify", {"accepted": False, "reason": "not-done"})
    assert refused.value.field == "note"


def test_a_case_the_source_wants_called_back_does_not_close_before() -> None:
    play = solved()
    play.case.facts.callback_required = True
    play.act(clerk(), "verify", {"accepted": True})
    play.act(clerk(), "feedback", {"reply": "好了"})
    with pytest.raises(NotNow):
        play.act(clerk(), "close")


def test_reopening_starts_a_new_generation_but_never_the_total() -> None:
    play = solved()
    started = play.case.clock("total").started_at  # type: ignore[union-attr]
    play.act(clerk(), "verify", {"accepted": True})
    play.act(clerk(), "feedback", {"reply": "好了"})
    play.act(clerk(), "close")
    play.wait(days=2)
    play.act(clerk(), "reopen", {"reason": "又漏了"})
    assert (play.case.gen, play.case.status, play.case.lead) == (2, "assigned", "ZJ")
    assert play.case.clock("total").started_at == started  # type: ignore[union-attr]
    assert play.case.clock("handling").run == 2  # type: ignore[union-attr]


def test_what_people_in_charge_do_stops_no_clock() -> None:
    play = Play(SEEPAGE).route()
    while play.case.rung != 3:
        play.next()
    running = {clock.id: clock.fires_at for clock in play.case.open_clocks()}
    play.act(head(COMMUNITY), "urge")
    play.act(head(STREET), "instruct", {"text": "今天到场"})
    play.act(head(STREET), "take-over")
    assert {clock.id: clock.fires_at for clock in play.case.open_clocks()} == running
    assert play.case.rung == 4
    play.act(head(STREET), "send-down")
    assert play.case.rung == 3


@pytest.mark.parametrize("danger", [False, True])
def test_an_urge_of_what_no_unit_has_reaches_whoever_has_it(danger: bool) -> None:
    play = Play("说不清的一件事", danger=danger).route()
    assert play.case.status == "at-desk"
    play.told.clear()
    play.act(Actor("duty-officer", "duty", f"node:{STREET}:duty", node=STREET, district=DISTRICT), "urge")
    assert play.told == [(f"node:{DISTRICT}:dispatcher", "urged")]
    assert play.notices[-1].urgent is danger
    play.act(DESK, "urge")
    assert len(play.told) == 1, "nobody is told of what they do themselves"
    play.act(DESK, "assign", {"lead": "ZJ"})
    play.act(clerk(), "urge")
    assert play.told[-1] == ("unit:ZJ:liaison", "urged")


def test_sealed_cases_are_seen_by_those_involved_only() -> None:
    play = Play(SEEPAGE, sealed=True, hidden_from=[STREET]).route()
    turn = play.turn
    assert not whistle.may(play.case, clerk(), "read", turn)
    assert not whistle.may(play.case, head(COMMUNITY), "read", turn)
    assert whistle.may(play.case, DESK, "read", turn)
    assert whistle.may(play.case, head(DISTRICT), "read", turn)
    assert whistle.may(play.case, LEAD, "read", turn)


def test_the_street_keeps_it_after_all() -> None:
    play = Play(SEEPAGE).route()
    play.act(clerk(), "keep", {"reason": "街道自己能办"})
    assert (play.case.outcome, play.case.lead) == ("self", "JD-130403011")
    assert [part.unit for part in play.case.parts()] == ["JD-130403011"]


TestLife = Life.TestCase


def test_nobody_of_another_district_may_anything() -> None:
    play = solved()
    for actor in (DESK, clerk(), LEAD, head(BUILDING), head(DISTRICT)):
        assert whistle.may(play.case, actor, "read", play.turn)
        far = replace(actor, district="130404")
        allowed = [action for action in ("read", *whistle.TABLE) if whistle.may(play.case, far, action, play.turn)]
        assert not allowed, actor.role


def test_nobody_learns_by_merging_what_they_may_not_read() -> None:
    said = set()
    for main in (None, Play(SEEPAGE, district="130404").case, Play(SEEPAGE, hidden_from=[DISTRICT]).case):
        play = Play(SEEPAGE)
        if main is not None:
            main.facts.id = play.id()
        with pytest.raises(Invalid) as refused:
            play.act(DESK, "merge", {"into": "2600000020", "main": main})
        said.add((refused.value.field, refused.value.words()))
    assert len(said) == 1
