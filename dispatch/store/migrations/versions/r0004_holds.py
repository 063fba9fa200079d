"""Indexes for what is on hold and for requests that wait."""

from dispatch.store.migrations.run_sql import run_sql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    run_sql("0004_holds")
