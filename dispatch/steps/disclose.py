"""What is sensitive, shown whole: a sealed whistle, the name and phone of whoever told it.

For those who need it, and written down each time: what cannot be written down is not shown.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from dispatch.domain import whistle as machine
from dispatch.domain.case import Actor, Case
from dispatch.domain.refusals import Forbidden, Invalid, NotNow
from dispatch.domain.turn import Turn
from dispatch.steps.readable import readable
from dispatch.steps.service import Service
from dispatch.steps.view import WhistleView, whistle_view
from dispatch.store import administration, timeline

#: what one may need them for; the last takes words of its own
CALLBACK, VISIT, CHECK, OTHER = REASONS = ("callback", "visit", "check", "other")


#: somebody who opens a sealed whistle again within this time is written down once
ONCE_IN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Reporter:
    """Whoever told it."""

    name: str | None
    phone: str | None


async def whistle(service: Service, actor: Actor, ref: str) -> WhistleView:
    """One whistle as this actor sees it; that a sealed one was opened is written down. Raises as `whistle_view`."""
    seen = await whistle_view(service, actor, ref)
    if seen.sealed:
        await opened(service, actor, seen.case)
    return seen


async def opened(service: Service, actor: Actor, case: Case) -> None:
    """Write down that this actor opened a sealed whistle. Raises `Unavailable`."""
    number, district = str(case.facts.number), case.facts.district
    async with service.database.transaction() as uow:
        since = await uow.now() - ONCE_IN
        person = actor.person or ""
        if not await administration.noted(uow.connection, district, person, "sealed-opened", number, since):
            why = {"whistle": str(case.id)}
            await administration.note(uow, district, actor.person, actor.seat, "sealed-opened", number, why)


async def permit(service: Service, actor: Actor, ref: str) -> tuple[Case, Turn]:
    """The case, for whoever may have the reporter whole. Raises `NotFound`, `Forbidden`, `Unavailable`."""
    case, turn = await readable(service, actor, ref)
    if not machine.may(case, actor, "reporter", turn):
        raise Forbidden("来访人只由经办街道、主办单位和调度台联系；请找他们", field="role", value=actor.role)
    return case, turn


async def reporter(service: Service, actor: Actor, ref: str, reason: str, note: str = "") -> Reporter:
    """Show it, and write down who saw it and why.

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
