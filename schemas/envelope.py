"""A CloudEvent 1.0 as a Kafka record, and back (binary mode: attributes in `ce_…` headers, data as JSON in the value).

Written by hand where the hot path needs it; held against the `cloudevents` package by a test. Structured mode
(`application/cloudevents+json`) is understood, never written.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson
from pydantic import ValidationError

from schemas import registry, upcast
from schemas.event import Event, Incoming

__all__ = ["Event", "Incoming", "NewerVersion", "Undecodable", "UnknownType", "Unusable", "decode", "encode"]

JSON = "application/json"
STRUCTURED = "application/cloudevents"
MAX_ATTRIBUTE = 1024
MAX_NAME = 255
MAX_VALUE = 262_144

_NAME = re.compile(rf"[!-~]{{1,{MAX_NAME}}}").fullmatch

Headers = Iterable[tuple[str, bytes | str | None]]


class Unusable(Exception):
    """A record that cannot be handled. `reason` is a code; `str()` says where and what, never quoting the content."""

    reason = "undecodable"


class Undecodable(Unusable):
    """Not a CloudEvent, or its data is not what its type says."""


class UnknownType(Unusable):
    """A CloudEvent of a type that does not belong on this topic."""

    reason = "unknown-type"


class NewerVersion(Unusable):
    """A type known here, in a version that a newer release writes."""

    reason = "newer-version"


def encode(event: Event) -> tuple[str, dict[str, str], bytes]:
    """(key, headers, payload) of an event. Data may hold UUIDs and aware datetimes."""
    headers = {
        "ce_specversion": "1.0",
        "ce_id": event.id,
        "ce_source": event.source,
        "ce_type": event.type,
        "content-type": JSON,
    }
    if event.time is not None:
        headers["ce_time"] = event.time.isoformat()
    if event.subject is not None:
        headers["ce_subject"] = event.subject
    if event.sequence is not None:
        headers["ce_sequence"] = str(event.sequence)
    if event.traceparent is not None:
        headers["traceparent"] = event.traceparent
    if event.extensions:
        for name, value in event.extensions.items():
            headers["ce_" + name] = value
    return event.key, headers, orjson.dumps(event.data)


def decode(topic: str, key: bytes | str | None, headers: Headers | Mapping[str, Any], value: bytes | None) -> Event:
    """The event in a record. Raises `Undecodable`, `UnknownType` or `NewerVersion`."""
    if value is None or not value:
        raise Undecodable("the record has no value")
    if len(value) > MAX_VALUE:
        raise Undecodable(f"the value has {len(value)} bytes, at most {MAX_VALUE} are allowed")
    attributes = _attributes(headers)
    content = attributes.pop("content-type", JSON)
    if content.startswith(STRUCTURED):
        attributes, data = _structured(content, value, attributes)
    else:
        data = _json(value)
    return _event(topic, _key(key), attributes, data)


def _attributes(headers: Headers | Mapping[str, Any]) -> dict[str, str]:
    """CloudEvents attributes by name, plus `content-type` and `traceparent`; other headers are not ours."""
    found: dict[str, str] = {}
    name = ""
    try:
        for name, value in headers.items() if isinstance(headers, Mapping) else headers:
            if name[:3] == "ce_":
                found[name[3:]] = value.decode() if type(value) is bytes else _present(value, name)
            elif name == "content-type" or name == "traceparent":
                found[name] = value.decode() if type(value) is bytes else _present(value, name)
    except UnicodeDecodeError as error:
        raise Undecodable(f"header {name} is not UTF-8") from error
    if found and (len(max(found.values(), key=len)) > MAX_ATTRIBUTE or "\x00" in "".join(found.values())):
        raise Undecodable(f"a header is longer than {MAX_ATTRIBUTE} characters or holds a NUL")
    return found


def _present(value: bytes | str | None, name: str) -> str:
    if value is None:
        raise Undecodable(f"header {name} has no value")
    return value if isinstance(value, str) else value.decode()


def _key(key: bytes | str | None) -> str:
    """A key only chose the partition: one that is not text is not an error."""
    return key.decode(errors="replace") if isinstance(key, bytes) else key or ""


def _json(value: bytes) -> Any:
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as error:
        # the parser's own words quote nothing but say where
        raise Undecodable(f"the value is not JSON in UTF-8: line {error.lineno}, column {error.colno}") from error


def _structured(content: str, value: bytes, outside: dict[str, str]) -> tuple[dict[str, str], Any]:
    if not content.startswith(STRUCTURED + "+json"):
        raise Undecodable("a structured CloudEvent must be application/cloudevents+json, one to a record")
    whole = _json(value)
    if not isinstance(whole, dict):
        raise Undecodable("a structured CloudEvent must be a JSON object")
    data = whole.pop("data", None)
    attributes = {
        name: each if isinstance(each, str) else str(each)
        for name, each in whole.items()
        if isinstance(each, str | int | bool)
    }
    if any(len(each) > MAX_ATTRIBUTE or "\x00" in each for each in attributes.values()):
        raise Undecodable(f"an attribute is longer than {MAX_ATTRIBUTE} characters or holds a NUL")
    if "traceparent" in outside:
        attributes.setdefault("traceparent", outside["traceparent"])
    return attributes, data


def _required(attributes: dict[str, str], name: str) -> str:
    value = attributes.pop(name, "")
    if not value:
        raise Undecodable(f"the CloudEvents attribute {name} is missing (binary mode: header ce_{name})")
    if not _NAME(value):
        raise Undecodable(f"{name} must be printable ASCII without blanks, at most {MAX_NAME} characters")
    return value


def _event(topic: str, key: str, attributes: dict[str, str], data: Any) -> Event:
    if (version := _required(attributes, "specversion")) != "1.0":
        raise Undecodable(f"specversion must be 1.0, not {version[:16]}")
    id, source = _required(attributes, "id"), _required(attributes, "source")
    type = _required(attributes, "type")
    shape = _shape(topic, type)
    if not isinstance(data, dict):
        raise Undecodable("data must be a JSON object")
    if type != shape.type:
        type, data = upcast.current(type, data)
    try:
        body = shape.model.model_validate(data)
    except ValidationError as error:
        raise Undecodable(_where(error)) from error
    attributes.pop("datacontenttype", None)
    return Event(
        topic=topic,
        key=key,
        id=id,
        source=source,
        type=type,
        time=_time(attributes.pop("time", None)),
        data=data,
        subject=attributes.pop("subject", None),
        sequence=_sequence(attributes.pop("sequence", None)),
        traceparent=attributes.pop("traceparent", None),
        body=body,
        extensions=attributes,
    )


@lru_cache(maxsize=512)
def _shape(topic: str, type: str) -> registry.Shape:
    name, _, version = type.rpartition(".v")
    if not name or not version.isascii() or not version.isdigit():
        raise UnknownType(f"type {type} does not end in a version (.v1)")
    newest = registry.NEWEST.get(name)
    if newest is None or topic not in newest.topics:
        raise UnknownType(f"type {type} does not belong on {topic}")
    if int(version[:6]) > newest.version:
        raise NewerVersion(f"type {type} is newer than v{newest.version}, which is the newest known here")
    return newest


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise Undecodable("time is not a moment in RFC 3339") from error
    if time.tzinfo is None:
        raise Undecodable("time has no offset from UTC")
    return time


def _sequence(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise Undecodable("sequence is not a whole number")
    return int(text)


def _where(error: ValidationError) -> str:
    """Fields and kinds of mistake, without the values: they may be somebody's words."""
    faults = error.errors(include_url=False, include_context=True, include_input=False)
    said = [f"{'.'.join(str(part)[:64] for part in fault['loc']) or 'data'}: {fault['msg']}" for fault in faults[:8]]
    return "; ".join(said)[:1000]
