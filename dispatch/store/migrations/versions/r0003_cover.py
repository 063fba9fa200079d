"""Leave, and the index that finds units still expected on site."""

from dispatch.store.migrations.run_sql import run_sql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    run_sql("0003_cover")
