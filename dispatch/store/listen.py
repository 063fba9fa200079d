"""Word of what changed, from the process that committed it to the pages that show it.

Sent after the commit, outside any transaction, one `NOTIFY` at a time: what changes meanwhile goes with the next.
Word may be lost (a broken connection): pages ask for themselves as well, nothing depends on it.
"""

import asyncio
import contextlib
from collections.abc import Callable

import structlog

from dispatch.store.database import Database
from dispatch.store.errors import StoreError, translated

CHANNEL = "dispatch_change"
#: PostgreSQL takes payloads below 8,000 bytes; a whistle's id has 36
MOST = 200
#: what changes within so much of the last word goes in one with what comes after it (seconds)
PAUSE = 0.05

log = structlog.get_logger(__name__)


class Bell:
    """Rings after commits: `ring(ids)` is cheap; `run()` sends until cancelled."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ids: set[str] = set()
        self._rung = asyncio.Event()

    def ring(self, ids: list[str]) -> None:
        """These whistles changed."""
        self._ids.update(ids)
        self._rung.set()

    async def run(self) -> None:
        """Send word until cancelled; while the database is away, word of the meantime is dropped."""
        while True:
            await self._rung.wait()
            self._rung.clear()
            ids, self._ids = list(self._ids), set()
            with contextlib.suppress(StoreError):
                async with self._database.acquire() as connection:
                    for start in range(0, len(ids), MOST):
                        word = ",".join(ids[start : start + MOST])
                        await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, word)
            await asyncio.sleep(PAUSE)


async def listen(database: Database, channel: str, heard: Callable[[str], None]) -> None:
    """Call `heard(payload)` for each word on `channel`, until cancelled; reconnects by itself."""
    while True:
        try:
            connection = await database.connect_alone(application_name="dispatch-listen")
            try:
                gone = asyncio.Event()
                connection.add_termination_listener(lambda _c, gone=gone: gone.set())
                with translated():
                    await connection.add_listener(channel, lambda _c, _p, _ch, payload: heard(str(payload)))
                heard("")  # whatever was said while nobody listened
                await gone.wait()
            finally:
                with contextlib.suppress(Exception):
                    await connection.close(timeout=2)
        except (StoreError, OSError) as error:
            log.warning("listen.interrupted", channel=channel, error=type(error).__name__)
        await asyncio.sleep(1)
