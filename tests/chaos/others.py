"""Others who whistle while things die: registers being imported, another system on the topic. They insist, too."""

import asyncio
import contextlib
import sys
from asyncio.subprocess import DEVNULL
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import orjson
from aiokafka import AIOKafkaProducer

from schemas import topics
from tests.chaos.crowd import PLACE, TEXTS
from tests.chaos.fleet import ROOT, Fleet

SOURCE = "/example/grid-patrol"
#: rows of one register, and seconds between two
ROWS, REST = 60, 20.0


class Others:
    """`imports` and `messages` until `stopping`; `missing` says what of it has not become one whistle."""

    def __init__(self, fleet: Fleet, folder: Path, kafka: str, seed: int) -> None:
        self._fleet, self._folder, self._kafka = fleet, folder, kafka
        self._dice = Random(f"others {seed}")
        self.rows: list[str] = []
        self.sent: list[str] = []

    async def imports(self, stopping: asyncio.Event) -> None:
        """Register after register, each until the command says that it is done."""
        while not stopping.is_set():
            nth = len(self.rows) // ROWS
            keys = [f"册{nth}-{i}" for i in range(ROWS)]
            file = self._folder / f"register-{nth}.csv"
            rows = [f"{key},2026-01-05 09:10,广泰小区,{self._dice.choice(TEXTS)}（{key}）" for key in keys]
            file.write_text("\n".join(["序号,时间,地点,内容", *rows]), encoding="utf-8")
            while await self._import(file) != 0:
                await asyncio.sleep(0.5)
            self.rows += keys
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), REST)

    async def _import(self, file: Path) -> int:
        command = ["-m", "dispatch", "import", str(file), "--mapping", "example", "--no-report"]
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, cwd=ROOT, env=self._fleet.environment, stdout=DEVNULL, stderr=DEVNULL
        )
        return await process.wait()

    async def messages(self, stopping: asyncio.Event, every: float = 1.5) -> None:
        """CloudEvents of another system, each until the broker has it; some are said twice."""
        nth = 0
        while not stopping.is_set():
            producer = AIOKafkaProducer(bootstrap_servers=self._kafka, acks="all", request_timeout_ms=8000)
            with contextlib.suppress(Exception):
                async with asyncio.timeout(10):
                    await producer.start()
                while not stopping.is_set():
                    name = f"patrol-{nth}"
                    for _ in range(self._dice.choice((1, 1, 2))):
                        async with asyncio.timeout(15):
                            await producer.send_and_wait(topics.INBOUND, *self._message(name))
                    self.sent.append(name)
                    nth += 1
                    await asyncio.sleep(every)
            with contextlib.suppress(Exception):
                async with asyncio.timeout(5):
                    await producer.stop()

    def _message(self, name: str) -> tuple[Any, ...]:
        headers = {
            "ce_specversion": "1.0", "ce_id": name, "ce_source": SOURCE, "ce_type": "whistle.inbound.v1",
            "content-type": "application/json",
        }  # fmt: skip
        body = {"body": f"{self._dice.choice(TEXTS)}（{name}）", "place": PLACE, "source_number": name}
        key = name.encode()
        return orjson.dumps(body), key, None, None, [(header, text.encode()) for header, text in headers.items()]

    async def missing(self, url: str) -> list[str]:
        """Rows and messages that were taken and are not one whistle each."""
        connection = await asyncpg.connect(url)
        try:
            imported = await connection.fetch("SELECT source ->> 'number' AS key FROM whistle WHERE via = 'import'")
            foreign = await connection.fetch(
                """SELECT ce_id, count(w.id) AS n FROM foreign_message f LEFT JOIN whistle w ON w.id = f.whistle
                   GROUP BY 1"""
            )
        finally:
            await connection.close()
        keys = sorted(row["key"] for row in imported)
        found = [f"rows {sorted(set(self.rows) ^ set(keys))[:5]}"] if keys != sorted(self.rows) else []
        once = {row["ce_id"] for row in foreign if row["n"] == 1}
        return found + [f"message {name}" for name in self.sent if name not in once]
