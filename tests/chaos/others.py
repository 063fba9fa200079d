"""Others who whistle while things die: registers being imported, another system on the topic. They insist, too.

Some of its messages are nothing that a whistle may come of: those, and no others, must be in the dead letters.
"""

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
from tests.chaos.evidence import Inbound
from tests.chaos.fleet import ROOT, Fleet

SOURCE = "/example/grid-patrol"
#: rows of one register, and seconds between two
ROWS, REST = 60, 20.0
#: every so many messages, one that is spoiled: by turns from a source that nobody knows, and of broken JSON
SPOILED_EACH = 6


class Others:
    """`imports` and `messages` until `stopping`; `seen` is what became of the messages, `missing` says which rows and
    messages have not become one whistle."""

    def __init__(self, fleet: Fleet, folder: Path, kafka: str, seed: int) -> None:
        self._fleet, self._folder, self._kafka = fleet, folder, kafka
        self._dice = Random(f"others {seed}")
        self.rows: list[str] = []
        self.messages_of = Inbound()

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
                    message = self._message(name, nth)
                    for _ in range(self._dice.choice((1, 1, 2))):
                        async with asyncio.timeout(15):
                            await producer.send_and_wait(topics.INBOUND, *message)
                    self.messages_of.sent.add(name)
                    nth += 1
                    await asyncio.sleep(every)
            with contextlib.suppress(Exception):
                async with asyncio.timeout(5):
                    await producer.stop()

    def _message(self, name: str, nth: int) -> tuple[Any, ...]:
        self.messages_of.tried.add(name)
        headers = {
            "ce_specversion": "1.0", "ce_id": name, "ce_source": SOURCE, "ce_type": "whistle.inbound.v1",
            "content-type": "application/json",
        }  # fmt: skip
        body = {"body": f"{self._dice.choice(TEXTS)}（{name}）", "place": PLACE, "source_number": name}
        key, value = name.encode(), orjson.dumps(body)
        if nth % SPOILED_EACH == SPOILED_EACH - 1:
            reason = ("forbidden-source", "undecodable")[nth // SPOILED_EACH % 2]
            self.messages_of.spoiled[name] = reason
            if reason == "undecodable":
                value = value[:-1]
            else:
                headers["ce_source"] = "/nobody/knows"
        return value, key, None, None, [(header, text.encode()) for header, text in headers.items()]

    async def seen(self, url: str) -> Inbound:
        """With every dead letter that there is; a message's key is its name."""
        connection = await asyncpg.connect(url)
        try:
            rows = await connection.fetch("SELECT convert_from(key, 'UTF8'), reason FROM dead_letter")
        finally:
            await connection.close()
        self.messages_of.letters = {(row[0], row[1]) for row in rows}
        return self.messages_of

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
        return found + [
            f"message {name}" for name in sorted(self.messages_of.sent - self.messages_of.spoiled.keys() - once)
        ]
