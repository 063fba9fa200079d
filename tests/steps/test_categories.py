"""A category is found by what a clerk types: code, name, a word, pinyin initials."""

import pytest

from dispatch.steps.categories import find, named
from tests.domain.cases import reference

DUTIES = reference().duties


@pytest.mark.parametrize(
    ("typed", "first"),
    [("301", "301"), ("消防通道", "301"), ("xftd", "301"), ("XFTD", "301"), ("灭火器", "301"), ("灭火器过期了", "301")],
)
def test_the_first_that_is_offered(typed: str, first: str) -> None:
    assert find(DUTIES, typed)[0].code == first


@pytest.mark.parametrize("typed", ["", "  ", "没有这样的事", "zzzz"])
def test_nothing_is_offered_for_nothing(typed: str) -> None:
    assert find(DUTIES, typed) == []
    assert named(DUTIES, typed) is None


def test_the_better_fit_comes_first_and_the_demonstrations_own_is_not_offered() -> None:
    name = DUTIES.by_code["301"].name
    assert find(DUTIES, name)[0].code == "301"
    assert len(find(DUTIES, "1")) == 10
    assert all(duty.code.startswith("1") for duty in find(DUTIES, "1"))
    demo = next(duty for duty in DUTIES.duties if duty.demo)
    assert demo not in find(DUTIES, demo.name)


def test_one_that_is_meant_is_taken_and_several_are_none() -> None:
    duty = DUTIES.by_code["301"]
    for typed in ("301", duty.name, f"301 {duty.name}", "xftd"):
        assert named(DUTIES, typed) == duty
    assert len(find(DUTIES, "垃圾")) > 1
    assert named(DUTIES, "垃圾") is None
