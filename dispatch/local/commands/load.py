"""`load`: a district's files become reference data, or nothing changes."""

from __future__ import annotations

import asyncio
import getpass
from pathlib import Path
from typing import Annotated

import typer

from dispatch.local.commands.place import database_url, service
from dispatch.local.commands.plain import plainly
from dispatch.settings import Settings, read
from dispatch.steps.load import Loaded
from dispatch.steps.load import load as step
from dispatch.steps.reading.marked import BrokenFilesError
from dispatch.steps.recompute import apply_calendars
from dispatch.store.database import Database
from dispatch.store.errors import Rejected
from dispatch.store.references import Overlooked


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(load)


def load(
    directory: Annotated[Path, typer.Argument(help="Folder with tree.yaml, units.yaml, duties.yaml …")],
    over: Annotated[bool, typer.Option("--over-desk", help="Yes: also over what was approved at the desk.")] = False,
) -> None:
    """Load a district's files: all checked first, then stored with a new version where they changed."""
    with plainly():
        settings = read()
        try:
            done = asyncio.run(_load(settings, directory, over=over))
        except BrokenFilesError as broken:
            for error in broken.errors:
                typer.echo(str(error), err=True)
            typer.echo(f"有 {len(broken.errors)} 处要改；什么都没有装载。Nothing was loaded.", err=True)
            raise typer.Exit(1) from None
        except Overlooked as found:
            for kind, version in found.kinds.items():
                typer.echo(f"{kind}.yaml: 现行第 {version} 版是在调度台批准的，文件里没有那次修改。", err=True)
            typer.echo(
                "用 `dispatch duties text`（policies text）取下现行的，并进文件，再 --over-desk。什么都没有装载。",
                err=True,
            )
            raise typer.Exit(1) from None
        except Rejected as error:
            typer.echo(f"{error}. 席位或人员代码属于另一个区，请改代码；什么都没有装载。", err=True)
            raise typer.Exit(1) from None
    show(done)
    if "calendars" in done.versions:
        with plainly():
            count = asyncio.run(_recompute(settings, done.district))
        if count:
            typer.echo(f"  按新日历重算了 {count} 个时限。Deadlines recomputed: {count}")


async def _recompute(settings: Settings, district: str) -> int:
    async with service(settings) as made:
        return await apply_calendars(made, district)


async def _load(settings: Settings, directory: Path, *, over: bool) -> Loaded:
    database = await Database.connect(database_url(settings), size=2, application="dispatch-load")
    try:
        return await step(database, directory, getpass.getuser(), over=over)
    finally:
        await database.close()


def show(done: Loaded) -> None:
    """Print what changed."""
    typer.echo(f"{done.name}（{done.district}）")
    if done.laid:
        said = "，".join(f"{kind} {count}" for kind, count in done.laid.items())
        typer.echo(f"  页面上改过的照旧，文件不改它：{said}。Kept as changed on pages.")
    if not done.changed:
        typer.echo("没有变化。Nothing changed.")
        return
    for kind, version in done.versions.items():
        typer.echo(f"  {kind}: 第 {version} 版 (version {version})")
    people = done.people
    counts = f"人员 {people.persons}，席位 {people.seats}，任职 {people.tenures}（止任 {people.ended}）"
    typer.echo(f"  {counts}，账号 {people.accounts}")
