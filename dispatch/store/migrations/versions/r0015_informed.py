"""An index of what units are informed of."""

from dispatch.store.migrations.run_sql import run_sql

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    run_sql("0015_informed")
