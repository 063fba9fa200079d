"""/openapi.json: every route with its body, its answers, its refusals and examples; /asyncapi.json as handed in."""

from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode
from starlette.requests import Request
from starlette.responses import Response

from dispatch.web.api.answers import SCHEMAS, UNSENT, refusals
from dispatch.web.api.examples import answers
from dispatch.web.api.raising import WHISTLE
from dispatch.web.deps import WebDeps
from dispatch.web.hot import PATH

REF = "#/components/schemas/{model}"
PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457. Names the field, its value (shortened) and what to do.",
    "required": ["type", "title", "status", "detail", "code", "remedy"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "remedy": {"type": "string"},
        "field": {"type": "string"},
        "value": {},
        "errors": {"type": "array", "items": {"type": "object"}},
        "allowed_actions": {"type": "array", "items": {"type": "string"}},
        "changed": {"type": "array", "items": {"type": "object"}},
        "instance": {"type": "string"},
    },
    "example": {
        "type": "urn:dispatch:problem:invalid",
        "title": "填得不对",
        "status": 422,
        "detail": "没有「999」这个类别，请从权责清单里选",
        "code": "invalid",
        "remedy": "请从权责清单里选",
        "field": "category",
        "value": "999",
    },
}
RECEIPT: dict[str, Any] = {
    "type": "object",
    "required": ["id", "number", "status", "version", "kind", "received_at", "links"],
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "number": {"type": "integer"},
        "status": {"const": "raised"},
        "version": {"const": 1},
        "kind": {"enum": ["appeal", "enforcement", "emergency"]},
        "received_at": {"type": "string", "format": "date-time"},
        "links": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    "example": {
        "id": "01978f3c-8a40-7c31-9d5e-2f60d9c7ab01",
        "number": 2600000425,
        "status": "raised",
        "version": 1,
        "kind": "emergency",
        "received_at": "2026-06-15T01:14:00+00:00",
        "links": {"self": "https://example.org/api/v1/whistles/2600000425"},
    },
}


class _Plain(GenerateJsonSchema):
    """Schemas of answers: what is never sent (`case` of a view) is left out, odd types are open."""

    def handle_invalid_for_json_schema(self, schema: Any, error_info: str) -> dict[str, Any]:
        return {}


def _schema(adapter: TypeAdapter[Any], mode: JsonSchemaMode) -> tuple[dict[str, Any], dict[str, Any]]:
    made = adapter.json_schema(ref_template=REF, schema_generator=_Plain, mode=mode)
    return made, made.pop("$defs", {})


def components() -> dict[str, Any]:
    """Every schema that a route names."""
    found: dict[str, Any] = {"Problem": PROBLEM, "Receipt": RECEIPT}
    for name, adapter in {**SCHEMAS, "NewWhistle": WHISTLE}.items():
        schema, inner = _schema(adapter, "validation")
        found |= {key: value for key, value in inner.items() if key not in ("Case", "Facts")}
        if "case" in schema.get("properties", {}):
            schema["properties"] = {key: one for key, one in schema["properties"].items() if key not in UNSENT}
            schema["required"] = [one for one in schema.get("required", []) if one not in UNSENT]
        found[name] = schema
    return _needed(found)


def _needed(found: dict[str, Any]) -> dict[str, Any]:
    """Those schemas that are reachable from a route's own."""
    kept: dict[str, Any] = {}
    waiting = ["Problem", "Receipt", "NewWhistle", *SCHEMAS]
    while waiting:
        name = waiting.pop()
        if name in kept or name not in found:
            continue
        kept[name] = found[name]
        text = orjson.dumps(found[name]).decode()
        waiting.extend(other for other in found if f'"#/components/schemas/{other}"' in text)
    return dict(sorted(kept.items()))


def _raising() -> dict[str, Any]:
    receipt = {"application/json": {"schema": {"$ref": "#/components/schemas/Receipt"}}}
    ok = {
        201: {"description": "Raised: the receipt is a promise", "content": receipt},
        200: {"description": "The same request again: the same answer", "content": receipt},
    }
    key = {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "schema": {"type": "string", "maxLength": 200},
        "description": "The same key and body again give the same whistle. Without one, a request sent twice is two.",
    }
    example = {"body": "广泰小区3号楼楼道消防门被锁", "place": "130403011-D01", "danger": False}
    body = {"schema": {"$ref": "#/components/schemas/NewWhistle"}, "example": example}
    answers = refusals(400, 403, 409, 413, 415, ok=ok)
    return {
        "tags": ["whistles"],
        "summary": "Raise",
        "operationId": "raise_whistle",
        "description": "吹哨. Answered after the commit.",
        "parameters": [key],
        "requestBody": {"required": True, "content": {"application/json": body}},
        "responses": {str(status): answer for status, answer in answers.items()},
        "security": [{"bearer": []}],
    }


def describe(app: FastAPI, base_url: str) -> dict[str, Any]:
    """The whole document."""
    made = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version="3.1.0",
        description="Times RFC 3339 with offset, durations in seconds. Errors are problem+json.",
        routes=app.routes,
        servers=[{"url": base_url}],
    )
    made["paths"].setdefault(PATH, {})["post"] = _raising()
    for path in made["paths"].values():
        for operation in path.values():
            operation["security"] = [{"bearer": []}]
    made["components"] = {
        "schemas": components(),
        "examples": {name: {"value": value} for name, value in answers().items()},
        "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
    }
    return made


def install(app: FastAPI, deps: WebDeps) -> None:
    """Serve both documents; ours is made at the first request."""
    kept: list[bytes] = []

    async def openapi(_request: Request) -> Response:
        if not kept:
            kept.append(orjson.dumps(describe(app, deps.base_url)))
        return Response(kept[0], media_type="application/json")

    async def asyncapi(_request: Request) -> Response:
        return Response(deps.asyncapi, media_type="application/json")

    app.add_route("/openapi.json", openapi, include_in_schema=False)
    app.add_route("/asyncapi.json", asyncapi, include_in_schema=False)
