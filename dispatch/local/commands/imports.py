"""`import`: rows of a foreign file become whistles, with a progress bar, rejects and a report."""

from __future__ import annotations

import asyncio
import csv
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from dispatch.domain.refusals import NotFound
from dispatch.local.commands.place import mapping_named, service, trouble_of
from dispatch.local.commands.plain import plainly
from dispatch.local.trouble import Trouble
from dispatch.settings import Settings, read
from dispatch.steps import duplicates, import_rows
from dispatch.steps.import_files import WrongFile, count, rows
from dispatch.steps.import_mapping import ImportMapping
from dispatch.steps.import_report import Report, report
from dispatch.steps.import_rows import Imported, Reject
from dispatch.steps.intake import Intake
from dispatch.steps.service import Service

#: while nothing is routed for so long, nobody routes (seconds)
NOBODY_ROUTES = 20.0


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("import")(import_)


def import_(
    file: Annotated[Path, typer.Argument(help="The file: CSV or xlsx, as the mapping says.")],
    mapping: Annotated[str, typer.Option("--mapping", help="Name of a mapping, or a YAML file of your own.")],
    rejects: Annotated[Path | None, typer.Option(help="Where rows that were not taken are told (CSV).")] = None,
    route_here: Annotated[
        bool, typer.Option("--route-here", help="Route in this process: no worker, no Kafka needed.")
    ] = False,
    show_report: Annotated[bool, typer.Option("--report/--no-report", help="Wait for routing, then tell.")] = True,
) -> None:
    """Import a file. Run again it adds nothing; cut short it goes on where it was."""
    with plainly():
        settings, found = read(), mapping_named(mapping)
        if not file.is_file():
            raise Trouble(f"没有这个文件：{file}。", "没有导入任何一行。")
        told = rejects or Path.cwd() / f"{file.stem}.rejects.csv"
        try:
            done = asyncio.run(_import(settings, file, found, route_here, show_report))
        except WrongFile as error:
            raise trouble_of(error) from None
        except NotFound as error:
            raise Trouble(
                error.words() + "。", f"Load that district first: dispatch load DIR ({found.district})."
            ) from None
    typer.echo(f"读 {done.read} 行：新收 {done.raised}，已有 {done.known}，未收 {len(done.rejects)}")
    if done.rejects:
        write_rejects(told, done.rejects)
        typer.echo(f"未收的行和原因在 {told}")


async def _import(settings: Settings, file: Path, mapping: ImportMapping, here: bool, wanted: bool) -> Imported:
    async with service(settings) as made:
        done = await _take(made, file, mapping, hold_back=not here)
        if here:
            await import_rows.route_here(made, mapping)
        if mapping.repeats:
            streets = [node.code for node in made.rules.of(mapping.district).tree.by_code.values() if node.level == 4]
            found, new = await duplicates.propose(
                made.database, mapping.principal, streets, timedelta(days=mapping.repeats.days), mapping.repeats.least
            )
            typer.echo(f"疑似重复 {found} 对（新提出 {new} 对），在调度台「疑似重复」里等人确认是否并单")
        if wanted:
            await _wait(made, mapping)
            show(report(await import_rows.fates(made, mapping)))
        return done


async def _take(made: Service, file: Path, mapping: ImportMapping, *, hold_back: bool) -> Imported:
    total = await asyncio.to_thread(count, file, mapping)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(mapping.title, total=total)
        intake = Intake(made)
        done = await import_rows.import_rows(
            made,
            intake,
            mapping,
            rows(file, mapping),
            told=lambda so_far: bar.update(task, completed=so_far.read),
            hold_back=hold_back,
        )
        bar.update(task, total=done.read, completed=done.read)
    return done


async def _wait(made: Service, mapping: ImportMapping) -> None:
    """Until every row is routed, or nobody seems to route."""
    before, since = -1, time.monotonic()
    while left := sum(fate.count for fate in await import_rows.fates(made, mapping) if fate.outcome == "raised"):
        if left != before:
            before, since = left, time.monotonic()
        elif time.monotonic() - since > NOBODY_ROUTES:
            typer.echo(f"还有 {left} 件没派出，{NOBODY_ROUTES:.0f} 秒没有进展：worker 在运行吗？", err=True)
            return
        await asyncio.sleep(0.5)


def show(told: Report) -> None:
    """Print the report."""
    table = Table(title=f"{told.total} 件的去向", box=None, pad_edge=False)
    for heading, justify in (("去向", "left"), ("件", "right"), ("占", "right")):
        table.add_column(heading, justify="right" if justify == "right" else "left")
    for name, n in told.outcomes:
        table.add_row(name, str(n), told.share(n))
    table.add_row("自动派出或答复", str(told.automatic), told.share(told.automatic), style="bold")
    table.add_row("留在调度台", str(told.at_desk), told.share(told.at_desk), style="bold")
    for name, n in told.reasons:
        table.add_row(f"  {name}", str(n), told.share(n))
    if told.waiting:
        table.add_row("还没派出", str(told.waiting), told.share(told.waiting))
    Console().print(table)


def write_rejects(file: Path, rejects: Sequence[Reject]) -> None:
    """The rows that were not taken, each with row number, field, value and reason."""
    with file.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("row", "field", "value", "reason"))
        for reject in rejects:
            # a cell that a spreadsheet would take for a formula stays text
            value = f"'{reject.value}" if reject.value[:1] in "=+-@" and reject.value[:1] else reject.value
            writer.writerow((reject.row, reject.field, value, reject.reason))
