"""Months of the log as files: rows out and in, and the months that stand in a file instead of the table.

The rows of one month go out as COPY's text in the order of the primary key, so that the same rows are the same bytes.
A month leaves or comes back in one transaction: killed at any moment, it stands in the table or in the list of those
that do not.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Protocol

from dispatch.store.connection import Connection
from dispatch.store.database import Database
from dispatch.store.locks import lock
from dispatch.store.partitions import PATIENCE_MS, TABLE, later, never_emptied, partition_name, standing
from dispatch.store.retention import ENDED
from dispatch.store.unit_of_work import UnitOfWork

COLUMNS = ("whistle", "seq", "at", "id", "type", "person", "seat", "data")
#: one COPY may take so long (seconds): a month of a province is some gigabytes
LONGEST = 6 * 3600.0

#: whistles with rows in a month that nobody may take away yet: not over, over too short a time, or with words that the
#: retention table still has to erase (which finds photos by the log)
_HELD = """
SELECT count(*) FROM (SELECT DISTINCT whistle FROM {partition}) e
JOIN whistle_state s ON s.id = e.whistle JOIN whistle w ON w.id = e.whistle
WHERE w.body <> '' OR NOT ({ended})"""


class Sink(Protocol):
    """Whatever the rows are written to."""

    def write(self, content: bytes) -> object: ...


@dataclass(frozen=True, slots=True)
class Extent:
    """How many rows a month has, and the moments of the first and the last; None: it has none."""

    rows: int
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Archived:
    """A month that stands in a file. `month` is its first moment, UTC."""

    month: datetime
    rows: int
    content_sha256: str
    file: str


async def archived(connection: Connection) -> list[Archived]:
    """All months that stand in a file, oldest first."""
    rows = await connection.fetch("SELECT month, rows, content_sha256, file FROM log_archive ORDER BY month")
    return [Archived(_moment(row["month"]), *tuple(row.values())[1:]) for row in rows]


async def missing(connection: Connection, read: int, seq: int, since: datetime, until: datetime) -> tuple[str, ...]:
    """The months (`2020-11`) in a file that a log of `seq` places lacks, of which `read` were found; none in health."""
    if read >= seq:
        return ()
    return tuple(f"{one.month:%Y-%m}" for one in reaching(await archived(connection), since, until))


def reaching(months: Iterable[Archived], since: datetime, until: datetime) -> list[Archived]:
    """Those of these months that overlap a span of time."""
    return [one for one in months if one.month <= until and later(one.month, 1) > since]


async def months(connection: Connection) -> list[datetime]:
    """The months that are partitions of the log, oldest first."""
    prefix = len(f"{TABLE}_y")
    found = [name for name in await standing(connection) if name.startswith(f"{TABLE}_y")]
    return sorted(datetime(int(name[prefix : prefix + 4]), int(name[-2:]), 1, tzinfo=UTC) for name in found)


async def extent(connection: Connection, month: datetime) -> Extent:
    """How much a month has."""
    row = await connection.fetchrow(f"SELECT count(*), min(at), max(at) FROM {partition_name(month)}", timeout=LONGEST)
    assert row is not None
    return Extent(*tuple(row.values()))


async def copy_out(connection: Connection, month: datetime, sink: Sink, columns: tuple[str, ...] = COLUMNS) -> None:
    """Write the rows of a month, one a line."""

    async def write(content: bytes) -> None:
        sink.write(content)

    await connection.copy_from_query(
        f"SELECT {', '.join(columns)} FROM {partition_name(month)} ORDER BY whistle, seq, at",
        output=write,
        format="text",
        timeout=LONGEST,
    )


async def held(connection: Connection, month: datetime, before: datetime) -> int:
    """How many whistles with rows in this month still need them there; `before` is when they must have ended."""
    sql = _HELD.format(partition=partition_name(month), ended=ENDED.format(before="$1"))
    return int(await connection.fetchval(sql, before, timeout=LONGEST))


async def patiently(uow: UnitOfWork) -> None:
    """Long statements, and no waiting for locks: whoever reads or writes the log may not queue up behind this."""
    await uow.connection.execute(f"SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = {PATIENCE_MS}")
    await uow.connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
    await lock(uow.connection, "partitions")


async def still(uow: UnitOfWork, month: datetime) -> None:
    """Nobody writes into this month until the transaction ends; whoever reads goes on."""
    await uow.connection.execute(f"LOCK TABLE {partition_name(month)} IN SHARE MODE")


async def detach(uow: UnitOfWork, one: Archived) -> None:
    """The month stands in its file only, once this transaction is committed.

    Not CONCURRENTLY: PostgreSQL does not offer that to a table with a default partition, and in a transaction the list
    cannot part from the table.
    """
    name = partition_name(one.month)
    await uow.connection.execute(f"ALTER TABLE {TABLE} DETACH PARTITION {name}")
    await uow.connection.execute(f"DROP TABLE {name}")
    await uow.connection.execute(
        """INSERT INTO log_archive (month, rows, content_sha256, file, detached_at) VALUES ($1, $2, $3, $4, $5)""",
        one.month.date(),
        one.rows,
        one.content_sha256,
        one.file,
        await uow.now(),
    )


async def put_in(uow: UnitOfWork, month: datetime, source: Any, columns: list[str]) -> None:
    """A table of its own with a month's rows from `source` (COPY's text), ready to be attached."""
    name, begin, end = partition_name(month), month.isoformat(), later(month, 1).isoformat()
    connection = uow.connection
    await connection.execute(f"CREATE TABLE {name} (LIKE {TABLE} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
    await connection.copy_to_table(name, source=source, columns=columns, format="text", timeout=LONGEST)
    await connection.execute(f"ALTER TABLE {name} ADD PRIMARY KEY (whistle, seq, at)", timeout=LONGEST)
    await connection.execute(never_emptied(name))
    # with it attaching need not look at every row, while the default partition is locked
    check = f"ADD CONSTRAINT its_month CHECK (at >= '{begin}' AND at < '{end}')"
    await connection.execute(f"ALTER TABLE {name} {check}", timeout=LONGEST)


async def attach(uow: UnitOfWork, month: datetime) -> None:
    """The month is the table's again, once this transaction is committed."""
    name, begin, end = partition_name(month), month.isoformat(), later(month, 1).isoformat()
    await uow.connection.execute(
        f"ALTER TABLE {TABLE} ATTACH PARTITION {name} FOR VALUES FROM ('{begin}') TO ('{end}')", timeout=LONGEST
    )
    await uow.connection.execute(f"ALTER TABLE {name} DROP CONSTRAINT its_month")
    await uow.connection.execute("DELETE FROM log_archive WHERE month = $1", month.date())


async def columns_of(database: Database) -> set[str]:
    """The columns that the log has here."""
    async with database.acquire() as connection:
        rows = await connection.fetch(
            "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped",
            TABLE,
        )
    return {row["attname"] for row in rows}


def _moment(month: date) -> datetime:
    return datetime(month.year, month.month, 1, tzinfo=UTC)
