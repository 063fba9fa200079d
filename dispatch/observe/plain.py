"""What may stand in a log line: codes, ids, numbers, moments. Anything else becomes a short hash."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Any
from uuid import UUID

#: a code, an id, an ISO moment, a type or a route template
_CODE = re.compile(r"[A-Za-z0-9_.:@/+<>{}*\[\]=,-]{1,160}", re.ASCII)
#: runs of digits as long as a phone's, an identity card's or a bank card's (a whistle's number has ten)
_PERSONAL = re.compile(r"(?<![0-9A-Za-z-])(?:\+?86)?1[3-9][0-9]{9}(?![0-9A-Za-z-])|[0-9]{13,}[0-9Xx]*")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_UUIDS = re.compile(f"{_UUID.pattern}(?:,{_UUID.pattern})*")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|“[^”]*”|「[^」]*」")
_FOREIGN = re.compile(r"[^\x20-\x7e]+")
_LONGEST = 200
_MOST = 20


class Said(str):
    """Text that a programmer wrote into the source, no person into a form."""

    __slots__ = ()


_PLAIN = frozenset({bool, float, datetime, date, UUID, Said})


def plain(value: object) -> Any:
    """The value if it can hold nothing personal, else `#` and the first eight digits of its hash."""
    kind = type(value)
    if kind is str:
        return value if _fits(value) else hashed(value)  # type: ignore[arg-type]
    if kind is int:
        return hashed(str(value)) if _personal(value) else value  # type: ignore[arg-type]
    if value is None or kind in _PLAIN:
        return value
    match value:
        case timedelta():
            return value.total_seconds()
        case bytes():
            return hashed(value.hex())
        case Mapping():
            return {str(plain(str(key))): plain(each) for key, each in list(value.items())[:_MOST]}
        case list() | tuple() | set() | frozenset():
            return [plain(each) for each in list(value)[:_MOST]]
    return kind.__name__


def _fits(value: str) -> bool:
    if len(value) == 36 and _UUID.fullmatch(value):
        return True
    return _is_code(value) if len(value) <= 64 else _is_code.__wrapped__(value)


@lru_cache(maxsize=4096)
def _is_code(value: str) -> bool:
    """Codes come again and again: this is on the way of every line."""
    return _CODE.fullmatch(value) is not None and _PERSONAL.search(_UUID.sub("", value)) is None


def _personal(value: int) -> bool:
    """As long as a phone's or a card's number; an offset as high as that is hidden too, the smaller harm."""
    return 13_000_000_000 <= value < 20_000_000_000 or abs(value) >= 10**12


def ids(values: Iterable[str], most: int = 100) -> Iterator["Said"]:
    """Many ids in few lines: joined by commas, up to `most` at a time; what is no UUID becomes its hash."""
    left = iter(values)
    while some := list(islice(left, most)):
        line = ",".join(some)
        if not _UUIDS.fullmatch(line):  # asked of the whole line: this is on the way of every message
            line = ",".join(value if _UUID.fullmatch(value) else hashed(value) for value in some)
        yield Said(line)


def hashed(value: str) -> str:
    """Eight hexadecimal digits that tell equal values from unequal ones, and nothing else."""
    return "#" + hashlib.sha256(value.encode(errors="replace")).hexdigest()[:8]


def scrub(text: str) -> str:
    """A library's line that was put together before we saw it: without quoted parts, foreign letters, long numbers."""
    text = _FOREIGN.sub("…", _QUOTED.sub("…", text.split("\n", 1)[0]))
    return re.sub(r"[0-9]{7,}[0-9Xx]*", "…", text)[:_LONGEST]
