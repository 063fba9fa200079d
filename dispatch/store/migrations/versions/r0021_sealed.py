"""An index of the sealed whistles, for the desk."""

from dispatch.store.migrations.run_sql import run_sql

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    run_sql("0021_sealed")
