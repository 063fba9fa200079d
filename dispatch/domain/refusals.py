"""Why something is refused: each names the field, the value and the remedy. Words are Chinese message ids."""

import re
from collections.abc import Mapping
from typing import Any

#: what is said in place of a quotation of nothing
UNFILLED = "没有填写"


def without_gaps(sentence: str, message: str, params: Mapping[str, Any], unfilled: str = UNFILLED) -> str:
    """`message`, or `sentence` which translates it, where what it would quote is empty: that clause says so instead,
    and which line it speaks of."""
    for name, value in params.items():
        if f"「{{{name}}}」" in message and not str("" if value is None else value).strip():
            clause = rf"(第 \{{\w+\}} 行|^|[，；：;:,]\s*)[^，；：;:,]*\{{{name}\}}[^，；：;:,]*"
            sentence = re.sub(clause, lambda at: at[1] + (unfilled if at[1] else unfilled.capitalize()), sentence)
    return sentence


class Refusal(Exception):
    """An act that is not done. `message` is a template (a message id for gettext) filled with `params`."""

    code = "refused"

    def __init__(self, message: str, *, field: str | None = None, value: Any = None, **params: Any) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.value = value
        self.params = {"value": value, **params}

    def words(self) -> str:
        """The sentence in Chinese."""
        return without_gaps(self.message, self.message, self.params).format(**self.params)

    def __str__(self) -> str:
        return self.words()


class NotFound(Refusal):
    """No such thing, or not for this person to know of."""

    code = "not-found"


class Forbidden(Refusal):
    """Not this person's to do."""

    code = "forbidden"


class Invalid(Refusal):
    """A field's value cannot be taken."""

    code = "invalid"


class NotNow(Refusal):
    """Not possible in the present state; `allowed` says what is."""

    code = "not-now"

    def __init__(self, message: str, *, allowed: tuple[str, ...] = (), **params: Any) -> None:
        super().__init__(message, **params)
        self.allowed = allowed


class Stale(Refusal):
    """Somebody else was quicker: the version seen is not the present one."""

    code = "stale"
