"""`doctor` finds what is planted, says where and what to do, and is quiet about what is well."""

from datetime import timedelta

import asyncpg

from dispatch.steps import doctor
from dispatch.steps.doctor import Finding, examine
from dispatch.store import partitions
from dispatch.store.migrate import newest
from tests.factories import World


async def bad(world: World) -> dict[str, Finding]:
    return {one.what: one async for one in examine(world.database, newest()) if not one.well}


async def test_a_quiet_service_has_no_findings_but_the_roles_that_do_not_run(world: World) -> None:
    await partitions.ahead(world.database, await world.database.now())
    assert set(await bad(world)) == {"进程 web", "进程 worker", "进程 scheduler"}


async def test_everything_planted_is_found(world: World, demo_url: str) -> None:
    doctor.OLD, before = timedelta(0), doctor.OLD
    reader = await asyncpg.connect(demo_url, server_settings={"application_name": "report"})
    try:
        await reader.execute("BEGIN")
        await reader.fetch("SELECT 1")
        await world.raised()
        async with world.database.transaction() as uow:
            await uow.connection.execute(
                """UPDATE whistle_state SET last_at = last_at - interval '1 hour';
                   UPDATE outbox SET created_at = created_at - interval '1 hour';
                   INSERT INTO outbox (topic, key, headers, payload, urgent, created_at, parked)
                       VALUES ('t', 'k', '{}', '', false, now(), 'MessageSizeTooLargeError');
                   UPDATE whistle_clock SET fires_at = now() - interval '1 hour', parked = NULL;
                   INSERT INTO snapshot VALUES ('clock-jump', now(), '{"seconds": 90, "confirmed": false}');
                   INSERT INTO snapshot VALUES ('handled:whistles.raised:3', now(),
                       jsonb_build_object('messages', 7, 'until', to_char(now() - interval '1 hour',
                                                                         'YYYY-MM-DD"T"HH24:MI:SS+00:00')));
                   INSERT INTO dead_letter SELECT gen_random_uuid(), 't', 0, 0, now(), NULL, '[]', NULL, 'rejected', '',
                       'waiting', 0, NULL, now(), NULL, NULL, NULL;
                   INSERT INTO notice SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 's', 'robot',
                       'assigned', false, 'failed', 8, NULL, now();
                   UPDATE number_block SET next = 6000000 WHERE kind = 'whistle'"""
            )
        found = " ".join(await bad(world))
    finally:
        doctor.OLD = before
        await reader.close()
    for each in (
        "not routed",
        "outbox",
        "refused t k",
        "clocks",
        "数据库时钟",
        "whistles.raised/3",
        "异常消息 rejected",
        "failed notices",
        "编号",
        "report",
    ):
        assert each in found, each
    assert "dispatch notices" in (await bad(world))["没发出去的通知 failed notices"].remedy
    assert all(one.remedy for one in (await bad(world)).values())
