"""The log is only ever added to."""

from dispatch.store.migrations.run_sql import run_sql

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    run_sql("0020_append_only")
