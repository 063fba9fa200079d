"""The database's clock as the scheduler watches it, and the note that it jumped, which all processes see."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf
from typing import Any, NamedTuple

import orjson

from dispatch.store.connection import Connection
from dispatch.store.database import Database

NAME = "clock-jump"
#: with the host's name for its present start: the last look kept from there
LOOK = "clock-look "
#: a clock that has not jumped again for so long is believed
STEADY = timedelta(minutes=10)

_READ = """
SELECT clock_timestamp() AS now, s.at, s.data FROM (SELECT 1) AS one
LEFT JOIN snapshot s ON s.name = $1"""
_LOOKED = """
SELECT s.at, s.data, s.name = $2 AS own FROM snapshot s
LEFT JOIN snapshot j ON j.name = $1
WHERE s.name = $2 OR (starts_with(s.name, $3) AND (s.data ->> 'noted')::timestamptz IS NOT DISTINCT FROM j.at)
ORDER BY s.name = $2 DESC, s.at DESC LIMIT 1"""
_KEEP = """
INSERT INTO snapshot (name, at, data) VALUES ($1, $2, $3::jsonb)
ON CONFLICT (name) DO UPDATE SET at = EXCLUDED.at, data = EXCLUDED.data"""


@dataclass(frozen=True, slots=True)
class Jump:
    """The clock jumped by so much and showed `at` just after; `confirmed`: somebody says that it is right now."""

    at: datetime
    by: timedelta
    confirmed: bool = False

    def holds(self, now: datetime) -> bool:
        """Whether nothing climbs at this moment because of it."""
        return not self.confirmed and now - self.at < STEADY


class Look(NamedTuple):
    """What the database's clock showed, read between two moments of the host's, in seconds since it was started; and
    when the last jump was noted."""

    now: datetime
    before: float
    after: float
    noted: datetime | None


async def looked(database: Database, host: str) -> Look | None:
    """The last look kept from a host (a name that it has until it is started again). Where there is none, the latest
    that any host has kept since the last jump was noted; its seconds are nobody's here, and come as infinite.
    """
    async with database.acquire() as connection:
        row = await connection.fetchrow(_LOOKED, NAME, LOOK + host, LOOK)
    if row is None:
        return None
    data: dict[str, Any] = orjson.loads(row["data"])
    noted = datetime.fromisoformat(data["noted"]) if data["noted"] else None
    look = Look(row["at"], data["before"], data["after"], noted)
    return look if row["own"] else look._replace(before=inf, after=inf)


async def keep(database: Database, host: str, look: Look) -> None:
    """Keep a host's look; those of hosts that have kept none for a month go."""
    data = {"before": look.before, "after": look.after, "noted": look.noted}
    async with database.transaction() as uow:
        await uow.connection.execute(_KEEP, LOOK + host, look.now, orjson.dumps(data).decode())
        await uow.connection.execute(
            "DELETE FROM snapshot WHERE starts_with(name, $1) AND at < $2", LOOK, look.now - timedelta(days=30)
        )


async def read(database: Database) -> tuple[datetime, Jump | None]:
    """What the database's clock shows, and the last jump noted."""
    async with database.acquire() as connection:
        row = await connection.fetchrow(_READ, NAME)
    assert row is not None
    if row["at"] is None:
        return row["now"], None
    data: dict[str, Any] = orjson.loads(row["data"])
    return row["now"], Jump(row["at"], timedelta(seconds=data["seconds"]), data["confirmed"])


async def note(database: Database, jump: Jump) -> None:
    """Keep the jump; it takes the place of an earlier one."""
    data = {"seconds": jump.by.total_seconds(), "confirmed": jump.confirmed}
    async with database.transaction() as uow:
        await uow.connection.execute(_KEEP, NAME, jump.at, orjson.dumps(data).decode())


async def confirm(connection: Connection, at: datetime | None = None) -> bool:
    """The clock has been looked at and is right: climbing may go on. False: no jump stands unconfirmed.

    `at` is the jump that was looked at; a later one stands.
    """
    done = await connection.execute(
        """UPDATE snapshot SET data = jsonb_set(data, '{confirmed}', 'true')
           WHERE name = $1 AND NOT (data ->> 'confirmed')::boolean AND ($2::timestamptz IS NULL OR at = $2)""",
        NAME,
        at,
    )
    return bool(done == "UPDATE 1")
