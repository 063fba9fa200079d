"""Who made a token for whom, and why."""

from dispatch.store.migrations.run_sql import run_sql

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    run_sql("0013_tokens")
