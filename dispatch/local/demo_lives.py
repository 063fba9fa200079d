"""The lives a demo whistle may have, and how many of each: every state a whistle can be in is among them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dispatch.domain.case import Case
from dispatch.local.demo_script import HERE, Script, after_due, first_assist_or

Life = Callable[[Script], object]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A life, how often, on which texts, and how long ago its last act was (hours: working; emergencies: elapsed).

    `below`: raised by the head of a building, to be solved there first. `repeats`: the scenario whose first whistles
    these tell of once more, soon after; when that was is theirs to say, not `idle`'s. `says`: only on texts that have
    such a sentence (a reason to rest, to take longer, to be late …).
    """

    name: str
    count: int
    texts: str
    life: Life
    idle: tuple[float, float]
    elapsed: bool = False
    below: bool = False
    repeats: str = ""
    says: str = ""


def _closed(s: Script) -> object:
    return s.report().work().solve().verify().answer().rate().close()


def _reworked(s: Script) -> object:
    s.report().work().solve().reject()
    return s.work().solve().verify().answer().rate().close()


def _extended(s: Script) -> object:
    s.report().work().hours(0.1, 0.3).do("lead", "request-extension", after_due(30, s.say("extension")))
    s.hours(0.3, 2).do("rung-4", "decide-extension", {"granted": True, "reason": "同意，请按期办结"})
    return s.hours(1, 6).solve().verify().answer().rate().close()


def _handed_over(s: Script) -> object:
    s.hours(0.3, 1.5).do("lead", "hand-back", first_assist_or("CG", s.say("hand-back")))
    s.hours(0.5, 3).do("desk", "rule", {"upheld": True, "reason": "同意，改派应办单位", "remember": True, "words": []})
    return s.report().work().solve().verify().answer().rate().close()


def _hand_back_refused(s: Script) -> object:
    s.hours(0.3, 1.5).do("lead", "hand-back", first_assist_or("CG", s.say("hand-back")))
    s.hours(0.5, 3).do("desk", "rule", {"upheld": False, "reason": "首接负责，请继续办理"})
    return s.report().work().solve().verify().answer().rate().close()


def _held(s: Script, *, decided: bool = True, resumed: bool = False) -> object:
    s.report().work().hours(0.5, 2)
    ask = {"reason": s.say("hold"), "review_on": s.now + timedelta(days=60)}
    s.do("lead", "request-hold", ask)
    if decided:
        s.hours(0.5, 2).do("rung-4", "decide-hold", {"granted": True})
    if resumed:
        s.hours(30, 45).do("clerk", "resume")
        return s.work("resumed").solve().verify().answer().rate().close()
    return s


def _reopened(s: Script) -> object:
    s.report().work().solve().verify().answer().rate().close()
    s.hours(1, 5).do("clerk", "reopen", {"reason": "居民又来反映：问题又出现了"})
    return s.report()


def _table(case: Case, _now: datetime) -> dict[str, Any]:
    """Who is called to one table: who works on it, and the lawyers."""
    units = [part.unit for part in case.parts("assist") if not part.unit.startswith(("JD-", "SQ-", "SF"))]
    return {"units": [*units, "SF"], "text": "请有关单位周五到街道会商"}


def _called(s: Script) -> object:
    s.report().hours(0.2, 1).do("clerk", "call", {"unit": "SF", "role": "assist"})
    s.do("rung-4", "consult", _table)
    s.hours(1, 3).do("rung-4", "minutes", {"text": s.say("minutes")})
    return s.work().solve().verify().answer().rate().close()


def _instructed(s: Script) -> object:
    s.report().work().hours(0.2, 1).do("rung-4", "instruct", {"text": s.say("instruct")})
    return s.hours(0.5, 2).do("lead", "sign-instruction").solve().verify().answer().rate().close()


def _urged(s: Script) -> object:
    s.report().hours(1, 3).do("clerk", "urge", {"text": s.say("urge")})
    return s.work().solve().verify().answer().rate().close()


def _objecting(s: Script) -> object:
    s.report().work().solve().verify().answer()
    s.hours(0.3, 1).do("clerk", "evaluate", {"responded": True, "solved": False, "satisfied": "not"})
    return s.hours(0.3, 1).do("lead", "object", {"text": "当天办完，街道核查也通过了，请复核这一评价"})


def _replied(s: Script) -> object:
    """An enquiry or a relayed matter: its unit replies, the street answers."""
    return s.hours(1, 6).do("lead", "resolve", {"reply": s.say("reply")}).answer().rate().close()


def _guided(s: Script) -> object:
    """The statutory way: the street answers with the prepared text."""
    return s.answer().hours(1, 4).do("clerk", "close")


def _self(s: Script) -> object:
    """The street's own squad."""
    return s.work().solve().verify().answer().rate().close()


def _explained(s: Script) -> object:
    """So long overdue that the district has ordered it: the unit's head explains in writing."""
    return s.report().work().hours(58, 70).do("head", "explain", {"text": s.say("explain")})


def _explained_late(s: Script) -> object:
    """The lead never signed, and only the notice made its head explain."""
    return (
        s.hours(0.3, 2)
        .do("assists", "report-in")
        .hours(88, 92)
        .do("head", "explain", {"text": s.say("explain-unsigned")})
    )


def _explained_in_haste(s: Script) -> object:
    """An emergency that its lead did not reach within the hour."""
    return (
        s.minutes(8, 20).do("assists", "arrive", HERE).minutes(66, 80).do("head", "explain", {"text": s.say("explain")})
    )


def _taken_over(s: Script) -> object:
    """Overdue on the street's rung: its secretary has taken it up."""
    return s.report().work().hours(34, 40).do("rung-4", "take-over")


def _rescued(s: Script) -> object:
    s.rush().rescue()
    return s.verify().answer().rate(unhappy=0).close()


def _assigned_by_desk(s: Script) -> object:
    s.hours(0.5, 2).do(
        "desk", "assign", {"lead": s.say("lead"), "assist": [], "reason": s.say("because"), "remember": True}
    )
    return s.report()


def _kept(s: Script) -> object:
    return s.hours(0.3, 1).do("clerk", "keep", {"reason": s.say("keep")})


def _transfer(case: Case, _now: datetime) -> dict[str, Any]:
    return {"to": "130403010" if case.facts.street != "130403010" else "130403005"}


def _passed_on(s: Script) -> Script:
    return s.hours(0.1, 0.3).do("clerk", "transfer", _transfer)


def _asking_back(s: Script) -> object:
    return s.hours(0.3, 1).do("lead", "hand-back", first_assist_or("CG", s.say("hand-back")))


def _taken_apart(s: Script) -> Script:
    """Two more problems become whistles of their own; the first of them is done."""
    s.report().work().hours(0.1, 0.4)
    for child in s.words["children"]:
        s.do("clerk", "add-child", child)
    return _child(s, 1).work().solve().verify().answer().rate().close()


def _child(s: Script, nth: int) -> Script:
    return s.of(nth, s.own["children"][nth - 1]["category"]).report()


def _parent(s: Script) -> object:
    return _child(_taken_apart(s), 2)


def _parent_closed(s: Script) -> object:
    _child(_taken_apart(s), 2).work().solve().verify().answer().rate().close()
    return s.of(0).solve().verify().answer().rate().close()


def _merged(s: Script) -> object:
    return s.hours(0.05, 0.2).do("desk", "merge")


def _kept_below(s: Script) -> object:
    return s.hours(0.2, 0.8).do("rung-1", "keep", {"reason": "楼里能办，下午一起动手"})


def _solved_below(s: Script) -> object:
    return s.hours(0.5, 2).do("rung-1", "resolve", {"reply": s.say("below")})


def _sent_up(s: Script) -> object:
    """Nobody below can solve it: on the street's rung it is a whistle."""
    for rung in ("rung-1", "rung-2", "rung-3"):
        s.hours(0.2, 0.9).do(rung, "send-up", {"reason": "这里办不了，请上一级看"})
    return s


def _nothing(s: Script) -> object:
    return s


SCENARIOS: tuple[Scenario, ...] = (
    Scenario("closed", 18, "dispatch", _closed, (1, 135)),
    Scenario("closed after rework", 7, "dispatch", _reworked, (2, 115)),
    Scenario("closed after an extension", 5, "long", _extended, (4, 70), says="extension"),
    Scenario("closed by another unit", 4, "assisted", _handed_over, (4, 80), says="hand-back"),
    Scenario("closed, hand-back refused", 3, "assisted", _hand_back_refused, (4, 80), says="hand-back"),
    Scenario("closed after a hold", 2, "long", lambda s: _held(s, resumed=True), (4, 40), says="hold"),
    Scenario("closed after a consultation", 3, "long", _called, (2, 60), says="minutes"),
    Scenario("closed after an instruction", 3, "long", _instructed, (2, 60)),
    Scenario("closed after urging", 4, "dispatch", _urged, (2, 80)),
    Scenario("answered enquiry", 9, "answer", _replied, (1, 125)),
    Scenario("relayed", 4, "relay", _replied, (1, 80)),
    Scenario("statutory way", 5, "statutory", _guided, (1, 80)),
    Scenario("street's own, closed", 10, "self", _self, (1, 90)),
    Scenario("emergency, closed", 10, "emergency", _rescued, (2, 90)),
    Scenario("reopened", 2, "long", _reopened, (0.5, 4)),
    Scenario("objection", 2, "long", _objecting, (0.3, 3)),
    Scenario("waiting to be signed", 16, "dispatch", _nothing, (0.1, 3)),
    Scenario("signed", 12, "long", Script.report, (0.5, 5)),
    Scenario("under way", 16, "long", lambda s: s.report().work(), (0.5, 6)),
    Scenario("reported late, warned", 6, "long", _nothing, (3.3, 3.9)),
    Scenario("climbed to the building", 6, "long", _nothing, (4.5, 7.5)),
    Scenario("climbed to the compound", 5, "long", _nothing, (8.5, 14)),
    Scenario("climbed to the community", 5, "long", _nothing, (16, 28)),
    Scenario("climbed to the street", 4, "long", _nothing, (31, 48)),
    Scenario("climbed to the district", 2, "long", _nothing, (52, 70)),
    Scenario("at the district, the notice near", 1, "long", _nothing, (79, 83)),
    Scenario("noticed by the district", 1, "long", _nothing, (92, 105)),
    Scenario("noticed, then explained", 1, "long", _explained_late, (1, 6)),
    Scenario("explained at the district", 2, "short", _explained, (1, 10), says="explain"),
    Scenario("taken over by the street", 2, "short", _taken_over, (1, 10)),
    Scenario("late in handling", 6, "short", lambda s: s.report().work(), (9, 24)),
    Scenario("hand-back pending", 4, "assisted", _asking_back, (0.3, 4), says="hand-back"),
    Scenario("extension pending", 3, "long", lambda s: s.report().work()
             .do("lead", "request-extension", after_due(30, s.say("extension"))), (0.3, 4), says="extension"),
    Scenario("hold pending", 2, "long", lambda s: _held(s, decided=False), (0.3, 4), says="hold"),
    Scenario("on hold", 5, "long", _held, (4, 60), says="hold"),
    Scenario("transfer pending", 2, "dispatch", _passed_on, (0.3, 3)),
    Scenario("transferred", 1, "long", lambda s: _passed_on(s).hours(0.3, 1).do("other-clerk", "accept-transfer"),
             (0.5, 3)),
    Scenario("cancel pending", 2, "long", lambda s: s.report().work()
             .do("clerk", "request-cancel", {"reason": "来源人撤回诉求，不用再办"}), (0.3, 3)),
    Scenario("cancelled", 7, "dispatch", lambda s: s.hours(0.2, 1).do("clerk", "cancel", {"reason": s.say("cancel")}),
             (2, 90)),
    Scenario("waiting for verification", 13, "dispatch", lambda s: s.report().work().solve(), (0.5, 9)),
    Scenario("verification late", 4, "dispatch", lambda s: s.report().work().solve(), (15, 26)),
    Scenario("rework", 6, "long", lambda s: s.report().work().solve().reject(), (0.5, 5)),
    Scenario("rework, second time", 2, "long", lambda s: s.report().work().solve().reject().work().solve()
             .reject("came-back"), (0.5, 4)),
    Scenario("waiting to be answered", 9, "dispatch", lambda s: s.report().work().solve().verify(), (0.5, 12)),
    Scenario("answered, to be called back", 9, "dispatch", lambda s: s.report().work().solve().verify().answer(),
             (0.5, 8)),
    Scenario("enquiry under way", 5, "answer", _nothing, (1, 9)),
    Scenario("relay under way", 3, "relay", _nothing, (1, 6)),
    Scenario("statutory, to be answered", 3, "statutory", _nothing, (1, 9)),
    Scenario("misconduct, sealed", 3, "misconduct", _nothing, (1, 9)),
    Scenario("street's own, under way", 5, "self", _nothing, (0.3, 2.5)),
    Scenario("kept by the street", 2, "dispatch", _kept, (0.5, 3), says="keep"),
    Scenario("at the desk", 8, "unmatched", _nothing, (0.3, 3.5)),
    Scenario("at the desk too long", 2, "unmatched", _nothing, (5, 12)),
    Scenario("assigned by the desk", 3, "unmatched", _assigned_by_desk, (0.5, 4)),
    Scenario("avoidance, at the desk", 3, "avoidance", _nothing, (0.5, 3.5)),
    Scenario("place unknown", 2, "nowhere", _nothing, (0.5, 3.5)),
    Scenario("emergency nobody matched", 2, "unmatched-danger", _nothing, (0.02, 0.07), elapsed=True),
    Scenario("emergency just raised", 2, "emergency", _nothing, (0.05, 0.3), elapsed=True),
    Scenario("emergency, on site", 4, "emergency", Script.rush, (0.1, 0.4), elapsed=True),
    Scenario("emergency nobody reached", 1, "emergency", _nothing, (1.2, 3), elapsed=True, says="explain"),
    Scenario("emergency, explained", 1, "emergency", _explained_in_haste, (0.1, 0.4), elapsed=True, says="explain"),
    Scenario("parent, a child under way", 2, "long", _parent, (0.5, 4), says="children"),
    Scenario("parent, closed", 1, "long", _parent_closed, (2, 40), says="children"),
    Scenario("merged", 3, "", _merged, (0, 0), repeats="under way"),
    Scenario("merged, answered with its main one", 2, "", _merged, (0, 0), repeats="closed"),
    Scenario("below the street", 2, "below", _nothing, (0.3, 3), below=True),
    Scenario("below the street, kept", 2, "below", _kept_below, (0.5, 2), below=True, says="below"),
    Scenario("below the street, climbed to the compound", 2, "below", _nothing, (4.5, 10), below=True),
    Scenario("below the street, climbed to the community", 1, "below", _nothing, (12, 22), below=True),
    Scenario("below the street, solved", 2, "below", _solved_below, (1, 60), below=True, says="below"),
    Scenario("from below the street", 1, "below", _sent_up, (0.5, 3), below=True),
)  # fmt: skip
