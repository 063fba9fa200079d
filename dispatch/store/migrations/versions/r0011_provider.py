"""Who somebody is at another provider."""

from dispatch.store.migrations.run_sql import run_sql

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    run_sql("0011_provider")
