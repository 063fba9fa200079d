"""Months of the log are made by their owner's function."""

from dispatch.store.migrations.run_sql import run_sql

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    run_sql("0024_months")
