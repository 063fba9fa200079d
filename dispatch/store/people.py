"""Persons, seats, who held them, accounts, tokens: written from the loaded files, ended but never deleted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from dispatch.store.connection import Connection
from dispatch.store.errors import Rejected
from dispatch.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person as the file gives it; `sign_in` is the account's name."""

    code: str
    name: str
    sign_in: str


@dataclass(frozen=True, slots=True)
class SeatRow:
    """A seat with the role it gives; exactly one of `node` and `unit` is set, `level` with the node."""

    code: str
    role: str
    node: str | None
    unit: str | None
    position: str
    level: int | None


@dataclass(frozen=True, slots=True)
class TenureRow:
    """Who held a seat, from–to (`to_at` None: still)."""

    seat: str
    person: str
    from_at: datetime
    to_at: datetime | None


@dataclass(frozen=True, slots=True)
class Changes:
    """How many rows a load added or changed; `ended` are tenures that the file no longer has."""

    persons: int = 0
    seats: int = 0
    tenures: int = 0
    ended: int = 0
    accounts: int = 0


@dataclass(frozen=True, slots=True)
class Token:
    """An API token to be stored; only the hash of what the caller holds is kept."""

    id: UUID
    sha256: bytes
    person: str
    seat: str
    name: str
    scopes: tuple[str, ...] = ("*",)


_TAKEN = """
SELECT 'seat' AS kind, s.code, s.district FROM seat s
JOIN unnest($1::text[]) AS x (code) ON x.code = s.code WHERE s.district <> $3
UNION ALL
SELECT 'person', p.code, p.district FROM person p
JOIN unnest($2::text[]) AS x (code) ON x.code = p.code WHERE p.district <> $3
LIMIT 1"""

_PERSONS = """
INSERT INTO person AS p (code, district, name, active)
SELECT code, $1, name, true FROM unnest($2::text[], $3::text[]) AS x (code, name)
ON CONFLICT (code) DO UPDATE SET name = EXCLUDED.name, active = true
WHERE (p.name, p.active) IS DISTINCT FROM (EXCLUDED.name, true)"""

_SEATS = """
INSERT INTO seat AS s (code, district, role, node, unit, position, level)
SELECT code, $1, role, node, unit, position, level
FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::smallint[])
     AS x (code, role, node, unit, position, level)
ON CONFLICT (code) DO UPDATE SET role = EXCLUDED.role, node = EXCLUDED.node, unit = EXCLUDED.unit,
                                 position = EXCLUDED.position, level = EXCLUDED.level
WHERE (s.role, s.node, s.unit, s.position, s.level)
      IS DISTINCT FROM (EXCLUDED.role, EXCLUDED.node, EXCLUDED.unit, EXCLUDED.position, EXCLUDED.level)"""

_TENURES = """
INSERT INTO tenure AS t (seat, person, from_at, to_at, deputy)
SELECT seat, person, from_at, to_at, false
FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[]) AS x (seat, person, from_at, to_at)
ON CONFLICT (seat, person, from_at) DO UPDATE SET to_at = EXCLUDED.to_at
WHERE t.to_at IS DISTINCT FROM EXCLUDED.to_at"""

_ENDED = """
UPDATE tenure t SET to_at = greatest($5, t.from_at) FROM seat s
WHERE s.code = t.seat AND s.district = $1 AND t.to_at IS NULL AND NOT t.deputy
  AND NOT EXISTS (
      SELECT FROM unnest($2::text[], $3::text[], $4::timestamptz[]) AS x (seat, person, from_at)
      WHERE x.seat = t.seat AND x.person = t.person AND x.from_at = t.from_at)"""

_ACCOUNTS = """
INSERT INTO account (person, sign_in, password_hash, must_change, failures)
SELECT person, sign_in, NULL, false, 0 FROM unnest($1::text[], $2::text[]) AS x (person, sign_in)
ON CONFLICT (person) DO NOTHING"""


async def materialise(
    uow: UnitOfWork,
    district: str,
    persons: Sequence[PersonRow],
    seats: Sequence[SeatRow],
    tenures: Sequence[TenureRow],
    now: datetime,
) -> Changes:
    """Bring the tables to what the files say. Raises `Rejected` where a seat or person is another district's."""
    connection = uow.connection
    people = [row.code for row in persons]
    taken = await connection.fetchrow(_TAKEN, [row.code for row in seats], people, district)
    if taken is not None:
        raise Rejected(f"{taken['kind']} {taken['code']} belongs to district {taken['district']}")
    seat, held_by = [row.seat for row in tenures], [row.person for row in tenures]
    from_at = [row.from_at for row in tenures]
    added_persons = await connection.execute(_PERSONS, district, people, [row.name for row in persons])
    added_seats = await connection.execute(
        _SEATS,
        district,
        [row.code for row in seats],
        [row.role for row in seats],
        [row.node for row in seats],
        [row.unit for row in seats],
        [row.position for row in seats],
        [row.level for row in seats],
    )
    ended = await connection.execute(_ENDED, district, seat, held_by, from_at, now)
    added_tenures = await connection.execute(_TENURES, seat, held_by, from_at, [row.to_at for row in tenures])
    accounts = await connection.execute(_ACCOUNTS, people, [row.sign_in for row in persons])
    return Changes(*map(_count, (added_persons, added_seats, added_tenures, ended, accounts)))


def _count(status: str) -> int:
    """The rows of a command tag such as `INSERT 0 5`."""
    return int(status.rsplit(" ", 1)[-1])


async def add_tokens(uow: UnitOfWork, tokens: Sequence[Token], now: datetime, expires_at: datetime) -> None:
    """Store API tokens, each with its scopes (`*`: whatever its seat may)."""
    await uow.connection.execute(
        """INSERT INTO api_token (id, token_sha256, person, seat, name, scopes, created_at, expires_at)
           SELECT id, hash, person, seat, name, string_to_array(scopes, ' '), $7, $8
           FROM unnest($1::uuid[], $2::bytea[], $3::text[], $4::text[], $5::text[], $6::text[])
                AS x (id, hash, person, seat, name, scopes)""",
        [token.id for token in tokens],
        [token.sha256 for token in tokens],
        [token.person for token in tokens],
        [token.seat for token in tokens],
        [token.name for token in tokens],
        [" ".join(token.scopes) for token in tokens],
        now,
        expires_at,
    )


async def revoke_tokens(uow: UnitOfWork, names: Sequence[str], keep: Sequence[bytes], now: datetime) -> int:
    """Revoke the tokens of these names that are not among `keep`; returns how many."""
    return _count(
        await uow.connection.execute(
            """UPDATE api_token SET revoked_at = $3
               WHERE name = ANY($1::text[]) AND revoked_at IS NULL AND NOT token_sha256 = ANY($2::bytea[])""",
            list(names),
            list(keep),
            now,
        )
    )


async def taken(
    connection: Connection, district: str, persons: Sequence[str], sign_ins: Sequence[str]
) -> tuple[set[str], dict[str, str]]:
    """Which of these persons are another district's, and who has these accounts' names."""
    rows = await connection.fetch(
        "SELECT code FROM person WHERE code = ANY($1::text[]) AND district <> $2", list(persons), district
    )
    held = await connection.fetch("SELECT sign_in, person FROM account WHERE sign_in = ANY($1::text[])", list(sign_ins))
    return {row["code"] for row in rows}, {row["sign_in"]: row["person"] for row in held}


async def names(connection: Connection, persons: Sequence[str]) -> dict[str, str]:
    """The names of these persons."""
    if not persons:
        return {}
    rows = await connection.fetch("SELECT code, name FROM person WHERE code = ANY($1::text[])", list(persons))
    return {row["code"]: row["name"] for row in rows}
