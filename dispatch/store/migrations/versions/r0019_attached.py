"""Whether something shows a photo."""

from dispatch.store.migrations.run_sql import run_sql

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    run_sql("0019_attached")
