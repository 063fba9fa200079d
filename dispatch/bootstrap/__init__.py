"""The roles of the service, put together from everything; the only package that reads settings."""

from dispatch.bootstrap.base import NotSetUp, url_of
from dispatch.bootstrap.scheduler import run_scheduler
from dispatch.bootstrap.web import run_web
from dispatch.bootstrap.worker import run_worker
from dispatch.settings import Settings
from dispatch.store import partitions
from dispatch.store.database import Database
from dispatch.store.migrate import upgrade

__all__ = ["NotSetUp", "migrate", "run_scheduler", "run_web", "run_worker"]


async def migrate(settings: Settings) -> None:
    """Bring the schema to the newest revision, and make the log's partitions before its first event."""
    url = url_of(settings)
    await upgrade(url)
    database = await Database.connect(url, size=2)
    try:
        await partitions.ahead(database, await database.now())
    finally:
        await database.close()
