"""Who acts by a command that keeps who and why, and the service that it works on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from dispatch.domain.case import Actor
from dispatch.domain.permissions import may_ever
from dispatch.domain.refusals import Refusal
from dispatch.local.commands.place import service
from dispatch.local.commands.plain import plainly
from dispatch.local.trouble import Trouble
from dispatch.settings import read as settings
from dispatch.steps import sign_in
from dispatch.steps.service import Service
from dispatch.store import accounts


def run(work: Callable[[Service], Awaitable[None]]) -> None:
    """Do it on a service of this process's own; a refusal is one line."""

    async def inside() -> None:
        async with service(settings()) as made:
            try:
                await work(made)
            except Refusal as refusal:
                raise Trouble(refusal.words() + "。", "Nothing was changed.") from None

    with plainly():
        asyncio.run(inside())


async def actor_of(made: Service, account: str, action: str) -> Actor:
    """The person of this sign-in or code, on the seat from which they may do what dispatchers and administrators may.

    Raises `Trouble`.
    """
    async with made.database.acquire() as connection:
        person = await accounts.person_of(connection, account)
    seats = await sign_in.seats_of(made.database, person) if person else []
    for seat in seats:
        actor = sign_in.actor_of(accounts.Holder(person or "", account, seat, False))
        if may_ever(actor, action):
            return actor
    raise Trouble(f"「{account}」不是调度员，也不是管理员。", "Name one of them with --by.")
