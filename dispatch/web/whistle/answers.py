"""What was filled in, as the act's fields; and the form again with what was typed and what is wrong with it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from starlette.datastructures import FormData

from dispatch.domain import acts_street
from dispatch.domain.refusals import Invalid
from dispatch.domain.turn import ZONE
from dispatch.web import problems
from dispatch.web.auth import text_of
from dispatch.web.i18n import _
from dispatch.web.models.parts import Field
from dispatch.web.whistle.fields import UNKNOWN
from dispatch.web.whistle.forms import Asks

_FLAGS = ("reached", "responded", "solved")
_LISTS = ("assist", "units")
_MOMENTS = ("until", "at")
#: fields of the form itself
_OWN = ("csrf", "version", "key", "next", "kept")


def given(asks: Asks, form: FormData) -> dict[str, Any]:
    """What was filled in, as the API's body would say it; empty fields are left out."""
    found: dict[str, Any] = dict(asks.given or {})
    for name in {name for name, value in form.multi_items() if isinstance(value, str)}:
        values = [value.strip() for value in form.getlist(name) if isinstance(value, str) and value.strip()]
        if not values or name in (*_OWN, *found) or values[-1] == UNKNOWN:
            continue
        if name in _LISTS:
            found[name] = values
        elif name == "decisions":
            found[name] = [line.strip() for line in values[-1].splitlines() if line.strip()]
        elif name in _FLAGS:
            found[name] = values[-1] == "1"
        elif name == "remember":
            found[name] = True
        elif name in _MOMENTS:
            found[name] = _moment(values[-1])
        elif name in ("latitude", "longitude"):
            found[name] = _number(values[-1])
        else:
            found[name] = values[-1]
    if found.get("reached") is False:
        found = {key: value for key, value in found.items() if key not in ("responded", "solved", "satisfied")}
    return found


def _moment(text: str) -> str:
    """A field's local time with the district's offset; what cannot be read is handed on, to be refused by name."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (at if at.tzinfo else at.replace(tzinfo=ZONE)).isoformat()


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def lacking(
    asks: Asks, fields: tuple[Field, ...], form: FormData, photos: Sequence[str], errors: Mapping[str, str]
) -> dict[str, str]:
    """Every field that must be filled in and is not, with what to say: the rules name one at a time.

    Whoever sent a photo that was refused (`errors`) hears of that photo, not that there is none.
    """
    found = given(asks, form)
    if found.get("reached") is False:  # nobody was asked the rest
        return {}
    blank = {one.name: _("这一项要填") for one in fields if one.required and not text_of(form, one.name).strip()}
    if found.get("accepted") is False and "photo" not in errors:
        try:
            acts_street.need_evidence(found | {"photos": photos})
        except Invalid as refusal:
            blank["note"] = problems.said(refusal)
    return blank


def filled(fields: tuple[Field, ...], form: FormData, errors: Mapping[str, str]) -> tuple[Field, ...]:
    """The fields with what was typed, and what is wrong with each."""
    return tuple(_filled(field, form, errors.get(field.name, "")) for field in fields)


def _filled(field: Field, form: FormData, error: str) -> Field:
    values = [value for value in form.getlist(field.name) if isinstance(value, str)]
    options = tuple(replace(option, selected=option.value in values) for option in field.options)
    value = values[-1] if values and field.kind != "file" else ""
    return replace(field, value=value, options=options, error=error)
