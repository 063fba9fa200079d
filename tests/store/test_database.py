"""The pool's own promises, on a real server."""

import pytest

from dispatch.store.database import Database
from dispatch.store.errors import Unavailable


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
