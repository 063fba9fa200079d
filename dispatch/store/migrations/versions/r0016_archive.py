"""Months of the log that stand in a file."""

from dispatch.store.migrations.run_sql import run_sql

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    run_sql("0016_archive")
