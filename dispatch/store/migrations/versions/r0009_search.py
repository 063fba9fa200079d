"""An index for full text, built beside the writers."""

from dispatch.store.migrations.run_sql import run_sql

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    run_sql("0009_search")
