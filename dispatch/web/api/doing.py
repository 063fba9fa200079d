"""An action done over HTTP: parsed, its photos checked, handed to the step; a refusal says what has changed."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import structlog

from dispatch.domain import whistle as machine
from dispatch.domain.case import Actor
from dispatch.domain.refusals import Invalid, NotFound, Refusal, Stale
from dispatch.steps import casework, disclose, readable
from dispatch.steps.service import Service
from dispatch.steps.told import words_of
from dispatch.store import timeline
from dispatch.store.errors import Rejected, Unavailable
from dispatch.web import problems
from dispatch.web.api.acts import ACTS, ADAPTERS, Act
from dispatch.web.i18n import _

log = structlog.get_logger(__name__)


def known(action: str) -> str:
    """An action of the API. Raises `NotFound`."""
    if action not in ACTS:
        raise NotFound("没有「{value}」这个动作，请看接口文档", field="action", value=action)
    return action


def parse(action: str, body: bytes) -> Act:
    """The action's fields. Raises `pydantic.ValidationError`."""
    made: Act = ADAPTERS[known(action)].validate_json(body or b"{}")
    return made


@dataclass(frozen=True, slots=True)
class Admitted:
    """A whistle, as it was asked for, on which the actor may do `action`."""

    ref: str
    id: UUID
    action: str


async def admit(service: Service, actor: Actor, ref: str, action: str, key: str | None = None) -> Admitted:
    """The first thing asked of every act. Raises `NotFound`, alike for what is not there and what may not be seen,
    and `Forbidden`."""
    async with service.database.acquire() as connection:
        target = await readable.resolve(connection, ref)
        try:
            await casework.admit(service, connection, actor, target, known(action), key)
        except NotFound as refusal:
            raise (refusal if refusal.field else readable.gone(ref)) from refusal
    return Admitted(ref, target, action)


async def do(service: Service, actor: Actor, to: Admitted, given: Act, key: str | None) -> casework.Done:
    """Do it. Raises a `Refusal`, `Unavailable`."""
    fields, action = given.fields(), to.action
    await own_photos(service, actor, fields)
    try:
        done = await casework.act(service, actor, to.id, action, fields, version=given.version, key=key)
    except NotFound as refusal:
        raise (refusal if refusal.field else readable.gone(to.ref)) from refusal
    if done.changed:
        facts = done.case.facts
        log.info(f"whistle.{action}", whistle=str(facts.id), number=facts.number, seq=done.case.seq, seat=actor.seat)
    return done


async def own_photos(service: Service, actor: Actor, fields: dict[str, Any]) -> None:
    """Photos that are named must be there, uploaded by the same person. Raises `Invalid`."""
    single = fields.get("photo")
    named: list[UUID] = [*([single] if single else []), *(fields.get("photos") or [])]
    if not named:
        return
    async with service.database.acquire() as connection:
        owned = await timeline.owned_photos(connection, named, actor.person)
    missing = next((photo for photo in named if photo not in owned), None)
    if missing is not None:
        field = "photo" if missing == single else "photos"
        raise Invalid("没有您上传的这张照片，请先上传", field=field, value=str(missing))


async def answer(service: Service, actor: Actor, done: casework.Done) -> object:
    """What the actor sees now; where it is no longer theirs to see, only what they just did to it."""
    facts = done.case.facts
    try:
        return await disclose.whistle(service, actor, str(facts.id))
    except NotFound:
        return {
            "id": facts.id,
            "number": facts.number,
            "status": done.case.status,
            "version": done.case.version,
            "allowed_actions": [],
        }


async def refused(service: Service, actor: Actor, ref: str, given: Act, refusal: Refusal) -> dict[str, Any]:
    """The problem of a refusal; of a stale version with the present one and what happened since."""
    if not isinstance(refusal, Stale) or refusal.field != "version" or given.version is None:
        return problems.of_refusal(refusal)
    case, turn = await readable.readable(service, actor, ref)
    async with service.database.acquire() as connection:
        logged = await timeline.events(connection, case.id, case.facts.received_at)
        texts = await timeline.texts(connection, [case.id])
        _, unseen = await readable.family_of(connection, case, actor, turn)
        words = replace(await words_of(connection, turn, logged, texts), unseen=unseen)
    at = next((i for i, event in enumerate(logged) if event.data.get("version", 0) > given.version), len(logged))
    return problems.of_refusal(
        refusal,
        version=case.version,
        whistle_status=case.status,
        changed=[words.told(event) for event in logged[at:]],
        allowed_actions=list(machine.allowed(case, actor, turn)),
    )


async def one_of_many(service: Service, actor: Actor, ref: str, action: str, given: Act, key: str | None) -> Any:
    """One item of a bulk request: its result, or its problem; never an error for the others."""
    try:
        done = await do(service, actor, await admit(service, actor, ref, action, key), given, key)
    except Refusal as refusal:
        return {"ref": ref, "ok": False, "problem": await refused(service, actor, ref, given, refusal)}
    except Unavailable:
        raise
    except Rejected as error:
        log.warning("database.rejected", error=str(error)[:200])
        problem = problems.body(422, "invalid", _("有一个值存不下，请核对各字段"))
        return {"ref": ref, "ok": False, "problem": problem}
    case = done.case
    return {
        "ref": ref,
        "ok": True,
        "id": case.id,
        "number": case.facts.number,
        "status": case.status,
        "version": case.version,
        "changed": done.changed,
    }
