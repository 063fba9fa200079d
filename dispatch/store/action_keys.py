"""Idempotency keys of repeatable actions: the same key again does nothing twice."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from dispatch.store.connection import Connection
from dispatch.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Kept:
    """What a key was used for."""

    whistle: UUID
    sha256: bytes
    seq: int


async def find(connection: Connection, principal: str, key: str) -> Kept | None:
    """What this principal used this key for; None: nothing yet."""
    row = await connection.fetchrow(
        "SELECT whistle, sha256, seq FROM action_key WHERE principal = $1 AND key = $2", principal, key
    )
    return Kept(row["whistle"], row["sha256"], row["seq"]) if row else None


async def keep(
    uow: UnitOfWork, principal: str, key: str, whistle: UUID, action: str, sha256: bytes, seq: int, at: datetime
) -> None:
    """Remember the key in the same transaction as the act."""
    await uow.connection.execute(
        """INSERT INTO action_key (principal, key, whistle, action, sha256, seq, at)
           VALUES ($1, $2, $3, $4, $5, $6, $7)""",
        principal,
        key,
        whistle,
        action,
        sha256,
        seq,
        at,
    )
