"""Monthly partitions of the log, made ahead and beside whatever else happens."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
import pytest

from dispatch.store import partitions
from dispatch.store.database import Database

NOV = datetime(2026, 11, 23, 22, 15, tzinfo=UTC)


async def event(db: Database, at: datetime) -> str:
    """Write one row of the log; the partition it lies in."""
    async with db.transaction() as uow:
        found: str = await uow.connection.fetchval(
            """INSERT INTO whistle_event (whistle, seq, at, id, type, data) VALUES ($1, 1, $2, $3, 'raised', '{}')
               RETURNING tableoid::regclass::text""",
            uuid4(),
            at,
            uuid4(),
        )
        return found


async def test_the_months_around_now_are_made_once(db: Database) -> None:
    made = await partitions.ahead(db, NOV)
    assert made.made == ["2026-10", "2026-11", "2026-12", "2027-01", "2027-02"]
    assert (await partitions.ahead(db, NOV)).made == []
    assert await event(db, NOV) == "whistle_event_y2026m11"
    assert await event(db, datetime(2026, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)) == "whistle_event_y2026m12"
    assert await event(db, datetime(2027, 1, 1, tzinfo=UTC)) == "whistle_event_y2027m01"
    assert await event(db, datetime(2028, 1, 1, tzinfo=UTC)) == "whistle_event_other"


async def test_any_range_may_be_asked_for(db: Database) -> None:
    made = await partitions.ensure(db, datetime(2025, 11, 30, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
    assert made.made == ["2025-11", "2025-12", "2026-01", "2026-02"]


async def test_a_month_that_stands_in_the_default_partition_is_skipped_and_its_rows_are_found(db: Database) -> None:
    await event(db, NOV)
    made = await partitions.ahead(db, NOV)
    assert made.skipped == ["2026-11"]
    assert "2026-12" in made.made
    async with db.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM whistle_event WHERE at = $1", NOV) == 1


async def test_many_processes_at_once_make_each_month_once(db: Database) -> None:
    all_made = await asyncio.gather(*(partitions.ahead(db, NOV) for _ in range(4)))
    months = [month for made in all_made for month in made.made]
    assert len(months) == len(set(months))
    assert not any(made.skipped for made in all_made)
    assert await event(db, NOV) == "whistle_event_y2026m11"


async def test_a_reader_of_the_log_is_not_made_to_wait(database: str, db: Database) -> None:
    reader = await asyncpg.connect(database)
    try:
        await reader.execute("BEGIN")
        await reader.fetch("SELECT * FROM whistle_event")  # holds a lock on the default partition
        made = await partitions.ensure(db, NOV, NOV)
        assert (made.made, made.busy) == ([], ["2026-11"])
        await reader.execute("COMMIT")
        assert (await partitions.ensure(db, NOV, NOV)).made == ["2026-11"]
    finally:
        await reader.close()


async def test_the_primary_key_holds_in_a_new_partition(db: Database) -> None:
    await partitions.ahead(db, NOV)
    async with db.acquire() as connection:
        keys = await connection.fetchval(
            "SELECT count(*) FROM pg_index WHERE indrelid = 'whistle_event_y2026m11'::regclass AND indisprimary"
        )
    assert keys == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {log} SET data = '{{}}'",
        "DELETE FROM {log}",
        "TRUNCATE {log}",
        "MERGE INTO {log} e USING (SELECT 1) x ON true WHEN MATCHED THEN DELETE",
        """INSERT INTO {log} (whistle, seq, at, id, type, data) SELECT whistle, seq, at, id, type, data FROM {log}
           ON CONFLICT (whistle, seq, at) DO UPDATE SET data = '{{}}'""",
    ],
)
@pytest.mark.parametrize("log", ["whistle_event", "whistle_event_y2026m11", "whistle_event_other"])
async def test_the_log_is_append_only(db: Database, log: str, statement: str) -> None:
    for at in (NOV, datetime(2028, 1, 1, tzinfo=UTC)):
        await partitions.ahead(db, NOV)
        await event(db, at)
    async with db.acquire() as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            await connection.execute(statement.format(log=log))
        assert await connection.fetchval("SELECT count(*) FROM whistle_event") == 2
