"""AsyncAPI 3.0 of the topics, made from the declarations: what travels where, in which shape, with an example."""

from datetime import timedelta
from functools import cache
from typing import Any

from pydantic.json_schema import models_json_schema

from schemas import inbound, lifecycle, registry, topics
from schemas.registry import Shape

_WHISTLE = "01920000-0000-7000-8000-000000000001"

#: one example of each shape's data
EXAMPLES: dict[str, dict[str, Any]] = {
    "whistle.raised": {
        "whistle": _WHISTLE,
        "number": 2600000017,
        "district": "130403",
        "street": "130403011",
        "place": "130403011001",
        "kind": "appeal",
        "danger": False,
        "category": "parking",
        "via": "form",
        "received_at": "2026-03-02T01:15:00Z",
        "duty_list": 3,
    },
    "whistle.inbound": {
        "title": "路面塌陷",
        "body": "人民路与滏西大街交叉口东侧路面塌陷，约两米宽。",
        "kind": "emergency",
        "danger": True,
        "place": "130403009",
        "address": "人民路与滏西大街交叉口",
        "occurred_at": "2026-03-02T09:10:00+08:00",
        "source_number": "12345-20260302-0471",
        "due_at": "2026-03-04T18:00:00+08:00",
        "callback_required": True,
    },
    "inbound.accepted": {
        "source": "/hotline/12345",
        "source_id": "20260302-0471",
        "whistle": _WHISTLE,
        "number": 2600000017,
    },
    "inbound.refused": {
        "source": "/hotline/12345",
        "source_id": "20260302-0472",
        "reason": "forbidden-source",
        "field": "place",
    },
}
_FACT = {
    "whistle": _WHISTLE,
    "number": 2600000017,
    "district": "130403",
    "sequence": 2,
    "at": "2026-03-02T01:15:01Z",
    "kind": "appeal",
    "status": "assigned",
    "version": 2,
    "gen": 1,
    "seat": None,
    "detail": {"outcome": "dispatch", "lead": "XF", "assist": ["CG"], "rule": "parking"},
}

_HEADERS: dict[str, Any] = {
    "type": "object",
    "required": ["ce_specversion", "ce_id", "ce_source", "ce_type"],
    "properties": {
        "ce_specversion": {"const": "1.0"},
        "ce_id": {"type": "string", "maxLength": 255, "description": "With ce_source the name of the event."},
        "ce_source": {"type": "string", "format": "uri-reference", "maxLength": 255},
        "ce_type": {"type": "string", "description": "Ends in the version."},
        "ce_time": {"type": "string", "format": "date-time"},
        "ce_subject": {"type": "string", "description": "The whistle's number."},
        "ce_sequence": {"type": "string", "description": "Place in the whistle's log."},
        "content-type": {"const": "application/json"},
        "traceparent": {"type": "string", "description": "W3C trace context."},
    },
}


@cache
def document() -> dict[str, Any]:
    """The whole document. Treat it as read only."""
    places, definitions = models_json_schema(
        [(model, "validation") for model in registry.MODELS], ref_template="#/components/schemas/{model}"
    )
    of_model = {model: places[(model, "validation")] for model in registry.MODELS}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Dispatch 街乡吹哨、部门报到",
            "version": "1",
            "description": "CloudEvents 1.0 over Kafka, binary mode. Ids, codes, times and numbers only; text comes"
            " in on whistles.inbound and never leaves. Take an event as a signal and ask the service for the state.",
        },
        "defaultContentType": "application/json",
        "channels": {name: _channel(topic) for name, topic in topics.TOPICS.items() if _shapes(name)},
        "operations": {
            _id(name): {
                "action": "receive" if name == topics.INBOUND else "send",
                "channel": {"$ref": f"#/channels/{name}"},
            }
            for name in topics.TOPICS
            if _shapes(name)
        },
        "components": {
            "schemas": definitions.get("$defs", {}),
            "messages": {_id(shape.type): _message(shape, of_model[shape.model]) for shape in registry.SHAPES},
        },
    }


def _id(name: str) -> str:
    return name.replace(".", "_")


def _shapes(topic: str) -> list[Shape]:
    return [shape for shape in registry.SHAPES if topic in shape.topics]


def _channel(topic: topics.Topic) -> dict[str, Any]:
    return {
        "address": topic.name,
        "description": topic.about,
        "messages": {
            _id(shape.type): {"$ref": f"#/components/messages/{_id(shape.type)}"} for shape in _shapes(topic.name)
        },
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "replicas": topic.replication,
                "topicConfiguration": {
                    "cleanup.policy": ["compact" if topic.compacted else "delete"],
                    "retention.ms": topic.retention // timedelta(milliseconds=1),
                    "max.message.bytes": topic.max_message_bytes,
                },
                "bindingVersion": "0.5.0",
            }
        },
    }


def _message(shape: Shape, payload: dict[str, Any]) -> dict[str, Any]:
    key = "(source, id) of the event" if shape.type == inbound.TYPE else "The whistle's id"
    return {
        "name": shape.type,
        "title": shape.type,
        "summary": shape.about,
        "contentType": "application/json",
        "headers": _HEADERS,
        "payload": payload,
        "bindings": {"kafka": {"key": {"type": "string", "description": key}, "bindingVersion": "0.5.0"}},
        "examples": [
            {
                "headers": {
                    "ce_specversion": "1.0",
                    "ce_id": _WHISTLE,
                    "ce_source": "/hotline/12345" if shape.type == inbound.TYPE else "/dispatch/130403",
                    "ce_type": shape.type,
                },
                "payload": example(shape),
            }
        ],
    }


def example(shape: Shape) -> dict[str, Any]:
    """The data of one event of this shape."""
    return _FACT if shape.model is lifecycle.FactV1 else EXAMPLES[shape.name]
