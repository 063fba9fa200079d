"""What a step costs in rows: those it changes and no others, by plans made while the tables were small; in place."""

from collections import Counter
from uuid import UUID

from dispatch.notify.channel import Null
from dispatch.steps import route
from tests.factories import BUILDING, SLOW, World
from tests.notify.rig import GAS, Rig

#: executions of a statement on one connection after which PostgreSQL may keep one plan for whatever is asked
KEPT = 8
SCANS = "SELECT relname, seq_scan FROM pg_stat_user_tables"
IN_PLACE = "SELECT relname, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'whistle'"
ENTRIES = "SELECT indexrelname, idx_tup_read FROM pg_stat_user_indexes"


async def read(world: World, sql: str) -> Counter[str]:
    """What was counted so far. Steps that follow one another have the same connection of the pool, as has this."""
    async with world.database.acquire() as connection:
        await connection.execute("SELECT pg_stat_force_next_flush()")
        return Counter({row[0]: row[1] for row in await connection.fetch(sql)})


async def routed(world: World, text: str) -> None:
    receipt = await world.raised(text, place=BUILDING)
    async with world.database.transaction() as uow:
        await route.route(world.service, uow, [UUID(receipt["id"])], {})


async def test_routing_reads_the_rows_it_changes_and_no_table(world: World) -> None:
    for _ in range(KEPT):
        await routed(world, GAS)
    receipt = await world.raised(GAS, place=BUILDING)
    before = await read(world, SCANS)
    async with world.database.transaction() as uow:
        assert await route.route(world.service, uow, [UUID(receipt["id"])], {})
    assert await read(world, SCANS) - before == Counter()


async def test_who_settles_a_notice_does_not_go_through_all_that_wait(world: World) -> None:
    rig = Rig(world, Null())
    for _ in range(KEPT):
        await routed(world, GAS)
        await rig.delivery.once(ordinary=False)
    for _ in range(30):
        await routed(world, SLOW)
    await routed(world, GAS)
    entries, scans = await read(world, ENTRIES), await read(world, SCANS)
    assert await rig.delivery.once(ordinary=False) > 1
    assert await read(world, SCANS) - scans == Counter()
    now = await read(world, ENTRIES)
    waiting = sum(row["status"] == "pending" for row in await rig.rows())
    assert (now - entries)["notice_due"] < waiting


async def test_the_category_is_written_in_place(world: World) -> None:
    """Else every index gets the row once more, the one of its words among them."""
    for _ in range(12):
        receipts = [await world.raised(SLOW, place=BUILDING) for _ in range(8)]
        async with world.database.transaction() as uow:
            await route.route(world.service, uow, [UUID(receipt["id"]) for receipt in receipts], {})
    async with world.database.acquire() as connection:
        named = await connection.fetchval("SELECT count(*) FROM whistle WHERE category IS NOT NULL")
    assert named == 96
    in_place = (await read(world, IN_PLACE))["whistle"]
    assert in_place > named * 2 / 3, "a third without room"
