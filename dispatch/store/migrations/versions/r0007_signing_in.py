"""Second factors, tickets, where people are signed in, the log of administration."""

from dispatch.store.migrations.run_sql import run_sql

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    run_sql("0007_signing_in")
