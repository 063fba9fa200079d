"""What every act leans on: fields that must be there, the acting unit's part, what is asked for and decided,
and what is to be done the same way from then on."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from dispatch.domain import clocks, parts, requests
from dispatch.domain.case import Actor, Assignment, Case, Request
from dispatch.domain.clocks import RULING
from dispatch.domain.refusals import Invalid, NotNow
from dispatch.domain.turn import Turn

Fields = Mapping[str, Any]


def need(fields: Fields, name: str, remedy: str) -> str:
    """A text field that must not be empty."""
    value = str(fields.get(name) or "").strip()
    if not value:
        raise Invalid(remedy, field=name, value=fields.get(name))
    return value


def own(case: Case, actor: Actor) -> Assignment:
    """The acting unit's part."""
    part = case.unit(actor.unit)
    if part is None or part.status == parts.RELEASED:
        raise NotNow("这件不在贵单位名下")
    return part


def ask(case: Case, actor: Actor, turn: Turn, kind: str, data: dict[str, Any], *, unit: str | None = None) -> Request:
    """Something that somebody else decides; the ruling clock runs until they do. One of a kind waits at a time."""
    if any(one.status == "pending" and (one.kind, one.unit) == (kind, unit) for one in case.requests):
        raise NotNow("这件已经有人提出同样的申请，请等答复")
    made = Request(turn.new_id(), case.gen, kind, unit, "pending", actor.person, turn.now, data=data)
    case.touch_request(made)
    parts.begin_stage(case, turn, RULING, requests.asker(made))
    return made


def decide(case: Case, actor: Actor, turn: Turn, request: Request, status: str) -> None:
    """The ruling: granted, refused or withdrawn; its clock is answered."""
    request.status, request.decided_by, request.decided_at = status, actor.person, turn.now
    case.touch_request(request)
    clocks.answer(case, RULING, requests.asker(request), turn.now)


def waiting(case: Case, kind: str, fields: Fields) -> Request | None:
    """The pending request of `kind` that `fields` name, by itself (`request`) or by its unit; else the oldest.

    Raises `NotNow` for one that is named and does not wait any more.
    """
    named = str(fields.get("request") or "")
    if not named:
        return case.pending(kind, fields.get("unit"))
    for one in case.requests:
        if (one.kind, one.status, str(one.id)) == (kind, "pending", named):
            return one
    raise NotNow("这个申请不用再答复了：已经答复过，或者已经撤回、失效")


def asked(kind: str) -> Callable[[Case, Actor, Fields], bool]:
    """The same actor's request of this kind is already pending."""

    def in_force(case: Case, actor: Actor, _fields: Fields) -> bool:
        found = case.pending(kind, actor.unit)
        return found is not None and found.asked_by == actor.person

    return in_force


def moment(fields: Fields, name: str, remedy: str, now: datetime) -> datetime:
    """A moment in the future, with its zone."""
    value = fields.get(name)
    if not isinstance(value, datetime) or value.tzinfo is None or value <= now:
        raise Invalid(remedy, field=name, value=str(value) if value else None)
    return value


def remember(case: Case, fields: Fields, turn: Turn, lead: str, assist: Sequence[str] = ()) -> None:
    """裁定一次，以后照办: the ruling becomes a drafted change of the duty list, which a second person approves."""
    if not fields.get("remember"):
        return
    words = [str(word) for word in fields.get("words") or ()]
    case.drafts.append(
        {
            "id": str(turn.new_id()),
            "category": case.facts.category,
            "lead": lead,
            "assist": list(assist),
            "words": words,
        }
    )
