"""What routing changes of a whistle is changed in place."""

from dispatch.store.migrations.run_sql import run_sql

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    run_sql("0030_in_place")
