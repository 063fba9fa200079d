"""`archive`: months of the log that ended long ago into files; with `--detach` out of the table; `--restore` back."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from dispatch.local.commands.place import database_url
from dispatch.local.commands.plain import plainly
from dispatch.local.trouble import Trouble
from dispatch.settings import Settings, read
from dispatch.steps import archive as step
from dispatch.steps.archive_file import Manifest, Unfit
from dispatch.store.database import Database


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("archive")(archive)


def archive(
    month: Annotated[
        list[str] | None,
        typer.Option(help="A month (UTC), 2020-11; may be repeated. Left out: all old ones."),
    ] = None,
    to: Annotated[Path | None, typer.Option(help="Folder of the files; left out: archive in DISPATCH_DATA.")] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Take the months out of the table as well.")] = False,
    restore: Annotated[Path | None, typer.Option(help="Put the month of this file (….copy.gz) back.")] = None,
) -> None:
    """Copy old months of the log into files, verified by reading them back; exit code 1 where one could not leave."""
    with plainly():
        try:
            if restore is not None:
                if detach or month or to:
                    raise Trouble("--restore stands alone.", "Leave out --month, --to and --detach.")
                _said(asyncio.run(_restore(read(), restore)), "放回来了 restored")
                return
            stayed = asyncio.run(_archive(read(), [_month(word) for word in month or ()], to, detach))
        except Unfit as unfit:
            raise Trouble(str(unfit), "没有改动任何一行 Nothing was changed.") from None
    if detach and stayed:
        raise typer.Exit(1)


async def _archive(settings: Settings, months: list[datetime], to: Path | None, detach: bool) -> int:
    """How many months stayed in the table."""
    after = timedelta(days=settings.archive_after_days)
    database = await Database.connect(database_url(settings), size=2, application="dispatch-archive")
    stayed = 0
    try:
        wanted = months or await step.old(database, after)
        for each in wanted:
            done = await step.archive(
                database, each, to or settings.data / "archive", retention=after if detach else None
            )
            stayed += not done.detached
            _tell(done, detach)
    finally:
        await database.close()
    if not wanted:
        typer.echo(f"没有 {settings.archive_after_days} 天以前的月份 No month is that old.")
    return stayed


async def _restore(settings: Settings, file: Path) -> Manifest:
    database = await Database.connect(database_url(settings), size=2, application="dispatch-archive")
    try:
        return await step.restore(database, file, lambda what: typer.echo(what))
    finally:
        await database.close()


def _tell(done: step.Month, detach: bool) -> None:
    if done.manifest is not None:
        _said(done.manifest, "已写好、读回核对 written and verified" if done.copied else "原有的核对无误 verified")
    if done.detached and done.manifest is not None:
        typer.echo(f"{done.month}：已移出表 taken out of the table")
    elif done.why:
        typer.echo(f"{done.month}：{'留在表里 stays: ' if detach and not done.detached else ''}{done.why}")


def _said(one: Manifest, what: str) -> None:
    typer.echo(f"{one.month}：{what}：{one.file}，{one.rows} 行，{one.bytes} B，SHA-256 {one.sha256}")


def _month(word: str) -> datetime:
    found = re.fullmatch(r"(20\d\d)-(0[1-9]|1[0-2])", word)
    if found is None:
        raise Trouble(f"--month {word} 不是月份。", "Write it like 2020-11.")
    return datetime(int(found[1]), int(found[2]), 1, tzinfo=UTC)
