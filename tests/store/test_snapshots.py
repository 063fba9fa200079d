"""Counts kept by differences: exact after every kind of change, whoever adds them up."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from dispatch.store import snapshots
from dispatch.store.database import Database
from dispatch.store.snapshots import Miscount

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)

_STATE = """
INSERT INTO whistle_state (id, district, status, version, seq, gen, rework, status_version, last_at)
SELECT id, $2, $3, 1, 1, 1, 0, 1, $4 FROM unnest($1::uuid[]) AS x (id)"""
_PART = """
INSERT INTO assignment (whistle, gen, unit, role, status, on_site, handed_back, started, assigned_at, version, active)
SELECT id, 1, $2, 'lead', 'assigned', false, false, false, $3, 1, $4 FROM unnest($1::uuid[]) AS x (id)
ON CONFLICT (whistle, gen, unit) DO UPDATE SET active = EXCLUDED.active"""


async def run(db: Database, sql: str, *arguments: object) -> None:
    async with db.transaction() as uow:
        await uow.connection.execute(sql, *arguments)


async def states(db: Database, count: int, status: str, district: str = "130403") -> list[UUID]:
    ids = [uuid4() for _ in range(count)]
    await run(db, _STATE, ids, district, status, AT)
    return ids


async def truth(db: Database) -> tuple[dict[tuple[str, str], int], dict[str, int]]:
    async with db.acquire() as connection:
        by_status = await connection.fetch("SELECT district, status, count(*) FROM whistle_state GROUP BY 1, 2")
        by_unit = await connection.fetch("SELECT unit, count(*) FROM assignment WHERE active GROUP BY 1")
    return {(row[0], row[1]): row[2] for row in by_status}, {row[0]: row[1] for row in by_unit}


async def counted(db: Database) -> tuple[dict[tuple[str, str], int], dict[str, int]]:
    await snapshots.fold(db)
    figures = await snapshots.count(db)
    return (
        {key: n for key, n in figures.statuses.items() if n},
        {unit: n for unit, (n, _) in figures.queues.items() if n},
    )


async def test_every_kind_of_change_is_counted(db: Database) -> None:
    ids = await states(db, 30, "raised")
    await states(db, 4, "raised", "130499")
    await run(db, "UPDATE whistle_state SET status = 'assigned' WHERE id = ANY($1)", ids[:20])
    await run(db, "UPDATE whistle_state SET seq = seq + 1")  # changes nothing that is counted
    assert await counted(db) == await truth(db)
    await run(db, _PART, ids[:20], "XF", AT, True)
    await run(db, _PART, ids[:10], "ZJ", AT, True)
    await run(db, _PART, ids[:5], "ZJ", AT, False)  # the conflicting half of an upsert
    await run(db, "UPDATE assignment SET unit = 'HB' WHERE unit = 'ZJ' AND whistle = $1", ids[9])
    await run(db, "UPDATE whistle_state SET status = 'closed' WHERE id = ANY($1)", ids[:3])
    await run(db, "DELETE FROM whistle_state WHERE id = $1", ids[29])
    await run(db, "DELETE FROM assignment WHERE whistle = ANY($1)", ids[:2])
    statuses, queues = await counted(db)
    assert (statuses, queues) == await truth(db)
    assert queues == {"XF": 18, "ZJ": 4, "HB": 1}


async def test_what_is_rolled_back_is_not_counted(db: Database) -> None:
    async def broken() -> None:
        async with db.transaction() as uow:
            await uow.connection.execute(_STATE, [uuid4()], "130403", "raised", AT)
            raise LookupError

    await asyncio.gather(broken(), return_exceptions=True)
    assert await counted(db) == ({}, {})


async def test_two_that_add_up_at_once_lose_and_double_nothing(db: Database) -> None:
    for _ in range(40):
        await states(db, 3, "raised")
    folded = await asyncio.gather(*(snapshots.fold(db, chunk=7) for _ in range(3)))
    assert sum(folded) == 40
    assert await counted(db) == await truth(db)


async def test_writers_and_the_one_who_adds_up_do_not_wait_for_each_other(db: Database) -> None:
    async with db.transaction() as uow:
        await uow.connection.execute(_STATE, [uuid4()], "130403", "raised", AT)
        assert await snapshots.fold(db) == 0  # not committed yet, and not in the way
        await states(db, 1, "raised")
        assert await snapshots.fold(db) == 1
    assert await counted(db) == await truth(db)


async def test_recounting_mends_what_was_changed_behind_the_triggers_back(db: Database) -> None:
    ids = await states(db, 5, "raised")
    (gone,) = await states(db, 1, "assigned")
    await run(db, "DELETE FROM whistle_state WHERE id = $1", gone)  # a count of nothing may stay behind
    async with db.transaction() as uow:
        await uow.connection.execute("SET LOCAL session_replication_role = replica")
        await uow.connection.execute("DELETE FROM whistle_state WHERE id = $1", ids[0])
        await uow.connection.execute(_PART, [ids[1]], "XF", AT, True)
    assert await counted(db) != await truth(db)
    wrong = [Miscount("queue", "XF", "", 0, 1), Miscount("status", "130403", "raised", 5, 4)]
    assert await snapshots.miscounted(db) == wrong
    assert await snapshots.recount(db) == wrong
    assert await snapshots.miscounted(db) == []
    assert await counted(db) == await truth(db)


async def test_the_oldest_of_a_queue(db: Database) -> None:
    ids = await states(db, 3, "assigned")
    for index, whistle in enumerate(ids):
        await run(db, _PART, [whistle], "XF", AT + timedelta(hours=index), True)
    await run(db, "UPDATE assignment SET active = false WHERE whistle = $1", ids[0])
    await snapshots.fold(db)
    assert (await snapshots.count(db)).queues == {"XF": (2, AT + timedelta(hours=1))}


_CLOCK = """
INSERT INTO whistle_clock (id, whistle, stage, gen, run, rung, nth, fires_at, started_at, used, policy, calendar,
                           provisional, parked)
VALUES (gen_random_uuid(), gen_random_uuid(), 'handling', 1, 1, 0, 0, $1, coalesce($1, now()), '0', '{}', 'district@1',
        false, $2)"""


async def test_clocks_not_taken_count_after_thirty_seconds_and_parked_ones_apart(db: Database) -> None:
    now = await db.now()
    await run(db, _CLOCK, now - timedelta(seconds=10), None)
    await run(db, _CLOCK, now - timedelta(minutes=2), None)
    await run(db, _CLOCK, now - timedelta(minutes=5), "ValueError")
    await run(db, _CLOCK, None, None)
    figures = await snapshots.count(db)
    assert (figures.clocks_due, figures.clocks_parked) == (1, 1)
    assert figures.clocks_first == now - timedelta(minutes=2)


async def test_the_cost_does_not_grow_with_what_is_closed(db: Database) -> None:
    await run(
        db,
        """INSERT INTO whistle_state (id, district, status, version, seq, gen, rework, status_version, last_at)
           SELECT gen_random_uuid(), '130403', 'closed', 1, 1, 1, 0, 1, $1 FROM generate_series(1, 20000)""",
        AT,
    )
    await run(db, "ANALYZE whistle_state")
    await snapshots.fold(db)

    async def scanned() -> int:
        async with db.acquire() as connection:
            await connection.execute("SELECT pg_stat_force_next_flush()")
            return int(
                await connection.fetchval(
                    """SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables
                       WHERE relname = 'whistle_state'"""
                )
            )

    before = await scanned()
    assert (await snapshots.count(db)).statuses == {("130403", "closed"): 20000}
    assert await scanned() == before


async def test_the_newest_snapshot_wins_and_says_its_age(db: Database) -> None:
    now = await db.now()
    await snapshots.keep(db, "gauges", now, {"n": 2})
    await snapshots.keep(db, "gauges", now - timedelta(seconds=5), {"n": 1})
    async with db.acquire() as connection:
        found = await snapshots.read(connection, "gauges", now + timedelta(seconds=7))
        assert found == ({"n": 2}, 7.0)
        assert await snapshots.read(connection, "other") is None
