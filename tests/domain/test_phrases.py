"""Words picked out of a title for a rule that is not there yet."""

from dispatch.domain.phrases import telling

PIGEONS = "广泰小区里的鸽子太多，落了一地羽毛"


def test_what_tells_a_matter_apart_comes_longest_first() -> None:
    assert telling(PIGEONS, [], (), ["广泰小区"]) == ("一地羽毛", "鸽子")


def test_words_of_rules_parts_of_them_names_and_common_words_are_left_out() -> None:
    assert telling(PIGEONS, [], ["野鸽子"], ["广泰小区"]) == ("一地羽毛",)
    assert telling(PIGEONS, ["一地羽毛"] * 2 + ["路灯不亮"] * 98, (), ["广泰小区"]) == ("鸽子",)
    assert telling(PIGEONS, ["一地羽毛"] + ["路灯不亮"] * 99, (), ["广泰小区"]) == ("鸽子", "一地羽毛")
    assert telling("广泰小区", [], (), ["广泰小区"]) == ()


def test_how_many_and_who_knows_are_no_part_of_a_word() -> None:
    assert telling("有人养了3只鸽子，不知道找谁", [], (), ()) == ("人养", "鸽子")


def test_of_a_long_piece_both_ends_stand_for_it() -> None:
    assert telling("公交站台顶棚玻璃破裂", [], (), ()) == ("公交站台", "玻璃破裂")
