"""Who somebody is at another provider."""

from dispatch.store.migrations.run_sql import run_sql

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    run_sql("0010_provider")
