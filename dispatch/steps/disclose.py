"""The name and phone of whoever told it, whole: for those who need them, for a reason, and written down each time."""

from dataclasses import dataclass
from typing import Any

from dispatch.domain import whistle as machine
from dispatch.domain.case import Actor, Case
from dispatch.domain.refusals import Forbidden, Invalid, NotNow
from dispatch.domain.turn import Turn
from dispatch.steps import view
from dispatch.steps.service import Service
from dispatch.store import administration, timeline

#: what one may need them for; the last takes words of its own
CALLBACK, VISIT, CHECK, OTHER = REASONS = ("callback", "visit", "check", "other")


@dataclass(frozen=True, slots=True)
class Reporter:
    """Whoever told it."""

    name: str | None
    phone: str | None


async def permit(service: Service, actor: Actor, ref: str) -> tuple[Case, Turn]:
    """The case, for whoever may have the reporter whole. Raises `NotFound`, `Forbidden`, `Unavailable`."""
    case, turn = await view.readable(service, actor, ref)
    if not machine.may(case, actor, "reporter", turn):
        raise Forbidden("来访人只由经办街道、主办单位和调度台联系；请找他们", field="role", value=actor.role)
    return case, turn


async def reporter(service: Service, actor: Actor, ref: str, reason: str, note: str = "") -> Reporter:
    """Show it, and write down who saw it and why, in one transaction: what is not written down is not shown.

    Raises `NotFound`, `Forbidden`, `Invalid` without a reason, `NotNow` where nobody is named; `Unavailable`.
    """
    case, _turn = await permit(service, actor, ref)
    if reason not in REASONS:
        raise Invalid("请选为什么要看", field="reason", value=reason or None)
    if reason == OTHER and not note.strip():
        raise Invalid("请写一句为什么要看", field="note", value=None)
    async with service.database.transaction() as uow:
        said = await timeline.said(uow.connection, case.id)
        known: dict[str, Any] = (said.reporter if said else None) or {}
        if not known.get("name") and not known.get("phone"):
            raise NotNow("来访人没有留下姓名和电话，或者已经到期清除")
        why = {"whistle": str(case.id), "reason": reason, **({"note": note.strip()} if note.strip() else {})}
        number = str(case.facts.number)
        await administration.note(uow, case.facts.district, actor.person, actor.seat, "reporter-shown", number, why)
    return Reporter(known.get("name"), known.get("phone"))
