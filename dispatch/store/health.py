"""What stands in the database about things that are stuck: for `doctor`, which looks once."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.store.connection import Connection


@dataclass(frozen=True, slots=True)
class Old:
    """A transaction that has been open for long: nothing it might still see is cleaned away."""

    pid: int
    application: str
    age: timedelta


async def roles(connection: Connection) -> dict[str, int]:
    """Sessions by role (`web`, `worker`, `scheduler`) that are connected to this database."""
    rows = await connection.fetch(
        """SELECT split_part(application_name, '-', 2) AS role, count(*) AS n FROM pg_stat_activity
           WHERE datname = current_database() AND application_name LIKE 'dispatch-%' GROUP BY 1"""
    )
    return {row["role"]: row["n"] for row in rows}


async def relay(connection: Connection, lock: int) -> bool:
    """Whether some process holds the relay's lock."""
    held: bool = await connection.fetchval(
        """SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted
               AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
               AND (classid::bigint << 32 | objid::bigint) = $1)""",
        lock,
    )
    return held


async def raised_before(connection: Connection, moment: datetime, most: int) -> int:
    """Whistles received before a moment and still not routed, counted up to `most`."""
    found: int = await connection.fetchval(
        """SELECT count(*) FROM (SELECT FROM whistle_state WHERE status = 'raised' AND last_at < $1 LIMIT $2) few""",
        moment,
        most,
    )
    return found


async def parked(connection: Connection) -> list[tuple[str, str, str]]:
    """(topic, key, why) of outbox rows that the broker refuses, the first few."""
    rows = await connection.fetch(
        "SELECT topic, key, parked FROM outbox WHERE parked IS NOT NULL ORDER BY topic, key, id LIMIT 5"
    )
    return [tuple(row.values()) for row in rows]


async def old_transactions(connection: Connection, longer: timedelta) -> list[Old]:
    """Transactions open for longer, in this database, the oldest first."""
    rows = await connection.fetch(
        """SELECT pid, application_name, clock_timestamp() - xact_start AS age FROM pg_stat_activity
           WHERE datname = current_database() AND pid <> pg_backend_pid()
             AND xact_start < clock_timestamp() - $1::interval
             AND NOT (application_name = 'dispatch-scheduler-locks') ORDER BY xact_start LIMIT 5""",
        longer,
    )
    return [Old(row["pid"], row["application_name"], row["age"]) for row in rows]


async def event_month(connection: Connection, name: str) -> bool:
    """Whether the log's partition of this name stands."""
    found: bool = await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", name)
    return found
