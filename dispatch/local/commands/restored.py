"""`restored`: after PostgreSQL was restored to an earlier time, before the roles start again."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated

import typer

from dispatch.domain.turn import ZONE
from dispatch.local.commands.place import database_url
from dispatch.local.commands.plain import plainly
from dispatch.settings import Settings, read
from dispatch.steps.restored import Restored
from dispatch.store.database import Database


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("restored")(restored)


def restored(
    since: Annotated[
        datetime | None, typer.Option(help="Read the topics from here on (district time); default: all they hold.")
    ] = None,
) -> None:
    """Move number blocks past everything on the topics; list receipts that the database no longer knows, and whistles
    whose log ends before what was sent of them."""
    with plainly():
        done = asyncio.run(_restored(read(), since.replace(tzinfo=ZONE) if since else None))
    for lost in done.lost:
        typer.echo(f"{lost.number}  {lost.whistle}  {lost.at.astimezone(ZONE).isoformat() if lost.at else '–'}")
    for one in done.behind:
        typer.echo(f"落后 behind  {one.number}  {one.whistle}  {one.ends} < {one.seen}")
    for (kind, year), place in sorted(done.next.items()):
        typer.echo(f"{kind} {year}：下一个从 {place} 起 next from {place}", err=True)
    said = f"看了 {done.events} 条记录，{len(done.lost)} 张回执库里没有 receipts unknown to the database"
    typer.echo(f"{said}，{len(done.behind)} 件经过落后于已发的 whistles behind what was sent of them", err=True)


async def _restored(settings: Settings, since: datetime | None) -> Restored:
    from dispatch.bootstrap.addresses import kafka_of
    from dispatch.bus.seen import events
    from dispatch.steps import restored as step

    address, client = kafka_of(settings)
    database = await Database.connect(database_url(settings), size=1, application="dispatch-restored")
    try:
        return await step.restored(database, events(address, client, since))
    finally:
        await database.close()
