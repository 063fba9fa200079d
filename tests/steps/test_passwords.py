"""What may be a password: not a leaked one, nor one easily made from such, nor one's own name."""

import pytest

from dispatch.domain.refusals import Invalid
from dispatch.steps.common_passwords import BYTES, FILE, weakness
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
    assert weakness(password)
    with pytest.raises(Invalid, match="请换"):
        check(password)


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("password1234", "泄露过"),
        ("1qaz2wsx3edc", "连着的键"),
        ("Password2024!", "去掉头尾的数字和符号"),
        ("2024-06-18 12:00", "去掉头尾的数字和符号"),
        ("130403199001011234", "身份证号"),
        ("abcabcabcabc", "写了几遍"),
        ("short", "这个有 5 个"),
    ],
)
def test_what_is_wrong_is_said_and_what_would_do(password: str, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        check(password)
    assert said in refused.value.words()
    assert "不相干的词" in refused.value.words()


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
    assert weakness("q1w2e3r4t5y6") == "listed"
