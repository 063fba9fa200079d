"""The watch for cover looks at more parts."""

from dispatch.store.migrations.run_sql import run_sql

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    run_sql("0025_expected")
