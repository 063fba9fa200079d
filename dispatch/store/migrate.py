"""The schema's revisions: run by one process at a time, and which of them the code at hand can work on.

Expand, then contract. A revision adds what is new and takes nothing away, so that the code before it goes on working;
a later one, when no such code runs any more, removes what is left over and says from which revision on the schema
serves (`schema_serves`). So the roles of version n work on schema n, on n + 1 and on whatever only adds to it.
"""

import asyncio
from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from dispatch.store.connection import Connection

HERE = Path(__file__).parent / "migrations"
#: how often a table that is in use is asked for again, and the pause between (seconds)
ATTEMPTS, PAUSE = 20, 1.0

log = structlog.get_logger(__name__)


class NotMigrated(Exception):
    """The schema is not at the newest revision; `str()` is one line with the remedy. What was done stands."""


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


async def misfit(connection: Connection, revision: str) -> str | None:
    """Why code made for `revision` must not run on the schema as it stands, with the remedy; None: it may."""
    found = await present(connection)
    if found is None:
        return "the database has no tables yet: dispatch migrate"
    if found < revision:
        return f"the schema is at {found}, this version needs {revision}: dispatch migrate"
    if found == revision:
        return None
    oldest = await connection.fetchval("SELECT oldest FROM schema_serves")
    if oldest <= revision:
        return None
    return f"the schema is at {found} and serves versions from {oldest} on, this one is {revision}: install a newer one"


async def upgrade(url: str, revision: str = "head") -> None:
    """Run every migration up to `revision`, one process at a time, each in a transaction of its own.

    One that has to wait for a table lets go after `LOCK_TIMEOUT_MS` and tries again. Raises `NotMigrated` when it
    never got it, or when the schema is newer than this version, else the driver's error.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            await asyncio.to_thread(command.upgrade, config(url), revision)
            return
        except CommandError as error:
            raise NotMigrated(
                f"The schema is newer than this version of the service ({error}): install a newer one."
            ) from error
        except Exception as error:
            if _sqlstate(error) != "55P03":  # lock_not_available
                raise
            log.warning("migrate.waits", tries=attempt)
            if attempt == ATTEMPTS:
                raise NotMigrated(
                    "A table that must be changed is in use all the time (a long report? a dump?):"
                    " `dispatch doctor` names old transactions; end them and run `dispatch migrate` again."
                ) from error
        await asyncio.sleep(PAUSE)


def _sqlstate(error: BaseException) -> str | None:
    return getattr(error, "sqlstate", None) or getattr(getattr(error, "orig", None), "sqlstate", None)
