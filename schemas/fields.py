"""The kinds of value that may travel: codes, moments, numbers. Free text only comes in, on `whistles.inbound`."""

from datetime import timedelta
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


_MAX_CODE = 128


def is_code(value: str) -> bool:
    """Whether a string may travel: as `Code`, and not the shape of a mobile or identity-card number."""
    if not value or len(value) > _MAX_CODE or not value.isascii() or not value.isprintable() or " " in value:
        return False
    if value.isdigit() and len(value) == 11 and value[0] == "1" and value[1] >= "3":
        return False
    return not (len(value) == 18 and value[:17].isdigit() and value[17] in "0123456789Xx")


def travelling(value: Any) -> Any:
    """`value` with everything left out that may not travel (text, unknown objects), lengths of time in seconds.

    The last gate: steps should put only codes, ids, moments and numbers into an event, and this holds it.
    """
    match value:
        case None | bool() | int() | float() | UUID():
            return value
        case str():
            return value if is_code(value) else None
        case dict():
            return {
                key: kept
                for key, each in value.items()
                if isinstance(key, str) and is_code(key) and ((kept := travelling(each)) is not None or each is None)
            }
        case list() | tuple() | set() | frozenset():
            return [kept for each in value if (kept := travelling(each)) is not None]
        case timedelta():
            return value.total_seconds()
        case _ if hasattr(value, "isoformat"):
            return value
        case _:
            return None
