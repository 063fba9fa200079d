"""Alembic's entry: async engine on asyncpg; each revision runs one .sql file, in a transaction of its own."""

import asyncio

from alembic import context
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.util import await_only

from dispatch.store.migrations.run_sql import LOCK_TIMEOUT_MS

MIGRATION_LOCK = 7_310_001
#: between two looks at whether another migrator is through (seconds)
PAUSE = 0.1


def _run(connection: Connection) -> None:
    # a session's lock: it outlives each revision's transaction, and ends with this connection. It is asked for, never
    # waited for: whoever waits inside a statement is waited for by an index that is built beside the writers
    while not connection.scalar(text("SELECT pg_try_advisory_lock(:k)"), {"k": MIGRATION_LOCK}):
        connection.rollback()
        await_only(asyncio.sleep(PAUSE))
    connection.execute(text(f"SET lock_timeout = {LOCK_TIMEOUT_MS}"))
    connection.commit()
    context.configure(connection=connection, target_metadata=None, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


async def _main() -> None:
    url = str(context.config.attributes["url"])
    rest = url.split("://", 1)[1]
    engine = create_async_engine(f"postgresql+asyncpg://{rest}", poolclass=pool.NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_run)
    finally:
        await engine.dispose()


asyncio.run(_main())
