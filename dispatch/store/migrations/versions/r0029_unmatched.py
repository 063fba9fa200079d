"""An emergency that no unit has stands in the queue of the unit that is informed of it."""

from dispatch.store.migrations.run_sql import run_sql

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    run_sql("0029_unmatched")
