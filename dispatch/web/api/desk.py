"""What the desk decides beside acts on one whistle: pairs that look alike, a clock that jumped."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import Field, TypeAdapter
from starlette.responses import Response

from dispatch.steps import repeats, stalled
from dispatch.steps.desk_board import permit_desk
from dispatch.steps.repeats import Decided
from dispatch.web import problems
from dispatch.web.api.answers import refusals, send, shown, takes
from dispatch.web.api.fields import Body, Line, Moment
from dispatch.web.auth import Doer
from dispatch.web.deps import deps_of

router = APIRouter(prefix="/api/v1/desk", tags=["desk"])
MOST = 100


class PairOf(Body):
    """The later whistle and the earlier that it seems to repeat, each by id or number."""

    whistle: Line
    into: Line


class DecideRepeats(Body):
    """`take`: the later is merged into the earlier. `refuse`: they are not the same, and not proposed again."""

    decision: Literal["take", "refuse"]
    pairs: Annotated[list[PairOf], Field(min_length=1, max_length=MOST)]


REPEATS: TypeAdapter[DecideRepeats] = TypeAdapter(DecideRepeats)
_PAIRS = {"decision": "take", "pairs": [{"whistle": "2600000425", "into": "2600000391"}]}


@router.post(
    "/repeats",
    openapi_extra=takes("DecideRepeats", REPEATS, _PAIRS),
    responses=refusals(
        400, 403, 413, ok={200: shown("Decided", list[dict[str, Any]], "One result for each, in order")}
    ),
)
async def decide_repeats(request: Request, visit: Doer) -> Response:
    """Pairs that look alike (`repeats` of the desk): merged or parted, each by itself, one result each."""
    permit_desk(visit.actor)
    given = REPEATS.validate_json(await request.body() or b"null")
    pairs = [(pair.whistle, pair.into) for pair in given.pairs]
    done = await repeats.many(deps_of(request).service, visit.actor, given.decision, pairs)
    return send([_result(one) for one in done])


class ConfirmClock(Body):
    """`at`: the moment that the database's clock showed after its jump, as the desk tells it under `stalled`."""

    at: Moment


CLOCK: TypeAdapter[ConfirmClock] = TypeAdapter(ConfirmClock)


@router.post(
    "/clock",
    openapi_extra=takes("ConfirmClock", CLOCK, {"at": "2026-06-15T09:00:00+08:00"}),
    responses=refusals(400, 403, 413, ok={200: shown("Confirmed", dict[str, Any], "Whether that jump held anything")}),
)
async def confirm_clock(request: Request, visit: Doer) -> Response:
    """The database's clock was looked at since a jump and is right: climbing goes on."""
    stalled.permit(visit.actor)
    given = CLOCK.validate_json(await request.body() or b"null")
    return send({"confirmed": await stalled.confirm(deps_of(request).service, visit.actor, given.at)})


def _result(one: Decided) -> dict[str, Any]:
    named = {"whistle": one.whistle, "into": one.into}
    if one.refusal is None:
        return {**named, "ok": True}
    return {**named, "ok": False, "problem": problems.of_refusal(one.refusal)}
