"""Counts kept by differences, and indexes for what is counted or cleared away."""

from dispatch.store.migrations.run_sql import run_sql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    run_sql("0002_tallies")
