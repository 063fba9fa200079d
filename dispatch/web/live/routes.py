"""`GET /events`: server-sent events for the pages that this person looks at."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import orjson
from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute

from dispatch.domain.case import Actor
from dispatch.domain.refusals import Forbidden, Invalid
from dispatch.store.errors import StoreError
from dispatch.store.numbers import is_number
from dispatch.web.auth import Reader as Visitor
from dispatch.web.deps import WebDeps, deps_of
from dispatch.web.live.address import ABOUT, PATH
from dispatch.web.live.hub import Hub, Reader, hub_of, key_of

router = APIRouter(include_in_schema=False)

#: seconds between signs of life; at each one it is asked anew whether the person may still look
HEARTBEAT = 15.0
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Connection": "keep-alive"}


def routes(_deps: WebDeps) -> list[BaseRoute]:
    """The routes of this package."""
    return list(router.routes)


@router.get(PATH)
async def events(request: Request, visit: Visitor) -> Response:
    """The stream: `event: update`, `data: {"numbers": […]}`; no numbers: more than can be told, look again."""
    service = deps_of(request).service
    reader = _reader(request, visit.actor, await service.database.now())
    hub = hub_of(service)
    if hub.full:
        raise HTTPException(503, headers={"Retry-After": "30"})
    return StreamingResponse(_stream(request, hub, reader), media_type="text/event-stream", headers=HEADERS)


def _reader(request: Request, actor: Actor, now: datetime) -> Reader:
    asked = request.query_params
    given, about = asked.get("whistle"), asked.get("on", "all")
    if given is not None and not is_number(given):
        raise Invalid("「{value}」不是编号，请核对", field="whistle", value=given)
    if about not in ABOUT:
        raise Invalid("「on」只能是 {among}", field="on", value=about, among="、".join(ABOUT))
    key = key_of(actor, about, int(given) if given else None)
    if key is None:
        raise Forbidden("这一页不归您看", field="on", value=about)
    again = "last-event-id" in request.headers
    return Reader(actor, key, _since(asked.get("since"), again, now), int(given) if given else None)


def _since(given: str | None, again: bool, now: datetime) -> datetime:
    """The moment the page was made; where it is not said now, or for a page that comes back (`again`) any."""
    try:
        if given:
            return datetime.fromtimestamp(float(given), UTC)
        return datetime.fromtimestamp(0, UTC) if again else now
    except (ValueError, OverflowError, OSError):
        raise Invalid("「{value}」不是时刻，请填 Unix 秒", field="since", value=given) from None


async def _stream(request: Request, hub: Hub, reader: Reader) -> AsyncIterator[bytes]:
    yield b"retry: 3000\n\n"
    async with hub.reading(reader, request.headers.get("last-event-id")):
        while not hub.closed.is_set():
            told = reader.take()
            if told is not None:
                yield _event(hub, *told)
                continue
            try:
                await asyncio.wait_for(reader.woken.wait(), HEARTBEAT)
            except TimeoutError:
                if not await _still(request, reader.actor):
                    return
                yield b": still here\n\n"


def _event(hub: Hub, place: int, numbers: tuple[int, ...]) -> bytes:
    data = orjson.dumps({"numbers": [str(number) for number in numbers]}).decode()
    return f"id: {hub.event_id(place)}\nevent: update\ndata: {data}\n\n".encode()


async def _still(request: Request, actor: Actor) -> bool:
    """Whether the session or token still stands for the same seat; while the database is away, yes."""
    try:
        visit = await deps_of(request).principals.visit(request.scope)  # type: ignore[arg-type]
    except StoreError:
        return True
    return visit is not None and visit.actor == actor
