"""Logs: one JSON object a line, in which a whistle can be followed by its id through every process.

Only known keys with plain values (codes, ids, numbers, moments) are written. What a person wrote, a name or a phone
number cannot get in by mistake: an unknown key is dropped and named in `dropped`, a value that is no code is replaced
by the first digits of its hash, exceptions are written as types, codes and places in the source, never as messages.
"""

import logging
import re
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, TextIO

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from dispatch.observe.plain import Said, hashed, plain, scrub
from dispatch.observe.raised import describe

LEVELS: Mapping[str, int] = {"debug": 10, "info": 20, "warning": 30, "error": 40}

#: What may be written. A new key is added here by somebody who has asked himself what its values can hold.
_KEYS = """
    level time logger role pid message args dropped request
    whistle number seq version gen status outcome kind stage unit lead run rung nth order mark node district seat via
    topic partition offset row records rows batches seconds failures age lag group
    error causes at sqlstate constraint table errno reason
    job task channel result tries notice notices urgent recipient
    method route code port
    since until month steps count total found deleted made skipped left waiting districts versions confirmed
    persons accounts acts refused whistles
"""
ALLOWED = frozenset(_KEYS.split())
#: set by the processors before, whatever the caller said
_OURS = frozenset({"level", "time"})
_EVENT = re.compile(r"[A-Za-z0-9._-]{1,80}", re.ASCII)
_TYPE = re.compile(r"[A-Z][A-Za-z]*(?:Error|Exception|Violation|Unavailable|Rejected)(?=:)")
#: libraries that tell of every small thing they do
_QUIET = ("apscheduler", "aiokafka", "faststream", "httpx", "httpcore", "asyncio", "uvicorn.access", "multipart")


@contextmanager
def bind(**keys: object) -> Iterator[None]:
    """Every line of this task, and of tasks it starts, carries these keys: `with bind(whistle=str(id)):`."""
    with structlog.contextvars.bound_contextvars(**keys):
        yield


def configure(
    level: str = "info", form: str = "json", role: str = "", *, stream: TextIO | None = None, cache: bool = True
) -> None:
    """Set up structlog and route the standard library's logging through it; called once, by the root.

    `form` is json or console. `role` (web, worker, scheduler) stands on every line. `cache=False` lets a later call
    change loggers already used (tests).
    """
    out = stream or sys.stdout
    structlog.configure(
        processors=[*_processors(role), _renderer(form, out)],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=cache,
    )
    root = logging.getLogger()
    root.handlers[:] = [_Routed()]
    root.setLevel(LEVELS[level])
    for name in list(logging.Logger.manager.loggerDict):
        # handlers and levels that libraries gave themselves would write past the allow-list
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(LEVELS[level], logging.WARNING))
    logging.captureWarnings(True)


def _processors(role: str) -> list[Processor]:
    def add_role(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        if role:
            event["role"] = role
        return event

    return [
        structlog.contextvars.merge_contextvars,
        add_role,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _exceptions,
        only_allowed,
    ]


def _renderer(form: str, out: TextIO) -> Processor:
    if form == "console":
        renderer: Processor = structlog.dev.ConsoleRenderer(
            colors=out.isatty(), timestamp_key="time", exception_formatter=structlog.dev.plain_traceback
        )
        return renderer
    return structlog.processors.JSONRenderer(serializer=_json)


def _json(value: Any, **_options: Any) -> str:
    return orjson.dumps(value, default=str, option=orjson.OPT_UTC_Z).decode()


def _exceptions(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """`exc_info` becomes the exception's type, its machine-made codes and where it was raised."""
    info = event.pop("exc_info", None)
    event.pop("exception", None)
    event.pop("stack_info", None)
    if not info:
        return event
    error = info if isinstance(info, BaseException) else info[1] if isinstance(info, tuple) else sys.exc_info()[1]
    if isinstance(error, BaseException):
        event.update(describe(error))
    return event


def only_allowed(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The last thing before writing: known keys, plain values."""
    kept: dict[str, Any] = {"event": _name(event.pop("event", None))}
    dropped = []
    for key, value in event.items():
        if key in _OURS:
            kept[key] = value
        elif key not in ALLOWED:
            dropped.append(key)
        elif value is not None:
            kept[key] = plain(value) if key != "error" else _error(value)
    if dropped:
        kept["dropped"] = plain(sorted(dropped))
    return kept


def _name(event: object) -> str:
    """Events are named in the source; a sentence, perhaps with a value in it, is not a name."""
    return event if isinstance(event, str) and _is_name(event) else "unnamed"


@lru_cache(maxsize=1024)
def _is_name(event: str) -> bool:
    return _EVENT.fullmatch(event) is not None


def _error(value: object) -> object:
    """`UndefinedTableError: relation …`: the type may be read, what follows may quote a row."""
    found = _TYPE.match(value) if isinstance(value, str) else None
    return f"{found[0]}:{hashed(str(value))}" if found else plain(value)


class _Routed(logging.Handler):
    """Lines of libraries: the message as the programmer wrote it, its arguments only where they are plain."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            structlog.get_logger().log(record.levelno, "library", **_keys(record))
        except Exception:  # logging must never break what it tells of
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the standard library's name
        """The standard library would print the record's arguments."""


def _keys(record: logging.LogRecord) -> MutableMapping[str, Any]:
    args = record.args
    keys: dict[str, Any] = {"logger": record.name, "exc_info": record.exc_info}
    if record.name == "py.warnings":
        keys["message"] = Said(scrub(str(record.getMessage())))
    elif args:  # a template: constant text in the source
        keys["message"] = Said(str(record.msg)[:300])
        values = args.values() if isinstance(args, Mapping) else args
        keys["args"] = [type(each).__name__ if isinstance(each, BaseException) else each for each in values]
    else:
        keys["message"] = Said(scrub(str(record.msg)))
    return keys
