"""Tickets: what is valid once and for minutes only. Only the hash of what the holder has is stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from dispatch.store.connection import Connection
from dispatch.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket that has not run out; `data` is what its kind keeps with it."""

    person: str | None
    data: dict[str, Any]
    expires_at: datetime


async def add(
    uow: UnitOfWork,
    kind: str,
    sha256: bytes,
    person: str | None,
    data: Mapping[str, Any],
    now: datetime,
    expires_at: datetime,
) -> None:
    """A new ticket."""
    await uow.connection.execute(
        """INSERT INTO ticket (sha256, kind, person, data, created_at, expires_at)
           VALUES ($1, $2, $3, $4::jsonb, $5, $6)""",
        sha256,
        kind,
        person,
        orjson.dumps(dict(data)).decode(),
        now,
        expires_at,
    )


async def first(uow: UnitOfWork, kind: str, sha256: bytes, now: datetime, expires_at: datetime) -> bool:
    """Remember something that is done once; False: it was done already. Of many at once, one gets it."""
    done = await uow.connection.execute(
        """INSERT INTO ticket (sha256, kind, person, data, created_at, expires_at)
           VALUES ($1, $2, NULL, '{}', $3, $4) ON CONFLICT DO NOTHING""",
        sha256,
        kind,
        now,
        expires_at,
    )
    return done == "INSERT 0 1"


async def look(connection: Connection, kind: str, sha256: bytes, now: datetime) -> Ticket | None:
    """A ticket that is still good; it stays so."""
    row = await connection.fetchrow(
        "SELECT person, data, expires_at FROM ticket WHERE sha256 = $1 AND kind = $2 AND expires_at > $3",
        sha256,
        kind,
        now,
    )
    return Ticket(row["person"], orjson.loads(row["data"]), row["expires_at"]) if row else None


async def take(uow: UnitOfWork, kind: str, sha256: bytes, now: datetime) -> Ticket | None:
    """Use a ticket up; None: not there, used already, or over. Of many at once, one gets it."""
    row = await uow.connection.fetchrow(
        "DELETE FROM ticket WHERE sha256 = $1 AND kind = $2 RETURNING person, data, expires_at", sha256, kind
    )
    if row is None or row["expires_at"] <= now:
        return None
    return Ticket(row["person"], orjson.loads(row["data"]), row["expires_at"])


async def void(uow: UnitOfWork, person: str) -> int:
    """End every ticket of a person; returns how many there were."""
    done = await uow.connection.execute("DELETE FROM ticket WHERE person = $1", person)
    return int(done.rsplit(" ", 1)[-1])
