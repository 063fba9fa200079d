"""A receipt is a promise: `kill -9` of any process under load, and each whistle is in a queue or at the desk, once."""

import asyncio
import itertools
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.factories import BUILDING, STREET
from tests.flow.running import Running, insist

TEXTS = ["楼道消防门被锁", "天沟渗水，三户漏水", "没有规则说的事", "垃圾成堆没人清", "物业不管"]
WHISTLES = 400
CLIENTS = 8


async def blow(running: Running, journal: dict[str, int], shots: dict[int, Any]) -> None:
    """Clients raise whistles and keep their receipts; after so many receipts a shot is fired."""
    places = itertools.count()

    async def client() -> None:
        async with running.client("street-clerk", STREET) as http:
            while (i := next(places)) < WHISTLES:
                body = {"body": f"{TEXTS[i % 5]}（{i}）", "place": BUILDING}
                receipt = await insist(http, "/api/v1/whistles", body, f"journal-{i}")
                journal[f"journal-{i}"] = receipt["number"]
                if fire := shots.pop(len(journal), None):
                    fire()

    await asyncio.gather(*(client() for _ in range(CLIENTS)))


async def settled(connection: asyncpg.Connection, within: float = 60.0) -> None:
    """Until nothing waits to be routed or to leave."""
    async with asyncio.timeout(within):
        while await connection.fetchval(
            "SELECT EXISTS (SELECT FROM whistle_state WHERE status = 'raised') OR EXISTS (SELECT FROM outbox)"
        ):
            await asyncio.sleep(0.05)


async def check(connection: asyncpg.Connection, journal: dict[str, int]) -> None:
    """Each receipt is one whistle, routed once, standing where somebody sees it."""
    stored = await connection.fetch(
        "SELECT idempotency_key, number, id FROM whistle WHERE idempotency_key LIKE 'journal-%'"
    )
    assert {row["idempotency_key"]: row["number"] for row in stored} == journal
    ids = [row["id"] for row in stored]
    routed = await connection.fetch(
        "SELECT whistle, count(*) AS n FROM whistle_event WHERE type = 'routed' AND whistle = ANY($1) GROUP BY 1", ids
    )
    assert len(routed) == len(ids)
    assert {row["n"] for row in routed} == {1}
    unseen = await connection.fetchval(
        """SELECT count(*) FROM whistle_state s WHERE s.id = ANY($1) AND s.status <> 'at-desk'
           AND s.outcome <> 'statutory'
           AND NOT EXISTS (SELECT FROM assignment a WHERE a.whistle = s.id AND a.active)""",
        ids,
    )
    assert unseen == 0
    gaps = await connection.fetchval(
        """SELECT count(*) FROM whistle_state s WHERE s.id = ANY($1)
           AND s.seq <> (SELECT count(*) FROM whistle_event e WHERE e.whistle = s.id)""",
        ids,
    )
    assert gaps == 0
    assert await connection.fetchval("SELECT count(*) FROM dead_letter") == 0


@pytest.mark.timeout(180)
@pytest.mark.parametrize("victim", ["web", "worker", "scheduler", "broker"])
async def test_kill_under_load(victim: str, database: str, tmp_path: Path) -> None:
    journal: dict[str, int] = {}
    async with Running(tmp_path, database) as running:
        shot = await running.there(victim)
        await blow(running, journal, {WHISTLES // 3: lambda: running.kill(victim)})
        connection = await asyncpg.connect(database)
        try:
            await settled(connection)
            await check(connection, journal)
        finally:
            await connection.close()
        assert await running.there(victim, unless=shot) != shot
    assert len(journal) == WHISTLES
