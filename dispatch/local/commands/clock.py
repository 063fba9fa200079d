"""`clock confirm`: the database's clock jumped, somebody has looked at it, climbing may go on."""

from __future__ import annotations

import asyncio

import typer

from dispatch.local.commands.place import database_url
from dispatch.local.commands.plain import plainly
from dispatch.settings import read
from dispatch.store import clock_watch
from dispatch.store.database import Database

group = typer.Typer(help="The database's clock.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.add_typer(group, name="clock")


@group.callback()
def clock() -> None:
    """The database's clock, which all deadlines go by."""


@group.command()
def confirm() -> None:
    """After a jump that held the sweep: the clock is right, climbing may go on."""
    with plainly():
        done = asyncio.run(_confirm(database_url(read())))
    typer.echo("已确认，继续逐级督办。Confirmed." if done else "没有待确认的时钟跳变。Nothing to confirm.")


async def _confirm(url: str) -> bool:
    database = await Database.connect(url, size=2)
    try:
        async with database.transaction() as uow:
            return await clock_watch.confirm(uow.connection)
    finally:
        await database.close()
