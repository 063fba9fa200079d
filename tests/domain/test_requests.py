"""A request waits as long as somebody may decide it: then its clock runs, climbs, and says to whom."""

from datetime import timedelta
from typing import Any

import pytest

from dispatch.domain import acts_local, clocks, whistle
from dispatch.domain.acts_joining import merge, unmerge
from dispatch.domain.case import Actor, Request
from dispatch.domain.finish import finish
from dispatch.domain.refusals import Invalid, NotNow
from dispatch.steps.escalate import fire_due
from tests.domain.cases import BUILDING, DESK, SEEPAGE, STREET, Play, clerk, head, liaison

LEAD, ASSIST = liaison("ZJ"), liaison("SQ-130403011-D01")
OBJECTION: dict[str, Any] = {"text": "当天就到场了"}


def working() -> Play:
    play = Play(SEEPAGE).route()
    play.act(LEAD, "report-in")
    return play


def resolved(play: Play) -> Play:
    play.act(LEAD, "resolve", {"reply": "已修好", "reason": "社区不用来"})
    return play


def closed() -> Play:
    play = resolved(working())
    play.act(clerk(), "verify", {"accepted": True})
    play.act(clerk(), "feedback", {"reply": "已经处理好了"})
    play.act(clerk(), "close")
    return play


def request(play: Play, kind: str) -> Request:
    return next(one for one in play.case.requests if one.kind == kind)


def until(play: Play, days: int = 30) -> Any:
    return play.wait(minutes=1).now.replace(day=1, month=(play.now.month + days // 30))


def test_an_objection_after_closing_is_owed_an_answer() -> None:
    play = closed()
    play.act(LEAD, "object", OBJECTION)
    assert play.case.status == "closed"
    assert [event.type for event in (play.next(), play.next()) if event] == ["clock.warned", "clock.climbed"]
    assert play.log[-1].data["stage"] == "ruling"
    assert play.case.rung == 5
    play.act(DESK, "decide-objection", {"granted": True})
    assert play.next() is None
    assert play.case.rung is None


@pytest.mark.parametrize("by", ["close", "reopen"])
def test_an_objection_outlives_closing_and_a_new_round(by: str) -> None:
    play = resolved(working())
    play.act(clerk(), "verify", {"accepted": True})
    play.act(LEAD, "object", OBJECTION)
    play.act(clerk(), "feedback", {"reply": "已经处理好了"})
    play.act(clerk(), by, {"reason": "又漏了"})
    clock = play.case.clock("ruling", "objection:ZJ")
    assert clock is not None
    assert clock.running
    assert request(play, "objection").status == "pending"
    play.act(DESK, "decide-objection", {"granted": False})
    assert request(play, "objection").status == "refused"


def extension(play: Play) -> None:
    play.act(LEAD, "request-extension", {"until": until(play), "reason": "等料"})


def hold(play: Play) -> None:
    play.act(LEAD, "request-hold", {"review_on": until(play), "reason": "等料"})


def hand_back(play: Play) -> None:
    play.act(ASSIST, "hand-back", {"reason": "不归我们", "to": "CG"})


def cancelling(play: Play) -> None:
    play.act(LEAD, "note", {"text": "在修"})
    play.act(clerk(), "request-cancel", {"reason": "报错了"})


def test_a_street_cancels_by_itself_until_a_unit_has_begun_and_asks_for_it_from_then_on() -> None:
    play = working()
    offered = {"cancel", "request-cancel"}
    assert offered & {*whistle.allowed(play.case, clerk(), play.turn)} == {"cancel"}
    with pytest.raises(NotNow, match="请直接撤哨"):
        play.act(clerk(), "request-cancel", {"reason": "报错了"})
    play.act(LEAD, "note", {"text": "在修"})
    assert offered & {*whistle.allowed(play.case, clerk(), play.turn)} == {"request-cancel"}


def ending(actor: Actor, action: str, **fields: Any) -> Any:
    return lambda play: play.act(actor, action, fields)


def verified(play: Play) -> None:
    resolved(play).act(clerk(), "verify", {"accepted": True})


@pytest.mark.parametrize(
    ("asks", "kind", "ends"),
    [
        (extension, "extension", resolved),
        (hold, "hold", resolved),
        (hand_back, "hand-back", verified),
        (cancelling, "cancel", verified),
        (extension, "extension", ending(DESK, "cancel", reason="重复")),
        (hold, "hold", ending(DESK, "cancel", reason="重复")),
        (hand_back, "hand-back", ending(DESK, "cancel", reason="重复")),
        (extension, "extension", ending(DESK, "assign", lead="CG", assist=["ZJ"])),
        (hand_back, "hand-back", ending(DESK, "assign", lead="ZJ")),
    ],
)
def test_what_does_not_stand_any_more_lapses(asks: Any, kind: str, ends: Any) -> None:
    play = working()
    asks(play)
    assert request(play, kind).status == "pending"
    ends(play)
    gone = request(play, kind)
    assert (gone.status, gone.decided_by, gone.decided_at) == ("lapsed", None, play.now)
    asker = f"{kind}:{gone.unit}" if gone.unit else kind
    assert not next(clock for clock in play.case.clocks.values() if clock.unit == asker).open
    assert [asker] in [event.data.get("lapsed") for event in play.log]


def asked_late(play: Play) -> bool | None:
    handling = play.case.clock("handling")
    assert handling is not None
    assert handling.due_at is not None
    play.act(LEAD, "request-extension", {"until": handling.due_at + timedelta(days=5), "reason": "等料"})
    late: bool | None = play.log[-1].data.get("late")
    play.act(LEAD, "withdraw")
    return late


def test_an_extension_is_asked_at_the_last_moment_by_the_time_used_not_by_the_time_rested() -> None:
    play = working()
    assert asked_late(play) is None
    play.wait(days=1)
    play.act(LEAD, "request-hold", {"review_on": until(play, 90), "reason": "等料"})
    play.act(head(STREET), "decide-hold", {"granted": True})
    play.wait(days=75)
    play.act(clerk(), "resume")
    assert asked_late(play) is None
    play.wait(days=13, hours=20)
    assert asked_late(play)


def test_what_was_asked_is_taken_back_by_whoever_asked_and_by_nobody_else() -> None:
    play = working()
    extension(play)
    hand_back(play)
    with pytest.raises(NotNow):
        play.act(clerk(), "withdraw")
    play.act(LEAD, "withdraw", {"kind": "extension"})
    assert (request(play, "extension").status, request(play, "hand-back").status) == ("withdrawn", "pending")
    clock = play.case.clock("ruling", "extension:ZJ")
    assert clock is not None
    assert not clock.open
    with pytest.raises(NotNow):
        play.act(DESK, "decide-extension", {"granted": True})


@pytest.mark.parametrize("granted", [True, False])
def test_once_a_unit_works_a_whistle_is_cancelled_by_request_only(granted: bool) -> None:
    play = working()
    play.act(LEAD, "note", {"text": "到现场看过"})
    with pytest.raises(NotNow):
        play.act(clerk(), "cancel", {"reason": "报错了"})
    cancelling(play)
    play.act(DESK, "decide-cancel", {"granted": granted})
    assert play.case.status == ("cancelled" if granted else "handling")
    assert any(clock.open for clock in play.case.clocks.values()) is not granted


@pytest.mark.parametrize("taken", [True, False])
def test_a_transfer_waits_for_the_other_street(taken: bool) -> None:
    other = "130403001"
    play = Play(SEEPAGE).route()
    total = play.case.clock("total")
    with pytest.raises(Invalid):
        play.act(clerk(), "transfer", {"to": STREET})
    play.act(clerk(), "transfer", {"to": other})
    assert (play.case.facts.street, play.case.status) == (STREET, "assigned")
    play.wait(hours=1)
    play.act(clerk(other), "accept-transfer" if taken else "decline-transfer")
    if not taken:
        assert (play.case.facts.street, play.case.status, play.case.lead) == (STREET, "assigned", "ZJ")
        return
    assert (play.case.facts.street, play.case.facts.place, play.case.status) == (other, other, "raised")
    assert total is not None
    assert (total.run, total.running) == (1, True)
    assert {clock.stage for clock in play.case.open_clocks()} == {"dispatch", "total"}
    play.route()
    assert (play.case.status, play.case.lead) == ("assigned", "ZJ")


def test_an_instruction_waits_for_the_signature_of_the_unit() -> None:
    play = working()
    with pytest.raises(NotNow):
        play.act(LEAD, "sign-instruction")
    play.act(head(STREET), "instruct", {"text": "今天到场"})
    assert request(play, "instruction").status == "pending"
    play.act(LEAD, "sign-instruction")
    assert request(play, "instruction").status == "granted"


def test_each_instruction_has_a_signature_of_its_own() -> None:
    play = working()
    for text in ("今天到场", "明天报结果"):
        play.act(head(STREET), "instruct", {"text": text})
    first, second = (one for one in play.case.requests if one.kind == "instruction")
    play.act(LEAD, "sign-instruction", {"request": str(second.id)})
    assert (first.status, second.status) == ("pending", "granted")
    with pytest.raises(NotNow):
        play.act(LEAD, "sign-instruction", {"request": str(second.id)})
    play.act(LEAD, "sign-instruction")
    assert first.status == "granted"
    assert [event.data["request"] for event in play.log[-2:]] == [str(second.id), str(first.id)]


def test_an_instruction_to_nobody_who_could_sign_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        working().act(head(STREET), "instruct", {"text": "今天到场", "unit": "WJ"})
    assert refused.value.field == "unit"


@pytest.mark.parametrize("where", ["at-desk", "local", "verified"])
def test_where_no_unit_leads_whoever_has_it_signs(where: str) -> None:
    play = Play("没有这种事的规则")
    signer = {"at-desk": DESK, "local": head(BUILDING), "verified": clerk()}[where]
    if where == "at-desk":
        play.route()
    else:
        play.case.status = where
    if where == "local":
        play.case.facts.local = 1
        policy = acts_local.policy_of(play.case, play.turn)
        clocks.start(play.case, "handling", None, play.now, policy, play.turn.district_calendar, play.id())
    play.act(head(STREET), "instruct", {"text": "抓紧"})
    assert play.notices[-1].recipient == signer.seat
    for other in (DESK, head(BUILDING), clerk()):
        assert ("sign-instruction" in whistle.allowed(play.case, other, play.turn)) == (other == signer)
    play.act(signer, "sign-instruction")
    assert request(play, "instruction").status == "granted"


def test_undoing_a_merge_gives_back_what_was_asked() -> None:
    play, main = working(), working()
    main.case.facts.number += 1
    extension(play)
    for effect, fields in ((merge, {"main": main.case}), (unmerge, {})):
        play.case.status = effect(play.case, DESK, fields, play.turn) or ""
        finish(play.case, play.turn, status_changed=True)
        clock = play.case.clock("ruling", "extension:ZJ")
        assert clock is not None
        assert clock.open
        running = effect is unmerge
        assert (request(play, "extension").status, clock.running) == (("lapsed", "pending")[running], running)
        play.wait(hours=2)


def test_who_decides_is_warned_and_reminded() -> None:
    play = working()
    hold(play)
    hand_back(play)
    told: dict[str, set[str]] = {}
    for _ in range(40):
        play.now = min(clock.fires_at for clock in play.case.open_clocks() if clock.fires_at)
        fire_due(play.case, play.turn)
        by_event = {event.id: event for event in play.case.events}
        for notice in play.case.notices:
            event = by_event[notice.event]
            if event.data.get("stage") == "ruling":
                told.setdefault(str(event.data["unit"]), set()).add(notice.recipient)
        play._keep()
    assert told["hand-back:SQ-130403011-D01"] >= {"node:130403:dispatcher", "node:130403:head"}
    assert told["hold:ZJ"] >= {f"node:{STREET}:head"}
    assert not [seat for seats in told.values() for seat in seats if seat.startswith("unit:")]
