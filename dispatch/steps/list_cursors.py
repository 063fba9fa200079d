"""Where in a list a page ends, as the text that the next one is asked for with."""

import base64
import binascii
from datetime import datetime, timedelta
from uuid import UUID

import orjson

from dispatch.domain.refusals import Invalid
from dispatch.store.queue_rows import Place, Queued


def write(value: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(value)).decode().rstrip("=")


def _read(cursor: str) -> object:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        return orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError) as error:
        raise _wrong_cursor(cursor) from error


def _wrong_cursor(cursor: str) -> Invalid:
    return Invalid("这个 cursor 不是上一页给的，请从第一页看起", field="cursor", value=cursor)


def read_list(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    value = _read(cursor)
    try:
        return UUID(hex=value) if isinstance(value, str) else _fail(cursor)
    except ValueError as error:
        raise _wrong_cursor(cursor) from error


def _fail(cursor: str) -> UUID:
    raise _wrong_cursor(cursor)


def place_of(row: Queued) -> list[object]:
    micros = (row.due_at - _EPOCH) // timedelta(microseconds=1) if row.due_at else None
    return [micros, row.found.head.id.hex]


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def read_queue(cursor: str | None) -> Place | None:
    if cursor is None:
        return None
    value = _read(cursor)
    if not isinstance(value, list) or len(value) != 2 or not isinstance(value[1], str):
        raise _wrong_cursor(cursor)
    micros, whistle = value
    try:
        due = None if micros is None else _EPOCH + timedelta(microseconds=int(micros))
        return Place(due, UUID(hex=whistle))
    except (ValueError, TypeError, OverflowError) as error:
        raise _wrong_cursor(cursor) from error
