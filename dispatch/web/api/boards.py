"""层级督办, 调度台, and who the caller is."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from dispatch.domain import permissions
from dispatch.domain.permissions import TABLE
from dispatch.steps.chain_board import ChainView, chain_view
from dispatch.steps.desk_board import DeskView, desk_view
from dispatch.steps.holds import HoldsView, holds_view
from dispatch.steps.sign_in import seats_of
from dispatch.web.api.answers import refusals, send, shown
from dispatch.web.auth import Reader
from dispatch.web.deps import deps_of

router = APIRouter(prefix="/api/v1", tags=["boards"])


@router.get("/chain", responses=refusals(403, ok={200: shown("Chain", ChainView, "What reached the caller's rung")}))
async def chain(request: Request, visit: Reader) -> Response:
    """层级督办 of a person in charge: what reached them, what will today, what they only know of, who helps below."""
    return send(await chain_view(deps_of(request).service, visit.actor))


@router.get("/desk", responses=refusals(403, ok={200: shown("Desk", DeskView, "What waits for the district's desk")}))
async def desk(request: Request, visit: Reader) -> Response:
    """调度台: what nobody has, what waits for a ruling, what is under supervision, what reaches the district today."""
    return send(await desk_view(deps_of(request).service, visit.actor))


@router.get("/holds", responses=refusals(ok={200: shown("Holds", HoldsView, "What is on hold, by level and age")}))
async def holds(request: Request, visit: Reader) -> Response:
    """挂账清单: what the caller may see of what is on hold, by the level that signed for it, the longest held first."""
    return send(await holds_view(deps_of(request).service, visit.actor))


@router.get("/me", responses=refusals(ok={200: shown("Me", dict[str, Any], "The caller")}))
async def me(request: Request, visit: Reader) -> Response:
    """Who the caller is, from which seat, what the seat may do, and which other seats they hold."""
    actor = visit.actor
    held = await seats_of(deps_of(request).service.database, actor.person or "")
    return send(
        {
            "person": actor.person,
            "name": actor.name,
            "role": actor.role,
            "seat": actor.seat,
            "position": visit.position,
            "node": actor.node,
            "unit": actor.unit,
            "district": actor.district,
            "scopes": visit.scopes,
            "actions": sorted({grant.action for grant in TABLE if grant.role == actor.role}),
            "may_raise": permissions.may_ever(actor, "raise"),
            "seats": [{"seat": one.code, "role": one.role, "position": one.position} for one in held],
        }
    )
