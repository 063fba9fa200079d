"""`leave`: somebody is away from–to; the deputy stands in, and where there is nobody the desk hears of it."""

from __future__ import annotations

import asyncio
from datetime import datetime, time, timedelta
from typing import Annotated

import typer

from dispatch.domain.case import Actor
from dispatch.domain.permissions import ADMIN
from dispatch.domain.refusals import Refusal
from dispatch.domain.turn import ZONE
from dispatch.local.commands.place import service
from dispatch.local.commands.plain import plainly
from dispatch.local.trouble import Trouble
from dispatch.settings import Settings, read
from dispatch.steps.leave import back, go

DAY = ["%Y-%m-%d"]


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(leave)


def leave(
    person: Annotated[str, typer.Argument(help="The person's code, as in people.yaml: unit:XF:liaison.")],
    first: Annotated[datetime | None, typer.Option("--from", formats=DAY, help="First day away.")] = None,
    last: Annotated[datetime | None, typer.Option("--until", formats=DAY, help="Last day away.")] = None,
    returned: Annotated[bool, typer.Option("--back", help="Back now; leaves to come are taken away.")] = False,
) -> None:
    """Note somebody's leave (whole days of the district), or that they are back."""
    with plainly():
        if returned == (first is not None or last is not None) or (first is None) != (last is None):
            raise Trouble("Say from when until when, or that they are back.", "--from DAY --until DAY, or --back.")
        try:
            asyncio.run(_leave(read(), person, first, last))
        except Refusal as refusal:
            raise Trouble(refusal.message, "Nothing was changed.") from None
    typer.echo("已登记。Noted.")


async def _leave(settings: Settings, person: str, first: datetime | None, last: datetime | None) -> None:
    async with service(settings) as made:
        found = [one for one in made.rules.districts if person in made.rules.of(one).people.persons]
        if not found:
            raise Trouble(f"There is no person {person}.", "Codes are those of the loaded people.yaml.")
        actor = Actor(ADMIN, district=found[0])
        if first is None or last is None:
            await back(made, actor, person)
            return
        start, end = (datetime.combine(day.date(), time(), ZONE) for day in (first, last + timedelta(days=1)))
        await go(made, actor, person, start, end)
