"""Alembic's entry: async engine on asyncpg; each revision runs one .sql file."""

import asyncio

from alembic import context
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

MIGRATION_LOCK = 7_310_001


def _run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=None, transaction_per_migration=False)
    with context.begin_transaction():
        connection.execute(text("SELECT pg_advisory_xact_lock(:k)"), {"k": MIGRATION_LOCK})
        context.run_migrations()


async def _main() -> None:
    url = str(context.config.attributes["url"])
    scheme, rest = url.split("://", 1)
    engine = create_async_engine(f"postgresql+asyncpg://{rest}", poolclass=pool.NullPool)
    del scheme
    async with engine.connect() as connection:
        await connection.run_sync(_run)
        await connection.commit()
    await engine.dispose()


asyncio.run(_main())
