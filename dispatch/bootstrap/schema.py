"""What is done to the schema before any role starts."""

from dispatch.bootstrap.addresses import url_of
from dispatch.settings import Settings
from dispatch.store import partitions
from dispatch.store.database import Database
from dispatch.store.migrate import upgrade


async def migrate(settings: Settings) -> None:
    """Bring the schema to the newest revision, and make the log's partitions before its first event."""
    url = url_of(settings)
    await upgrade(url)
    database = await Database.connect(url, size=2)
    try:
        await partitions.ahead(database, await database.now())
    finally:
        await database.close()
