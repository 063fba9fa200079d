"""Is it alive, is it ready, what does it count: three paths, the same in every role.

Mounted by the web, served alone by worker and scheduler. What is asked is handed in; nothing here knows a database.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dispatch.observe.metrics import Metrics

log = structlog.get_logger(__name__)

#: None: ready; otherwise a few words of our own on what is missing (no values: anybody may read it)
Check = Callable[[], Awaitable[str | None]]
Refresh = Callable[[], Awaitable[None]]

#: longer than this and the answer is "no answer" (seconds)
PATIENCE = 2.0


def routes(metrics: Metrics, ready: Mapping[str, Check], before_scrape: Sequence[Refresh] = ()) -> list[Route]:
    """`/healthz`, `/readyz`, `/metrics`.

    `ready` by name: database, schema, consumer, relay, scheduler … `before_scrape` bring figures up to date; one that
    fails or takes longer than `PATIENCE` leaves the old ones.
    """

    async def healthz(_request: Request) -> Response:
        await asyncio.sleep(0)  # the loop turns
        return JSONResponse({"alive": True, "role": metrics.role})

    async def readyz(_request: Request) -> Response:
        names = list(ready)
        answers = await asyncio.gather(*(_ask(ready[name]) for name in names))
        missing = {name: answer for name, answer in zip(names, answers, strict=True) if answer is not None}
        body = {"ready": not missing, "role": metrics.role, "checked": names, "not_ready": missing}
        return JSONResponse(body, 503 if missing else 200, {"Cache-Control": "no-store"})

    async def scrape(request: Request) -> Response:
        await asyncio.gather(*(_refresh(each) for each in before_scrape))
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(metrics.registry), headers={"Content-Type": content_type, "Cache-Control": "no-store"})

    return [
        Route("/healthz", healthz, methods=["GET"]),
        Route("/readyz", readyz, methods=["GET"]),
        Route("/metrics", scrape, methods=["GET"]),
    ]


def probe(metrics: Metrics, ready: Mapping[str, Check], before_scrape: Sequence[Refresh] = ()) -> Starlette:
    """The three paths as an application of their own."""
    return Starlette(routes=routes(metrics, ready, before_scrape))


async def _ask(check: Check) -> str | None:
    try:
        return await asyncio.wait_for(check(), PATIENCE)
    except TimeoutError:
        return f"no answer within {PATIENCE:g} s"
    except Exception as error:
        return type(error).__name__


async def _refresh(refresh: Refresh) -> None:
    try:
        await asyncio.wait_for(refresh(), PATIENCE)
    except Exception as error:
        log.warning("metrics.stale", error=type(error).__name__)
