"""`password`, `token`, `second-factor`: how a person and a program get in; outside demo mode nobody has a password
at first.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

import typer

from dispatch.clock import new_id
from dispatch.local.commands.place import database_url
from dispatch.local.commands.plain import plainly
from dispatch.local.trouble import Trouble
from dispatch.settings import read
from dispatch.steps import links, sign_in
from dispatch.steps import second_factor as factors
from dispatch.store import accounts, people
from dispatch.store.database import Database

Account = Annotated[str, typer.Argument(help="Sign-in of the account, e.g. xf.liaison, or the person's code.")]


@dataclass(frozen=True, slots=True)
class Wanted:
    """The token to be made: `seat` None is the account's only one."""

    name: str
    seat: str | None
    lasts: timedelta
    scopes: tuple[str, ...]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command()(password)
    app.command()(token)
    app.command("second-factor")(second_factor)


def password(account: Account) -> None:
    """Make a link by which an account's holder sets a password: once, within two hours, the latest only."""
    from dispatch.web.entering import LINK_PAGE  # the web's own weight, for no other command

    with plainly():
        settings = read()
        made = asyncio.run(_link(database_url(settings), account))
    typer.echo(f"{settings.url.rstrip('/')}{LINK_PAGE}/{made.token}")
    typer.echo(f"交给{account}本人，两小时内打开并设密码。Hand it to its holder; it works once.", err=True)


def token(
    account: Account,
    name: Annotated[str, typer.Option(help="What it is for; shown where tokens are listed.")],
    seat: Annotated[str | None, typer.Option(help="Seat it acts from, where the person holds several.")] = None,
    days: Annotated[int, typer.Option(min=1, max=3650, help="Days until it runs out.")] = 90,
    scope: Annotated[
        list[str] | None, typer.Option(help="read, raise, act or admin; several times for several; left out: all.")
    ] = None,
) -> None:
    """Make an API token that may do, within its scopes, what the account's seat may. Shown once; its hash is kept."""
    with plainly():
        wanted = Wanted(name, seat, timedelta(days=days), _scopes(scope or []))
        made, until = asyncio.run(_token(database_url(read()), account, wanted))
    typer.echo(made)
    typer.echo(f"有效至 until {until.isoformat(timespec='seconds')}", err=True)


def second_factor(account: Account) -> None:
    """Remove an account's authenticator and recovery codes where both are lost; its sessions end."""
    with plainly():
        removed = asyncio.run(_second_factor(database_url(read()), account))
    said = "已解除绑定。Removed." if removed else "没有绑定身份验证器。There was none."
    typer.echo(f"{account}：{said}")


async def _second_factor(url: str, account: str) -> bool:
    database = await Database.connect(url, size=1, application="dispatch-second-factor")
    try:
        return await factors.reset(database, await _person(database, account), None)
    finally:
        await database.close()


async def _link(url: str, account: str) -> links.Link:
    database = await Database.connect(url, size=1, application="dispatch-password")
    try:
        return await links.make(database, None, await _person(database, account))
    finally:
        await database.close()


def _scopes(given: list[str]) -> tuple[str, ...]:
    wrong = next((one for one in given if one not in sign_in.SCOPES), None)
    if wrong is not None:
        raise Trouble(f"没有「{wrong}」这种权限。", f"--scope is one of {', '.join(sign_in.SCOPES)}.")
    return tuple(dict.fromkeys(given)) or (sign_in.EVERYTHING,)


async def _token(url: str, account: str, wanted: Wanted) -> tuple[str, datetime]:
    database = await Database.connect(url, size=1, application="dispatch-token")
    try:
        person = await _person(database, account)
        held = [one.code for one in await sign_in.seats_of(database, person)]
        chosen = wanted.seat or (held[0] if len(held) == 1 else None)
        if chosen not in held:
            raise Trouble(f"{account} 现在的席位：{'、'.join(held) or '没有'}。", "Name one of them with --seat.")
        made = secrets.token_urlsafe(32)
        async with database.transaction() as uow:
            now = await uow.now()
            row = people.Token(new_id(), sign_in.digest(made), person, chosen, wanted.name, wanted.scopes)
            await people.add_tokens(uow, [row], now, now + wanted.lasts)
        return made, now + wanted.lasts
    finally:
        await database.close()


async def _person(database: Database, account: str) -> str:
    async with database.acquire() as connection:
        person = await accounts.person_of(connection, account)
    if person is None:
        raise Trouble(f"没有「{account}」这个账号。", "Accounts come from people.yaml: dispatch load DIR.")
    return person
