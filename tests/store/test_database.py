"""The pool's own promises, on a real server."""

import asyncio
import signal

import psutil
import pytest

from dispatch.store import database as database_module
from dispatch.store.database import Database
from dispatch.store.errors import Unavailable
from tests.servers import TestPostgres


async def _pid(db: Database) -> int:
    async with db.kept() as connection:
        return int(await connection.fetchval("SELECT pg_backend_pid()"))


async def test_the_kept_connection_is_the_same_until_a_look_fails(db: Database) -> None:
    first = await _pid(db)
    assert await _pid(db) == first
    with pytest.raises(Unavailable):
        async with db.kept() as connection:
            await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    second = await _pid(db)
    assert second != first
    with pytest.raises(Unavailable):
        async with db.kept():
            raise TimeoutError  # nobody answered
    assert await _pid(db) != second


async def test_a_transaction_on_a_server_that_stands_still_ends_within_its_limits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody answers to the rollback either: it is not waited for as long again as the query was."""
    monkeypatch.setattr(database_module, "COMMAND", 5.0)
    monkeypatch.setattr(database_module, "WAIT", 0.3)
    with TestPostgres() as server:
        db = await Database.connect(await server.fresh(), size=1)
        postmaster = psutil.Process(int((server.server.data / "postmaster.pid").read_text().split()[0]))
        family = [postmaster, *postmaster.children(recursive=True)]

        async def asking() -> None:
            async with db.transaction() as uow:
                for one in family:
                    one.send_signal(signal.SIGSTOP)
                await uow.connection.fetchval("SELECT 1")

        try:
            done, _ = await asyncio.wait({going := asyncio.create_task(asking())}, timeout=8)
            assert done
            with pytest.raises(Unavailable):
                await going
        finally:
            for one in family:
                one.send_signal(signal.SIGCONT)
        async with db.transaction() as uow:
            assert await uow.connection.fetchval("SELECT 1") == 1
        await db.close()
