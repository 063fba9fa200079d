"""The kinds of value that may travel: codes, moments, numbers. Free text only comes in, on `whistles.inbound`."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

#: a code, rule id, status, seat: printable ASCII without blanks, so no sentence and no name fits
Code = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[!-~]+$")]
Moment = AwareDatetime
Count = Annotated[int, Field(ge=0, le=2**63 - 1)]


def _no_nul(value: Any) -> Any:
    if isinstance(value, str) and "\x00" in value:
        raise ValueError("holds a NUL character")
    return value


#: part of every text's annotation: no database text can hold a NUL
NO_NUL = BeforeValidator(_no_nul)


def upto(max_length: int, min_length: int = 0) -> StringConstraints:
    """A text of that many characters."""
    return StringConstraints(min_length=min_length, max_length=max_length, strip_whitespace=True)


class Message(BaseModel):
    """A published shape. Fields that a newer writer adds survive."""

    model_config = ConfigDict(extra="allow", frozen=True)


# not the shape of a mobile number, not that of an identity card
_TRAVELS = re.compile(r"(?!1[3-9][0-9]{9}\Z)(?![0-9]{17}[0-9Xx]\Z)[!-~]{1,128}").fullmatch


_PLAIN = frozenset({int, bool, float, type(None), datetime, UUID})
#: longer strings are ids and moments, which do not come again
_COMES_AGAIN, _KEPT = 24, 8192


class _Known(dict[str, bool]):
    """Whether a string may travel. Codes that may are kept: they come again; what may not is never kept."""

    def __missing__(self, value: str) -> bool:
        found = _TRAVELS(value) is not None
        if found and len(value) <= _COMES_AGAIN:
            if len(self) >= _KEPT:
                self.clear()
            self[value] = found
        return found


_MAY = _Known()


def travelling(value: Any) -> Any:
    """`value` with everything left out that may not travel (text, unknown objects), lengths of time in seconds.

    The last gate: steps should put only codes, ids, moments and numbers into an event, and this holds it.
    """
    kind = type(value)
    if kind is str:
        return value if _MAY[value] else None
    if kind in _PLAIN:
        return value
    if kind is dict or isinstance(value, Mapping):
        kept = {}
        for key, each in value.items():
            if type(each) is str:
                left = each if _MAY[each] else None
            elif type(each) in _PLAIN:
                left = each
            else:
                left = travelling(each)
            if (left is not None or each is None) and _MAY[key]:
                kept[key] = left
        return kept
    if kind is list or isinstance(value, list | tuple | set | frozenset):
        return _each(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, str):  # a StrEnum
        return travelling(str(value))
    return None


def _each(values: Iterable[Any]) -> list[Any]:
    kept = []
    for each in values:
        if type(each) is str:
            if _MAY[each]:
                kept.append(each)
        elif (left := travelling(each)) is not None:
            kept.append(left)
    return kept
