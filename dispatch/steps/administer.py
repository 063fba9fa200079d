"""What an administrator does with accounts and sessions of the own district; each change is written down."""

from datetime import datetime

from dispatch.domain.case import Actor
from dispatch.domain.permissions import may_ever
from dispatch.domain.refusals import Forbidden, NotFound
from dispatch.steps import second_factor
from dispatch.steps.sign_in import as_hash
from dispatch.store import administration, directory, sessions, tickets
from dispatch.store.connection import Connection
from dispatch.store.database import Database
from dispatch.store.directory import PersonSeen

ACTION = "administer"


def allowed(by: Actor) -> str:
    """The district that the actor administers. Raises `Forbidden`."""
    if not may_ever(by, ACTION) or by.district is None:
        raise Forbidden("只有管理员可以管理账号；请找本区管理员", field="role", value=by.role)
    return by.district


async def of_district(connection: Connection, by: Actor, person: str, now: datetime) -> PersonSeen:
    """A person whom the actor administers. Raises `Forbidden`, `NotFound` (another district's look the same)."""
    found = await directory.person(connection, allowed(by), person, now)
    if found is None:
        raise NotFound("没有「{value}」这个人；请核对", field="person", value=person)
    return found


async def reset_factor(database: Database, by: Actor, person: str) -> None:
    """Phone and recovery codes are lost: remove both; the person's sessions end. Raises `Forbidden`, `NotFound`."""
    now = await database.now()
    async with database.acquire() as connection:
        await of_district(connection, by, person, now)
    if not await second_factor.reset(database, person, by):
        raise NotFound("这个人没有绑定身份验证器；不用解除", field="person", value=person)


async def end_sessions(database: Database, by: Actor, person: str) -> int:
    """End every session of a person; returns how many. Raises `Forbidden`, `NotFound`."""
    async with database.transaction() as uow:
        await of_district(uow.connection, by, person, await uow.now())
        ended = await sessions.end_all(uow, person)
        await tickets.void(uow, person)
        await administration.note_on(uow, by, person, "sessions-ended", {"count": ended})
        return ended


async def end_session(database: Database, by: Actor, person: str, session: str) -> None:
    """End one session of a person, named by its hash in hex. Raises `Forbidden`, `NotFound`."""
    async with database.transaction() as uow:
        await of_district(uow.connection, by, person, await uow.now())
        if not await sessions.end(uow, as_hash(session), person):
            raise NotFound("这一处已经退出了；请刷新再看", field="session", value=session[:8])
        await administration.note_on(uow, by, person, "session-ended", {})
