"""The kinds of value that may travel: codes, moments, numbers. Free text only comes in, on `whistles.inbound`."""

import re
from collections.abc import Mapping
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


def is_code(value: str) -> bool:
    """Whether a string may travel: as `Code`, and not the shape of a mobile or identity-card number."""
    return _TRAVELS(value) is not None


_PLAIN = frozenset({int, bool, float, type(None), datetime, UUID})


def travelling(value: Any) -> Any:
    """`value` with everything left out that may not travel (text, unknown objects), lengths of time in seconds.

    The last gate: steps should put only codes, ids, moments and numbers into an event, and this holds it.
    """
    kind = type(value)
    if kind is str:
        return value if _TRAVELS(value) else None
    if kind in _PLAIN:
        return value
    if isinstance(value, Mapping):
        kept = {}
        for key, each in value.items():
            left = travelling(each)
            if (left is not None or each is None) and _TRAVELS(key):
                kept[key] = left
        return kept
    if isinstance(value, list | tuple | set | frozenset):
        return [left for each in value if (left := travelling(each)) is not None]
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, str):  # a StrEnum
        return travelling(str(value))
    return None
