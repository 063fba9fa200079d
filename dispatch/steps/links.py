"""One-time links: how somebody gets in who has no password, or forgot it. Opening one changes nothing; a press does.

Scanners of mail and chat open every link. So looking at one only says whether it is still good; pressing its button
uses it up. An administrator, or `dispatch password`, makes it to be handed over; it works once, within two hours, and
the latest only.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.domain.case import Actor
from dispatch.domain.refusals import NotFound, NotNow
from dispatch.steps import sign_in
from dispatch.steps.administer import of_district
from dispatch.steps.sign_in import CodeNeeded, Session, digest
from dispatch.store import administration, directory, second_factors, tickets
from dispatch.store.database import Database

KIND = "link"
LASTS = timedelta(hours=2)
#: that a form has made its link is remembered for longer than the session that may send it again
FORM, REMEMBERED = "link-form", sign_in.LASTS_BELOW


class Gone(NotFound):
    """Used, over, replaced by a later one, or never made: all the same to whoever asks."""

    code = "link-gone"

    def __init__(self) -> None:
        super().__init__("这个链接用过了或者过期了；请找管理员再要一个", field="link", value=None)


@dataclass(frozen=True, slots=True)
class Link:
    """A link just made; `token` is shown once."""

    token: str
    expires_at: datetime


async def make(database: Database, by: Actor | None, person: str, form: str = "") -> Link:
    """A link for a person of the own district (`by` None, the command line: of any), in place of an earlier one.

    `form`: which one asks; it makes one link. Raises `Forbidden`, `NotFound`; `NotNow` where it has.
    """
    now = await database.now()
    made = Link(secrets.token_urlsafe(32), now + LASTS)
    async with database.transaction() as uow:
        if by is not None:
            await of_district(uow.connection, by, person, now)
        if form and not await tickets.first(uow, FORM, digest(form), now, now + REMEMBERED):
            raise made_already()
        await tickets.void(uow, person)
        await tickets.add(uow, KIND, digest(made.token), person, {}, now, made.expires_at)
        await administration.note_on(uow, by, person, "link-made", {})
    return made


async def unused(database: Database, form: str) -> None:
    """Whether a form has not made its link yet; asked before a code that is good once. Raises `NotNow`."""
    now = await database.now()
    async with database.acquire() as connection:
        if form and await tickets.look(connection, FORM, digest(form), now):
            raise made_already()


def made_already() -> NotNow:
    """A page that shows a link is reloaded: the form comes again, and the link that was copied must stay good."""
    return NotNow(
        "这个链接已经开好、显示过了，没有再开；没抄下来，请回到这个人的页面再开一个", field="form", value=None
    )


async def good(database: Database, token: str) -> bool:
    """Whether the link would still let somebody in. It stays so."""
    now = await database.now()
    async with database.acquire() as connection:
        return await tickets.look(connection, KIND, digest(token), now) is not None


async def use(database: Database, token: str, device: str = "") -> Session | CodeNeeded:
    """Use the link up: a session in which a new password is set first, or what the authenticator's code comes with.

    Raises `Gone`, `Forbidden` without a seat.
    """
    now = await database.now()
    async with database.transaction() as uow:
        ticket = await tickets.take(uow, KIND, digest(token), now)
        if ticket is None or ticket.person is None:
            raise Gone
        await directory.must_change(uow, ticket.person)
        await administration.note_own(uow, ticket.person, "link-used", {})
        factor = await second_factors.of(uow.connection, ticket.person)
        if factor is not None and factor.confirmed:
            return await sign_in.code_needed(uow, ticket.person, now, via=sign_in.LINK)
    return await sign_in.open_session(database, ticket.person, via=sign_in.LINK, device=device)
