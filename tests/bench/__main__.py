"""`python -m tests.bench`: measure, print the table, keep it."""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop
from rich.console import Console
from rich.table import Table

from dispatch.local.kafka import VERSION
from dispatch.observe import logs
from tests import kafka_node
from tests.bench import plot, rows
from tests.bench.bare import connected
from tests.bench.figures import TINY, Figure, Size
from tests.bench.ground import ROOT, Ground, versions

KEEP = ROOT / ".build" / "bench"


async def measure(ground: Ground, names: list[str], size: Size, console: Console) -> dict[str, Any]:
    """Run the rows, one after the other; everything that is kept of them."""
    async with ground.standing():
        found: list[tuple[str, Figure]] = []
        for name in names:
            began = time.monotonic()
            figures = await rows.ROWS[name](ground, size)
            found += [(name, figure) for figure in figures]
            said = "; ".join(line(figure) for figure in figures)
            console.print(f"[dim]{name}, {time.monotonic() - began:.0f} s: {said}[/]")
        return await keep(ground, size, found)


async def keep(ground: Ground, size: Size, found: list[tuple[str, Figure]]) -> dict[str, Any]:
    """The figures, with where they come from."""
    async with connected(ground.postgres.url("postgres")) as connection:
        server = await connection.fetchval("SHOW server_version")
    nodes = (
        "one node, three where a figure says so" if any("three nodes" in each.name for _, each in found) else "one node"
    )
    broker = f"Apache Kafka {VERSION}, {nodes}" if ground.kind == "kafka" else "embedded (Tansu)"
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "on": {**versions(), "postgresql": f"{server}, fsync {'on' if ground.durable else 'off'}", "broker": broker},
        "rounds": size.rounds,
        "rows": [{"row": name, **figure.as_json()} for name, figure in found],
    }


def line(figure: Figure) -> str:
    """One figure in words."""
    low, high = figure.spread
    return f"{figure.name}: ×{figure.ratio:.2f} ({low:.2f}–{high:.2f})"


def show(kept: dict[str, Any], console: Console) -> None:
    """The table."""
    table = Table(title=f"Dispatch, {kept['at']}", caption=", ".join(f"{k} {v}" for k, v in kept["on"].items()))
    for heading in ("row", "figure", "ours", "bare", "unit", "ratio", "lowest–highest", "hold", ""):
        table.add_column(heading, justify="left" if heading in ("row", "figure", "unit", "") else "right")
    for row in kept["rows"]:
        sign = "≥" if row["sense"] == "more" else "≤"
        table.add_row(
            row["row"],
            row["name"],
            number(row["ours"]),
            number(row["bare"]),
            row["unit"],
            f"{row['ratio']:.2f}",
            f"{row['ratio_low']:.2f}–{row['ratio_high']:.2f}",
            f"{sign} {row['hold']}" if row["hold"] is not None else "–",
            {True: "[green]holds[/]", False: "[red]does not[/]", None: ""}[row["holds"]],
        )
    console.print(table)


def number(value: float) -> str:
    """Three figures that matter."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--row", action="append", choices=list(rows.ROWS), help="only this row (may be repeated)")
    parser.add_argument("--json", type=Path, default=KEEP / "figures.json", help="where the figures are kept")
    parser.add_argument("--plot", type=Path, help="where the picture goes (default: beside the figures, .svg)")
    parser.add_argument("--broker", choices=("kafka", "embedded"), help="default: kafka where Java and Maven are there")
    parser.add_argument("--rounds", type=int, help="pairs of ours and bare (default 5)")
    parser.add_argument("--tiny", action="store_true", help="counts that only show that everything runs")
    asked = parser.parse_args()
    size = TINY if asked.tiny else Size()
    if asked.rounds:
        size = replace(size, rounds=asked.rounds)
    broker = asked.broker or ("kafka" if kafka_node.available() else "embedded")
    console = Console(width=None if Console().is_terminal else 160)
    ground = Ground(broker)
    logs.configure("info", "json", "bench", stream=(ground.folder / "bench.log").open("w"))
    kept = uvloop.run(measure(ground, asked.row or list(rows.ROWS), size, console))
    show(kept, console)
    picture = asked.plot or asked.json.with_suffix(".svg")
    for path, content in ((asked.json, json.dumps(kept, ensure_ascii=False, indent=1)), (picture, plot.svg(kept))):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        console.print(f"[dim]{path}[/]")
    if not asked.tiny and (fallen := missed(kept)):
        console.print(f"[red]{len(fallen)} do not hold:[/] {'; '.join(fallen)}")
        raise SystemExit(1)


def missed(kept: dict[str, Any]) -> list[str]:
    """The figures that do not hold what is asked of them."""
    return [f"{row['row']}, {row['name']}" for row in kept["rows"] if row["holds"] is False]


if __name__ == "__main__":
    main()
