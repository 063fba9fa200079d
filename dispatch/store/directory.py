"""Persons with their accounts, seats and API tokens, as those who administer them see them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from dispatch.store.connection import Connection
from dispatch.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class PersonSeen:
    """A person; `seats` are those held now, `sign_in` is empty where there is no account."""

    code: str
    name: str
    sign_in: str
    has_password: bool
    must_change: bool
    second_factor: bool
    locked_until: datetime | None
    seats: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TokenSeen:
    """An API token; what it opens is not known here, only whose it is.

    `made_by` None: the command line; `reason` why somebody made it for another person.
    """

    id: UUID
    name: str
    person: str
    person_name: str
    seat: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None
    made_by: str | None = None
    reason: str | None = None


_PERSONS = """
SELECT p.code, p.name, coalesce(a.sign_in, '') AS sign_in, a.password_hash IS NOT NULL AS has_password,
       coalesce(a.must_change, false) AS must_change, f.confirmed_at IS NOT NULL AS second_factor, a.locked_until,
       ARRAY(SELECT t.seat FROM tenure t WHERE t.person = p.code AND t.from_at <= $2
             AND (t.to_at IS NULL OR t.to_at > $2) ORDER BY t.seat) AS seats
FROM person p LEFT JOIN account a ON a.person = p.code LEFT JOIN second_factor f ON f.person = p.code
WHERE p.district = $1"""

_TOKENS = """
SELECT k.id, k.name, k.person, p.name AS person_name, k.seat, k.scopes, k.created_at, k.expires_at, k.used_at,
       k.revoked_at, k.made_by, k.reason
FROM api_token k JOIN person p ON p.code = k.person WHERE p.district = $1"""


def _person(row: asyncpg.Record) -> PersonSeen:
    return PersonSeen(**{**dict(row), "seats": tuple(row["seats"])})


async def persons(
    connection: Connection, district: str, words: str, now: datetime, after: str, limit: int
) -> list[PersonSeen]:
    """Persons whose name, account or code contains `words` (empty: all), by code, those after `after`."""
    rows = await connection.fetch(
        f"""{_PERSONS} AND p.code > $3
            AND ($4 = '' OR strpos(p.name, $4) > 0 OR strpos(coalesce(a.sign_in, ''), lower($4)) > 0
                 OR strpos(p.code, $4) > 0)
            ORDER BY p.code LIMIT $5""",
        district,
        now,
        after,
        words,
        limit,
    )
    return [_person(row) for row in rows]


async def person(connection: Connection, district: str, code: str, now: datetime) -> PersonSeen | None:
    """One person of the district."""
    row = await connection.fetchrow(f"{_PERSONS} AND p.code = $3", district, now, code)
    return _person(row) if row else None


async def tokens(connection: Connection, district: str, now: datetime, limit: int) -> list[TokenSeen]:
    """The district's API tokens: those that work first, the newest first."""
    rows = await connection.fetch(
        f"""{_TOKENS} ORDER BY k.revoked_at IS NULL AND k.expires_at > $2 DESC, k.created_at DESC LIMIT $3""",
        district,
        now,
        limit,
    )
    return [_token(row) for row in rows]


async def tokens_of(connection: Connection, person: str, now: datetime) -> list[TokenSeen]:
    """A person's API tokens that work, the newest first."""
    rows = await connection.fetch(
        """SELECT k.id, k.name, k.person, p.name AS person_name, k.seat, k.scopes, k.created_at, k.expires_at,
                  k.used_at, k.revoked_at, k.made_by, k.reason
           FROM api_token k JOIN person p ON p.code = k.person
           WHERE k.person = $1 AND k.revoked_at IS NULL AND k.expires_at > $2 ORDER BY k.created_at DESC, k.id""",
        person,
        now,
    )
    return [_token(row) for row in rows]


async def see_tokens(uow: UnitOfWork, person: str, now: datetime) -> None:
    """The person has seen their tokens."""
    await uow.connection.execute("UPDATE api_token SET seen_at = $2 WHERE person = $1 AND seen_at IS NULL", person, now)


def _token(row: asyncpg.Record) -> TokenSeen:
    return TokenSeen(**{**dict(row), "scopes": tuple(row["scopes"])})


async def has_token(connection: Connection, id: UUID) -> bool:
    """Whether there is an API token with this id, in force or not."""
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM api_token WHERE id = $1)", id))


async def add_token(uow: UnitOfWork, made: TokenSeen, sha256: bytes, *, seen: bool) -> bool:
    """Store an API token; only its hash is kept. `seen`: the person it acts for knows of it. False: it is there."""
    added = await uow.connection.execute(
        """INSERT INTO api_token (id, token_sha256, person, seat, name, scopes, created_at, expires_at, made_by, reason,
                                  seen_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (id) DO NOTHING""",
        made.id,
        sha256,
        made.person,
        made.seat,
        made.name,
        list(made.scopes),
        made.created_at,
        made.expires_at,
        made.made_by,
        made.reason,
        made.created_at if seen else None,
    )
    return str(added) == "INSERT 0 1"


async def revoke_token(
    uow: UnitOfWork, district: str, id: UUID, now: datetime, person: str | None = None
) -> str | None:
    """Revoke a token of the district (of this person); returns its name. None: not there, or revoked already."""
    found: str | None = await uow.connection.fetchval(
        """UPDATE api_token k SET revoked_at = $3 FROM person p
           WHERE p.code = k.person AND p.district = $1 AND k.id = $2 AND k.revoked_at IS NULL
             AND ($4::text IS NULL OR k.person = $4) RETURNING k.name""",
        district,
        id,
        now,
        person,
    )
    return found


async def must_change(uow: UnitOfWork, person: str) -> None:
    """The person sets a new password before anything else."""
    await uow.connection.execute("UPDATE account SET must_change = true WHERE person = $1", person)
