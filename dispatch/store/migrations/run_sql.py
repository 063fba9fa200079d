"""How a revision runs its .sql file: one statement after another, over the driver's simple protocol."""

from pathlib import Path
from typing import Any

from alembic import op
from sqlalchemy.util import await_only


def run_sql(name: str) -> None:
    """Run `versions/<name>.sql`, all of it, in the migration's transaction."""
    script = (Path(__file__).parent / "versions" / f"{name}.sql").read_text(encoding="utf-8")
    driver: Any = op.get_bind().connection.driver_connection
    # asyncpg runs many statements in one call only without parameters
    await_only(driver.execute(script))
