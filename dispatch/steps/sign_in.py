"""Signing in and out: who is at the other end, from which seat, and for how long.

People get a session (a random token in a cookie, stored hashed), programs a token (made by `dispatch token` or the
administrator, stored hashed). Tries are throttled per account, never per address: a whole office may share one.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from dispatch.domain.case import Actor
from dispatch.domain.refusals import Forbidden, NotFound
from dispatch.steps.passwords import (
    LONGEST_PASSWORD,
    NOBODY,
    SHORTEST_PASSWORD,
    change_password,
    renew,
    set_password,
    verify,
)
from dispatch.steps.sealing import Sealer
from dispatch.store import accounts, administration, second_factors, sessions, tickets
from dispatch.store.accounts import Holder, SeatHeld
from dispatch.store.database import Database
from dispatch.store.sessions import NewSession
from dispatch.store.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

__all__ = ["LONGEST_PASSWORD", "SHORTEST_PASSWORD", "change_password", "set_password"]

#: a session, on a seat of the street and above or of a unit; and below the street
LASTS, LASTS_BELOW = timedelta(days=7), timedelta(days=30)
#: `seen_at` is written at most this often
TOUCH_EVERY = timedelta(minutes=5)

FREE_TRIES = 5
FIRST_LOCK = timedelta(seconds=30)
LONGEST_LOCK = timedelta(minutes=15)

#: how a session was opened
PASSWORD, SECOND_FACTOR, LINK, PROVIDER, STAND_IN = "password", "second-factor", "link", "provider", "stand-in"
#: how long somebody may take to give the code of their authenticator
CODE_WITHIN = timedelta(minutes=10)

#: what a token may be used for, within what its seat may: `admin` is for dead letters and administration
SCOPES = ("read", "raise", "act", "admin")
#: the scope that allows everything the seat allows
EVERYTHING = "*"


class Refused(Forbidden):
    """Not signed in. The words are the same whether the account is unknown, locked or the password wrong."""

    code = "sign-in-refused"

    def __init__(self) -> None:
        super().__init__("账号或密码不对；连错几次要等一会儿再试", field="name", value=None)


@dataclass(frozen=True, slots=True)
class Session:
    """A session just opened. `token` is what the cookie holds; only its hash is stored. Used or not, it ends after
    `lasts`."""

    token: str
    csrf: str
    lasts: timedelta


@dataclass(frozen=True, slots=True)
class CodeNeeded:
    """The password was right, and the person has an authenticator: `token` goes with its code."""

    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody at the other end: the actor, and what came with them. `csrf` is empty for tokens.

    `via` says how the session was opened (empty: by a token, or before this was kept); `second_factor` whether the
    person has an authenticator, `must_enrol` whether the role asks for one that the person has not.
    """

    actor: Actor
    expires_at: datetime
    position: str = ""
    csrf: str = ""
    scopes: tuple[str, ...] = (EVERYTHING,)
    must_change: bool = False
    seen_at: datetime | None = None
    via: str = ""
    second_factor: bool = False
    must_enrol: bool = False
    unseen: bool = False
    """A token whose last use has not been written down for a while."""
    token: UUID | None = None
    """Which token it was; None: a session."""
    token_made: bool = False
    """Somebody made a token for this person, who has not looked yet."""
    news: str = ""
    """What was done to the person's account that they have not seen yet (`account_news.ACTIONS`); empty: nothing."""

    def allows(self, scope: str) -> bool:
        """Whether the token may be used for this (one of `SCOPES`); sessions may for everything."""
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
        row = await accounts.session(connection, sha256, now)
    if row is None:
        return None
    if now - row.seen_at > TOUCH_EVERY:
        async with database.transaction() as uow:
            await sessions.touch(uow, sha256, now)
    return Visit(
        actor_of(row.holder),
        row.expires_at,
        row.holder.seat.position,
        row.csrf,
        must_change=row.holder.must_change,
        seen_at=row.seen_at,
        via=row.via,
        second_factor=row.second_factor,
        token_made=row.token_made,
        news=row.news or "",
    )


async def by_token(database: Database, sha256: bytes) -> Visit | None:
    """Whose API token this is, or None. Raises `Unavailable`."""
    now = await database.now()
    async with database.acquire() as connection:
        row = await accounts.token(connection, sha256, now)
    if row is None:
        return None
    unseen = row.used_at is None or now - row.used_at > TOUCH_EVERY
    return Visit(
        actor_of(row.holder), row.expires_at, row.holder.seat.position, scopes=row.scopes, unseen=unseen, token=row.id
    )


async def token_used(database: Database, sha256: bytes) -> None:
    """Write down that a token was used, once in `TOUCH_EVERY` whoever asks for it. Raises `Unavailable`."""
    async with database.transaction() as uow:
        now = await uow.now()
        await accounts.touch_token(uow, sha256, now, now - TOUCH_EVERY)


async def sign_in(
    database: Database, sealer: Sealer, name: str, password: str, device: str = ""
) -> Session | CodeNeeded:
    """A new session for an account's name and password, or what its authenticator's code must come with.

    Raises `Refused`, `Forbidden` without a seat. `device`: browser and system in words.
    """
    now = await database.now()
    async with database.transaction() as uow:
        account = await accounts.begin_try(uow, name, now, FREE_TRIES, FIRST_LOCK, LONGEST_LOCK)
    known = account is not None and account.allowed and account.password_hash is not None
    hashed = account.password_hash if account is not None and known else None
    right = await verify(sealer, hashed or NOBODY, password)
    if account is None or not known or not right:
        log.warning("sign-in.refused", reason="locked" if account and not account.allowed else "wrong")
        raise Refused
    await renew(database, sealer, account.person, hashed or "", password)
    async with database.acquire() as connection:
        factor = await second_factors.of(connection, account.person)
    if factor is not None and factor.confirmed:
        async with database.transaction() as uow:
            await accounts.undo_try(uow, account)
            return await code_needed(uow, account.person, now, via=SECOND_FACTOR)
    async with database.transaction() as uow:
        await accounts.clear_tries(uow, account.person)
    return await open_session(database, account.person, via=PASSWORD, device=device)


async def code_needed(uow: UnitOfWork, person: str, now: datetime, *, via: str) -> CodeNeeded:
    """The first half of signing in is done; `via` is kept for the session that the second half opens.

    Earlier tries stay counted until the code is right: else a known password would give tries without end.
    """
    made = CodeNeeded(secrets.token_urlsafe(32), now + CODE_WITHIN)
    await tickets.add(uow, "second-factor", digest(made.token), person, {"via": via}, now, made.expires_at)
    return made


def lasts(seat: SeatHeld) -> timedelta:
    """How long a session that is opened on this seat may be used."""
    return LASTS_BELOW if seat.level is not None and seat.level < 4 else LASTS


async def open_session(
    database: Database, person: str, seat: str | None = None, *, via: str = "", device: str = ""
) -> Session:
    """A session on a seat of the person: the one named, the one used last, or the first. Raises `Forbidden`."""
    now = await database.now()
    async with database.transaction() as uow:
        held = await accounts.seats(uow.connection, person, now)
        wanted = seat or await sessions.last_seat(uow.connection, person)
        chosen = next((one for one in held if one.code == wanted), None)
        if chosen is None and (not held or seat is not None):
            raise Forbidden("这个账号现在没有岗位；请找本单位管理员", field="seat", value=seat)
        at = chosen or held[0]
        made = Session(secrets.token_urlsafe(32), secrets.token_urlsafe(24), lasts(at))
        new = NewSession(digest(made.token), person, at.code, made.csrf, via, device, now + made.lasts)
        await sessions.add(uow, new, now)
    log.info("sign-in.done", via=via or "command", seat=at.code)
    return made


async def switch_seat(database: Database, sha256: bytes, person: str, seat: str) -> None:
    """Go on from another of the person's own seats. Raises `Forbidden`."""
    now = await database.now()
    async with database.transaction() as uow:
        held = await accounts.seats(uow.connection, person, now)
        wanted = next((one for one in held if one.code == seat), None)
        if wanted is None:
            raise Forbidden("您现在不在这个岗位上", field="seat", value=seat)
        await sessions.move(uow, sha256, seat, lasts(wanted))


async def seats_of(database: Database, person: str) -> list[SeatHeld]:
    """The seats that the person may act from now."""
    now = await database.now()
    async with database.acquire() as connection:
        return await accounts.seats(connection, person, now)


async def sign_out(database: Database, sha256: bytes) -> None:
    """End this session."""
    async with database.transaction() as uow:
        await sessions.sign_out(uow, sha256)


async def end_one(database: Database, person: str, session: str) -> None:
    """End one of the person's own sessions, named by its hash in hex. Raises `NotFound`."""
    async with database.transaction() as uow:
        if not await sessions.end(uow, as_hash(session), person):
            raise NotFound("这一处已经退出了；请刷新再看", field="session", value=session[:8])
        await administration.note_own(uow, person, "session-ended", {})


def as_hash(text: str) -> bytes:
    """A hash from its hex digits; empty for anything else."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


async def sign_out_everywhere(database: Database, person: str, keep: bytes | None = None) -> int:
    """End every session of the person (but `keep`); returns how many there were."""
    async with database.transaction() as uow:
        ended = await sessions.end_all(uow, person, keep)
        await tickets.void(uow, person)
        await administration.note_own(uow, person, "sessions-ended", {"count": ended})
        return ended


async def stand_in(database: Database, account: str) -> Session | None:
    """The demo's 换个身份: a session as any account, without a password. None: no such account.

    Only to be offered where the data are the demo's.
    """
    async with database.acquire() as connection:
        person = await accounts.person_of(connection, account)
    return await open_session(database, person, via=STAND_IN) if person is not None else None
