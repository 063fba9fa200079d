"""A request waits as long as somebody may decide it: then its clock runs, climbs, and says to whom."""

from typing import Any

import pytest

from dispatch.domain.acts_joining import merge, unmerge
from dispatch.domain.case import Actor, Request
from dispatch.domain.finish import finish
from dispatch.steps.escalate import fire_due
from tests.domain.cases import DESK, SEEPAGE, STREET, Play, clerk, liaison

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
    play.act(clerk(), "request-cancel", {"reason": "报错了"})


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
