"""`audit`: what is stored, against what the log amounts to."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from dispatch.domain.turn import ZONE
from dispatch.local.commands.place import database_url
from dispatch.local.commands.plain import plainly
from dispatch.settings import Settings, read
from dispatch.steps.audit import Difference
from dispatch.steps.audit import audit as step
from dispatch.store.database import Database

#: so many differences are printed; the rest is counted
MOST = 1000


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(audit)


def audit(
    since: Annotated[
        datetime | None, typer.Option(help="Only whistles with an event since then (district time).")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many whistles, oldest first.")] = None,
) -> None:
    """Build state, parts, clocks, requests and ledger anew from the log; print each difference (exit code 1)."""
    with plainly():
        audited, differences = asyncio.run(_audit(read(), since.replace(tzinfo=ZONE) if since else None, limit))
    typer.echo(f"核对 {audited} 件：{f'{differences} 处不一致' if differences else '与日志一致'}")
    if differences:
        raise typer.Exit(1)


async def _audit(settings: Settings, since: datetime | None, limit: int | None) -> tuple[int, int]:
    database = await Database.connect(database_url(settings), size=1, application="dispatch-audit")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    found = audited = 0
    try:
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task("核对", total=None)

            def told(done: int, total: int) -> None:
                nonlocal audited
                audited = done
                bar.update(task, completed=done, total=total)

            async for difference in step(database, since=since, limit=limit, told=told):
                found += 1
                if found <= MOST:
                    typer.echo(line(difference))
    finally:
        await database.close()
    return audited, found


def line(difference: Difference) -> str:
    """One difference: whistle, table, field, stored, rebuilt."""
    stored, rebuilt = (_plain(value) for value in (difference.stored, difference.rebuilt))
    dot = "" if difference.field.startswith("[") else "."
    return f"{difference.number} {difference.table}{dot}{difference.field}: stored {stored}, rebuilt {rebuilt}"


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
