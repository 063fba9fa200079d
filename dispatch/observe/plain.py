"""What may stand in a log line: codes, ids, numbers, moments. Anything else becomes a short hash."""

import hashlib
import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

#: a code, an id, an ISO moment, a type or a route template
_CODE = re.compile(r"[A-Za-z0-9_.:@/+<>{}*\[\]=,-]{1,160}", re.ASCII)
#: runs of digits as long as a phone's, an identity card's or a bank card's (a whistle's number has ten)
_PERSONAL = re.compile(r"(?<![0-9A-Za-z-])(?:\+?86)?1[3-9][0-9]{9}(?![0-9A-Za-z-])|[0-9]{13,}[0-9Xx]*")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|“[^”]*”|「[^」]*」")
_FOREIGN = re.compile(r"[^\x20-\x7e]+")
_LONGEST = 200
_MOST = 20


class Said(str):
    """Text that a programmer wrote into the source, no person into a form."""

    __slots__ = ()


def plain(value: object) -> Any:
    """The value if it can hold nothing personal, else `#` and the first eight digits of its hash."""
    match value:
        case None | bool() | float() | datetime() | date() | UUID() | Said():
            return value
        case int():
            # an offset beyond thirteen billion may be hidden too: the smaller harm
            return hashed(str(value)) if _PERSONAL.fullmatch(str(value)) else value
        case timedelta():
            return value.total_seconds()
        case bytes():
            return hashed(value.hex())
        case str():
            return value if _is_code(value) else hashed(value)
        case Mapping():
            return {str(plain(str(key))): plain(each) for key, each in list(value.items())[:_MOST]}
        case list() | tuple() | set() | frozenset():
            return [plain(each) for each in list(value)[:_MOST]]
    return type(value).__name__


def _is_code(value: str) -> bool:
    if not _CODE.fullmatch(value):
        return False
    return _PERSONAL.search(_UUID.sub("", value)) is None


def hashed(value: str) -> str:
    """Eight hexadecimal digits that tell equal values from unequal ones, and nothing else."""
    return "#" + hashlib.sha256(value.encode(errors="replace")).hexdigest()[:8]


def scrub(text: str) -> str:
    """A library's line that was put together before we saw it: without quoted parts, foreign letters, long numbers."""
    text = _FOREIGN.sub("…", _QUOTED.sub("…", text.split("\n", 1)[0]))
    return re.sub(r"[0-9]{7,}[0-9Xx]*", "…", text)[:_LONGEST]
