"""PostgreSQL dies again and again while people whistle: what each of them is told is true, and nothing else is said."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import httpx
import psutil
import pytest

from tests.chaos.crowd import CLERK, PLACE, TEXTS
from tests.chaos.faults import back
from tests.chaos.fleet import Fleet
from tests.chaos.test_chaos import tokens_of
from tests.servers import TestPostgres

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]

SEED = int(os.environ.get("CHAOS_SEED", "20261126"))
#: how often it dies; the clients at once
DEATHS = int(os.environ.get("CHAOS_DEATHS", "25"))
CLIENTS = 24


@dataclass
class Told:
    """What the clients were told: id and number by key, those without a key, and every answer that is no answer."""

    by_key: dict[str, tuple[str, int]] = field(default_factory=dict)
    keyless: list[tuple[str, int]] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


@pytest.fixture
async def keeping() -> AsyncIterator[TestPostgres]:
    """A server of this test's own that keeps what it has committed when it is killed."""
    with TestPostgres(synchronous_commit="on") as server:
        yield server


def kill(server: TestPostgres, dice: Random) -> str:
    """One of the ways in which it dies; what was done."""
    postmaster = psutil.Process(int((server.server.data / "postmaster.pid").read_text().split()[0]))
    way = dice.choice(("everything", "postmaster", "backend", "fast", "immediate"))
    if way == "everything":
        server.kill()
    elif way == "backend":  # the postmaster ends all sessions and recovers by itself
        serving = [each for each in postmaster.children() if "dispatch" in " ".join(each.cmdline())]
        dice.choice(serving or [postmaster]).kill()
    else:
        number = {"postmaster": signal.SIGKILL, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}[way]
        postmaster.send_signal(number)
    return way


class Caller:
    """Somebody who whistles until told to stop, with a key or without, and asks again while there is no answer."""

    def __init__(self, number: int, webs: list[str], token: str, told: Told, stopping: asyncio.Event) -> None:
        self._number, self._webs, self._told, self._stopping = number, webs, told, stopping
        self._headers = {"Authorization": f"Bearer {token}"}
        self._dice = Random(f"{SEED} {number}")

    async def run(self) -> None:
        turn = 0
        # every other one keeps its connection, as programs do
        limits = httpx.Limits(max_keepalive_connections=self._number % 2 * 4)
        async with httpx.AsyncClient(timeout=20, limits=limits) as http:
            while not self._stopping.is_set():
                turn += 1
                await self._blow(http, f"drill-{self._number}-{turn}")

    async def _blow(self, http: httpx.AsyncClient, name: str) -> None:
        keyed = self._dice.random() < 0.6
        body = {"body": f"{self._dice.choice(TEXTS)}（{name}）", "place": PLACE}
        headers = self._headers | ({"Idempotency-Key": name} if keyed else {})
        while True:
            web = self._dice.choice(self._webs)
            try:
                answer = await http.post(f"{web}/api/v1/whistles", json=body, headers=headers)
            except httpx.HTTPError as error:
                self._told.wrong.append(f"{name}: {type(error).__name__} {error}")
                return
            self._told.statuses[answer.status_code] += 1
            if answer.status_code in (200, 201) and "id" in (receipt := self._json(answer)):
                given = (receipt["id"], receipt["number"])
                if keyed:
                    self._told.by_key[name] = given
                else:
                    self._told.keyless.append(given)
                return
            if answer.status_code != 503 or not self._honest(answer):
                self._told.wrong.append(f"{name}: {answer.status_code} {dict(answer.headers)} {answer.text[:600]}")
                return
            await asyncio.sleep(self._dice.uniform(0.05, 0.3))

    @staticmethod
    def _json(answer: httpx.Response) -> dict[str, Any]:
        found = answer.json() if "json" in answer.headers.get("content-type", "") else {}
        return found if isinstance(found, dict) else {}

    @staticmethod
    def _honest(answer: httpx.Response) -> bool:
        return answer.headers.get("content-type") == "application/problem+json" and "retry-after" in answer.headers


async def test_what_is_said_is_true(keeping: TestPostgres, tmp_path: Path) -> None:
    """Receipts name whistles that are there once; everything else is a 503 that says when to come again."""
    url, dice, told, stopping = await keeping.fresh(), Random(SEED), Told(), asyncio.Event()
    token = (await tokens_of(url, tmp_path))[CLERK]
    ways: Counter[str] = Counter()
    async with Fleet(tmp_path, url, "127.0.0.1:9", ("web", "web")) as fleet:
        webs = [member.url for member in fleet.members]
        async with asyncio.TaskGroup() as going:
            for number in range(CLIENTS):
                going.create_task(Caller(number, webs, token, told, stopping).run())
            for _ in range(DEATHS):
                await asyncio.sleep(dice.uniform(0.2, 1.2))
                ways[kill(keeping, dice)] += 1
                await asyncio.sleep(dice.choice((0, 0.1, 0.5, 3.0)))
                await back(keeping)
            await asyncio.sleep(1)
            stopping.set()
        assert [member.process.poll() for member in fleet.members] == [None, None], "nobody died of it"
    print(f"\n{dict(ways)}; answers {dict(told.statuses)}; {len(told.by_key)} with a key, {len(told.keyless)} without")
    assert not told.wrong, f"{len(told.wrong)}: {told.wrong[:5]}"
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("SELECT id::text, number, idempotency_key FROM whistle")
        events = await connection.fetch("SELECT whistle::text, count(*) FROM whistle_event GROUP BY 1")
        waiting = await connection.fetch("SELECT key, count(*) FROM outbox GROUP BY 1")
    finally:
        await connection.close()
    stored = {row["id"]: row["number"] for row in rows}
    assert {key: id for key, (id, _) in told.by_key.items()} == {
        row["idempotency_key"]: row["id"] for row in rows if row["idempotency_key"] in told.by_key
    }
    promised = [*told.by_key.values(), *told.keyless]
    assert len({id for id, _ in promised}) == len(promised)
    assert [one for one in promised if stored.get(one[0]) != one[1]] == []
    assert set(stored.items()) >= set(promised)
    once = dict.fromkeys(stored, 1)
    assert dict(map(tuple, events)) == once
    assert dict(map(tuple, waiting)) == once
    assert told.statuses[503] > 10, "it was away"
