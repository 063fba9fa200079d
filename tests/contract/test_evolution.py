"""Every version ever published is read, brought to the newest, and keeps what it carried beside the known fields."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from schemas import asyncapi, envelope, registry, upcast
from schemas.envelope import NewerVersion, decode
from schemas.snapshot import FOLDER
from schemas.whistle import RAISED, WhistleRaisedV1

PUBLISHED = [
    (file, type) for file in sorted(FOLDER.glob("*.json")) for type in orjson.loads(file.read_bytes())["types"]
]


def record(type: str, data: dict[str, Any]) -> tuple[list[tuple[str, bytes | str | None]], bytes]:
    given = {"ce_specversion": "1.0", "ce_id": "1", "ce_source": "/t", "ce_type": type, "ce_later": "kept"}
    return [(name, value.encode()) for name, value in given.items()], orjson.dumps(data)


@pytest.mark.parametrize(("file", "type"), PUBLISHED, ids=lambda each: getattr(each, "name", each))
def test_each_published_version_is_read_with_fields_unknown_here(file: Any, type: str) -> None:
    shape = registry.NEWEST[type.rpartition(".v")[0]]
    for topic in shape.topics:
        event = decode(topic, "k", *record(type, {**asyncapi.example(shape), "unheard_of": [1]}))
        assert event.type == shape.type
        assert event.data["unheard_of"] == [1]
        assert event.extensions == {"later": "kept"}
        assert envelope.encode(event)[1]["ce_later"] == "kept"


class WhistleRaisedV2(WhistleRaisedV1):
    """As it might become: one field more is required."""

    channel: str


def test_the_next_version_reads_both_and_this_one_puts_the_next_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    old = registry.NEWEST["whistle.raised"]
    (topic, *_), data = sorted(old.topics), asyncapi.example(old)
    newer = record("whistle.raised.v2", {**data, "channel": "form"})
    with pytest.raises(NewerVersion):
        decode(topic, "k", *newer)
    envelope._shape.cache_clear()
    next_one = replace(old, version=2, type="whistle.raised.v2", model=WhistleRaisedV2)
    monkeypatch.setitem(registry.NEWEST, "whistle.raised", next_one)
    monkeypatch.setitem(upcast.STEPS, RAISED, lambda data: ("whistle.raised.v2", {**data, "channel": data["via"]}))
    try:
        for event in (decode(topic, "k", *record(RAISED, data)), decode(topic, "k", *newer)):
            assert isinstance(event.body, WhistleRaisedV2)
            assert (event.type, event.body.channel) == ("whistle.raised.v2", "form")
    finally:
        envelope._shape.cache_clear()
