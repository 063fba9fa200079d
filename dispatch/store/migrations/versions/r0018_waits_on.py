"""On which of the district's calendars a wait between rungs counts."""

from dispatch.store.migrations.run_sql import run_sql

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    run_sql("0018_waits_on")
