"""`settings`: every setting with value, source and meaning."""

from __future__ import annotations

from typing import Annotated

import typer

from dispatch.local.commands.plain import plainly
from dispatch.settings import read, told, unknown


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("settings")(settings)


def settings(
    plain: Annotated[bool, typer.Option("--plain", help="Tab-separated, for scripts.")] = False,
) -> None:
    """List every setting: variable, value (secrets masked), where it comes from, what it means."""
    with plainly():
        rows = told(read())
    if plain:
        for row in rows:
            typer.echo("\t".join((row.variable, row.value, row.source, row.meaning)))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("setting", "value", "source", "meaning", box=None, pad_edge=False)
    for row in rows:
        table.add_row(
            row.variable, row.value, row.source, row.meaning, style=None if row.source == "default" else "bold"
        )
    Console().print(table)
    for line in unknown():
        typer.echo(line, err=True)
