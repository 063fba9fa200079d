"""`GET /street` (我街道的哨, 待核查 among it), `GET /all` (everything one may see), `GET /holds` (挂账清单)."""

from fastapi import APIRouter, Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from dispatch.steps import lists
from dispatch.web.auth import Reader
from dispatch.web.common.frame import page
from dispatch.web.deps import WebDeps, deps_of
from dispatch.web.lists.address import Address
from dispatch.web.lists.export import export
from dispatch.web.lists.holds import HOLDS, holds_page
from dispatch.web.lists.page import ALL, FILTERS, STREET, asked_of, list_page, street_of
from dispatch.web.lists.rows import cases_of

router = APIRouter(include_in_schema=False)


def routes(_deps: WebDeps) -> list[BaseRoute]:
    """The routes of this package."""
    return list(router.routes)


@router.get(STREET)
@router.get(ALL)
async def listed(request: Request, visit: Reader) -> Response:
    """A list, the newest first."""
    address = Address.of(request.url.path, request.query_params.multi_items(), FILTERS)
    return page(request, "queue.html", await list_page(request, visit, address))


@router.get(f"{STREET}/export")
@router.get(f"{ALL}/export")
async def exported(request: Request, visit: Reader) -> Response:
    """The list as it is filtered, `as` csv or xlsx."""
    service = deps_of(request).service
    path = request.url.path.removesuffix("/export")
    address = Address.of(path, request.query_params.multi_items(), FILTERS)
    street = street_of(visit.actor, service.rules.of(visit.actor.district or "")) if path == STREET else None
    turn = service.turn(visit.actor.district or "", await service.database.now())
    asked = asked_of(address, street, turn)
    return await export(
        lambda cursor, limit: lists.list_view(service, visit.actor, asked, cursor, limit),
        lambda items: cases_of(service, visit.actor, turn, items),
        "whistles",
        request.query_params.get("as", "csv"),
    )


@router.get(HOLDS)
async def held(request: Request, visit: Reader) -> Response:
    """挂账清单, by level and age."""
    return page(request, "holds.html", await holds_page(request, visit))
