"""Masking of phone, identity-card and bank numbers in free text, at intake, before anything is stored."""

from __future__ import annotations

import re
from collections.abc import Callable

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECK = "10X98765432"
_GAP = "[ \\-\u2010-\u2014\u3000\u00a0]?"  # what people put between groups of digits
_ALONE, _ENDS = r"(?<![\d*])", r"(?![\d*])"
_IDENTITY = re.compile(rf"{_ALONE}\d{{6}}{_GAP}\d{{8}}{_GAP}\d{{3}}[\dXx]{_ENDS}")
_CARD = re.compile(rf"{_ALONE}[3-69]\d{{3}}(?:{_GAP}\d{{4}}){{3}}(?:{_GAP}\d{{1,3}})?{_ENDS}")
_MOBILE = re.compile(rf"(?:{_ALONE}\+?86{_GAP}|{_ALONE})(1[3-9]\d){_GAP}\d{{4}}{_GAP}(\d{{4}}){_ENDS}")
_LANDLINE = re.compile(rf"{_ALONE}0(?:10|2\d|[3-9]\d\d)[)\uff09]?{_GAP}[2-8]\d{{2,3}}{_GAP}\d{{4}}{_ENDS}")
_LOCAL = re.compile(rf"(?:电话|座机|来电|致电|联系方式|[Tt][Ee][Ll])[^\d\n*]{{0,4}}[2-8]\d{{2,3}}{_GAP}\d{{4}}{_ENDS}")
_SEVEN_DIGITS = re.compile(r"\d[\d\W]{5,}\d")


def mask(text: str) -> tuple[str, int]:
    """The text with personal numbers masked, keeping a hint (138****1234), and how many were masked.

    Masked are mobile and landline numbers, identity numbers whose check digit is right, and bank
    card numbers of 16–19 digits that pass Luhn. Dates, case numbers of ten digits and other runs
    of digits stay. Masking a masked text changes nothing.
    """
    if not _SEVEN_DIGITS.search(text):
        return text, 0
    total = 0
    for pattern, hide in _RULES:
        text, count = _replace(pattern, hide, text)
        total += count
    return text, total


def mask_name(name: str) -> str:
    """A person's name with the family name alone left: 王**."""
    return f"{name.strip()[:1]}**" if name.strip() else ""


def mask_phone(phone: str) -> str:
    """A telephone number as it was written down, with a hint left: 138****1234, or the last two digits."""
    digits = "".join(character for character in phone if character.isdecimal())
    if _MOBILE.fullmatch(digits):
        return f"{digits[-11:-8]}****{digits[-4:]}"
    return "*" * max(0, len(digits) - 2) + digits[-2:] if len(digits) > 4 else "****"


def _replace(pattern: re.Pattern[str], hide: Callable[[re.Match[str]], str | None], text: str) -> tuple[str, int]:
    count = 0

    def one(found: re.Match[str]) -> str:
        nonlocal count
        hidden = hide(found)
        if hidden is None:
            return found[0]
        count += 1
        return hidden

    return pattern.sub(one, text), count


def _identity(found: re.Match[str]) -> str | None:
    digits = _plain(found[0])
    return digits[:6] + "*" * 8 + digits[-4:] if is_identity_number(digits) else None


def _card(found: re.Match[str]) -> str | None:
    digits = _plain(found[0])
    return digits[:4] + "*" * (len(digits) - 8) + digits[-4:] if luhn(digits) else None


def _mobile(found: re.Match[str]) -> str:
    return f"{found[1]}****{found[2]}"


def _fixed(found: re.Match[str]) -> str:
    return found[0][:-4] + "****"


_RULES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str | None]], ...] = (
    (_IDENTITY, _identity),
    (_CARD, _card),
    (_MOBILE, _mobile),
    (_LANDLINE, _fixed),
    (_LOCAL, _fixed),
)


def _plain(text: str) -> str:
    """Digits (and a final X) only, full-width ones made plain."""
    return "".join(str(int(c)) if c.isdecimal() else c.upper() for c in text if c.isdecimal() or c in "Xx")


def is_identity_number(digits: str) -> bool:
    """Whether 18 characters are an identity number (GB 11643): plausible birthday, right check digit."""
    if len(digits) != 18 or not digits[:17].isdecimal() or digits[17] not in "0123456789X":
        return False
    month, day = int(digits[10:12]), int(digits[12:14])
    if digits[6:8] not in ("18", "19", "20") or not 1 <= month <= 12 or not 1 <= day <= 31:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(digits[:17], _ID_WEIGHTS, strict=True))
    return _ID_CHECK[total % 11] == digits[17]


def luhn(digits: str) -> bool:
    """Whether a card number's check digit is right (ISO/IEC 7812); a run of one digit is refused."""
    if len(set(digits)) == 1:
        return False
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
