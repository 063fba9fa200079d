"""Answers: what is sent, and how each route's answers and refusals are described."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from typing import Any

import orjson
from pydantic import TypeAdapter
from starlette.responses import Response

from dispatch.steps.lists import Page
from dispatch.steps.readable import SEALED
from dispatch.steps.view import WhistleView
from dispatch.web import problems
from dispatch.web.i18n import _

OPTIONS = orjson.OPT_NON_STR_KEYS
#: members of a view that are for pages only
UNSENT = ("case", "hindrances")
PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
REFUSALS: Mapping[int, str] = {
    400: "Unreadable: not UTF-8, not JSON, nested too deep",
    401: "No token, or one that is wrong, expired or revoked",
    403: "Not this role's, or not this person's",
    404: "No such thing, or not for this caller to know of",
    409: "Not possible now: `allowed_actions` says what is; or stale: `changed` says what happened since",
    413: "The body is too large",
    415: "Another media type is expected",
    422: "A field is wrong: `field`, `value`, `remedy`",
    429: "Far too fast for one account or token: `Retry-After` says when to come again",
    503: "The database is away; `Retry-After` says when to come again",
}
#: adapters whose JSON schemas stand under components, by name
SCHEMAS: dict[str, TypeAdapter[Any]] = {}


def send(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A value as JSON: times RFC 3339 with offset, durations in seconds."""
    body = orjson.dumps(plain(value), default=_other, option=OPTIONS)
    return Response(body, status, {"Cache-Control": "no-store", **(headers or {})}, "application/json")


def plain(value: object) -> object:
    """A view without what is only for pages, and what we say ourselves in the caller's language."""
    if isinstance(value, WhistleView):
        made = {one.name: getattr(value, one.name) for one in fields(value) if one.name not in UNSENT}
        said = ((action, problems.said(why)) for action, why in value.hindrances.items())
        return made | {"barred_actions": [{"action": action, "reason": reason} for action, reason in said]}
    if isinstance(value, Page) and any(one.sealed for one in value.items):
        items = (replace(one, title=_(SEALED)) if one.title == SEALED else one for one in value.items)
        return replace(value, items=tuple(items))
    return value


def _other(value: object) -> object:
    if isinstance(value, timedelta):
        return value.total_seconds()
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: getattr(value, one.name) for one in fields(value)}
    return str(value)


def refusals(*statuses: int, ok: Mapping[int, Mapping[str, Any]] | None = None) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route: the good ones, and the refusals that it knows; 401, 422, 429 and 503 always."""
    made: dict[int | str, dict[str, Any]] = {status: dict(answer) for status, answer in (ok or {}).items()}
    for status in sorted({401, 422, 429, 503, *statuses}):
        made[status] = {"description": REFUSALS[status], "content": PROBLEM}
    return made


def shown(name: str, kind: Any, description: str, example: object = None) -> dict[str, Any]:
    """A good answer whose JSON schema is that of `kind`, kept under `name`; the typical one under that name too."""
    if name not in SCHEMAS:  # an adapter is milliseconds of building
        SCHEMAS[name] = TypeAdapter(kind)
    content: dict[str, Any] = {"schema": {"$ref": f"#/components/schemas/{name}"}}
    if example is not None:
        content["example"] = example
    else:
        content["examples"] = {"typical": {"$ref": f"#/components/examples/{name}"}}
    return {"description": description, "content": {"application/json": content}}


def takes(name: str, adapter: TypeAdapter[Any], example: object, *, required: bool = True) -> dict[str, Any]:
    """The `openapi_extra` of a route that reads this body itself."""
    SCHEMAS.setdefault(name, adapter)
    content = {"schema": {"$ref": f"#/components/schemas/{name}"}, "example": example}
    return {"requestBody": {"required": required, "content": {"application/json": content}}}
