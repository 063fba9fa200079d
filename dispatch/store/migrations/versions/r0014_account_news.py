"""What was done to an account, and until when its holder has seen it."""

from dispatch.store.migrations.run_sql import run_sql

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    run_sql("0014_account_news")
