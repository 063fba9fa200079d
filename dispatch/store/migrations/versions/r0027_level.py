"""The level of a seat's place."""

from dispatch.store.migrations.run_sql import run_sql

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    run_sql("0027_level")
