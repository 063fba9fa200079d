"""The life of a case by its table: who may, when, what follows, and what every step keeps true."""

from dataclasses import replace

import pytest

from dispatch.domain import whistle
from dispatch.domain.case import STATUSES, Actor, Request
from dispatch.domain.permissions import TABLE as GRANTS
from dispatch.domain.reasons import not_in
from dispatch.domain.refusals import Forbidden, Invalid, NotFound, NotNow, Stale
from tests.domain.cases import (
    BUILDING,
    COMMUNITY,
    DESK,
    DISTRICT,
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
    solved,
)
from tests.domain.life import Life, stood, undeclared


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


def test_an_urge_after_the_result_reaches_the_street_and_no_unit() -> None:
    play = Play(SEEPAGE).route()
    play.act(liaison("ZJ"), "report-in")
    play.act(head(STREET), "urge")
    assert play.told[-1] == ("unit:ZJ:liaison", "urged")
    play.act(liaison("ZJ"), "resolve", {"reply": "修好了", "reason": "不用来"})
    for action, fields in (("verify", {"accepted": True}), ("feedback", {"reply": "修好了"})):
        play.told.clear()
        play.act(head(STREET), "urge")
        assert play.told == [(clerk().seat, "urged")]
        assert play.log[-1].data.get("unit") is None
        play.act(clerk(), action, fields)
    play.told.clear()
    play.act(head(STREET), "urge", {"unit": "ZJ"})
    assert play.told == [("unit:ZJ:liaison", "urged")], "a unit that is named is told all the same"


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
