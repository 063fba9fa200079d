"""Why something is refused: each names the field, the value and the remedy. Words are Chinese message ids."""

from typing import Any


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
        return self.message.format(**self.params)

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
