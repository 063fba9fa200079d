"""The first schema."""

from dispatch.store.migrations.run_sql import run_sql

revision = "0001"
down_revision = None


def upgrade() -> None:
    run_sql("0001_first")
