"""`topics plan|apply`: the difference between the topics on the broker and their declaration, shown and made."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import typer

from dispatch.local.commands.plain import plainly
from dispatch.settings import Settings, read

if TYPE_CHECKING:
    from dispatch.bus.topic_plan import Change

group = typer.Typer(help="The topics, as schemas/topics.py declares them.", no_args_is_help=True)
SIGN = {"create": "+", "partitions": "~", "settings": "~", "by-hand": "!", "note": " "}


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.add_typer(group, name="topics")


@group.callback()
def topics() -> None:
    """主题: created and changed as they are declared."""


@group.command()
def plan() -> None:
    """What `apply` would do; nothing is changed. Exit code 1 where something differs."""
    _work(make=False)


@group.command()
def apply() -> None:
    """Make the topics as declared. Exit code 1 where something was refused, or is left for a hand."""
    _work(make=True)


def _work(*, make: bool) -> None:
    with plainly():
        left = asyncio.run(_all(read(), make))
    typer.echo(f"{left} 处不同 to be done" if left else "主题和声明一致 as declared")
    if left:
        raise typer.Exit(1)


async def _all(settings: Settings, make: bool) -> int:
    """Show every difference, make it where asked; how many are left."""
    from dispatch.bootstrap.addresses import kafka_of
    from dispatch.bus import topic_plan
    from dispatch.bus.topics import TopicsUnfit, admin, found
    from dispatch.bus.unread import readers
    from schemas.topics import TOPICS

    address, client = kafka_of(settings)
    copies, left = settings.kafka_replication, 0
    async with admin(address, client, 120) as asking:
        there = await found(asking, TOPICS.values())
        changes = topic_plan.plan(TOPICS.values(), there, copies)
        growing = {one.topic.name: there[one.topic.name].partitions for one in changes if one.kind == "partitions"}
        reading = await readers(asking, address, client, growing) if growing else []
        for change in changes:
            why = topic_plan.refusal(change, reading) if change.kind == "partitions" else None
            if why is None and make and change.kind not in ("by-hand", "note"):
                try:
                    await topic_plan.apply(asking, change, copies)
                except TopicsUnfit as unfit:
                    why = str(unfit)
            done = make and why is None and change.kind != "by-hand"
            left += not done and change.kind != "note"
            _say(change, why)
    return left


def _say(change: Change, why: str | None) -> None:
    typer.echo(f"{'!' if why else SIGN[change.kind]} {change.topic.name}  {change.said}")
    if why:
        typer.echo(f"    → {why}")
