"""When somebody proved again that it is them."""

from dispatch.store.migrations.run_sql import run_sql

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    run_sql("0023_proved")
