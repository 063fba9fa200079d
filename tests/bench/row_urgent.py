"""Row 8: an emergency, from the form to the unit's queue, while a register is imported; against an idle system.

Both are ours: what is compared is the same web, the same worker and the same rate of emergencies, without the import
and with it. The register goes through the same outbox, topics and worker; the import is the command as people run it.
"""

from __future__ import annotations

import asyncio
import csv
from pathlib import Path

import asyncpg

from dispatch.local.child import Child
from tests.bench.bare import connected
from tests.bench.figures import Figure, Size
from tests.bench.ground import Ground, role
from tests.bench.row_blink import SEEN, WARM, delays
from tests.bench.row_intake import token_of
from tests.bench.shooting import at, fire
from tests.bench.whistles import body

#: emergencies a second, and seconds of one volley
RATE, VOLLEY = 20, 10.0
EMERGENCY = {"kind": "emergency"}


class Shots:
    """Emergencies one after another at a steady rate; `during` says how long each took, in order (milliseconds)."""

    def __init__(self, connection: asyncpg.Connection, port: int, token: str, seconds: float) -> None:
        self._connection, self._port, self._token = connection, port, token
        self._volley = max(int(RATE * seconds), 5)
        self._fired = 0
        self._sent: dict[str, float] = {}

    async def volley(self) -> None:
        done = await fire(
            self._port, self._token, self._volley, first=self._fired, rate=RATE, connections=8, more=EMERGENCY
        )
        self._fired += self._volley
        self._sent |= done["sent"]

    async def during(self, until: float | None = None) -> list[float]:
        """Those sent since the last call; `until` (epoch seconds) leaves out what was sent later."""
        sent, self._sent = self._sent, {}
        ids = "SELECT count(*) FROM whistle_state WHERE id = ANY($1::uuid[]) AND status = 'raised'"
        async with asyncio.timeout(60):
            while await self._connection.fetchval(ids, list(sent)):
                await asyncio.sleep(0.1)
        kept = {id: moment for id, moment in sent.items() if until is None or moment < until}
        return delays(await self._connection.fetch(SEEN), kept)


async def run(ground: Ground, size: Size) -> list[Figure]:
    """The middle, the slow end and the slowest, once: the import is long enough for all of them."""
    register = ground.folder / "register.csv"
    await asyncio.to_thread(write, register, size.imported)
    async with ground.broker() as kafka, ground.database() as url:
        token = await token_of(url)
        async with ground.worker(url, kafka), ground.web(url, kafka) as port, connected(url) as connection:
            shots = Shots(connection, port, token, min(VOLLEY, size.seconds))
            await fire(port, token, min(WARM, size.imported), first=10**6, rate=100, more=EMERGENCY)
            await shots.volley()
            await shots.volley()
            idle = await shots.during()
            ended, seconds = await _importing(ground, url, kafka, register, shots)
            busy = await shots.during(until=ended)
            assert await connection.fetchval("SELECT count(*) FROM whistle WHERE via = 'import'") == size.imported
    note = f"{len(busy)} emergencies during {size.imported:,} rows in {seconds:.0f} s, {len(idle)} without"
    figures = []
    for name, share in (("p50", 0.5), ("p99", 0.99), ("slowest", 1.0)):
        figure = Figure(f"emergency, form to queue, during an import, {name}", "ms", "less", None, note=note)
        figure.add(at(busy, share), at(idle, share))
        figures.append(figure)
    return figures


async def _importing(ground: Ground, url: str, kafka: str, register: Path, shots: Shots) -> tuple[float, float]:
    """Volley after volley until the import is done; when that was (epoch seconds), and how long it took."""
    words = ("-m", "dispatch", "import", str(register), "--mapping", "example", "--no-report")
    loop = asyncio.get_running_loop()
    began, wall = loop.time(), await _now(url)
    with ground.process("import", *words, **role(url, kafka)) as child:
        done = asyncio.create_task(_end(child))
        while not done.done():
            await shots.volley()
        took = await done - began
    return wall + took, took


async def _end(child: Child) -> float:
    code = await child.wait()
    assert code == 0, f"the import ended with {code}: {child.spec.log}"
    return asyncio.get_running_loop().time()


async def _now(url: str) -> float:
    async with connected(url) as connection:
        return float(await connection.fetchval("SELECT extract(epoch FROM clock_timestamp())"))


def write(file: Path, count: int) -> None:
    """A register as the demo's example mapping reads it, without emergencies."""
    with file.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out)
        table.writerow(("序号", "时间", "地点", "内容"))
        for nth in range(count):
            table.writerow((f"册-{nth}", "2026-01-05 09:10", "广泰小区", f"{body(nth)['body']}（{nth}）"))
