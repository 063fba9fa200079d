"""What seeding and importing look up: which keys of a principal are in, and how far a seed has come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson

from dispatch.store.connection import Connection
from dispatch.store.unit_of_work import UnitOfWork

_NAME = "demo-seed"


async def ids_by_key(connection: Connection, principal: str) -> dict[str, UUID]:
    """Every whistle that this principal raised, by idempotency key."""
    rows = await connection.fetch("SELECT idempotency_key, id FROM whistle WHERE principal = $1", principal)
    return {row["idempotency_key"]: row["id"] for row in rows}


@dataclass(frozen=True, slots=True)
class Latest:
    """The whistle that a principal raised last."""

    id: UUID
    key: str
    received_at: datetime


async def latest(connection: Connection, principal: str) -> Latest | None:
    """What this principal raised last; its keys are numbers that go up."""
    row = await connection.fetchrow(
        """SELECT id, idempotency_key AS key, received_at FROM whistle WHERE principal = $1
           ORDER BY idempotency_key::bigint DESC LIMIT 1""",
        principal,
    )
    return Latest(row["id"], row["key"], row["received_at"]) if row else None


async def children(connection: Connection, parents: Sequence[UUID]) -> list[UUID]:
    """The whistles split off from these, in the order of their numbers."""
    sql = "SELECT id FROM whistle WHERE parent = ANY($1::uuid[]) ORDER BY number"
    rows = await connection.fetch(sql, list(parents))
    return [row["id"] for row in rows]


async def last_event(connection: Connection, ids: Sequence[UUID]) -> datetime | None:
    """When the last thing happened to any of these whistles."""
    found: datetime | None = await connection.fetchval(
        "SELECT max(last_at) FROM whistle_state WHERE id = ANY($1::uuid[])", list(ids)
    )
    return found


async def anchor(connection: Connection) -> tuple[datetime, bool] | None:
    """The moment that a begun seed leads up to, and whether it is complete; None: never begun."""
    row = await connection.fetchrow("SELECT at, data FROM snapshot WHERE name = $1", _NAME)
    return (row["at"], bool(orjson.loads(row["data"])["complete"])) if row else None


async def keep_anchor(uow: UnitOfWork, moment: datetime, *, complete: bool) -> None:
    """Note that a seed up to `moment` has begun, or is complete."""
    await uow.connection.execute(
        """INSERT INTO snapshot (name, at, data) VALUES ($1, $2, $3::jsonb)
           ON CONFLICT (name) DO UPDATE SET at = EXCLUDED.at, data = EXCLUDED.data""",
        _NAME,
        moment,
        orjson.dumps({"complete": complete}).decode(),
    )
