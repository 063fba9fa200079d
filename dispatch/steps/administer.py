"""What an administrator does with accounts, sessions and tokens of the own district; each change is written down."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from dispatch.clock import new_id
from dispatch.domain.case import Actor
from dispatch.domain.permissions import may_ever
from dispatch.domain.refusals import Forbidden, Invalid, NotFound
from dispatch.steps import second_factor
from dispatch.steps.sign_in import EVERYTHING, SCOPES, as_hash, digest
from dispatch.store import accounts, administration, directory, sessions, tickets
from dispatch.store.connection import Connection
from dispatch.store.database import Database
from dispatch.store.directory import PersonSeen, TokenSeen

ACTION = "administer"
#: days a token may be good for
DAYS = (1, 30, 90, 365)
LONGEST_NAME = 60


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
        ended = await accounts.end_sessions(uow, person)
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


async def make_token(
    database: Database, by: Actor, person: str, seat: str, name: str, scopes: Sequence[str], days: int
) -> tuple[str, TokenSeen]:
    """An API token that acts from a seat of a person; the first value is what its holder has, shown once.

    No scopes: everything the seat may. Raises `Forbidden`, `NotFound`, `Invalid` naming the field.
    """
    _token_fields(name, scopes, days)
    token = secrets.token_urlsafe(32)
    async with database.transaction() as uow:
        now = await uow.now()
        holder = await of_district(uow.connection, by, person, now)
        if seat not in holder.seats:
            raise Invalid("「{value}」现在不是这个人的岗位；请从列出的选一个", field="seat", value=seat)
        made = TokenSeen(
            new_id(), name.strip(), holder.code, holder.name, seat, tuple(scopes) or (EVERYTHING,), now,
            now + timedelta(days=days), None, None,
        )  # fmt: skip
        await directory.add_token(uow, made, digest(token))
        told = {"token": str(made.id), "name": made.name, "seat": seat, "scopes": list(made.scopes), "days": days}
        await administration.note_on(uow, by, person, "token-made", told)
    return token, made


def _token_fields(name: str, scopes: Sequence[str], days: int) -> None:
    if not 0 < len(name.strip()) <= LONGEST_NAME:
        raise Invalid("用途要 1 到 {most} 个字；请写明给哪个系统用", field="name", value=name, most=LONGEST_NAME)
    wrong = next((scope for scope in scopes if scope not in SCOPES), None)
    if wrong is not None:
        raise Invalid("没有「{value}」这种权限；请从列出的选", field="scopes", value=wrong)
    if days not in DAYS:
        raise Invalid("有效期不能是「{value}」天；请从列出的选一个", field="days", value=days)


async def revoke_token(database: Database, by: Actor, id: str) -> None:
    """End an API token of the district. Raises `Forbidden`, `NotFound`."""
    district = allowed(by)
    try:
        token = UUID(id)
    except ValueError:
        token = UUID(int=0)
    async with database.transaction() as uow:
        name = await directory.revoke_token(uow, district, token, await uow.now())
        if name is None:
            raise NotFound("这个令牌已经停用了；请刷新再看", field="token", value=id[:36])
        await administration.note(
            uow, district, by.person, by.seat, "token-revoked", str(token), {"token": str(token), "name": name}
        )
