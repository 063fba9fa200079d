"""CloudEvents on Kafka: held against the `cloudevents` package, and against bad input."""

import contextlib
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest
from cloudevents.core.bindings import kafka
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from schemas import inbound, registry, topics, upcast, whistle
from schemas.asyncapi import document, example
from schemas.envelope import NewerVersion, Undecodable, UnknownType, Unusable, decode, encode
from schemas.event import Event

ID = UUID("01920000-0000-7000-8000-000000000001")
AT = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)


def raised(**other: Any) -> Event:
    given = {
        "id": ID,
        "at": AT,
        "whistle": ID,
        "number": 2600000017,
        "district": "130403",
        "street": "130403011",
        "place": None,
        "kind": "appeal",
        "danger": False,
        "category": "parking",
        "via": "form",
    }
    return whistle.raised(**{**given, **other})


INBOUND = {
    "ce_specversion": "1.0",
    "ce_id": "471",
    "ce_source": "/hotline/12345",
    "ce_type": inbound.TYPE,
    "content-type": "application/json",
}


def incoming(value: Any = None, **headers: Any) -> Event:
    body = orjson.dumps({"body": "路灯不亮"} if value is None else value) if not isinstance(value, bytes) else value
    given = {**INBOUND, **{name.replace("__", "-"): each for name, each in headers.items()}}
    return decode(topics.INBOUND, None, {name: each for name, each in given.items() if each is not ...}, body)


def test_the_library_reads_what_we_write() -> None:
    key, headers, payload = encode(raised())
    message = kafka.KafkaMessage({name: value.encode() for name, value in headers.items()}, key, payload)
    event = kafka.from_binary(message, JSONFormat())
    assert event.get_type() == "whistle.raised.v1"
    assert event.get_source() == "/dispatch/130403"
    assert event.get_id() == str(ID)
    assert event.get_time() == AT
    assert event.get_extension("sequence") == "1"
    assert event.get_data()["number"] == 2600000017


@pytest.mark.parametrize("bind", [kafka.to_binary, kafka.to_structured])
def test_we_read_what_the_library_writes(bind: Any) -> None:
    made = CloudEvent(
        attributes={
            "id": "471",
            "source": "/hotline/12345",
            "type": inbound.TYPE,
            "specversion": "1.0",
            "time": AT,
            "datacontenttype": "application/json",
        },
        data={"body": "路灯不亮", "danger": True},
    )
    message = bind(made, JSONFormat())
    event = decode(topics.INBOUND, message.key, message.headers, message.value)
    assert (event.id, event.source, event.time) == ("471", "/hotline/12345", AT)
    assert isinstance(event.body, inbound.WhistleInboundV1)
    assert event.body.body == "路灯不亮"


def test_round_trip_with_unknown_fields() -> None:
    event = raised(traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01")
    event.data["new_in_v1_5"] = 7
    key, headers, payload = encode(event)
    back = decode(event.topic, key.encode(), [(n, v.encode()) for n, v in headers.items()], payload)
    assert back.data["new_in_v1_5"] == 7
    assert back.sequence == 1
    assert back.key == str(ID)
    assert back.traceparent == event.traceparent
    assert isinstance(back.body, whistle.WhistleRaisedV1)
    assert back.body.whistle == ID


@pytest.mark.parametrize("kind", ["appeal", "enforcement", "emergency"])
def test_only_emergencies_are_urgent(kind: str) -> None:
    event = raised(kind=kind)
    assert event.urgent == (kind == "emergency")
    assert event.topic == (topics.RAISED_URGENT if event.urgent else topics.RAISED)


@pytest.mark.parametrize("shape", registry.SHAPES, ids=lambda shape: shape.type)
def test_every_published_type_decodes_its_example(shape: registry.Shape) -> None:
    for topic in shape.topics:
        event = decode(topic, "k", {**INBOUND, "ce_type": shape.type}, orjson.dumps(example(shape)))
        assert type(event.body) is shape.model
        with pytest.raises(UnknownType):
            decode(topics.dlq(topic), "k", {**INBOUND, "ce_type": shape.type}, orjson.dumps(example(shape)))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"value": b""}, "no value"),
        ({"value": b"{"}, "not JSON"),
        ({"value": b"\xff\xfe"}, "not JSON"),
        ({"value": b'{"body":"\\ud800"}'}, "not JSON"),
        ({"value": b"[" * 100_000 + b"]" * 100_000}, "not JSON"),
        ({"value": b'{"a":' * 100_000}, "bytes"),
        ({"value": [1]}, "object"),
        ({"value": {}}, "body"),
        ({"value": {"body": ""}}, "body"),
        ({"value": {"body": "a\x00b"}}, "NUL"),
        ({"value": {"body": "x" * 10_001}}, "body"),
        ({"value": {"body": "b", "title": "x" * 121}}, "title"),
        ({"value": {"body": "b", "kind": "urgent"}}, "kind"),
        ({"value": {"body": "b", "occurred_at": "2026-03-02T09:00:00"}}, "occurred_at"),
        ({"value": {"body": "b", "place": "a b"}}, "place"),
        ({"value": b"x" * 300_000}, "bytes"),
        ({"ce_specversion": "0.3"}, "specversion"),
        ({"ce_id": ...}, "id is missing"),
        ({"ce_id": ""}, "id is missing"),
        ({"ce_id": "a b"}, "printable"),
        ({"ce_source": "x" * 300}, "source"),
        ({"ce_time": "yesterday"}, "time"),
        ({"ce_time": "2026-03-02T09:00:00"}, "offset"),
        ({"ce_sequence": "-1"}, "sequence"),
        ({"ce_extra": b"\xff"}, "ce_extra is not UTF-8"),
        ({"ce_extra": None}, "no value"),
        ({"ce_extra": "x" * 2000}, "longer"),
        ({"ce_extra": "a\x00b"}, "NUL"),
        ({"content__type": "application/cloudevents-batch+json"}, "one to a record"),
    ],
)
def test_undecodable(change: dict[str, Any], words: str) -> None:
    with pytest.raises(Undecodable, match=words):
        incoming(**change)


def test_unknown_and_newer_are_told_apart() -> None:
    for other in ("whistle.sung.v1", "whistle.inbound", "whistle.inbound.vx", "whistle.raised.v1", "v1"):
        with pytest.raises(UnknownType):
            incoming(ce_type=other)
    for newer in ("whistle.inbound.v2", "whistle.inbound.v99999999999999"):
        with pytest.raises(NewerVersion):
            incoming(ce_type=newer)


def test_foreign_headers_of_any_kind_do_not_matter() -> None:
    assert incoming(**{"x-binary": b"\xff\x00", "x-none": None}).id == "471"


def test_an_error_never_quotes_the_content() -> None:
    secret = "13812345678住在三单元"
    for change in (
        {"value": {"body": secret * 2000}},
        {"value": {"body": "b", "kind": secret}},
        {"value": {"body": "b", "occurred_at": secret}},
        {"value": ('{"body": "' + secret).encode()},
    ):
        with pytest.raises(Unusable) as caught:
            incoming(**change)
        assert secret[:11] not in str(caught.value)


def test_old_versions_are_brought_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(upcast.STEPS, "whistle.inbound.v0", lambda data: (inbound.TYPE, {"body": data["text"]}))
    event = incoming({"text": "old"}, ce_type="whistle.inbound.v0")
    assert event.type == inbound.TYPE
    assert event.data == {"body": "old"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=20,
)


@given(
    headers=st.lists(
        st.tuples(
            st.sampled_from(["ce_id", "ce_type", "ce_source", "ce_specversion", "ce_time", "content-type", "x"])
            | st.text(max_size=10),
            st.none() | st.binary(max_size=30) | st.sampled_from([b"1.0", b"whistle.inbound.v1", b"a"]),
        ),
        max_size=10,
    ),
    value=st.none() | st.binary(max_size=200),
)
def test_no_record_brings_anything_but_unusable(headers: list[Any], value: bytes | None) -> None:
    with contextlib.suppress(Unusable):
        decode(topics.INBOUND, b"\xff", headers, value)


@given(st.dictionaries(st.sampled_from(["body", "kind", "danger", "due_at", "reporter", "place"]), JSON))
def test_no_data_brings_anything_but_unusable(data: dict[str, Any]) -> None:
    with contextlib.suppress(Unusable, orjson.JSONEncodeError):
        incoming(orjson.dumps(data, option=orjson.OPT_NON_STR_KEYS) if data else b"{}")


def test_asyncapi_names_every_topic_and_type_and_its_references_resolve() -> None:
    made = document()
    assert set(made["channels"]) == {name for name in topics.TOPICS if not name.endswith(topics.DLQ_SUFFIX)}
    assert {message["name"] for message in made["components"]["messages"].values()} == {
        shape.type for shape in registry.SHAPES
    }

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if isinstance(reference := node.get("$ref"), str):
                target: Any = made
                for part in reference.removeprefix("#/").split("/"):
                    target = target[part]
            for each in node.values():
                walk(each)
        elif isinstance(node, list):
            for each in node:
                walk(each)

    walk(made)
    orjson.dumps(made)
