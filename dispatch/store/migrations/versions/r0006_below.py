"""Indexes for consultations and for what is solved below the street first."""

from dispatch.store.migrations.run_sql import run_sql

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    run_sql("0006_below")
