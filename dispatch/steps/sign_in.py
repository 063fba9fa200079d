"""Signing in and out: who is at the other end, from which seat, and for how long.

People get a session (a random token in a cookie, stored hashed), programs a token (made by `dispatch token` or the
administrator, stored hashed). Tries are throttled per account, never per address: a whole office may share one.
"""

import asyncio
import hashlib
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from dispatch.domain.case import Actor
from dispatch.domain.refusals import Forbidden, Invalid
from dispatch.store import accounts
from dispatch.store.accounts import Holder, SeatHeld
from dispatch.store.database import Database

LASTS = timedelta(days=7)
IDLE = timedelta(hours=12)
#: `seen_at` is written at most this often
TOUCH_EVERY = timedelta(minutes=5)

FREE_TRIES = 5
FIRST_LOCK = timedelta(seconds=30)
LONGEST_LOCK = timedelta(minutes=15)
SHORTEST_PASSWORD, LONGEST_PASSWORD = 10, 256

#: the scope that allows everything the seat allows; the others are `read`, `raise` and `act`
EVERYTHING = "*"

_hasher = PasswordHasher()
#: hashing takes 64 MiB each: so many at once, the others wait
_hashing = ThreadPoolExecutor(2, "argon2")
#: verified against where there is no account, so that the answer takes as long
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$MfTmqqEgUbZZbgD3tLSmzA$9bSE9eNSxQOkKb46SziQTVzFHb6nhlqUYkiEmo0QOhc"


class Refused(Forbidden):
    """Not signed in. The words are the same whether the account is unknown, locked or the password wrong."""

    code = "sign-in-refused"

    def __init__(self) -> None:
        super().__init__("账号或密码不对；连错几次要等一会儿再试", field="name", value=None)


@dataclass(frozen=True, slots=True)
class Session:
    """A session just opened. `token` is what the cookie holds; only its hash is stored."""

    token: str
    csrf: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody at the other end: the actor, and what came with them. `csrf` is empty for tokens."""

    actor: Actor
    expires_at: datetime
    position: str = ""
    csrf: str = ""
    scopes: tuple[str, ...] = (EVERYTHING,)
    must_change: bool = False
    seen_at: datetime | None = None

    def allows(self, scope: str) -> bool:
        """Whether the token may be used for this (`read`, `raise`, `act`); sessions may for everything."""
        return EVERYTHING in self.scopes or scope in self.scopes


def digest(token: str) -> bytes:
    """What is stored of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def actor_of(holder: Holder) -> Actor:
    """The actor that a person on a seat is."""
    seat = holder.seat
    return Actor(
        role=seat.role,
        person=holder.person,
        seat=seat.code,
        node=seat.node,
        unit=seat.unit,
        district=seat.district,
        name=holder.name,
        principal=f"person:{holder.person}",
    )


async def by_session(database: Database, sha256: bytes) -> Visit | None:
    """Who holds this session, or None. Raises `Unavailable`."""
    now = await database.now()
    async with database.acquire() as connection:
        row = await accounts.session(connection, sha256, now, IDLE)
    if row is None:
        return None
    if now - row.seen_at > TOUCH_EVERY:
        async with database.transaction() as uow:
            await accounts.touch_session(uow, sha256, now)
    return Visit(
        actor_of(row.holder),
        row.expires_at,
        row.holder.seat.position,
        row.csrf,
        must_change=row.holder.must_change,
        seen_at=row.seen_at,
    )


async def by_token(database: Database, sha256: bytes) -> Visit | None:
    """Whose API token this is, or None. Raises `Unavailable`."""
    now = await database.now()
    async with database.acquire() as connection:
        row = await accounts.token(connection, sha256, now)
    return (
        Visit(actor_of(row.holder), row.expires_at, row.holder.seat.position, scopes=row.scopes)
        if row is not None
        else None
    )


async def sign_in(database: Database, name: str, password: str) -> Session:
    """A new session for an account's name and password. Raises `Refused`, `Forbidden` without a seat."""
    now = await database.now()
    async with database.transaction() as uow:
        account = await accounts.begin_try(uow, name, now, FREE_TRIES, FIRST_LOCK, LONGEST_LOCK)
    known = account is not None and account.allowed and account.password_hash is not None
    hashed = account.password_hash if account is not None and known else None
    right = await _verify(hashed or _NOBODY, password)
    if account is None or not known or not right:
        raise Refused
    async with database.transaction() as uow:
        await accounts.clear_tries(uow, account.person)
    return await open_session(database, account.person)


async def open_session(database: Database, person: str, seat: str | None = None) -> Session:
    """A session on a seat of the person: the one named, the one used last, or the first. Raises `Forbidden`."""
    now = await database.now()
    made = Session(secrets.token_urlsafe(32), secrets.token_urlsafe(24), now + LASTS)
    async with database.transaction() as uow:
        held = await accounts.seats(uow.connection, person, now)
        wanted = seat or await accounts.last_seat(uow.connection, person)
        chosen = next((one for one in held if one.code == wanted), None)
        if chosen is None and (not held or seat is not None):
            raise Forbidden("这个账号现在没有岗位；请找本单位管理员", field="seat", value=seat)
        code = (chosen or held[0]).code
        await accounts.add_session(uow, digest(made.token), person, code, made.csrf, now, made.expires_at)
    return made


async def switch_seat(database: Database, sha256: bytes, person: str, seat: str) -> None:
    """Go on from another of the person's own seats. Raises `Forbidden`."""
    now = await database.now()
    async with database.transaction() as uow:
        held = await accounts.seats(uow.connection, person, now)
        if not any(one.code == seat for one in held):
            raise Forbidden("您现在不在这个岗位上", field="seat", value=seat)
        await accounts.move_session(uow, sha256, seat)


async def seats_of(database: Database, person: str) -> list[SeatHeld]:
    """The seats that the person may act from now."""
    now = await database.now()
    async with database.acquire() as connection:
        return await accounts.seats(connection, person, now)


async def sign_out(database: Database, sha256: bytes) -> None:
    """End this session."""
    async with database.transaction() as uow:
        await accounts.end_session(uow, sha256)


async def sign_out_everywhere(database: Database, person: str) -> int:
    """End every session of the person; returns how many there were."""
    async with database.transaction() as uow:
        return await accounts.end_sessions(uow, person)


async def stand_in(database: Database, account: str) -> Session | None:
    """The demo's 换个身份: a session as any account, without a password. None: no such account.

    Only to be offered where the data are the demo's.
    """
    async with database.acquire() as connection:
        person = await accounts.person_of(connection, account)
    return await open_session(database, person) if person is not None else None


async def change_password(database: Database, person: str, old: str, new: str, *, keep: bytes | None = None) -> None:
    """The person's own change; every other session ends. Raises `Invalid` naming the field."""
    async with database.acquire() as connection:
        hashed = await accounts.password_hash(connection, person)
    if hashed is None or not await _verify(hashed, old):
        raise Invalid("现在的密码不对", field="old", value=None)
    if old == new:
        raise Invalid("新密码要和现在的不一样", field="new", value=None)
    await set_password(database, person, new, must_change=False)
    async with database.transaction() as uow:
        await accounts.end_sessions(uow, person, keep)


async def set_password(database: Database, person: str, password: str, *, must_change: bool = True) -> None:
    """Set a password (the administrator's: to be changed at the first sign-in). Raises `Invalid`."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise Invalid(
            "密码要 {least} 到 {most} 个字符",
            field="new",
            value=None,
            least=SHORTEST_PASSWORD,
            most=LONGEST_PASSWORD,
        )
    loop = asyncio.get_running_loop()
    hashed = await loop.run_in_executor(_hashing, _hasher.hash, password.encode("utf-8", "surrogatepass"))
    async with database.transaction() as uow:
        if not await accounts.set_password(uow, person, hashed, must_change=must_change):
            raise Invalid("没有「{value}」这个账号", field="person", value=person)


async def _verify(hashed: str, password: str) -> bool:
    if len(password) > LONGEST_PASSWORD:
        password = ""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_hashing, _check, hashed, password.encode("utf-8", "surrogatepass"))


def _check(hashed: str, password: bytes) -> bool:
    try:
        return _hasher.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


async def prune(database: Database) -> int:
    """Forget sessions that are over; returns how many."""
    now = await database.now()
    async with database.transaction() as uow:
        return await accounts.prune_sessions(uow, now, IDLE)
