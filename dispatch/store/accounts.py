"""Who somebody is, and which seat they act from: by account, by session, by a program's token."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from dispatch.store.account_news import UNSEEN
from dispatch.store.connection import Connection
from dispatch.store.sessions import GOES_ON
from dispatch.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class SeatHeld:
    """A seat that somebody holds at this moment; `level` is its node's."""

    code: str
    role: str
    node: str | None
    unit: str | None
    position: str
    district: str
    level: int | None = None


@dataclass(frozen=True, slots=True)
class Holder:
    """A person on one of their seats."""

    person: str
    name: str
    seat: SeatHeld
    must_change: bool


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A person's session in a browser. Times are UTC; `second_factor`: the person has one that is confirmed.

    `token_made`: somebody made a token for this person, who has not looked yet; `news`: what was done to the account
    that its holder has not seen (`account_news.ACTIONS`).
    """

    holder: Holder
    csrf: str
    seen_at: datetime
    expires_at: datetime
    via: str
    second_factor: bool
    token_made: bool
    news: str | None


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A program's token."""

    holder: Holder
    id: UUID
    scopes: tuple[str, ...]
    expires_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class AccountRow:
    """What signing in needs to know. `allowed` is False while the account is locked; a try may lock it, until then."""

    person: str
    password_hash: str | None
    allowed: bool
    locked_until: datetime | None


_SEAT = "s.code AS seat, s.role, s.node, s.unit, s.position, s.district, s.level"
_HOLDS = (
    "EXISTS (SELECT FROM tenure t WHERE t.seat = {a}.seat AND t.person = {a}.person"
    " AND t.from_at <= {now} AND (t.to_at IS NULL OR t.to_at > {now}))"
)

_SESSION = f"""
SELECT w.person, p.name, coalesce(a.must_change, false) AS must_change, {_SEAT}, w.csrf, w.seen_at, w.expires_at,
       coalesce(w.via, '') AS via, f.person IS NOT NULL AS second_factor,
       EXISTS (SELECT FROM api_token k WHERE k.person = w.person AND k.made_by <> k.person AND k.seen_at IS NULL
               AND k.revoked_at IS NULL) AS token_made,
       {UNSEEN} AS news
FROM web_session w JOIN person p ON p.code = w.person JOIN seat s ON s.code = w.seat
LEFT JOIN account a ON a.person = w.person
LEFT JOIN second_factor f ON f.person = w.person AND f.confirmed_at IS NOT NULL
WHERE w.token_sha256 = $1 AND {GOES_ON.format(now="$2")} AND p.active
  AND {_HOLDS.format(a="w", now="$2")}"""

_TOKEN = f"""
SELECT k.person, p.name, false AS must_change, {_SEAT}, k.id, k.scopes, k.expires_at, k.used_at
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
      WHERE {of} = $1 FOR UPDATE) before
WHERE a.person = before.person
RETURNING a.person, a.password_hash, NOT before.locked AS allowed, a.locked_until"""
_TRY_OF_NAME, _TRY_OF_PERSON = _TRY.format(of="sign_in"), _TRY.format(of="person")


def _seat(row: asyncpg.Record) -> SeatHeld:
    return SeatHeld(row["seat"], row["role"], row["node"], row["unit"], row["position"], row["district"], row["level"])


def _holder(row: asyncpg.Record) -> Holder:
    return Holder(row["person"], row["name"], _seat(row), row["must_change"])


async def session(connection: Connection, sha256: bytes, now: datetime) -> SessionRow | None:
    """The live session of this token: not over, not idle for too long, its seat still held."""
    row = await connection.fetchrow(_SESSION, sha256, now)
    if row is None:
        return None
    kept = (row[name] for name in ("csrf", "seen_at", "expires_at", "via", "second_factor", "token_made", "news"))
    return SessionRow(_holder(row), *kept)


async def token(connection: Connection, sha256: bytes, now: datetime) -> TokenRow | None:
    """The live token: not revoked, not over, its seat still held."""
    row = await connection.fetchrow(_TOKEN, sha256, now)
    if row is None:
        return None
    return TokenRow(_holder(row), row["id"], tuple(row["scopes"]), row["expires_at"], row["used_at"])


async def touch_token(uow: UnitOfWork, sha256: bytes, now: datetime, before: datetime) -> None:
    """It is in use; written only where that was last said `before` then."""
    await uow.connection.execute(
        "UPDATE api_token SET used_at = $2 WHERE token_sha256 = $1 AND (used_at IS NULL OR used_at < $3)",
        sha256,
        now,
        before,
    )


async def seats(connection: Connection, person: str, now: datetime) -> list[SeatHeld]:
    """Every seat that the person holds now."""
    return [_seat(row) for row in await connection.fetch(_SEATS, person, now)]


async def begin_try(
    uow: UnitOfWork, who: str, now: datetime, free: int, wait: timedelta, longest: timedelta, *, by_person: bool = False
) -> AccountRow | None:
    """Count a try to sign in by the account's name (or by the person's code, where the name is known already).

    From the `free`-th in a row on the account is locked, twice as long each time.
    """
    row = await uow.connection.fetchrow(_TRY_OF_PERSON if by_person else _TRY_OF_NAME, who, now, free, wait, longest)
    return AccountRow(**dict(row)) if row else None


async def undo_try(uow: UnitOfWork, tried: AccountRow) -> None:
    """The try was good, and another follows that counts: as if this one had not been. A later lock stays."""
    await uow.connection.execute(
        """UPDATE account SET failures = greatest(failures - 1, 0),
                  locked_until = CASE WHEN locked_until = $2 THEN NULL ELSE locked_until END
           WHERE person = $1""",
        tried.person,
        tried.locked_until,
    )


async def clear_tries(uow: UnitOfWork, person: str) -> None:
    """Signed in: the tries before do not count any more."""
    await uow.connection.execute("UPDATE account SET failures = 0, locked_until = NULL WHERE person = $1", person)


@dataclass(frozen=True, slots=True)
class AccountName:
    """By what name a person signs in, and whether with a password."""

    sign_in: str
    has_password: bool


async def account(connection: Connection, person: str) -> AccountName | None:
    """The person's account."""
    row = await connection.fetchrow(
        "SELECT sign_in, password_hash IS NOT NULL AS has_password FROM account WHERE person = $1", person
    )
    return AccountName(row["sign_in"], row["has_password"]) if row else None


async def own_words(connection: Connection, person: str) -> list[str]:
    """What a password of this person must not hold: the account's name and the person's."""
    rows = await connection.fetch(
        """SELECT a.sign_in AS word FROM account a WHERE a.person = $1
           UNION ALL SELECT p.name FROM person p WHERE p.code = $1""",
        person,
    )
    return [row["word"] for row in rows]


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


async def renew_hash(uow: UnitOfWork, person: str, hashed: str, fresh: str) -> None:
    """The same password's hash, made anew; nothing where it was changed meanwhile."""
    await uow.connection.execute(
        "UPDATE account SET password_hash = $3 WHERE person = $1 AND password_hash = $2", person, hashed, fresh
    )


async def person_of(connection: Connection, account: str) -> str | None:
    """The person who signs in by this name, or has this code."""
    found: str | None = await connection.fetchval(
        "SELECT person FROM account WHERE sign_in = $1 OR person = $1 ORDER BY sign_in = $1 DESC LIMIT 1", account
    )
    return found
