"""An exception as log keys: its type, the codes that machines gave it, where it was raised. Never its message:
messages quote values (`KeyError: '张三'`, PostgreSQL's DETAIL with the row), and frames have locals."""

import traceback
from pathlib import PurePath
from typing import Any

#: attributes in which the driver and the operating system keep codes, and the key they go under
_CODES = {"sqlstate": "sqlstate", "constraint_name": "constraint", "table_name": "table", "errno": "errno"}
_FRAMES = 8
_DEEPEST = 5


def describe(error: BaseException) -> dict[str, Any]:
    """Keys `error`, `at` (innermost last), `causes`, and codes where there are any."""
    keys: dict[str, Any] = {"error": type(error).__name__, "at": _places(error)}
    chain = _chain(error)
    if len(chain) > 1:
        keys["causes"] = [f"{type(each).__name__}@{(_places(each) or ['?'])[-1]}" for each in chain[1:]]
    for each in chain:
        for attribute, key in _CODES.items():
            value = getattr(each, attribute, None)
            if isinstance(value, str | int) and key not in keys:
                keys[key] = value
    return keys


def _chain(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    at: BaseException | None = error
    while at is not None and len(chain) < _DEEPEST and at not in chain:
        chain.append(at)
        if isinstance(at, BaseExceptionGroup) and at.exceptions:
            at = at.exceptions[0]
        else:
            at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
    return chain


def _places(error: BaseException) -> list[str]:
    """`dispatch/steps/route.py:41:route` for the innermost frames."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return [f"{_short(frame.filename)}:{frame.lineno}:{frame.name}" for frame in frames]


def _short(filename: str) -> str:
    """The path from the package on: where the service is installed is nobody's business."""
    parts = PurePath(filename).parts
    for mark in ("site-packages", "lib"):
        if mark in parts:
            parts = parts[len(parts) - parts[::-1].index(mark) :]
            return "/".join(parts)
    for mark in ("dispatch", "handlers", "schemas", "tests"):
        if mark in parts:
            # the innermost package of that name that has our anatomy: the last occurrence but for nested folders
            index = max(i for i, part in enumerate(parts) if part == mark)
            return "/".join(parts[index:])
    return parts[-1] if parts else "?"
