"""When a failed notice was taken up again by hand."""

from dispatch.store.migrations.run_sql import run_sql

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    run_sql("0028_taken_up")
