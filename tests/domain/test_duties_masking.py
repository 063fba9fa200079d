"""Masking: what is personal goes, a hint stays, everything else stays as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.duties import mask
from dispatch.domain.masking import is_identity_number, luhn, mask_name, mask_phone


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("请回电13812341234谢谢", "请回电138****1234谢谢"),
        ("138 1234 1234", "138****1234"),
        ("+86-138-1234-1234", "138****1234"),
        ("13812341234 13912345678", "138****1234 139****5678"),
        ("电话:0310-8051234", "电话:0310-805****"),
        ("(0310)80512345。", "(0310)8051****。"),
        ("座机8051234", "座机805****"),
        ("身份证11010519491231002X", "身份证110105********002X"),
        ("卡号6222021001116245702", "卡号6222***********5702"),
        ("6222 0210 0111 6245 702", "6222***********5702"),
        ("全角13812341234", "全角138****1234"),
    ],
)
def test_personal_numbers_are_masked_with_a_hint(text: str, masked: str) -> None:
    assert mask(text) == (masked, masked.count("*" * 4) if "138****1234 139" in masked else 1)


@pytest.mark.parametrize(
    "text",
    [
        "丛吹〔2026〕2600000425号",
        "编号26 0000 0425",
        "电话里说的是2600000425",
        "2026-06-18 09:14:05",
        "20260618091405",
        "2019/2/28 11:25:05",
        "110105194912310021",  # the check digit is wrong
        "6222021001116245703",  # Luhn is wrong
        "0000000000000000",
        "花了12800元，共13812平方米",
        "社区130403011001，网格130403011001001",
        "",
    ],
)
def test_other_numbers_stay(text: str) -> None:
    assert mask(text) == (text, 0)


TEXTS = st.text(alphabet="0123456789012345678901234567899Xx *-()+ 电话卡号,。年113", max_size=60)


@given(TEXTS)
def test_masking_twice_changes_nothing_more(text: str) -> None:
    once, _ = mask(text)
    assert mask(once) == (once, 0)


@given(TEXTS)
def test_masking_never_shows_more_digits(text: str) -> None:
    masked, count = mask(text)
    before, after = (sum(c.isdecimal() for c in one) for one in (text, masked))
    assert after <= before - 3 * count  # each of them hides at least three


@given(st.from_regex(r"[一二三，。a]{0,5}1[3-9][0-9]{9}[一二三，。a]{0,5}", fullmatch=True))
def test_every_mobile_number_is_masked(text: str) -> None:
    masked, count = mask(text)
    assert count == 1
    assert "****" in masked


@given(st.integers(min_value=2_000_000_000, max_value=9_999_999_999))
def test_a_whistle_number_is_never_masked(number: int) -> None:
    for text in (f"{number}", f"单号{number}号", f"见 {number},已办"):
        assert mask(text) == (text, 0)


@given(st.from_regex(r"[1-9][0-9]{5}(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9])[0-9]{3}", fullmatch=True))
def test_an_identity_number_has_exactly_one_right_check_digit(seventeen: str) -> None:
    right = [digit for digit in "0123456789X" if is_identity_number(seventeen + digit)]
    assert len(right) == 1
    assert mask("号" + seventeen + right[0])[1] == 1


def test_luhn_as_published() -> None:
    assert luhn("4111111111111111")
    assert not luhn("4111111111111112")


@pytest.mark.parametrize(
    ("phone", "masked"),
    [
        ("13812341234", "138****1234"),
        ("+86 138 1234 1234", "138****1234"),
        ("0310-8051234", "*********34"),
        ("13812341234 转 5678901", "****************01"),
        ("x", "****"),
    ],
)
def test_a_number_that_is_known_to_be_one_is_masked_whatever_its_kind(phone: str, masked: str) -> None:
    assert mask_phone(phone) == masked


def test_of_a_name_the_family_name_is_left() -> None:
    assert [mask_name(name) for name in ("王某某", " 李", "")] == ["王**", "李**", ""]
