"""What may be a password: not a leaked one, nor one easily made from such, nor one's own name."""

import pytest

from dispatch.domain.refusals import Invalid
from dispatch.steps.common_passwords import BYTES, FILE, common
from dispatch.steps.passwords import check


@pytest.mark.parametrize(
    "password",
    [
        "1234567890",
        "QWERTYUIOP",
        "1qaz2wsx3edc",
        "woaini1314520",
        "Password2024!",
        "dragon_19880712",
        "13800138000",
        "130403199001011234",
        "aaaaaaaaaaaa",
        "abcabcabcabc",
        "2024-06-18",
        "9876543210",
    ],
)
def test_what_somebody_would_guess_is_refused_with_what_to_do(password: str) -> None:
    assert common(password)
    with pytest.raises(Invalid, match="请换一个"):
        check(password)


@pytest.mark.parametrize("password", ["1qaz2wsx3edc", "Password2024!", "130403199001011234"])
def test_long_enough_is_not_enough(password: str) -> None:
    with pytest.raises(Invalid, match="泄露过"):
        check(password)


@pytest.mark.parametrize(
    "password", ["correct horse battery", "丛台区的晚霞真的很好看啊", "7Kq-vm2x-Lw9", "a" * 9 + "xyzzy"]
)
def test_what_nobody_guesses_is_taken(password: str) -> None:
    check(password, ("130403011.clerk", "示例经办甲"))


@pytest.mark.parametrize(
    ("password", "own"), [("130403011.clerk!", "130403011.clerk"), ("我就叫示例经办甲，没有错的", "示例经办甲")]
)
def test_ones_own_name_is_no_password(password: str, own: str) -> None:
    with pytest.raises(Invalid, match="姓名或账号"):
        check(password, (own,))


@pytest.mark.parametrize("password", ["", "short", "x" * 129])
def test_too_short_and_too_long(password: str) -> None:
    with pytest.raises(Invalid, match="12 到 128"):
        check(password)


def test_the_file_is_sorted_and_whole() -> None:
    data = FILE.read_bytes()
    found = [data[n : n + BYTES] for n in range(0, len(data), BYTES)]
    assert len(data) % BYTES == 0
    assert found == sorted(set(found))
    assert len(found) > 40_000
    assert common("q1w2e3r4t5y6")
