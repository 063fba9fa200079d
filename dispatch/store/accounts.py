"""Accounts, sessions of people, tokens of programs: who somebody is and which seat they act from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from dispatch.store.connection import Connection
from dispatch.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class SeatHeld:
    """A seat that somebody holds at this moment."""

    code: str
    role: str
    node: str | None
    unit: str | None
    position: str
    district: str


@dataclass(frozen=True, slots=True)
class Holder:
    """A person on one of their seats."""

    person: str
    name: str
    seat: SeatHeld
    must_change: bool


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A person's session in a browser. Times are UTC."""

    holder: Holder
    csrf: str
    seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A program's token."""

    holder: Holder
    id: UUID
    scopes: tuple[str, ...]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class AccountRow:
    """What signing in needs to know. `allowed` is False while the account is locked."""

    person: str
    password_hash: str | None
    allowed: bool


_SEAT = "s.code AS seat, s.role, s.node, s.unit, s.position, s.district"
_HOLDS = (
    "EXISTS (SELECT FROM tenure t WHERE t.seat = {a}.seat AND t.person = {a}.person"
    " AND t.from_at <= {now} AND (t.to_at IS NULL OR t.to_at > {now}))"
)

_SESSION = f"""
SELECT w.person, p.name, coalesce(a.must_change, false) AS must_change, {_SEAT}, w.csrf, w.seen_at, w.expires_at
FROM web_session w JOIN person p ON p.code = w.person JOIN seat s ON s.code = w.seat
LEFT JOIN account a ON a.person = w.person
WHERE w.token_sha256 = $1 AND w.expires_at > $2 AND w.seen_at > $3 AND p.active
  AND {_HOLDS.format(a="w", now="$2")}"""

_TOKEN = f"""
SELECT k.person, p.name, false AS must_change, {_SEAT}, k.id, k.scopes, k.expires_at
FROM api_token k JOIN person p ON p.code = k.person JOIN seat s ON s.code = k.seat
WHERE k.token_sha256 = $1 AND k.revoked_at IS NULL AND k.expires_at > $2 AND p.active
  AND {_HOLDS.format(a="k", now="$2")}"""

_SEATS = f"""
SELECT DISTINCT {_SEAT} FROM tenure t JOIN seat s ON s.code = t.seat
WHERE t.person = $1 AND t.from_at <= $2 AND (t.to_at IS NULL OR t.to_at > $2) ORDER BY s.code"""

#: the try is counted before the password is looked at, so that many tries at once cannot slip through together
_TRY = """
UPDATE account a SET failures = CASE WHEN before.locked THEN failures ELSE failures + 1 END,
       locked_until = CASE WHEN before.locked THEN locked_until
                           WHEN failures + 1 >= $3::int THEN
                               $2::timestamptz
                               + least($4::interval * power(2, least(failures + 1 - $3::int, 20)), $5::interval)
                           ELSE NULL END
FROM (SELECT person, coalesce(locked_until > $2::timestamptz, false) AS locked FROM account
      WHERE sign_in = $1 FOR UPDATE) before
WHERE a.person = before.person
RETURNING a.person, a.password_hash, NOT before.locked AS allowed"""


def _seat(row: asyncpg.Record) -> SeatHeld:
    return SeatHeld(row["seat"], row["role"], row["node"], row["unit"], row["position"], row["district"])


def _holder(row: asyncpg.Record) -> Holder:
    return Holder(row["person"], row["name"], _seat(row), row["must_change"])


async def session(connection: Connection, sha256: bytes, now: datetime, idle: timedelta) -> SessionRow | None:
    """The live session of this token: not over, not idle for longer than `idle`, its seat still held."""
    row = await connection.fetchrow(_SESSION, sha256, now, now - idle)
    return SessionRow(_holder(row), row["csrf"], row["seen_at"], row["expires_at"]) if row else None


async def token(connection: Connection, sha256: bytes, now: datetime) -> TokenRow | None:
    """The live token: not revoked, not over, its seat still held."""
    row = await connection.fetchrow(_TOKEN, sha256, now)
    return TokenRow(_holder(row), row["id"], tuple(row["scopes"]), row["expires_at"]) if row else None


async def seats(connection: Connection, person: str, now: datetime) -> list[SeatHeld]:
    """Every seat that the person holds now."""
    return [_seat(row) for row in await connection.fetch(_SEATS, person, now)]


async def begin_try(
    uow: UnitOfWork, sign_in: str, now: datetime, free: int, wait: timedelta, longest: timedelta
) -> AccountRow | None:
    """Count a try to sign in. From the `free`-th in a row on the account is locked, twice as long each time."""
    row = await uow.connection.fetchrow(_TRY, sign_in, now, free, wait, longest)
    return AccountRow(row["person"], row["password_hash"], row["allowed"]) if row else None


async def clear_tries(uow: UnitOfWork, person: str) -> None:
    """Signed in: the tries before do not count any more."""
    await uow.connection.execute("UPDATE account SET failures = 0, locked_until = NULL WHERE person = $1", person)


async def password_hash(connection: Connection, person: str) -> str | None:
    """The stored hash (PHC); None: cannot sign in with a password."""
    found: str | None = await connection.fetchval("SELECT password_hash FROM account WHERE person = $1", person)
    return found


async def set_password(uow: UnitOfWork, person: str, hashed: str, *, must_change: bool) -> bool:
    """Store a password's hash and unlock the account. False: there is no such account."""
    done = await uow.connection.execute(
        """UPDATE account SET password_hash = $2, must_change = $3, failures = 0, locked_until = NULL
           WHERE person = $1""",
        person,
        hashed,
        must_change,
    )
    return done.endswith(" 1")


async def person_of(connection: Connection, account: str) -> str | None:
    """The person who signs in by this name, or has this code."""
    found: str | None = await connection.fetchval(
        "SELECT person FROM account WHERE sign_in = $1 OR person = $1 ORDER BY sign_in = $1 DESC LIMIT 1", account
    )
    return found


async def last_seat(connection: Connection, person: str) -> str | None:
    """The seat the person acted from last."""
    found: str | None = await connection.fetchval(
        "SELECT seat FROM web_session WHERE person = $1 ORDER BY seen_at DESC LIMIT 1", person
    )
    return found


async def add_session(
    uow: UnitOfWork, sha256: bytes, person: str, seat: str, csrf: str, now: datetime, expires_at: datetime
) -> None:
    """A new session."""
    await uow.connection.execute(
        """INSERT INTO web_session (token_sha256, person, seat, csrf, created_at, seen_at, expires_at)
           VALUES ($1, $2, $3, $4, $5, $5, $6)""",
        sha256,
        person,
        seat,
        csrf,
        now,
        expires_at,
    )


async def touch_session(uow: UnitOfWork, sha256: bytes, now: datetime) -> None:
    """It is in use."""
    await uow.connection.execute("UPDATE web_session SET seen_at = $2 WHERE token_sha256 = $1", sha256, now)


async def move_session(uow: UnitOfWork, sha256: bytes, seat: str) -> None:
    """The same person goes on from another of their seats."""
    await uow.connection.execute("UPDATE web_session SET seat = $2 WHERE token_sha256 = $1", sha256, seat)


async def end_session(uow: UnitOfWork, sha256: bytes) -> None:
    """Signed out here."""
    await uow.connection.execute("DELETE FROM web_session WHERE token_sha256 = $1", sha256)


async def end_sessions(uow: UnitOfWork, person: str, but: bytes | None = None) -> int:
    """Signed out everywhere (but in the session `but`); returns how many sessions ended."""
    done = await uow.connection.execute(
        "DELETE FROM web_session WHERE person = $1 AND token_sha256 IS DISTINCT FROM $2", person, but
    )
    return int(done.rsplit(" ", 1)[-1])


async def prune_sessions(uow: UnitOfWork, now: datetime, idle: timedelta) -> int:
    """Forget sessions that are over; returns how many."""
    done = await uow.connection.execute(
        "DELETE FROM web_session WHERE expires_at <= $1 OR seen_at <= $2", now, now - idle
    )
    return int(done.rsplit(" ", 1)[-1])


async def names(connection: Connection, persons: Sequence[str]) -> dict[str, str]:
    """The names of these persons."""
    if not persons:
        return {}
    rows = await connection.fetch("SELECT code, name FROM person WHERE code = ANY($1::text[])", list(persons))
    return {row["code"]: row["name"] for row in rows}
