"""`audit`: what is stored, against what the log amounts to. `recount`: the gauges' counts, against what is stored."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from multiprocessing import get_context
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from dispatch.domain.turn import ZONE
from dispatch.local.commands.place import database_url
from dispatch.local.commands.plain import plainly
from dispatch.settings import Settings, read
from dispatch.steps.audit import Difference, audit_share
from dispatch.steps.audit import audit as step
from dispatch.store import audit as store
from dispatch.store import snapshots
from dispatch.store.database import Database
from dispatch.store.snapshots import Miscount

#: so many differences are printed; the rest is counted
MOST = 1000
#: whistles that a process takes at a time
SHARE = 2000
NAME = "dispatch-audit"
Told = Callable[[int, int], None]
#: differences, and how many whistles were left out
Share = tuple[list[Difference], int]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command()(audit)
    app.command()(recount)


def audit(
    since: Annotated[
        datetime | None, typer.Option(help="Only whistles with an event since then (district time).")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many whistles, oldest first.")] = None,
    processes: Annotated[int | None, typer.Option(min=1, help="So many at work; left out: one per core.")] = None,
) -> None:
    """Build state, parts, clocks, requests and ledger anew from the log; print each difference (exit code 1).

    Of all whistles, the gauges' counts are compared with what is stored, too.
    """
    wrong: list[Miscount] = []
    with plainly():
        audited, differences, aside = asyncio.run(
            _audit(read(), since.replace(tzinfo=ZONE) if since else None, limit, processes or os.cpu_count() or 1)
        )
        if since is None and limit is None:
            wrong = asyncio.run(_counts(read(), snapshots.miscounted))
    typer.echo(f"核对 {audited - aside} 件：{f'{differences} 处不一致' if differences else '与日志一致'}")
    if aside:
        typer.echo(f"另有 {aside} 件的日志有月份已归档，没有核对；放回来就能核对 dispatch archive --restore FILE")
    if wrong:
        typer.echo(f"计数 {len(wrong)} 处不对，重数 dispatch recount")
    if differences or wrong:
        raise typer.Exit(1)


def recount() -> None:
    """Count whistles by status and queues by unit anew, after rows were changed with triggers disabled.

    What is written about whistles waits meanwhile.
    """
    with plainly():
        wrong = asyncio.run(_counts(read(), snapshots.recount))
    typer.echo(
        f"已重数，改正 {len(wrong)} 处 counted anew" if wrong else "已重数，本来就对 counted anew, none was wrong"
    )


async def _counts(settings: Settings, how: Callable[[Database], Awaitable[list[Miscount]]]) -> list[Miscount]:
    database = await Database.connect(database_url(settings), size=1, application=NAME)
    try:
        wrong = await how(database)
    finally:
        await database.close()
    for one in wrong:
        typer.echo(" ".join(filter(None, (one.name, one.a, one.b))) + f": kept {one.kept}, counted {one.counted}")
    return wrong


async def _audit(settings: Settings, since: datetime | None, limit: int | None, processes: int) -> tuple[int, int, int]:
    url = database_url(settings)
    database = await Database.connect(url, size=1, application=NAME)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    found = audited = aside = 0
    try:
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task("核对", total=None)

            def told(done: int, total: int) -> None:
                nonlocal audited
                audited = done
                bar.update(task, completed=done, total=total)

            def left_out(count: int) -> None:
                nonlocal aside
                aside += count

            if processes == 1:
                differences = step(database, since=since, limit=limit, told=told, aside=left_out)
            else:
                differences = _side_by_side(url, database, since, limit, processes, (told, left_out))
            async for difference in differences:
                found += 1
                if found <= MOST:
                    typer.echo(line(difference))
    finally:
        await database.close()
    return audited, found, aside


async def _side_by_side(
    url: str,
    database: Database,
    since: datetime | None,
    limit: int | None,
    processes: int,
    hear: tuple[Told, Callable[[int], None]],
) -> AsyncIterator[Difference]:
    """The same by several processes: each takes a share of the whistles, all see one moment."""
    loop, (told, aside) = asyncio.get_running_loop(), hear
    async with store.snapshot(database) as connection:
        shares, name = await store.shares(connection, since, limit, SHARE), await store.exported(connection)
        total, done = sum(count for *_, count in shares), 0
        told(0, total)
        with ProcessPoolExecutor(min(processes, len(shares)) or 1, mp_context=get_context("spawn")) as pool:
            working = [loop.run_in_executor(pool, _share, url, name, since, *share) for share in shares]
            for (*_, count), found in zip(shares, working, strict=True):
                differences, without = await found
                for difference in differences:
                    yield difference
                aside(without)
                done += count
                told(done, total)


def _share(url: str, name: str, since: datetime | None, after: UUID, upto: UUID, count: int) -> Share:
    """In a process of its own."""

    async def run() -> Share:
        database = await Database.connect(url, size=1, application=NAME)
        try:
            return await audit_share(database, name, since, after, upto, count)
        finally:
            await database.close()

    return asyncio.run(run())


def line(difference: Difference) -> str:
    """One difference: whistle, table, field, stored, rebuilt."""
    stored, rebuilt = (_plain(value) for value in (difference.stored, difference.rebuilt))
    dot = "" if difference.field.startswith("[") else "."
    return f"{difference.number} {difference.table}{dot}{difference.field}: stored {stored}, rebuilt {rebuilt}"


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
