"""Routing: from what was found to who gets it, every outcome of the list."""

import json

import pytest

from dispatch.domain.deadlines import Limit
from dispatch.domain.duties import (
    Accusation,
    Duty,
    DutyList,
    MatchRule,
    Routing,
    UnknownUnitError,
    decide,
    match,
    named,
)
from dispatch.domain.reference import Chain, Unit, Units
from dispatch.domain.routing import away_from
from dispatch.domain.tree import UNKNOWN, Node

STREET = Node("S1", "R", 4, "street", "东柳街道")
COMMUNITY = Node("S1-D1", "S1", 3, "community", "广泰社区")
DISTRICT = Node("R", None, 5, "district", "丛台区")
HERE: Chain = (None, None, COMMUNITY, STREET, DISTRICT)
STREET_ONLY: Chain = (None, None, None, STREET, DISTRICT)


def unit(code: str, place: str | None = None) -> Unit:
    return Unit(code, code, code, "department", "district", place)


UNITS = Units.of(
    [
        *(unit(code) for code in ("CG", "ZJ", "XF", "GA", "YJ", "DD", "ZB", "HB")),
        unit("JD-S1", "S1"),
        unit("SQ-S1-D1", "S1-D1"),
    ]
)


def duty(code: str, word: str, lead: str, outcome: str = "dispatch", kind: str = "appeal", **more: object) -> Duty:
    assist = more.pop("assist", ())
    return Duty(code, code, "", lead, assist, outcome, kind, (word,), Limit.parse("1wd"), **more)  # type: ignore[arg-type]


DUTIES = DutyList.of(
    [
        duty("101", "占道经营", "JD", "self", "enforcement", assist=("CG",)),
        duty("201", "物业服务", "ZJ", assist=("JD", "SQ", "ZJ")),
        duty("301", "消防门", "XF", kind="emergency", report_in="on-site", assist=("ZJ",)),
        duty("404", "违停", "GA"),
        duty("407", "僵尸", "GA"),
        duty("211", "拆迁", "ZJ", "answer", assist=("JD",)),
        duty("223", "断头路", "ZB", "relay"),
        duty("208", "人防", "ZJ", "statutory"),
        duty("714", "腐败", "DD", "statutory", sealed=True),
    ],
    version=3,
    rule=MatchRule(short=20, buried=30, asking=("咨询",)),
    danger=("漏气",),
    accusation=Accusation({"XF": ("消防队",), "street": ("街道办",)}, ("不作为",), ("受贿",)),
)


def route(body: str, title: str = "", chain: Chain = HERE, **more: object) -> Routing:
    return decide(DUTIES, match(DUTIES, title, body), chain=chain, units=UNITS, **more)  # type: ignore[arg-type]


def test_dispatch_names_lead_and_assisting_units_of_the_place() -> None:
    got = route("物业服务")
    assert (got.outcome, got.lead, got.assist) == ("dispatch", "ZJ", ("JD-S1", "SQ-S1-D1"))
    assert (got.rule, got.reason.code, got.reason.version, got.reason.score) == ("201", "rule", 3, 16)
    assert [(row.unit, row.why) for row in got.reason.left_out] == [("ZJ", "twice")]


def test_whom_it_is_hidden_from_gets_no_part_in_it() -> None:
    got = away_from(route("物业服务"), ("S1", "JD-S1"), HERE, UNITS)
    assert (got.outcome, got.lead, got.assist) == ("dispatch", "ZJ", ("SQ-S1-D1",))
    got = away_from(route("占道经营"), ("S1", "JD-S1"), HERE, UNITS)
    assert (got.outcome, got.lead, got.assist, got.reason.code) == ("unmatched", None, (), "avoidance")
    assert (got.kind, got.duty) == ("enforcement", "101")


def test_the_community_is_left_out_with_the_reason_where_it_is_unknown() -> None:
    got = route("物业服务", chain=STREET_ONLY)
    assert got.assist == ("JD-S1",)
    assert ("SQ", "place-unknown") in [(row.unit, row.why) for row in got.reason.left_out]


def test_self_the_squad_leads_and_nobody_is_called() -> None:
    got = route("占道经营")
    assert (got.outcome, got.lead, got.assist, got.on_call, got.kind) == ("self", "JD-S1", (), ("CG",), "enforcement")


def test_a_lead_by_place_needs_a_place() -> None:
    got = route("占道经营", chain=UNKNOWN)
    assert (got.outcome, got.lead, got.reason.code, got.duty) == ("unmatched", None, "place-unknown", "101")


def test_answer_relay_and_statutory() -> None:
    got = route("拆迁")
    assert (got.outcome, got.lead, got.assist, got.on_call) == ("answer", "ZJ", (), ("JD-S1",))
    assert (route("断头路").outcome, route("断头路").lead) == ("relay", "ZB")
    got = route("人防")
    assert (got.outcome, got.lead, got.assist, got.sealed) == ("statutory", None, (), False)
    assert route("腐败").sealed


def test_a_question_is_answered_by_whoever_would_lead() -> None:
    got = route("想知道物业服务", title="咨询物业服务")
    assert (got.outcome, got.lead, got.assist, got.reason.asks) == ("answer", "ZJ", (), "咨询")
    assert route("消防门", title="咨询").outcome == "dispatch"  # an emergency is never just a question
    assert route("断头路", title="咨询").outcome == "relay"
    assert route("物业服务", title="咨询", category="201").outcome == "dispatch"  # a person said what it is


def test_too_close_goes_to_the_desk_with_both() -> None:
    got = route("物业服务,占道经营")
    assert (got.outcome, got.lead, got.reason.code) == ("unmatched", None, "ambiguous")
    assert [hit.duty for hit in got.runners_up] == ["101", "201"]


def test_exactly_one_and_a_half_times_is_enough() -> None:
    assert route("消防门", title="拆迁").reason.code == "ambiguous"  # 9 against 8
    assert route("违停,拆迁", title="拆迁").rule == "211"  # 8 against 4


def test_nothing_found_and_too_little_found() -> None:
    assert route("你好").reason.code == "none"
    got = route("无" * 30 + "违停", title="一件事")
    assert (got.outcome, got.reason.code, got.runners_up[0].duty) == ("unmatched", "weak", "404")


@pytest.mark.parametrize(
    ("body", "more", "kind"),
    [
        ("违停", {}, "appeal"),
        ("违停", {"kind": "enforcement"}, "enforcement"),
        ("违停", {"danger": True}, "emergency"),
        ("消防门", {"kind": "appeal"}, "emergency"),
        ("违停", {"kind": "emergency"}, "emergency"),
    ],
)
def test_kind(body: str, more: dict[str, object], kind: str) -> None:
    assert route(body, **more).kind == kind


def test_an_unmatched_emergency_goes_to_the_duty_office_and_the_streets_duty_officer() -> None:
    got = route("出事了", danger=True)
    assert (got.outcome, got.inform, got.notify) == ("unmatched", ("YJ",), ("node:S1:duty",))
    assert route("出事了").inform == ()
    assert route("物业服务,占道经营", danger=True).inform == ("YJ",)
    assert route("出事了", chain=UNKNOWN, danger=True).notify == ()


def test_a_complaint_about_a_unit_is_sealed_and_never_routed_to_it() -> None:
    got = route("消防队不作为,消防门锁着")
    assert (got.outcome, got.lead, got.sealed, got.hidden_from) == ("unmatched", None, True, ())
    assert got.reason.code == "avoidance"
    assert got.runners_up[0].duty == "301"
    chosen = route("消防队不作为,消防门锁着", category="301")
    assert (chosen.lead, chosen.sealed) == (None, True)
    assert route("消防队不作为,物业服务", category="201").lead == "ZJ"


def test_a_complaint_about_the_street_is_hidden_from_it() -> None:
    got = route("街道办不作为")
    assert (got.outcome, got.sealed, got.hidden_from) == ("unmatched", True, ("S1", "JD-S1"))
    hot = route("街道办不作为,家里漏气", danger=True)
    assert (hot.inform, hot.notify) == (("YJ",), ())  # its duty officer is the street's, too
    assert named(got, "JD", [], "", chain=HERE, units=UNITS) == got


def test_misconduct_goes_the_statutory_way_sealed() -> None:
    got = route("消防队受贿")
    assert (got.outcome, got.sealed, got.lead, got.reason.code) == ("statutory", True, None, "misconduct")
    assert route("消防队受贿", category="201").outcome == "statutory"
    hot = route("消防队受贿,家里漏气", danger=True)
    assert (hot.outcome, hot.sealed, hot.inform) == ("unmatched", True, ("YJ",))


def test_the_category_chosen_by_a_person_wins_over_the_words() -> None:
    got = route("违停", category="201")
    assert (got.lead, got.reason.code, [hit.duty for hit in got.runners_up]) == ("ZJ", "chosen", ["404"])
    assert route("违停", category="nonsense").lead == "GA"


def test_the_street_names_units_itself() -> None:
    got = named(route("违停"), "HB", ["JD", "HB", "CG", "CG"], "不归交警", chain=HERE, units=UNITS)
    assert (got.outcome, got.lead, got.assist) == ("dispatch", "HB", ("JD-S1", "CG"))
    assert (got.reason.code, got.reason.note, got.duty, got.rule) == ("named", "不归交警", "404", "404")
    assert "note" not in got.reason.as_json()
    with pytest.raises(UnknownUnitError) as wrong:
        named(route("违停"), "HB", ["XX"], "", chain=HERE, units=UNITS)
    assert (wrong.value.field, wrong.value.value) == ("assist", "XX")
    with pytest.raises(UnknownUnitError):
        named(route("违停"), "JD", [], "", chain=UNKNOWN, units=UNITS)


def test_the_reason_is_plain_data() -> None:
    told = json.loads(json.dumps(route("物业服务", title="小区").reason.as_json()))
    assert told["words"] == [["物业服务", "body", 0]]
