"""One at a time across all processes: advisory locks that end with their transaction."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dispatch.store.connection import Connection
from dispatch.store.database import Database

#: a frozen holder loses its lock after so long (seconds); a living one says something three times in that span
HOLD = 30.0


def key(name: str) -> int:
    """The lock's number: the same name is the same lock in every process and version."""
    return int.from_bytes(hashlib.blake2b(f"dispatch:{name}".encode(), digest_size=8).digest(), signed=True)


async def try_lock(connection: Connection, name: str) -> bool:
    """Take the lock until the end of this transaction; False: somebody else has it."""
    return bool(await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", key(name)))


async def lock(connection: Connection, name: str) -> None:
    """Wait for the lock (as long as the session's lock timeout), then hold it until the end of this transaction."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", key(name))


@asynccontextmanager
async def singleton(database: Database, name: str, hold: float = HOLD) -> AsyncIterator[bool]:
    """Hold the lock for the block, on a connection of the pool kept for that; yields whether it was free.

    What runs in the block uses other connections and commits as it likes. The block must be safe to overlap with
    another's: a process frozen for longer than `hold` seconds finds its lock gone. Raises `Unavailable`.
    """
    async with database.transaction() as uow:
        await uow.connection.execute(f"SET LOCAL idle_in_transaction_session_timeout = {int(hold * 1000)}")
        if not await try_lock(uow.connection, name):
            yield False
            return
        done = asyncio.Event()
        alive = asyncio.create_task(_stay(uow.connection, done, hold / 3))
        try:
            yield True
        finally:
            done.set()
            await asyncio.gather(alive, return_exceptions=True)


async def _stay(connection: Connection, done: asyncio.Event, every: float) -> None:
    while True:
        try:
            await asyncio.wait_for(done.wait(), every)
            return
        except TimeoutError:
            await connection.execute("SELECT 1")
