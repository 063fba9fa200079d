"""The watch for cover looks at more parts."""

from dispatch.store.migrations.run_sql import run_sql

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    run_sql("0026_expected")
