"""The language of the page being made: Chinese is the source, English a catalog.

The language is a context variable: a view (or a middleware) sets it with `speaking`, and every `_` on the
way
answers in it. Message ids are the Chinese sentences themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = ("zh", "en")
LOCALE = Path(__file__).parent / "locale"
_language: ContextVar[str] = ContextVar("language", default="zh")


@cache
def _catalog(lang: str) -> NullTranslations:
    """Compiled from the .po when first spoken: a compiled file in the repository conflicts in every merge."""
    if lang == "zh":
        return NullTranslations()
    compiled = BytesIO()
    with (LOCALE / lang / "LC_MESSAGES" / "messages.po").open("rb") as file:
        write_mo(compiled, read_po(file, locale=lang))
    compiled.seek(0)
    return GNUTranslations(compiled)


def language() -> str:
    """The language now spoken, `zh` or `en`."""
    return _language.get()


def speak(lang: str) -> Token[str]:
    """Speak `lang` until `hush` is given what this returns; an unknown language is Chinese."""
    return _language.set(lang if lang in LANGUAGES else "zh")


def hush(spoken: Token[str]) -> None:
    """Speak again what was spoken before."""
    _language.reset(spoken)


@contextmanager
def speaking(lang: str) -> Iterator[None]:
    """Speak `lang` inside the block."""
    spoken = speak(lang)
    try:
        yield
    finally:
        hush(spoken)


def _(message: str, **values: object) -> str:
    """The message in the language now spoken, with `%(name)s` filled from `values`."""
    text = _catalog(_language.get()).gettext(message)
    return text % values if values else text


def ngettext(one: str, many: str, n: int, **values: object) -> str:
    """As `_`, by number; `%(n)s` or `%(num)s` is the number."""
    return plural(one, many, n) % ({"n": n, "num": n} | values)


def plural(one: str, many: str, n: int) -> str:
    """The form for `n`, with nothing filled in (Jinja fills it)."""
    return _catalog(_language.get()).ngettext(one, many, n)


def N_(message: str) -> str:  # noqa: N802 - gettext's own name, which the extractor knows
    """Mark a message for translation where it is written; it is translated where it is shown."""
    return message
