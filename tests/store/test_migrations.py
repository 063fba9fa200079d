"""Migrations: by one process at a time, never in the way for long, linted; which code works on which schema."""

import asyncio
import re
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from dispatch.store import migrate
from dispatch.store.database import Database
from dispatch.store.migrate import NotMigrated, misfit, newest, upgrade
from dispatch.store.migrations import run_sql
from tests.servers import TestPostgres

FILES = sorted((Path(migrate.__file__).parent / "migrations" / "versions").glob("*.sql"))
#: up to here nothing had been released: every table was empty, so an index could be built in the transaction
UNRELEASED = "0020"
SQUAWK = Path(sys.executable).with_name("squawk")
#: matters of taste, and what `env.py` does for every file
NOT_ASKED = ("prefer-bigint-over-int", "prefer-bigint-over-smallint", "prefer-robust-stmts", "require-lock-timeout",
             "require-statement-timeout")  # fmt: skip
TAKES_AWAY = re.compile(r"\b(DROP\s+(COLUMN|TABLE|FUNCTION|VIEW)|RENAME\s+(COLUMN|TO))\b", re.I)


def lint(file: Path) -> str:
    """What squawk says against it; empty: nothing."""
    asked = [*NOT_ASKED, "ban-drop-column", "ban-drop-table", "renaming-column", "renaming-table"]
    if file.name <= UNRELEASED:
        asked.append("require-concurrent-index-creation")
    inside = [] if "CONCURRENTLY" in file.read_text() else ["--assume-in-transaction"]
    done = subprocess.run(
        [SQUAWK, "--pg-version", "16.0", *inside, *(f"--exclude={rule}" for rule in asked), file],
        capture_output=True,
        text=True,
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_migration_stands_in_nobodys_way(file: Path) -> None:
    assert lint(file) == ""


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_what_takes_something_away_says_whom_it_still_serves(file: Path) -> None:
    text = re.sub(r"--[^\n]*", "", file.read_text())
    assert not TAKES_AWAY.search(text) or "UPDATE schema_serves" in text


def test_the_lint_sees_what_it_should(tmp_path: Path) -> None:
    bad = tmp_path / "9999_bad.sql"
    for text in ("CREATE INDEX i ON whistle (district);", "ALTER TABLE whistle ADD COLUMN x text NOT NULL;"):
        bad.write_text(text)
        assert lint(bad) != "", text
    assert TAKES_AWAY.search("ALTER TABLE whistle DROP COLUMN x;")


async def test_many_at_once_migrate_once(empty_database: str) -> None:
    code = f"import asyncio; from dispatch.store.migrate import upgrade; asyncio.run(upgrade({empty_database!r}))"
    going = [await asyncio.create_subprocess_exec(sys.executable, "-c", code) for _ in range(3)]
    assert [await each.wait() for each in going] == [0, 0, 0]
    connection = await asyncpg.connect(empty_database)
    assert await connection.fetchval("SELECT version_num FROM alembic_version") == newest()
    await connection.close()


async def test_a_table_in_use_is_let_go_and_asked_for_again(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_sql, "LOCK_TIMEOUT_MS", 100)
    monkeypatch.setattr(migrate, "PAUSE", 0.05)
    monkeypatch.setattr(migrate, "ATTEMPTS", 2)
    await upgrade(empty_database, "0003")
    reader = await asyncpg.connect(empty_database)
    await reader.execute("BEGIN")
    await reader.fetch("SELECT * FROM dead_letter")
    with pytest.raises(NotMigrated, match="in use"):
        await upgrade(empty_database)
    other = await asyncpg.connect(empty_database)  # nobody queues up behind a migration that waits
    assert await other.fetch("SELECT * FROM dead_letter") == []
    monkeypatch.setattr(migrate, "ATTEMPTS", 100)
    going = asyncio.create_task(upgrade(empty_database))
    await asyncio.wait({going}, timeout=0.3)
    assert not going.done()
    await reader.execute("COMMIT")
    await going
    assert await other.fetchval("SELECT version_num FROM alembic_version") == newest()
    await reader.close()
    await other.close()


async def test_code_works_on_its_schema_and_on_what_only_adds_to_it(db: Database, empty_database: str) -> None:
    async with db.transaction() as uow:
        connection = uow.connection
        assert await misfit(connection, newest()) is None
        assert await misfit(connection, "0003") is None, "the version before goes on while the roles are replaced"
        assert "serves versions from" in (await misfit(connection, "0002") or "")
        assert "dispatch migrate" in (await misfit(connection, "9999") or "")
        await connection.execute("UPDATE alembic_version SET version_num = '9999'")
        await connection.execute("UPDATE schema_serves SET oldest = '9998'")
        assert "install a newer one" in (await misfit(connection, newest()) or "")
        assert await misfit(connection, "9998") is None
    bare = await Database.connect(empty_database, size=1)
    async with bare.acquire() as connection:
        assert "no tables" in (await misfit(connection, newest()) or "")
    await bare.close()


async def test_a_newer_schema_is_said_in_one_line(database: str) -> None:
    connection = await asyncpg.connect(database)
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    await connection.close()
    with pytest.raises(NotMigrated, match="install a newer one"):
        await upgrade(database)


async def test_an_index_is_built_beside_the_writers(
    postgres: TestPostgres, database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A revision with CONCURRENTLY runs outside a transaction."""
    folder = tmp_path / "migrations"
    subprocess.run(["cp", "-r", str(Path(migrate.__file__).parent / "migrations"), str(folder)], check=True)
    (folder / "versions" / "9000_index.sql").write_text(
        "-- beside the writers\nDROP INDEX CONCURRENTLY IF EXISTS later;\n"
        "CREATE INDEX CONCURRENTLY later ON whistle (district); -- slow\n"
    )
    (folder / "versions" / "r9000_index.py").write_text(
        f'from dispatch.store.migrations.run_sql import run_sql\nrevision = "9000"\ndown_revision = "{newest()}"\n'
        'def upgrade() -> None:\n    run_sql("9000_index")\n'
    )
    monkeypatch.setattr(migrate, "HERE", folder)
    monkeypatch.setattr(run_sql, "__file__", str(folder / "run_sql.py"))
    await upgrade(database)
    connection = await asyncpg.connect(database)
    assert await connection.fetchval("SELECT to_regclass('later') IS NOT NULL")
    assert await connection.fetchval("SELECT version_num FROM alembic_version") == "9000"
    await connection.close()
