"""Whistles: found, shown, acted on."""

import re
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Header, Query, Request
from pydantic import AwareDatetime, Field, TypeAdapter
from starlette.responses import Response

from dispatch.domain.refusals import Invalid, Refusal
from dispatch.steps import disclose, lists, why
from dispatch.steps.lists import Asked, Page
from dispatch.steps.view import WhistleView
from dispatch.steps.why import Why
from dispatch.web import problems
from dispatch.web.api import doing
from dispatch.web.api.acts import ACTS, ADAPTERS, Act
from dispatch.web.api.answers import refusals, send, shown, takes
from dispatch.web.api.examples import ACTIONS
from dispatch.web.api.fields import Body, Line
from dispatch.web.api.raising import key_of
from dispatch.web.auth import Doer, Reader
from dispatch.web.deps import deps_of

router = APIRouter(prefix="/api/v1", tags=["whistles"])
MOST_AT_ONCE = 100

Key = Annotated[str | None, Header(alias="Idempotency-Key", max_length=200, description="One act for one key.")]
Plain = Query(max_length=200, pattern=r"^[^\x00]*$")


async def asked(
    status: Annotated[str | None, Query(max_length=300, description="One or more, parted by commas.")] = None,
    place: Annotated[str | None, Plain] = None,
    category: Annotated[str | None, Plain] = None,
    kind: Annotated[str | None, Plain] = None,
    street: Annotated[str | None, Plain] = None,
    q: Annotated[str | None, Plain] = None,
    since: AwareDatetime | None = None,
) -> Asked:
    """What a list is asked for; `place` means everything below it, `q` a number, or words of title and text."""
    return Asked(
        status=tuple(part for part in (status or "").split(",") if part),
        place=place or None,
        category=category or None,
        kind=kind or None,
        street=street or None,
        q=q,
        since=_moment(since),
    )


Question = Annotated[Asked, Depends(asked)]


def _moment(value: datetime | None) -> datetime | None:
    if value is not None and not 1900 < value.year < 2200:
        raise Invalid("「since」不在 1900 年到 2200 年之间，请核对", field="since", value=value.isoformat())
    return value


@router.get("/whistles", responses=refusals(403, ok={200: shown("Page", Page, "The newest first")}))
async def found(
    request: Request,
    visit: Reader,
    question: Question,
    unit: Annotated[str | None, Plain] = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: int = 50,
) -> Response:
    """What the caller may see, the newest first. `next_cursor` is null on the last page."""
    question = replace(question, unit=unit or None)
    return send(await lists.list_view(deps_of(request).service, visit.actor, question, cursor, limit))


@router.get("/queues/{unit}", responses=refusals(403, 404, ok={200: shown("Page", Page, "By what falls due first")}))
async def queue(
    request: Request,
    visit: Reader,
    unit: str,
    question: Question,
    role: Literal["lead", "assist", "inform"] | None = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: int = 50,
) -> Response:
    """A unit's queue, what falls due first on top; `working_seconds_left` counts working time, negative when late.

    An emergency that no unit has stands first with the emergency duty office (`role` inform, `status` at-desk; the
    clock is the desk's) until the desk assigns it. `role` lead or assist: only these parts. `role` inform: all that the
    unit is informed of or was called to one table for, the newest first.
    """
    question = replace(question, role=role)
    return send(await lists.queue_view(deps_of(request).service, visit.actor, unit, question, cursor, limit))


@router.get(
    "/whistles/{ref}", responses=refusals(404, ok={200: shown("Whistle", WhistleView, "As the caller sees it")})
)
async def one(request: Request, visit: Reader, ref: str) -> Response:
    """Everything about a whistle. *ref* is its id or number."""
    return send(await disclose.whistle(deps_of(request).service, visit.actor, ref))


@router.get("/whistles/{ref}/deadline", responses=refusals(404, ok={200: shown("Why", Why, "Stretch by stretch")}))
async def deadline(
    request: Request,
    visit: Reader,
    ref: str,
    stage: Annotated[str | None, Query(max_length=40)] = None,
    unit: Annotated[str | None, Plain] = None,
) -> Response:
    """Why this deadline: every stretch of time counted or left out, with its reason; the counted ones add up."""
    return send(await why.why(deps_of(request).service, visit.actor, ref, stage, unit))


def _action(name: str) -> None:
    model = ACTS[name]

    async def acting(request: Request, visit: Doer, ref: str, key: Key = None) -> Response:
        service, once = deps_of(request).service, key_of(key)
        admitted = await doing.admit(service, visit.actor, ref, name, once)
        given = doing.parse(name, await request.body())
        try:
            done = await doing.do(service, visit.actor, admitted, given, once)
        except Refusal as refusal:
            return problems.answer(await doing.refused(service, visit.actor, ref, given, refusal))
        return send(await doing.answer(service, visit.actor, done))

    router.add_api_route(
        f"/whistles/{{ref}}/actions/{name}",
        acting,
        methods=["POST"],
        name=name,
        operation_id=re.sub(r"\W", "_", name),
        summary=name,
        description=(model.__doc__ or "").strip(),
        tags=["actions"],
        openapi_extra=takes(model.__name__, ADAPTERS[name], ACTIONS[name], required=False),
        responses=refusals(400, 403, 404, 409, 413, ok={200: shown("Whistle", WhistleView, "As it stands now")}),
    )


for _name in ACTS:
    _action(_name)


@router.post("/whistles/{ref}/actions/{action}", include_in_schema=False)
async def no_such_action(request: Request, visit: Doer, ref: str, action: str) -> Response:
    """Any other action is refused, naming it."""
    doing.known(action)
    raise AssertionError("every known action has its own route")


class Item(Body):
    """One item of a bulk request, beside its action's own fields."""

    ref: Line
    action: Line
    key: Line | None = None


BULK: TypeAdapter[list[dict[str, Any]]] = TypeAdapter(
    Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MOST_AT_ONCE)]
)
ITEM: TypeAdapter[Item] = TypeAdapter(Item)
RESULTS = TypeAdapter(list[dict[str, Any]])


@router.post(
    "/actions",
    tags=["actions"],
    openapi_extra=takes("Bulk", BULK, [{"ref": "2600000425", "action": "report-in", "version": 2}]),
    responses=refusals(
        400, 403, 413, ok={200: shown("Results", list[dict[str, Any]], "One result for each, in order")}
    ),
)
async def many(request: Request, visit: Doer) -> Response:
    """Several acts at once, each by itself: one result each. Never `arrive`: nobody is on site many times at once."""
    items = BULK.validate_json(await request.body() or b"null")
    parsed: list[tuple[Item, Act]] = []
    for place, given in enumerate(items):
        head = {name: given.pop(name) for name in ("ref", "action", "key") if name in given}
        item = ITEM.validate_python(head)
        if item.action == "arrive" or item.action not in ACTS:
            raise Invalid("批量里不能做「{action}」", field=f"{place}.action", value=item.action, action=item.action)
        parsed.append((item, doing.parse(item.action, orjson.dumps(given))))
    service = deps_of(request).service
    results = [
        await doing.one_of_many(service, visit.actor, item.ref, item.action, given, key_of(item.key))
        for item, given in parsed
    ]
    return send(results)
