"""Who they are, asked again before something that matters: the authenticator's code, else the password.

What lets somebody into another's account is asked for each time (`confirm`); changes of the district's own data once in
ten minutes (`due`, `confirm_once`), for they come in dozens and a code is good for one.

Somebody who has neither here (they come in through another provider) must have signed in a moment ago. The demo's
identities have nothing to be asked for.
"""

from datetime import timedelta
from typing import Literal

import structlog

from dispatch.domain.refusals import Invalid
from dispatch.steps import passwords, second_factor, sign_in
from dispatch.steps.sealing import Sealer
from dispatch.steps.sign_in import Visit
from dispatch.store import accounts, second_factors, sessions
from dispatch.store.database import Database

log = structlog.get_logger(__name__)

#: what is asked for; "": nothing that could be
Asks = Literal["code", "password", ""]
FRESH = timedelta(minutes=10)


async def asks(database: Database, person: str) -> Asks:
    """What this person is asked for."""
    async with database.acquire() as connection:
        factor = await second_factors.of(connection, person)
        known = await accounts.account(connection, person)
    if factor is not None and factor.confirmed:
        return "code"
    return "password" if known is not None and known.has_password else ""


async def confirm(
    database: Database, sealer: Sealer, visit: Visit, given: str, session: bytes | None, *, field: str
) -> None:
    """Whether it is them. `session`: the hash of theirs. Raises `Invalid` naming `field`; wrong tries are counted."""
    person = visit.actor.person or ""
    wanted = await asks(database, person)
    if not wanted:
        await _just_come(database, visit, session, field)
        return
    if not given.strip():
        raise Invalid("先证明是您本人；请填验证码或密码", field=field, value=None)
    try:
        if wanted == "code":
            await second_factor.check(database, sealer, person, given)
        else:
            await _password(database, sealer, person, given, field)
    except second_factor.WrongCode as refusal:
        raise Invalid(refusal.message, field=field, value=None) from refusal


async def due(database: Database, visit: Visit, session: bytes | None) -> Asks:
    """What is to be asked for now; nothing where they proved it a moment ago."""
    return "" if await _fresh(database, session) else await asks(database, visit.actor.person or "")


async def confirm_once(
    database: Database, sealer: Sealer, visit: Visit, given: str, session: bytes | None, *, field: str
) -> None:
    """As `confirm`, and good for `FRESH`; so is signing in. Raises `Invalid`."""
    if session is None or await _fresh(database, session):
        return
    await confirm(database, sealer, visit, given, session, field=field)
    async with database.transaction() as uow:
        await sessions.prove(uow, session, await uow.now())


async def _fresh(database: Database, session: bytes | None) -> bool:
    async with database.acquire() as connection:
        at = await sessions.proved(connection, session) if session else None
    return at is not None and await database.now() - at <= FRESH


async def _password(database: Database, sealer: Sealer, person: str, given: str, field: str) -> None:
    await second_factor.count(database, person)
    await passwords.confirmed(database, sealer, person, given, field)
    async with database.transaction() as uow:
        await accounts.clear_tries(uow, person)


async def _just_come(database: Database, visit: Visit, session: bytes | None, field: str) -> None:
    if visit.via == sign_in.STAND_IN:
        return
    if not await _fresh(database, session):
        minutes = int(FRESH.total_seconds() // 60)
        raise Invalid("办这件事要刚登录；请退出再登录，{minutes} 分钟内来办", field=field, value=None, minutes=minutes)


__all__ = ["FRESH", "Asks", "asks", "confirm", "confirm_once", "due"]
