"""A receipt is a promise: `kill -9` of any process under load, and each whistle is in a queue or at the desk, once."""

import asyncio
import itertools
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests import kafka_node
from tests.factories import BUILDING, STREET
from tests.flow.running import ROOT, Running, insist

TEXTS = ["楼道消防门被锁", "天沟渗水，三户漏水", "没有规则说的事", "垃圾成堆没人清", "物业不管"]
WHISTLES = 400
IMPORTED = 600
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


def register(folder: Path) -> Path:
    """A register of `IMPORTED` rows for the mapping `example`."""
    file = folder / "register.csv"
    rows = [f"行{i},2026-01-05 09:10,广泰小区,{TEXTS[i % 5]}（{i}）" for i in range(IMPORTED)]
    file.write_text("\n".join(["序号,时间,地点,内容", *rows]), encoding="utf-8")
    return file


async def import_rows(running: Running, file: Path) -> None:
    """`dispatch import` as somebody types it."""
    command = ["-m", "dispatch", "import", str(file), "--mapping", "example", "--no-report"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=ROOT, env=running.environment, stdout=PIPE, stderr=STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()[-2000:]


async def settled(connection: asyncpg.Connection, within: float = 180.0) -> None:
    """Until nothing waits to be routed or to leave."""
    async with asyncio.timeout(within):
        while await connection.fetchval(
            "SELECT EXISTS (SELECT FROM whistle_state WHERE status = 'raised') OR EXISTS (SELECT FROM outbox)"
        ):
            await asyncio.sleep(0.05)


async def check(connection: asyncpg.Connection, journal: dict[str, int], imported: int = IMPORTED) -> None:
    """Each receipt and each row is one whistle, routed once, standing where somebody sees it."""
    stored = await connection.fetch(
        "SELECT idempotency_key, number, id, via FROM whistle WHERE idempotency_key LIKE 'journal-%' OR via = 'import'"
    )
    raised = {row["idempotency_key"]: row["number"] for row in stored if row["via"] != "import"}
    assert raised == journal
    assert len(stored) - len(raised) == imported
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


@pytest.mark.timeout(600)
@pytest.mark.parametrize("victim", ["web", "worker", "scheduler", "broker"])
async def test_kill_under_load(victim: str, lived_url: str, tmp_path: Path) -> None:
    journal: dict[str, int] = {}
    async with Running(tmp_path, lived_url) as running:
        shot = await running.there(victim)
        importing = asyncio.create_task(import_rows(running, register(tmp_path)))
        await blow(running, journal, {WHISTLES // 3: lambda: running.kill(victim)})
        await importing
        connection = await asyncpg.connect(lived_url)
        try:
            await settled(connection)
            await check(connection, journal)
        finally:
            await connection.close()
        assert await running.there(victim, unless=shot) != shot
    assert len(journal) == WHISTLES


@pytest.mark.kafka
@pytest.mark.timeout(600)
async def test_kill_apache_kafka_under_load(lived_url: str, tmp_path: Path) -> None:
    """One node, `kill -9` in the middle; receipts go on, and what waits leaves when it is back."""
    journal: dict[str, int] = {}
    with kafka_node.Kafka() as kafka:
        async with Running(
            tmp_path, lived_url, DISPATCH_KAFKA=kafka.address, DISPATCH_KAFKA_REPLICATION="1"
        ) as running:
            await blow(running, journal, {WHISTLES // 3: kafka.kill})
            assert len(journal) == WHISTLES, "nobody waited for Kafka"
            await asyncio.to_thread(kafka.restart)
            connection = await asyncpg.connect(lived_url)
            try:
                await settled(connection)
                await check(connection, journal, imported=0)
            finally:
                await connection.close()
