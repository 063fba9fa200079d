"""Repeats: alike, on one street, near in time; proposed in the same way every time."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from dispatch.steps.duplicates import find, pairs_of, similarity
from dispatch.store.imports import Text

DAY = timedelta(days=1)
START = datetime(2026, 3, 2, 1, tzinfo=UTC)
LEAKING = "广泰小区三号楼二单元屋顶漏水，物业一直没有来修，请住建局过问一下维修资金"


def text(n: int, body: str, *, street: str | None = "s1", day: int = 0) -> Text:
    return Text(UUID(int=n), street, START + day * DAY, body)


def ids(texts: list[Text], within: int = 30, least: float = 0.5) -> list[tuple[int, int]]:
    return [(one.whistle.int, one.into.int) for one in find(texts, within * DAY, least)]


def test_the_later_is_proposed_into_the_earlier() -> None:
    assert ids([text(2, LEAKING + "！", day=3), text(1, LEAKING)]) == [(2, 1)]


def test_another_street_another_season_or_another_matter_is_no_repeat() -> None:
    assert ids([text(1, LEAKING), text(2, LEAKING, street="s2")]) == []
    assert ids([text(1, LEAKING), text(2, LEAKING, day=31)]) == []
    assert ids([text(1, LEAKING), text(2, "四季青示例甲小区广场舞音响太大，老人孩子晚上没法休息，请公安来管")]) == []


def test_the_most_alike_wins_and_ties_go_to_the_earliest() -> None:
    assert ids([text(1, LEAKING + "了，谢谢各位领导"), text(2, LEAKING, day=1), text(3, LEAKING, day=2)])[-1] == (3, 2)
    assert ids([text(1, LEAKING), text(2, LEAKING, day=1), text(3, LEAKING, day=2)]) == [(2, 1), (3, 1)]


@given(st.lists(st.sampled_from([LEAKING, LEAKING[5:], "路灯不亮" * 8, LEAKING[::-1]]), max_size=8))
def test_the_order_of_the_rows_changes_nothing(bodies: list[str]) -> None:
    texts = [text(n, body, day=n) for n, body in enumerate(bodies, 1)]
    assert ids(texts) == ids(texts[::-1])


@given(st.text(max_size=60), st.text(max_size=60))
def test_similarity_is_symmetric_between_nothing_and_the_same(one: str, other: str) -> None:
    a, b = pairs_of(one), pairs_of(other)
    assert similarity(a, b) == similarity(b, a)
    assert 0 <= similarity(a, b) <= 1
    assert not a or similarity(a, a) == 1
