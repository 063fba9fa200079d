"""What is in force as text, so that the files can be brought in step with what was approved at the desk."""

from __future__ import annotations

import asyncio

import typer

from dispatch.domain.refusals import NotFound
from dispatch.local.commands.place import service
from dispatch.local.commands.plain import plainly
from dispatch.local.trouble import Trouble
from dispatch.settings import Settings, read


def print_text(district: str, kind: str) -> None:
    """Print one of a district's rules as it is in force. Raises `typer.Exit` where there is none."""
    with plainly():
        try:
            found = asyncio.run(_text(read(), district, kind))
        except NotFound as refusal:
            raise Trouble(str(refusal), "dispatch load DIRECTORY") from None
    typer.echo(found, nl=False)


async def _text(settings: Settings, district: str, kind: str) -> str:
    from dispatch.steps.rule_changes.proposals import current

    async with service(settings) as made, made.database.acquire() as connection:
        return (await current(connection, district, kind)).text
