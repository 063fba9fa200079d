"""Kinds of values that come in: strict, bounded, and without what PostgreSQL could not keep."""

from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, StringConstraints, TypeAdapter
from pydantic_core import PydanticCustomError

#: limits in characters
TITLE, BODY, TEXT, SHORT, CODE, KEY = 120, 10_000, 10_000, 200, 64, 200
PHOTOS, UNITS = 9, 20

Model = TypeVar("Model", bound=BaseModel)


class Body(BaseModel):
    """A request body: nothing is coerced, nothing unknown is taken, numbers are finite."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, str_strip_whitespace=False)


def _no_nul(text: str) -> str:
    if "\x00" in text:
        raise PydanticCustomError("nul", "NUL character")
    return text


def _in_range(moment: datetime) -> datetime:
    if not 2000 <= moment.year < 2100:
        raise PydanticCustomError("out_of_range", "not between 2000 and 2100")
    return moment.astimezone(UTC)


def _clean(**limits: Any) -> Any:
    return Annotated[str, StringConstraints(**limits), AfterValidator(_no_nul)]


Said = Annotated[str, StringConstraints(min_length=1, max_length=TEXT), AfterValidator(_no_nul)]
"""Free text that must not be empty."""
Line = Annotated[str, StringConstraints(min_length=1, max_length=SHORT), AfterValidator(_no_nul)]
"""One line of text."""
Code = Annotated[str, StringConstraints(min_length=1, max_length=CODE), AfterValidator(_no_nul)]
"""A code of the reference data."""
Moment = Annotated[AwareDatetime, AfterValidator(_in_range)]
"""A moment with its offset, 2000–2100; kept as UTC."""


def parse(adapter: TypeAdapter[Model], body: bytes) -> Model:
    """A body as its model. Raises `pydantic.ValidationError`: unreadable JSON, or wrong fields."""
    return adapter.validate_json(body or b"null")
