"""No row that is to travel draws its id before its transaction has a number: the relay waits for those that have."""

from dispatch.store.outbox import OutboxRow
from tests.factories import CLERK, ZJ, World
from tests.web.conftest import demo_database, demo_url, world

__all__ = ["demo_database", "demo_url", "world"]

#: refuses an id to a transaction without a number
STRICT = """
CREATE FUNCTION drawn() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    IF pg_current_xact_id_if_assigned() IS NULL THEN RAISE 'drawn before the transaction had a number'; END IF;
    RETURN nextval('drawn_ids');
END $$;
CREATE SEQUENCE drawn_ids START 1000000;
ALTER TABLE outbox ALTER COLUMN id DROP IDENTITY IF EXISTS;
ALTER TABLE outbox ALTER COLUMN id SET DEFAULT drawn()"""


async def test_every_transaction_has_its_number_first(world: World) -> None:
    async with world.database.acquire() as connection:
        await connection.execute(STRICT)
    raised = await world.whistle("天沟渗水，三户漏水")
    for seat, action, fields in (
        (ZJ, "report-in", {}),
        (ZJ, "resolve", {"reply": "修好了", "reason": "社区不用来"}),
        (CLERK, "verify", {"accepted": True}),
    ):
        assert (await world.act(raised["number"], action, seat=seat, **fields)).status_code == 200
    async with world.database.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM outbox WHERE id >= 1000000") > 3


async def test_so_has_one_that_writes_nothing_else(world: World) -> None:
    async with world.database.acquire() as connection:
        await connection.execute(STRICT)
    row = OutboxRow("t", "k", {}, b"")
    async with world.database.transaction() as uow:
        await uow.announce([row, row], await uow.now())
    async with world.database.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM outbox WHERE id >= 1000000") == 2
