"""Which passwords are known from leaks, offline: a sorted file of hash prefixes (`deploy/passwords`).

A prefix of 32 bits takes about one good password in 30,000 for a known one; then another must be chosen.
"""

import hashlib
import re
import string
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("common_passwords.bin")
BYTES = 4
_ENDS = string.digits + string.punctuation + " "
_ROWS = ("01234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn")
_RUNS = tuple(run for row in _ROWS for run in (row, row[::-1]))
#: a mobile number, an identity number: known to many
_NUMBERS = re.compile(r"1[3-9]\d{9}|\d{17}[\dx]")
_REPEATED = re.compile(r"(.{1,4}?)\1+", re.DOTALL)


def digest(password: str) -> bytes:
    """What the file holds of a password in small letters."""
    return hashlib.sha256(password.encode("utf-8", "surrogatepass")).digest()[:BYTES]


@cache
def _known() -> bytes:
    return FILE.read_bytes()


def listed(password: str) -> bool:
    """Whether the file has it."""
    data, wanted = _known(), digest(password)
    low, high = 0, len(data) // BYTES
    while low < high:
        middle = (low + high) // 2
        found = data[middle * BYTES : (middle + 1) * BYTES]
        if found == wanted:
            return True
        low, high = (middle + 1, high) if found < wanted else (low, middle)
    return False


def weakness(password: str) -> str:
    """How somebody who guesses would come upon it soon; "" where nobody would.

    `number`: a telephone or identity number. `repeated`: a short piece again and again. `run`: keys or digits in a
    row. `listed`: leaked. `around`: a leaked word, or hardly any, with digits and signs around it.
    """
    plain = password.lower()
    core = plain.strip(_ENDS)
    if _NUMBERS.fullmatch(plain):
        return "number"
    if _REPEATED.fullmatch(plain):
        return "repeated"
    if any(plain in run for run in _RUNS):
        return "run"
    if listed(plain):
        return "listed"
    return "around" if len(core) < len(plain) and (len(core) < 4 or listed(core)) else ""
