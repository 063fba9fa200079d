"""Whom to call back, whole: for a reason, which is written down with who asked."""

from typing import Literal

from fastapi import APIRouter, Request
from pydantic import TypeAdapter
from starlette.responses import Response

from dispatch.steps import disclose
from dispatch.steps.disclose import Reporter
from dispatch.web.api.answers import refusals, send, shown, takes
from dispatch.web.api.fields import Body, Line
from dispatch.web.auth import Doer
from dispatch.web.deps import deps_of

router = APIRouter(prefix="/api/v1", tags=["whistles"])


class Reason(Body):
    """Why they are needed; `other` takes a note."""

    reason: Literal["callback", "visit", "check", "other"]
    note: Line | None = None


REASON: TypeAdapter[Reason] = TypeAdapter(Reason)


@router.post(
    "/whistles/{ref}/reporter",
    openapi_extra=takes("Reason", REASON, {"reason": "callback"}),
    responses=refusals(400, 403, 404, 409, 413, ok={200: shown("Reporter", Reporter, "Name and phone, whole")}),
)
async def reporter(request: Request, visit: Doer, ref: str) -> Response:
    """The reporter's name and phone without masks. Who asked, when and why is kept in the log of administration."""
    service = deps_of(request).service
    await disclose.permit(service, visit.actor, ref)
    given = REASON.validate_json(await request.body() or b"null")
    return send(await disclose.reporter(service, visit.actor, ref, given.reason, given.note or ""))
