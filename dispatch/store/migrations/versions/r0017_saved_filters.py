"""Filters of lists that a person keeps under a name of their own."""

from dispatch.store.migrations.run_sql import run_sql

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    run_sql("0017_saved_filters")
