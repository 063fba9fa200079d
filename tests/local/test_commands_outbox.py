"""`outbox list|unpark` as typed: what the broker refused is shown, and goes on when somebody says so."""

import asyncio

import asyncpg
import pytest

from tests.local.test_commands_access import run


async def _plant(url: str) -> list[int]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(
            """INSERT INTO outbox (topic, key, headers, payload, urgent, created_at, parked)
               SELECT topic, 'k', '{}', 'abc', false, now(), parked FROM (VALUES
                   (1, 't', 'MessageSizeTooLargeError'), (2, 't', NULL), (3, 'u', 'PolicyViolationError')
               ) AS made (n, topic, parked) ORDER BY n RETURNING id"""
        )
        return [row["id"] for row in rows]
    finally:
        await connection.close()


def test_parked_rows_are_listed_and_let_go(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCH_DATABASE_URL", database)
    assert run("outbox", "list") == ""
    first, behind, other = asyncio.run(_plant(database))
    listed = run("outbox", "list").splitlines()
    assert listed[0].startswith(f"{first}  ")
    assert listed[0].endswith("t  k  3 B  MessageSizeTooLargeError  后面等着 1 behind")
    assert [line.split()[0] for line in run("outbox", "list", "--topic", "u").splitlines()] == [str(other)]

    assert "--all" in run("outbox", "unpark", code=1)
    assert "--all" in run("outbox", "unpark", first, "--all", code=1)
    said = run("outbox", "unpark", first, behind, code=1)
    assert f"没有停着的行 {behind}（其余 1 行已放行）" in said
    assert "放行 1 行" in run("outbox", "unpark", "--all", "--topic", "u")
    assert run("outbox", "list") == ""
