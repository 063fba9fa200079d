"""Posted forms, read strictly: a field that is no text in its encoding is refused by its name.

Starlette would put a sign of replacement, or Latin letters, where the bytes are not UTF-8, and that would be kept.
"""

from contextlib import aclosing
from urllib.parse import unquote_to_bytes

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import Request

from dispatch.domain.refusals import Invalid


class _Garbled(MultiPartException):
    """A field whose bytes are no text; the parser closes its files upon it."""


class _Parts(MultiPartParser):
    def on_part_end(self) -> None:
        part = self._current_part
        if part.file is None:
            _check(part.field_name, bytes(part.data), self._charset)
        super().on_part_end()


class _Pairs(FormParser):
    def on_field_end(self) -> None:
        name = unquote_to_bytes(bytes(self._field_name)).decode("utf-8", "replace")
        _check(name, unquote_to_bytes(bytes(self._field_value)), "utf-8")
        super().on_field_end()


def _check(name: str, value: bytes, charset: str) -> None:
    try:
        value.decode(charset)
    except UnicodeDecodeError as error:
        raise _Garbled(name) from error


async def read_form(request: Request, *, max_files: int, max_fields: int) -> FormData:
    """The form; files beyond a megabyte lie on disk. Raises `Invalid`, `HTTPException`."""
    if not request.headers.get("content-type", "").lower().startswith(("multipart/", "application/x-www-form-url")):
        return await request.form()
    try:
        async with aclosing(request.stream()) as stream:
            if request.headers["content-type"].lower().startswith("multipart/"):
                return await _Parts(request.headers, stream, max_files=max_files, max_fields=max_fields).parse()
            return await _Pairs(request.headers, stream, max_fields=max_fields).parse()
    except _Garbled as error:
        raise Invalid(
            "「{name}」里有读不出来的字（不是 UTF-8），请重新填写再发",
            field=error.message,
            value=None,
            name=error.message,
        ) from error
    except MultiPartException as error:
        raise HTTPException(400, error.message) from error
