"""The rules as text, and changes of them."""

from dispatch.store.migrations.run_sql import run_sql

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    run_sql("0012_rules")
