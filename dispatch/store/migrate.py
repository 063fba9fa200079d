"""Bring the schema to the newest revision, one process at a time."""

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from dispatch.store.connection import Connection

HERE = Path(__file__).parent / "migrations"


def config(url: str) -> Config:
    """Alembic's configuration for the database at `url` (postgresql://…)."""
    made = Config()
    made.set_main_option("script_location", str(HERE))
    made.attributes["url"] = url
    return made


def newest() -> str:
    """The revision this version of the service was written for."""
    found = ScriptDirectory.from_config(config("")).get_current_head()
    assert found is not None
    return found


async def present(connection: Connection) -> str | None:
    """The schema's revision; None: nothing was migrated yet."""
    found: str | None = await connection.fetchval(
        "SELECT version_num FROM alembic_version"
        if await connection.fetchval("SELECT to_regclass('alembic_version') IS NOT NULL")
        else "SELECT NULL::text"
    )
    return found


async def upgrade(url: str, revision: str = "head") -> None:
    """Run every migration up to `revision`, under an advisory lock. Raises the driver's error on failure."""
    await asyncio.to_thread(command.upgrade, config(url), revision)
