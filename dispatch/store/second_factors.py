"""Second factors: the sealed secret of a person's authenticator, the last code taken, recovery codes by hash."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dispatch.store.connection import Connection
from dispatch.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class FactorRow:
    """A person's authenticator. `confirmed` is False until its first code was given back."""

    sealed: bytes
    confirmed: bool
    last_step: int


async def of(connection: Connection, person: str) -> FactorRow | None:
    """The person's authenticator, confirmed or not."""
    row = await connection.fetchrow(
        "SELECT secret, confirmed_at, last_step FROM second_factor WHERE person = $1", person
    )
    return FactorRow(row["secret"], row["confirmed_at"] is not None, row["last_step"]) if row else None


async def begin(uow: UnitOfWork, person: str, sealed: bytes, now: datetime) -> bool:
    """Keep a secret that is not confirmed yet, in place of another such. False: one is confirmed already."""
    done = await uow.connection.execute(
        """INSERT INTO second_factor AS f (person, secret, created_at, confirmed_at, last_step)
           VALUES ($1, $2, $3, NULL, 0)
           ON CONFLICT (person) DO UPDATE SET secret = EXCLUDED.secret, created_at = EXCLUDED.created_at
           WHERE f.confirmed_at IS NULL""",
        person,
        sealed,
        now,
    )
    return done.endswith(" 1")


async def confirm(uow: UnitOfWork, person: str, now: datetime) -> bool:
    """It is in use from now on. False: it was already, or is gone."""
    done = await uow.connection.execute(
        "UPDATE second_factor SET confirmed_at = $2 WHERE person = $1 AND confirmed_at IS NULL", person, now
    )
    return done.endswith(" 1")


async def take_step(uow: UnitOfWork, person: str, step: int, sealed: bytes | None) -> bool:
    """The code of this time step is used up, and the secret is kept as `sealed` from now on (None: as it is).

    False: it, or a later one, was taken before.
    """
    done = await uow.connection.execute(
        """UPDATE second_factor SET last_step = $2, secret = coalesce($3, secret)
           WHERE person = $1 AND last_step < $2""",
        person,
        step,
        sealed,
    )
    return done.endswith(" 1")


async def set_recovery_codes(uow: UnitOfWork, person: str, hashes: Sequence[bytes]) -> None:
    """New recovery codes in place of all earlier ones."""
    await uow.connection.execute("DELETE FROM recovery_code WHERE person = $1", person)
    await uow.connection.execute(
        "INSERT INTO recovery_code (person, sha256) SELECT $1, hash FROM unnest($2::bytea[]) AS hash",
        person,
        list(hashes),
    )


async def take_recovery_code(uow: UnitOfWork, person: str, sha256: bytes, now: datetime) -> bool:
    """Use a recovery code up. False: no such code, or used before."""
    done = await uow.connection.execute(
        "UPDATE recovery_code SET used_at = $3 WHERE person = $1 AND sha256 = $2 AND used_at IS NULL",
        person,
        sha256,
        now,
    )
    return done.endswith(" 1")


async def codes_left(connection: Connection, person: str) -> int:
    """How many recovery codes are unused."""
    found: int = await connection.fetchval(
        "SELECT count(*) FROM recovery_code WHERE person = $1 AND used_at IS NULL", person
    )
    return found


async def remove(uow: UnitOfWork, person: str) -> bool:
    """Forget authenticator and recovery codes. False: there were none."""
    await uow.connection.execute("DELETE FROM recovery_code WHERE person = $1", person)
    done = await uow.connection.execute("DELETE FROM second_factor WHERE person = $1", person)
    return done.endswith(" 1")
