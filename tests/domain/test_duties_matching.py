"""Matching: the score as it is written down, and nothing else."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.deadlines import Limit
from dispatch.domain.duties import Accusation, Duty, DutyList, Match, MatchRule, danger_words, match
from dispatch.domain.scan import Words


def duty(code: str, *words: str, lead: str = "CG", **more: object) -> Duty:
    values: dict[str, object] = {
        "name": code,
        "group": "",
        "assist": (),
        "outcome": "dispatch",
        "kind": "appeal",
        "limit": Limit.parse("1wd"),
        "words": words,
    }
    return Duty(code=code, lead=lead, **(values | more))  # type: ignore[arg-type]


DUTIES = DutyList.of(
    [
        duty("301", "消防通道", "消防门", "锁", lead="XF"),
        duty("115", "狗", "咬", "养狗", lead="GA"),
        duty("401", "赌博", "麻将馆", lead="GA", without=("麻将馆已关",)),
        duty("108", "噪音", "半夜施工", lead="CG", needs=("施工", "工地")),
    ],
    version=7,
    rule=MatchRule(short=20, buried=30, asking=("咨询",)),
    danger=("漏气", "困人"),
    accusation=Accusation({"XF": ("消防队",)}, ("不作为",), ("受贿",), before=("举报",), between=("物业",)),
)


def scores(title: str, body: str) -> dict[str, int]:
    return {hit.duty: hit.score for hit in match(DUTIES, title, body).hits}


def test_score_is_the_sum_of_squares_and_counts_each_word_once() -> None:
    assert scores("", "消防通道,消防通道,消防门") == {"301": 16 + 9}


def test_words_in_the_title_count_double_and_not_again_in_the_body() -> None:
    assert scores("消防通道", "消防通道 消防门") == {"301": 32 + 9}


def test_a_single_character_counts_only_beside_another_word() -> None:
    assert scores("", "门被锁了") == {}
    assert scores("", "消防门被锁") == {"301": 9 + 1}
    assert scores("锁", "消防门") == {"301": 9 + 2}
    assert scores("", "狗咬人") == {}
    assert scores("", "养狗咬人") == {"115": 4 + 1 + 1}


def test_a_word_that_rules_out_and_a_word_that_is_needed() -> None:
    assert scores("", "麻将馆") == {"401": 9}
    assert scores("", "麻将馆已关") == {}
    assert scores("", "噪音") == {}
    assert scores("", "噪音,工地") == {"108": 4}


def test_hits_come_best_first_with_where_each_word_stands() -> None:
    found = match(DUTIES, "麻将馆", "赌博,消防门锁")
    assert [hit.duty for hit in found.hits] == ["401", "301"]
    assert [tuple(word) for word in found.hits[0].words] == [("麻将馆", "title", 0), ("赌博", "body", 0)]
    assert [tuple(word) for word in found.hits[1].words] == [("消防门", "body", 3), ("锁", "body", 6)]
    assert found.version == 7


def test_buried_far_down_in_a_long_text() -> None:
    far = "无" * 21 + "消防门"
    assert match(DUTIES, "标题", far).hits[0].buried
    assert match(DUTIES, "", far).hits[0].buried
    assert not match(DUTIES, "消防门", far).hits[0].buried
    assert not match(DUTIES, "标题", "消防门").hits[0].buried
    assert not match(DUTIES, "", "消防门" + "无" * 40).hits[0].buried


def test_danger_words_and_questions_are_noted() -> None:
    found = match(DUTIES, "咨询一事", "家里漏气")
    assert (found.danger, found.asks) == (("漏气",), "咨询")
    assert danger_words(DUTIES, "困人", "漏气") == ["漏气", "困人"]


@pytest.mark.parametrize(
    ("title", "body", "unit", "misconduct"),
    [
        ("", "消防队一直不作为", "XF", False),
        ("", "消防队收了钱受贿", "XF", True),
        ("举报某地消防队", "无", "XF", False),
        ("", "消防队来了。物业不作为", None, False),
        ("", "消防队说物业不作为", None, False),
        ("", "举报给消防队", None, False),
        ("", "消防队很好", None, False),
    ],
)
def test_who_is_complained_about(title: str, body: str, unit: str | None, misconduct: bool) -> None:
    blamed = match(DUTIES, title, body).accused
    assert [one.unit for one in blamed] == ([unit] if unit else [])
    assert any(one.misconduct for one in blamed) is misconduct


@given(st.text(alphabet="消防通道门锁狗咬养赌博麻将馆漏气队不作为举报。", max_size=40), st.booleans())
def test_a_match_survives_json(text: str, titled: bool) -> None:
    found = match(DUTIES, text if titled else "", text)
    assert Match.from_json(json.loads(json.dumps(found.as_json()))) == found


@given(st.lists(st.text("甲乙丙[]^-\\", min_size=1, max_size=4), max_size=12), st.text("甲乙丙[]^-\\", max_size=30))
def test_the_scan_finds_exactly_the_words_that_stand_in_the_text(words: list[str], text: str) -> None:
    expected = {word for word in words if len(word) >= 2 and word in text}
    found = Words.of(words).found(text)
    assert set(found) == expected
    assert len(found) == len(expected)
