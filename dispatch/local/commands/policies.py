"""`policies apply --open`: today's policies and calendars for the whistles that are open already."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from dispatch.local.commands.place import service
from dispatch.local.commands.plain import plainly
from dispatch.local.commands.rule_text import print_text
from dispatch.local.trouble import Trouble
from dispatch.settings import Settings, read
from dispatch.steps.recompute import apply_calendars, apply_policies

group = typer.Typer(help="Limits and the ladder.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.add_typer(group, name="policies")


@group.callback()
def policies() -> None:
    """Limits and the ladder, as loaded."""


@group.command()
def text(district: Annotated[str, typer.Argument(help="The district's code.")]) -> None:
    """The policies in force as text, for policies.yaml."""
    print_text(district, "policies")


@group.command()
def apply(
    open_: Annotated[bool, typer.Option("--open", help="Yes: the open whistles too, keeping the time used.")] = False,
    district: Annotated[str | None, typer.Option(help="One district's code; left out: all of them.")] = None,
) -> None:
    """A loaded policy holds for new whistles. With --open it is applied to the open ones as well."""
    with plainly():
        if not open_:
            raise Trouble("A loaded policy holds for new whistles already.", "For the open ones too, say --open.")
        clocks, days = asyncio.run(_apply(read(), district))
    typer.echo(f"按现行政策重算 {clocks} 个时限，按现行日历重算 {days} 个。Recomputed.")


async def _apply(settings: Settings, district: str | None) -> tuple[int, int]:
    async with service(settings) as made:
        districts = [district] if district else made.rules.districts
        days = sum([await apply_calendars(made, one) for one in districts])
        clocks = sum([await apply_policies(made, one) for one in districts])
        return clocks, days
