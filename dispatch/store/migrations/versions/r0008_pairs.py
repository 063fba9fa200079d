"""The function that full text is indexed by."""

from dispatch.store.migrations.run_sql import run_sql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    run_sql("0008_pairs")
