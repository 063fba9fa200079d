"""Bring the schema to the newest revision, one process at a time."""

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config

HERE = Path(__file__).parent / "migrations"


def config(url: str) -> Config:
    """Alembic's configuration for the database at `url` (postgresql://…)."""
    made = Config()
    made.set_main_option("script_location", str(HERE))
    made.attributes["url"] = url
    return made


async def upgrade(url: str, revision: str = "head") -> None:
    """Run every migration up to `revision`, under an advisory lock. Raises the driver's error on failure."""
    await asyncio.to_thread(command.upgrade, config(url), revision)
