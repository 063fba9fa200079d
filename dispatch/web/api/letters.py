"""Dead letters for programs: listed, read, and settled one or many; what the desk's page does, by the same steps."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

import structlog
from fastapi import APIRouter, Query, Request
from pydantic import Field, TypeAdapter
from starlette.responses import Response

from dispatch.domain.refusals import Invalid
from dispatch.steps import letters
from dispatch.steps.letters import Settled
from dispatch.store import dead_letters
from dispatch.store.dead_letters import Kept
from dispatch.web import problems
from dispatch.web.api.answers import refusals, send, shown, takes
from dispatch.web.api.fields import BODY, TITLE, Body, Code
from dispatch.web.auth import Admin
from dispatch.web.deps import deps_of

log = structlog.get_logger(__name__)
router = APIRouter(prefix="/api/v1/desk/letters", tags=["desk"])
MOST = 200

Why = Annotated[str, Field(min_length=1, max_length=letters.LONGEST_WHY)]


class SettleLetters(Body):
    """`replay`: tried again now. `raise`: whistled anew. `discard`: nothing more is needed."""

    action: Literal["replay", "raise", "discard"]
    ids: Annotated[list[UUID], Field(min_length=1, max_length=MOST)]
    why: Why
    body: Annotated[str, Field(max_length=BODY)] | None = None
    """For `raise` of a single letter: what is whistled instead of what the letter says."""
    title: Annotated[str, Field(max_length=TITLE)] | None = None
    place: Code | None = None


SETTLE: TypeAdapter[SettleLetters] = TypeAdapter(SettleLetters)
_SETTLED = {"action": "replay", "ids": ["01a21c65-1e15-7247-be43-7cff75caf7df"], "why": "对方已改好"}
_ONE = {"replay": letters.replay_one, "raise": letters.raise_one, "discard": letters.discard_one}


@router.get("", responses=refusals(403, ok={200: shown("Letters", dict[str, Any], "Letters, the newest first")}))
async def listed(
    request: Request,
    visit: Admin,
    status: Literal["waiting", "replayed", "discarded", "raised"] = "waiting",
    after: Annotated[UUID | None, Query(description="The last id of the page before")] = None,
) -> Response:
    """Dead letters without their bytes, fifty at a time."""
    letters.permit(visit.actor)
    async with deps_of(request).service.database.acquire() as connection:
        rows = await dead_letters.page(connection, status=status, after=after)
    return send({"items": rows})


@router.get("/{id}", responses=refusals(403, 404, ok={200: shown("Letter", dict[str, Any], "One letter")}))
async def read(request: Request, visit: Admin, id: UUID) -> Response:
    """One letter whole: why it was refused, what can be read of it, and what became of it."""
    kept = await letters.read(deps_of(request).service, visit.actor, id)
    log.info("letter.read", letter=str(id), seat=visit.actor.seat)
    return send(_letter(kept))


@router.post(
    "",
    openapi_extra=takes("SettleLetters", SETTLE, _SETTLED),
    responses=refusals(
        400, 403, 413, ok={200: shown("Settled", list[dict[str, Any]], "One result for each, in order")}
    ),
)
async def settle(request: Request, visit: Admin) -> Response:
    """Letters settled, each by itself, with who and why; doing it again changes nothing."""
    letters.permit(visit.actor)
    given = SETTLE.validate_json(await request.body() or b"null")
    service = deps_of(request).service
    if given.body is None and (given.title or given.place):
        raise Invalid("写明内容", field="body", value=None)
    if given.body is None:
        done = await letters.many(_ONE[given.action], service, visit.actor, given.ids, given.why)
        return send([_result(one) for one in done])
    if given.action != "raise" or len(given.ids) != 1:
        raise Invalid("只有另吹一哨、一次一条，才能写上内容", field="body", value=None)
    told = letters.Retold(given.body, given.title or "", given.place or "")
    done = await letters.many(partial(letters.raise_one, told=told), service, visit.actor, given.ids, given.why)
    return send([_result(one) for one in done])


def _result(one: Settled) -> Mapping[str, Any]:
    if one.error is None:
        return {"id": one.id, "ok": True, "number": one.number}
    problem = problems.of_refusal(one.refusal) if one.refusal is not None else {"detail": one.error}
    return {"id": one.id, "ok": False, "problem": problem}


def _letter(kept: Kept) -> Mapping[str, Any]:
    letter, told = kept.letter, letters.retold(kept.letter)
    return {
        "id": letter.id,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "time": letter.time,
        "reason": letter.reason,
        "error": letter.error,
        "tries": letter.tries,
        "size": len(letter.value or b""),
        "said": {"body": told.body, "title": told.title, "place": told.place, "readable": told.read},
        "status": kept.status,
        "next_try_at": kept.next_try_at,
        "decided_by": kept.decided_by,
        "decided_at": kept.decided_at,
        "why": kept.why,
        "number": kept.number,
    }
