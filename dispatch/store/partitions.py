"""The log's partitions, one a month (UTC), made before the month begins."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from dispatch.store.connection import Connection
from dispatch.store.database import Database
from dispatch.store.errors import Rejected, StoreError, Unavailable
from dispatch.store.locks import lock

TABLE = "whistle_event"
DEFAULT = "whistle_event_other"
#: attaching needs the default partition to itself for a moment; whoever reads a timeline may not wait long for that
PATIENCE_MS = 500


@dataclass(slots=True)
class Made:
    """Months as `2026-11`. `skipped` ones have rows in the default partition already and stay there, or stand in a
    file (`store.archives`); `busy` ones could not be made just now."""

    made: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    busy: list[str] = field(default_factory=list)


def month_of(moment: datetime) -> datetime:
    """The first moment of the month, UTC."""
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def later(month: datetime, months: int) -> datetime:
    """`months` after (before, when negative) a month's first moment."""
    index = month.year * 12 + month.month - 1 + months
    return month.replace(year=index // 12, month=index % 12 + 1)


async def ahead(database: Database, now: datetime, *, before: int = 1, after: int = 3) -> Made:
    """Partitions around a moment: from `before` months earlier to `after` months later."""
    month = month_of(now)
    return await ensure(database, later(month, -before), later(month, after))


async def ensure(database: Database, since: datetime, until: datetime) -> Made:
    """Partitions of all months from that of `since` to that of `until`; those that stand are left alone.

    Safe beside other writers and beside itself in another process. A month that the default partition already has
    rows of is skipped: its rows are found as well there. Raises `Unavailable` when the database is away.
    """
    done = Made()
    month, last = month_of(since), month_of(until)
    async with database.acquire() as connection:
        there = await standing(connection)
    while month <= last:
        if partition_name(month) not in there:
            await _make(database, month, done)
        month = later(month, 1)
    return done


def partition_name(month: datetime) -> str:
    """The partition of a month."""
    return f"{TABLE}_y{month:%Y}m{month:%m}"


def never_emptied(name: str) -> str:
    """What keeps a partition from TRUNCATE; against UPDATE and DELETE it takes the log's own trigger, attached."""
    return (
        f"CREATE TRIGGER never_emptied BEFORE TRUNCATE ON {name}"
        " FOR EACH STATEMENT EXECUTE FUNCTION log_is_append_only()"
    )


async def standing(connection: Connection) -> set[str]:
    """The names of the log's partitions."""
    rows = await connection.fetch(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = $1::text::regclass", TABLE
    )
    return {row["name"] for row in rows}


async def _make(database: Database, month: datetime, done: Made) -> None:
    word, name = f"{month:%Y-%m}", partition_name(month)
    begin, end = month.isoformat(), later(month, 1).isoformat()
    try:
        async with database.transaction() as uow:
            connection = uow.connection
            await connection.execute(f"SET LOCAL lock_timeout = {PATIENCE_MS}")
            await lock(connection, "partitions")
            if name in await standing(connection):
                return
            if await connection.fetchval("SELECT EXISTS (SELECT FROM log_archive WHERE month = $1)", month.date()):
                done.skipped.append(word)
                return
            if await connection.fetchval(
                f"SELECT EXISTS (SELECT FROM {DEFAULT} WHERE at >= '{begin}' AND at < '{end}')"
            ):
                done.skipped.append(word)
                return
            await connection.execute("SELECT make_log_month($1, $2)", month, later(month, 1))
    except Unavailable as error:
        if _code(error) != "55P03":  # lock_not_available
            raise
        done.busy.append(word)
    except Rejected as error:
        if _code(error) != "23514":  # check_violation: a row of this month came into the default partition meanwhile
            raise
        done.skipped.append(word)
    else:
        done.made.append(word)


def _code(error: StoreError) -> str | None:
    return getattr(error.__cause__, "sqlstate", None)
