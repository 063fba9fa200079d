"""`outbox list|unpark`: rows that the broker refuses for what they are; the later facts of their key wait behind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from dispatch.domain.turn import ZONE
from dispatch.local.commands.place import database_url
from dispatch.local.commands.plain import plainly
from dispatch.local.trouble import Trouble
from dispatch.settings import read
from dispatch.store import outbox
from dispatch.store.database import Database

group = typer.Typer(help="待发: outbox rows that the broker refuses.", no_args_is_help=True)

Topic = Annotated[str | None, typer.Option(help="Only those of this topic.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.add_typer(group, name="outbox")


@group.callback()
def about() -> None:
    """待发: outbox rows that the broker refuses."""


@group.command("list")
def list_(topic: Topic = None) -> None:
    """Oldest first: id, when, topic, key, bytes, why, and how many rows of the key wait behind it."""

    async def work(database: Database) -> None:
        async with database.acquire() as connection:
            rows = await outbox.parked(connection, topic)
        for row in rows:
            at = row.at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")
            typer.echo(
                f"{row.id}  {at}  {row.topic}  {row.key}  {row.bytes} B  {row.why}  后面等着 {row.behind} behind"
            )

    _run(work)


@group.command()
def unpark(
    ids: Annotated[list[int] | None, typer.Argument(help="Ids as `outbox list` shows them.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All that are parked (narrowed by --topic).")] = False,
    topic: Topic = None,
) -> None:
    """Try rows again once their topic is mended; the relay takes them within a minute. Nothing is dropped."""

    async def work(database: Database) -> None:
        if bool(ids) == every:
            raise Trouble("Say which rows.", "Ids, or --all (with --topic).")
        async with database.transaction() as uow:
            wanted = ids or [row.id for row in await outbox.parked(uow.connection, topic)]
            done = await outbox.unpark(uow.connection, wanted)
        if missing := sorted(set(wanted) - set(done)):
            raise Trouble(
                f"没有停着的行 {'、'.join(map(str, missing))}（其余 {len(done)} 行已放行）。",
                "`dispatch outbox list` names those that are parked.",
            )
        typer.echo(f"放行 {len(done)} 行，一分钟内再发 to be sent again within a minute")

    _run(work)


def _run(work: Callable[[Database], Awaitable[None]]) -> None:
    async def inside() -> None:
        database = await Database.connect(database_url(read()), size=1, application="dispatch-outbox")
        try:
            await work(database)
        finally:
            await database.close()

    with plainly():
        asyncio.run(inside())
