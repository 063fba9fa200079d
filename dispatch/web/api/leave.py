"""Leave: who is away from when to when, and who stands in; what the page `/leave` does, by the same steps."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import AfterValidator, TypeAdapter
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from dispatch.steps import leave as step
from dispatch.steps.leave import Leave
from dispatch.steps.sign_in import Visit
from dispatch.web.api.answers import refusals, send, shown, takes
from dispatch.web.api.fields import Body, Line
from dispatch.web.auth import Doer, Reader
from dispatch.web.deps import deps_of

router = APIRouter(prefix="/api/v1", tags=["leave"])


def _of_this_time(day: date) -> date:
    if not 2000 <= day.year < 2100:
        raise PydanticCustomError("out_of_range", "not between 2000 and 2100")
    return day


Day = Annotated[date, AfterValidator(_of_this_time)]


class GoOnLeave(Body):
    """Away from `first` to `last`, both included. `person`: a code or an account; left out, the caller."""

    person: Line | None = None
    first: Day
    last: Day


class ComeBack(Body):
    """Who is back, or does not go after all; left out, the caller."""

    person: Line | None = None


@dataclass(frozen=True, slots=True)
class Leaves:
    """Leaves that have not ended, the earliest first."""

    items: list[Leave]


GO: TypeAdapter[GoOnLeave] = TypeAdapter(GoOnLeave)
BACK: TypeAdapter[ComeBack] = TypeAdapter(ComeBack)
XF = "unit:XF:liaison"
_GOES = {"person": XF, "first": "2026-06-15", "last": "2026-06-17"}
_AWAY = {
    "items": [
        {
            "person": XF,
            "name": "示例消防联络员",
            "seats": [XF],
            "from_at": "2026-06-15T00:00:00+08:00",
            "to_at": "2026-06-18T00:00:00+08:00",
            "stands_in": [[XF, "示例消防代理人甲"]],
        }
    ]
}
_SHOWN = shown("Leaves", Leaves, "The leaves that the caller may look after, as they stand now", _AWAY)


@router.get("/leave", responses=refusals(ok={200: _SHOWN}))
async def listed(request: Request, visit: Reader) -> Response:
    """One's own leave, that of the unit for its leaders, everybody's for desk and administrator.

    `stands_in` has for each liaison's seat who is told meanwhile; null: nobody.
    """
    return await _standing(request, visit)


@router.post(
    "/leave",
    openapi_extra=takes("GoOnLeave", GO, _GOES),
    responses=refusals(400, 403, 404, 413, ok={200: _SHOWN}),
)
async def go(request: Request, visit: Doer) -> Response:
    """Note a leave (请假): meanwhile the deputy is told what the liaison would be."""
    service, given = deps_of(request).service, GO.validate_json(await request.body() or b"null")
    person = await step.whom(service, visit.actor, given.person)
    await step.go(service, visit.actor, person, *step.days(given.first, given.last))
    return await _standing(request, visit)


@router.post(
    "/leave/back",
    openapi_extra=takes("ComeBack", BACK, {"person": XF}),
    responses=refusals(400, 403, 404, 413, ok={200: shown("Leaves", Leaves, "What is left", {"items": []})}),
)
async def back(request: Request, visit: Doer) -> Response:
    """Somebody is back early, or does not go after all. Said twice it changes nothing."""
    service, given = deps_of(request).service, BACK.validate_json(await request.body() or b"null")
    await step.back(service, visit.actor, await step.whom(service, visit.actor, given.person))
    return await _standing(request, visit)


async def _standing(request: Request, visit: Visit) -> Response:
    return send(Leaves(await step.seen(deps_of(request).service, visit.actor)))
