"""The life of a case by its table: who may, when, what follows, and what every step keeps true."""

from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dispatch.domain import whistle
from dispatch.domain.case import CANCELLED, CLOSED, ENDED, MERGED, STATUSES, Actor, Case, Request
from dispatch.domain.clocks import STAGES, seconds_left
from dispatch.domain.ladder import owner_seats
from dispatch.domain.permissions import TABLE as GRANTS
from dispatch.domain.reasons import not_in
from dispatch.domain.refusals import Forbidden, Invalid, NotFound, NotNow, Refusal, Stale
from dispatch.domain.requests import REQUESTS, asker
from dispatch.domain.transitions import Transition
from tests.domain.cases import (
    BRIBERY,
    BUILDING,
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
    actors = (clerk(), LEAD, liaison("SQ-130403011-D01"), liaison("CG"), liaison("XF"), DESK,
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


#: without shrinking, which takes minutes: the steps printed are short enough to read
Life.TestCase.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, phases=(Phase.explicit, Phase.generate)
)
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
