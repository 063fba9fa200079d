"""Dead letters raised anew; which code the schema serves."""

from dispatch.store.migrations.run_sql import run_sql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    run_sql("0005_letters")
