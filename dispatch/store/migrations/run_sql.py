"""How a revision runs its .sql file: one statement after another, over the driver's simple protocol."""

import re
from pathlib import Path
from typing import Any

from alembic import op
from sqlalchemy.util import await_only

#: a migration waits so long for a table that is in use; then it lets go, so that nobody queues up behind it
LOCK_TIMEOUT_MS = 3000


def run_sql(name: str) -> None:
    """Run `versions/<name>.sql`, all of it, in the migration's transaction.

    A file that builds an index CONCURRENTLY runs outside any, statement by statement: each must bear being run again
    (`DROP INDEX CONCURRENTLY IF EXISTS` first).
    """
    script = (Path(__file__).parent / "versions" / f"{name}.sql").read_text(encoding="utf-8")
    if re.search(r"\bCONCURRENTLY\b", script, re.I):
        with op.get_context().autocommit_block():
            # it waits for every older transaction, and nobody waits behind it
            _execute("SET lock_timeout = 0")
            for statement in re.split(r";[ \t]*(?:--[^\n]*)?\n", script):
                if re.sub(r"--[^\n]*", "", statement).strip():
                    _execute(statement)
            _execute(f"SET lock_timeout = {LOCK_TIMEOUT_MS}")
        return
    op.execute("SELECT 1")  # the driver begins its transaction with the first statement that SQLAlchemy gives it
    _execute(script)


def _execute(script: str) -> None:
    driver: Any = op.get_bind().connection.driver_connection
    # asyncpg runs many statements in one call only without parameters
    await_only(driver.execute(script))
