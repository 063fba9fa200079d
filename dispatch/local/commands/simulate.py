"""`simulate`: what a policy would do to a year, beside another one; nothing of the service's own data is touched."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from dispatch.local.commands.place import mapping_named
from dispatch.local.commands.plain import plainly, run
from dispatch.local.postgres import EmbeddedPostgres
from dispatch.local.postgres_files import unprivileged
from dispatch.local.simulation.register import Register
from dispatch.local.simulation.report import tables
from dispatch.local.simulation.run import Outcome, Scene, first_day, simulate
from dispatch.local.trouble import Trouble
from dispatch.observe import logs
from dispatch.settings import read
from dispatch.steps.reading.marked import BrokenFilesError
from dispatch.store.migrate import upgrade

DEMO = Path(__file__).parents[3] / "deploy" / "demo"


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("simulate")(simulate_)


def simulate_(
    days: Annotated[int, typer.Option(min=1, max=3660, help="How many days.")] = 365,
    policy: Annotated[Path | None, typer.Option(help="The policies.yaml to try; left out: the district's own.")] = None,
    district: Annotated[Path, typer.Option(help="Folder with tree.yaml, units.yaml, duties.yaml …")] = DEMO,
    seed: Annotated[int, typer.Option(help="The same seed gives the same year.")] = 1,
    per_day: Annotated[float, typer.Option("--per-day", min=0.1, max=500, help="Whistles on an average day.")] = 27.0,
    start: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day; left out: the last published year's.")
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option(help="The policies.yaml to compare with; left out: the district's own.")
    ] = None,
    register: Annotated[
        Path | None, typer.Option(help="A register (CSV, xlsx): its rows come in, at their moments, not made-up ones.")
    ] = None,
    mapping: Annotated[str, typer.Option(help="How the register is read: a mapping's name, or a YAML file.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Figures as JSON.")] = False,
) -> None:
    """Live a synthetic year, or a register's, through the same rules and steps on a virtual clock, in scratch."""
    with plainly():
        logs.configure("error", "console")
        try:
            real = _register(register, mapping)
            first = start.date() if start else first_day(district, real)
            scene = Scene(district, first, days, per_day, seed, real)
            done, seconds = _simulate(scene, policy, baseline)
        except BrokenFilesError as broken:
            raise Trouble("; ".join(map(str, broken.errors[:20])), "Nothing was simulated.") from None
    if as_json:
        typer.echo(json.dumps({name: asdict(one) for name, one in done.items()}, ensure_ascii=False, indent=1))
        return
    console = Console()
    for title, table in tables(scene, done):
        console.print(f"\n{title}", style="italic", highlight=False, soft_wrap=True)
        console.print(table)
    _say_what_is_left_out(console, done)
    console.print(f"{sum(one.figures.whistles for one in done.values())} 件，{seconds:.0f} 秒", style="dim")


def _say_what_is_left_out(console: Console, done: Mapping[str, Outcome]) -> None:
    """How much of the register is not in the figures, and why."""
    if left_out := max(one.left_out for one in done.values()):
        console.print(f"来源文件中 {left_out} 行不能成哨（读不懂，或找不到地点），没有计入。", style="dim")
    if outside := max(one.outside for one in done.values()):
        console.print(f"来源文件中 {outside} 行不在这些天里，没有计入；要别的天，用 --start、--days。", style="dim")


def _register(file: Path | None, mapping: str) -> Register | None:
    if file is None:
        return None
    if not file.is_file():
        raise Trouble(f"There is no file {file}.", "Name a register, CSV or xlsx.")
    return Register(file, mapping_named(mapping))


def _simulate(scene: Scene, policy: Path | None, baseline: Path | None) -> tuple[Mapping[str, Outcome], float]:
    """Each policy's year, side by side, on a server of our own that is gone afterwards."""
    runs = {"baseline": baseline, **({"policy": policy} if policy is not None else {})}
    found: dict[str, Outcome] = {}
    account, began = unprivileged(read().postgres_account), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="dispatch-simulate-") as name:
        Path(name).chmod(0o711)  # the server's account must get through; the folder inside is closed
        server = EmbeddedPostgres(Path(name) / "postgres", account=account, fast_and_unsafe=True)
        server.start()
        try:
            run(_all(server, scene, runs, found))
        finally:
            server.stop()
    return {name: found[name] for name in runs}, time.monotonic() - began


async def _all(
    server: EmbeddedPostgres, scene: Scene, runs: Mapping[str, Path | None], found: dict[str, Outcome]
) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:

        async def one(name: str, file: Path | None) -> None:
            task = bar.add_task(name, total=1.0)
            found[name] = await simulate(server.url(name), scene, file, lambda share: bar.update(task, completed=share))

        for name in runs:  # one after the other: migrations do not run side by side
            await server.create(name)
            await upgrade(server.url(name))
        await asyncio.gather(*(one(name, file) for name, file in runs.items()))
