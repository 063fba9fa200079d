"""What messages say: everything needed to act, nothing about persons."""

import ast
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from dispatch.notify import words
from dispatch.notify.deliver import quiet_until
from dispatch.store.notices import About, Claimed
from tests.domain.cases import BUILDING, DISTRICT, STREET, reference

AT = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
DOMAIN = Path(__file__).parents[2] / "dispatch" / "domain"


def notice(kind: str = "assigned", recipient: str = "unit:XF:liaison", *, urgent: bool = False) -> Claimed:
    return Claimed(uuid4(), uuid4(), uuid4(), recipient, "null", kind, urgent, 1, AT)


def about(**changes: object) -> About:
    base = About(
        number=2600000425, district=DISTRICT, place=BUILDING, street=STREET, kind="appeal", sealed=False, hidden=False,
        status="assigned", part="assigned", on_site=False, reported_at=None, part_due_at=AT + timedelta(hours=4),
        stage=None, due_at=None, nth=None, answered=False,
    )  # fmt: skip
    return replace(base, **changes)  # type: ignore[arg-type]


def kinds_told() -> set[str]:
    """Every kind that the rules give to `turn.tell`, read from the source."""
    found = set()
    for file in DOMAIN.glob("*.py"):
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "tell":
                found.update(
                    each.value
                    for each in ast.walk(call.args[3])
                    if isinstance(each, ast.Constant) and isinstance(each.value, str)
                )
    return found


def test_every_kind_that_the_rules_tell_has_its_words() -> None:
    told = kinds_told()
    assert {"assigned", "unmatched", "warned"} <= told
    assert told <= set(words.ASKED)


def test_a_message_names_number_place_recipient_task_time_and_link() -> None:
    text = words.line(notice(), about(), reference(), "http://test/w/2600000425")
    assert text == (
        "2600000425号（东柳街道广泰社区广泰小区3号楼）消防联络员：派给贵单位，请在11月23日13:00前签收\n"
        "http://test/w/2600000425"
    )


def test_urgent_and_on_site() -> None:
    text = words.line(notice(urgent=True), about(on_site=True, kind="emergency"), reference(), "x")
    assert text.startswith("【紧急】2600000425号")
    assert "到场报到" in text


def test_a_sealed_whistle_does_not_name_its_place() -> None:
    assert "东柳" not in words.line(notice("resolved", "node:130403:dispatcher"), about(sealed=True), reference(), "x")


def test_climbing_names_the_stage() -> None:
    text = words.asked(notice("reminded"), about(stage="reported", nth=2))
    assert text == "签收仍未完成，第2次催办"
    assert words.asked(notice("warned"), about(stage="handling", due_at=AT)) == "办理时限将到（11月23日09:00），请抓紧"


def test_an_unknown_kind_seat_or_place_still_makes_a_message() -> None:
    text = words.line(notice("brand-new", "node:gone:head"), about(place="gone"), reference(), "x")
    assert "有新情况，请查看" in text
    assert "地点不明" in text


@pytest.mark.parametrize("kind", sorted(words.ASKED))
def test_words_that_are_never_shown(kind: str) -> None:
    said = words.ASKED[kind]
    for never in ("节点", "升级", "问责"):
        assert never not in said


def test_nobodys_name_stands_in_any_recipient() -> None:
    people = reference().people
    names = {person.name for person in people.persons.values()}
    for seat in people.seats:
        said = words.recipient(seat, reference())
        assert said
        assert not any(name in said for name in names if name[-1] in "甲乙丙丁戊")


@pytest.mark.parametrize(
    ("kind", "changes", "why"),
    [
        ("assigned", {"status": "closed"}, "over"),
        ("assigned", {"part": "released"}, "released"),
        ("assigned", {"part": None}, "released"),
        ("assigned", {"part": "reported-in", "reported_at": AT + timedelta(seconds=1)}, "reported-in"),
        ("climbed", {"answered": True}, "answered"),
        ("warned", {"answered": True}, "answered"),
        ("assigned", {}, None),
        # a unit that only replies is signed from the start: it is still to be told
        ("assigned", {"part": "reported-in"}, None),
        ("noticed", {"answered": True, "status": "closed"}, None),
        ("cancelled", {"status": "cancelled"}, None),
        ("supervision", {"answered": True}, None),
        ("merged", {"status": "merged"}, None),
        ("answered", {"status": "merged"}, None),
    ],
)
def test_nobody_is_told_after_the_deed(kind: str, changes: dict[str, object], why: str | None) -> None:
    assert words.moot(notice(kind), about(**changes)) == why


def test_volunteers_are_left_in_peace_at_night() -> None:
    night = datetime(2026, 11, 23, 15, 30, tzinfo=UTC)  # 23:30 in the district
    head = notice("climbed", f"node:{BUILDING}:head")
    until = quiet_until(head, about(), reference(), night)
    assert until == datetime(2026, 11, 23, 23, 0, tzinfo=UTC)
    assert quiet_until(head, about(), reference(), night + timedelta(hours=5)) == until
    assert quiet_until(head, about(), reference(), AT) is None
    assert quiet_until(head, about(kind="emergency"), reference(), night) is None
    assert quiet_until(replace(head, urgent=True), about(), reference(), night) is None
    assert quiet_until(notice("climbed", f"node:{STREET}:head"), about(), reference(), night) is None
    assert quiet_until(notice(), about(), reference(), night) is None


def test_of_what_is_hidden_from_somebody_not_even_the_number_is_said_where_they_may_read_along() -> None:
    hidden = about(sealed=True, hidden=True)
    said = words.line(notice("resolved", "node:130403:dispatcher"), hidden, reference(), "http://test/w/2600000425")
    assert "回避" in said
    assert "2600000425" not in said
