"""One act on many whistles: each in its own transaction, each with its own result; one that fails costs no other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from dispatch.domain import whistle
from dispatch.domain.case import ASSIST, Actor, Case
from dispatch.domain.parts import WAITING
from dispatch.domain.refusals import Invalid, NotFound, Refusal
from dispatch.domain.turn import ZONE
from dispatch.steps import casework, disclose, lists
from dispatch.steps.scope import scope_of
from dispatch.steps.service import Service
from dispatch.store import cases, search
from dispatch.web import problems
from dispatch.web.i18n import _
from dispatch.web.lists.labels import state_of
from dispatch.web.models.parts import Field
from dispatch.web.models.queue import BulkResult
from dispatch.web.whistle import replies

#: so many at once
MOST = 100


@dataclass(frozen=True, slots=True)
class Ref:
    """A whistle as the list showed it, at the version it showed."""

    id: UUID
    version: int

    @staticmethod
    def read(text: str) -> "Ref":
        """From `id:version`. Raises `Invalid`."""
        id, _colon, version = text.partition(":")
        try:
            return Ref(UUID(id), int(version))
        except ValueError:
            raise Invalid("勾选的这一项看不懂，请刷新再选", field="ref", value=text) from None


def read_refs(texts: Sequence[str]) -> tuple[Ref, ...]:
    """Each once. Raises `Invalid` for none, too many, or one that is not an `id:version`."""
    refs = tuple(dict.fromkeys(Ref.read(text) for text in texts))
    if not refs:
        raise Invalid("先勾上要一起办的", field="ref", value=None)
    if len(refs) > MOST:
        raise Invalid("一次最多 {most} 件，请分几次办", field="ref", value=len(refs), most=MOST)
    return refs


def fields_of(action: str, typed: Mapping[str, str]) -> tuple[Field, ...]:
    """What the act asks for, once for all of them; none where it asks for nothing."""
    match action:
        case "note":
            text = typed.get("text", "")
            return (Field("text", _("进展"), "textarea", text, _("每一件都记上这句话。"), required=True),)
        case "request-extension":
            until, why = typed.get("until", ""), typed.get("reason", "")
            return (
                Field("until", _("延到哪一天"), "date", until, _("到这一天下班前。"), required=True),
                Field("reason", _("为什么要延期"), "textarea", why, required=True),
            )
        case "resolve":
            hint = _("%(names)s发出去时换成每一件自己的。", names="".join(replies.VARIABLES.values()))
            why = _("只记在协办还没报到的那几件上；都到了就不用写。")
            return (
                Field("reply", _("办得怎么样"), "textarea", typed.get("reply", ""), hint, required=True, rows=6,
                      starts=replies.starts_for_many(), starts_post=True),
                Field("reason", _("协办没到，为什么也能报结"), "textarea", typed.get("reason", ""), why, rows=2),
            )  # fmt: skip
        case _:
            return ()


def begun(start: str) -> str:
    """The reply that begins with this template; "" for one that there is not."""
    return next((one.hint for one in replies.starts_for_many() if one.value == start), "")


def values_of(action: str, typed: Mapping[str, str]) -> dict[str, Any]:
    """The fields as the rules want them. Raises `Invalid`."""
    if action == "note":
        return {"text": _need(typed, "text", "写一句进展再记")}
    if action == "resolve":
        values = {"reply": _need(typed, "reply", "写上处理结果（回复内容）"), "reason": typed.get("reason", "").strip()}
        replies.complete(values)
        return values
    if action == "request-extension":
        given = typed.get("until", "").strip()
        try:
            day = date.fromisoformat(given)
        except ValueError:
            raise Invalid("写上延到哪一天，如 2026-06-30", field="until", value=given or None) from None
        until = datetime.combine(day, time(18), ZONE)
        return {"until": until, "reason": _need(typed, "reason", "写上为什么要延期")}
    return {}


def _need(typed: Mapping[str, str], name: str, remedy: str) -> str:
    value = typed.get(name, "").strip()
    if not value:
        raise Invalid(remedy, field=name, value=None)
    return value


async def act_on_all(
    service: Service, actor: Actor, refs: Sequence[Ref], action: str, values: Mapping[str, Any], key: str
) -> list[BulkResult]:
    """Do it to each, in the order given. `key` makes a repeated post happen once. Raises `Unavailable` only."""
    reference = service.rules.of(actor.district or "")
    async with service.database.acquire() as connection:
        visible = await search.by_ids(connection, scope_of(actor, reference), [ref.id for ref in refs])
        before = {case.id: case for case in await cases.many(connection, [one.head.id for one in visible])}
    titles = {one.head.id: lists.title_of(one.head) for one in visible}
    results: list[BulkResult] = []
    for ref in refs:
        if ref.id not in titles:
            results.append(BulkResult("", "", False, problems.said(NotFound("没有这件，或不归您看"))))
            continue
        case = before.get(ref.id)
        number = str(case.facts.number) if case else ""
        try:
            own = await _own(service, actor, case, values) if case and action == "resolve" else values
            ok, said, earlier = await _act(service, actor, ref, action, own, f"{key}:{ref.id}" if key else None)
        except Refusal as refusal:
            ok, said, earlier = False, problems.said(refusal), False
        results.append(BulkResult(number, titles[ref.id], ok, said, earlier))
    return results


async def _own(service: Service, actor: Actor, case: Case, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The reply with this whistle's own values; the reason only where an assisting unit has not come.

    Raises `Invalid` where a variable has no value here, `NotFound`.
    """
    reply, reason = str(values["reply"]), values["reason"]
    if any(variable in reply for variable in replies.VARIABLES.values()):
        reply = replies.fill(reply, await disclose.whistle(service, actor, str(case.facts.number)))
    absent = any(part.status == WAITING for part in case.parts(ASSIST))
    return {"reply": reply} | ({"reason": reason} if absent and reason else {})


async def chosen(service: Service, actor: Actor, refs: Sequence[Ref]) -> tuple[tuple[str, str], ...]:
    """Numbers and titles of what was picked, as far as this actor may see it. Raises `Unavailable`."""
    reference = service.rules.of(actor.district or "")
    async with service.database.acquire() as connection:
        found = await search.by_ids(connection, scope_of(actor, reference), [ref.id for ref in refs])
    known = {one.head.id: (str(one.head.number), lists.title_of(one.head)) for one in found}
    return tuple(known[ref.id] for ref in refs if ref.id in known)


async def _act(
    service: Service, actor: Actor, ref: Ref, action: str, values: Mapping[str, Any], key: str | None
) -> tuple[bool, str, bool]:
    repeatable = whistle.TABLE[action].repeatable
    done = await casework.act(
        service, actor, ref.id, action, values, version=ref.version, key=key if repeatable else None
    )
    if not done.changed:
        return True, _("已经办过了"), True
    turn = service.turn(done.case.facts.district, done.case.last_at)
    return True, state_of(done.case, turn, actor), False


__all__ = ["MOST", "BulkResult", "Ref", "act_on_all", "begun", "chosen", "fields_of", "read_refs", "values_of"]
