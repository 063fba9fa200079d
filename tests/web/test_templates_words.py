"""Words, times and numbers as they are said; the English catalog is whole."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dispatch.web import catalog, i18n, say, states, words

ZONE = ZoneInfo("Asia/Shanghai")
CJK = re.compile(r"[\u4e00-\u9fff]")


def hours(h: float) -> timedelta:
    return timedelta(hours=h)


@pytest.mark.parametrize(
    ("span", "mode", "text"),
    [
        (hours(3) + timedelta(minutes=20), "working", "3 工时 20 分"),
        (hours(1) + timedelta(minutes=5), "elapsed", "1 小时 05 分"),
        (hours(9), "working", "1 工作日 2 工时"),
        (hours(6 * 24 + 4), "elapsed", "6 天 4 小时"),
        (hours(4), "working", "4 工时"),
        (hours(7), "working", "1 工作日"),
        (timedelta(seconds=59), "elapsed", "不到 1 分"),
        (-hours(1) - timedelta(minutes=50), "working", "1 工时 50 分"),
    ],
)
def test_durations_take_two_figures_of_one_kind(span: timedelta, mode: say.Mode, text: str) -> None:
    assert say.plain(say.duration(span, mode)) == text


def test_seconds_only_in_the_one_minute_demo() -> None:
    assert say.plain(say.duration(timedelta(seconds=9), "elapsed", seconds=True)) == "9 秒"
    assert say.plain(say.duration(timedelta(seconds=9), "elapsed")) == "不到 1 分"


def test_time_left_and_time_late() -> None:
    left = say.time_left(hours(3) + timedelta(minutes=56), "working")
    assert (left.prefix, left.full) == ("剩", "剩余三工时五十六分")
    late = say.time_left(-timedelta(minutes=10), "elapsed")
    assert (late.prefix, late.full) == ("已逾期", "已逾期十分")


def test_points_in_time() -> None:
    now = datetime(2026, 6, 18, 2, 52, tzinfo=UTC)

    def at(day: int, hour: int) -> str:
        return say.moment(datetime(2026, 6, day, hour - 8, 20, tzinfo=UTC), now, ZONE)

    assert at(18, 11) == "今天 11:20"
    assert at(17, 16) == "昨天 16:20"
    assert at(22, 10) == "周一 10:20"
    assert at(25, 10) == "6/25 10:20"
    assert say.moment(datetime(2025, 12, 1, 2, 0, tzinfo=UTC), now, ZONE) == "2025/12/1 10:00"
    assert say.on_paper(datetime(2026, 6, 18, 1, 14, 7, tzinfo=UTC), ZONE) == "2026年6月18日（周四）09:14"


def test_numbers() -> None:
    assert say.number_groups("2600003173") == ("26", "0000", "3173")
    assert say.spoken_number("2600003173") == "二六、零零零零、三一七三"
    assert say.paper_number("2600003173") == "丛吹〔2026〕2600003173号"
    assert (say.rate(231, 268), say.rate(0, 0)) == ("86.2 %", "没有")


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        (states.label("raised"), "待派单"),
        (states.label("assigned", "assigned"), "待签收"),
        (states.label("assigned", "reported-in"), "已签收"),
        (states.label("handling", "on-site"), "已到场·办理中"),
        (states.label("handling", "on-site", rework=True), "返工办理中"),
        (states.label("handling", "on-site", "hand-back"), "退单待裁定"),
        (states.label("handling", "reported-in", refused=True), "办理中·不得再退"),
        (states.label("handling", outcome="self"), "街道自办中"),
        (states.label("handling", children=(2, 3)), "办理中·子单 2/3"),
        (states.label("on-hold", review_on="6/30"), "已挂账·复查日 6/30"),
        (states.label("merged", merged_into="2600000425"), "随 2600000425 号办理"),
        (states.beside("order", states.label("handling")), "办理中·督办中"),
        (states.label("resolved", "done"), "待核查"),
        (states.label("closed", "done", "objection"), "已办结"),
        (states.label("handling", gen=2), "重新办理·第 2 次"),
    ],
)
def test_states(label: str, expected: str) -> None:
    assert label == expected


def test_buttons_speak_both_languages() -> None:
    assert words.button("verify", "no") == "退回重办"
    with i18n.speaking("en"):
        assert words.button("verify", "no") == "Send back"
        assert states.label("on-hold", review_on="6/30") == "On hold, review on 6/30"
    assert words.button("report-in") == "签收"
    with i18n.speaking("xx"):
        assert i18n.language() == "zh"


def test_every_message_has_english() -> None:
    po = catalog.read()
    untranslated = [m for m in catalog.messages() if not (po.get(m) and po.get(m).string)]
    assert untranslated == [], "run python -m dispatch.web.catalog and fill them in"


def test_english_is_filled_by_what_fills_the_chinese() -> None:
    for message in catalog.read():
        values = dict.fromkeys(re.findall(r"%\((\w+)\)", str(message.id)), 1)
        if values:
            assert str(message.string) % values  # a bare % raises


def test_placeholders_survive_translation() -> None:
    names = re.compile(r"%\((\w+)\)s|\{(\w+)\}")
    for message in catalog.read():
        if message.id:
            assert set(names.findall(str(message.id))) == set(names.findall(str(message.string))), message.id


def test_english_has_no_chinese_left_and_no_banned_word() -> None:
    for message in catalog.read():
        if message.id:
            assert not CJK.search(str(message.string)), message.string


@pytest.mark.parametrize("path", sorted((catalog.WEB / "templates").rglob("*.html")), ids=lambda p: p.name)
def test_templates_have_no_words_outside_gettext(path: Path) -> None:
    text = re.sub(r"\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}", "", path.read_text("utf-8"), flags=re.S)
    assert CJK.findall(text.replace(">中文<", "><")) == []
