"""`notices list|retry`: notices that were given up, and taken up again once the channel is mended, with who and why."""

from __future__ import annotations

from typing import Annotated

import typer

from dispatch.domain.turn import ZONE
from dispatch.local.commands.acting import actor_of, run
from dispatch.local.trouble import Trouble
from dispatch.steps import notices
from dispatch.steps.service import Service
from dispatch.store import notices as store

group = typer.Typer(help="没发出去的通知: notices that were given up.", no_args_is_help=True)
#: rows read at a time
PAGE = 500


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.add_typer(group, name="notices")


@group.callback()
def about() -> None:
    """没发出去的通知: notices that were given up."""


@group.command("list")
def list_() -> None:
    """Newest first: id, when given up, whistle, recipient, channel, kind, tries, the other side's last answer."""

    async def work(made: Service) -> None:
        last: store.Failed | None = None
        while True:
            async with made.database.acquire() as connection:
                rows = await store.failed(connection, PAGE, last)
            for row in rows:
                at = row.at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S") if row.at else "–"
                what = f"{row.number}  {row.recipient}  {row.channel}  {row.kind}  ×{row.tries}  {row.answer or '–'}"
                typer.echo(f"{row.id}  {at}  {what}")
            if len(rows) < PAGE:
                return
            last = rows[-1]

    run(work)


@group.command()
def retry(
    by: Annotated[str, typer.Option(help="Who decides: sign-in or code of a dispatcher or administrator.")],
    why: Annotated[str, typer.Option(help="Why; kept in the log of administration.")],
    numbers: Annotated[list[int] | None, typer.Argument(help="Whistles' numbers, as `list` shows them.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All that failed, of the district of whoever decides.")] = False,
) -> None:
    """Failed notices are due at once, for one try each. What has nothing to tell any more is left out, not sent."""

    async def work(made: Service) -> None:
        if bool(numbers) == every:
            raise Trouble("没说重发哪些 Say which.", "哨的编号，或者 --all。Numbers of whistles, or --all.")
        count = await notices.retry(made, await actor_of(made, by, notices.ACTION), numbers or None, why)
        typer.echo(f"重发 {count} 条，马上再试 due at once" if count else "没有要重发的 nothing to send again")

    run(work)
