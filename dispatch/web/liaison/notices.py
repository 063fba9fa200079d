"""What stands above a unit's queue: whom nobody is there for, which meetings it was called to."""

from fastapi import Request

from dispatch.domain.turn import Turn
from dispatch.steps import cover
from dispatch.steps.sign_in import Visit
from dispatch.store import queues
from dispatch.web.common import times
from dispatch.web.deps import deps_of
from dispatch.web.i18n import _
from dispatch.web.models.parts import Notice, link, spans


async def unmanned(request: Request, visit: Visit, turn: Turn) -> list[Notice]:
    """没人在岗, for the unit's own people: whose emergencies nobody is there for."""
    if visit.actor.unit is None:
        return []
    found = await cover.uncovered(deps_of(request).service, visit.actor, turn.now)
    return [
        Notice(
            _("没人在岗"),
            spans(
                link(str(one.number), f"/w/{one.number}"),
                _("要到场，现在没有人在岗，请马上安排人去。")
                + (_("%(at)s到期。", at=times.moment(one.due_at, turn.now)) if one.due_at else ""),
            ),
            "error",
        )
        for one in found
    ]


async def invited(request: Request, visit: Visit, turn: Turn) -> list[Notice]:
    """会商 that the unit was called to and that has no minutes yet, the next first."""
    if visit.actor.unit is None:
        return []
    async with deps_of(request).service.database.acquire() as connection:
        found = await queues.consultations(connection, visit.actor.unit)
    return [
        Notice(
            _("请你们来会商"),
            spans(link(str(number), f"/w/{number}"), " " + (times.moment(at, turn.now) if at else _("时间另定"))),
        )
        for number, at in found
    ]
