"""Fixtures for all tests: `postgres`, `database`, `empty_database`, `db`, `broker`, `topics`, `kafka`."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings

from dispatch.store.database import Database
from tests import kafka_node
from tests.servers import TestBroker, TestPostgres

#: `make test` tries the same examples each time, so that a red run is the change's; `make chaos` looks for new ones.
#: No test fails for being slow: a busy machine is no fault of the change
_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same", _PATIENT, derandomize=True)
settings.register_profile("new", _PATIENT)
settings.load_profile("new" if os.environ.get("CHAOS_MINUTES") else "same")

# structlog's own way of showing an error, with every local in colour, takes ten seconds
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)

#: what is quick and pure fails first; what needs a browser or takes a minute comes last
ORDER = (
    *("domain", "contract", "store", "steps", "bus", "handlers", "observe", "local", "labels"),
    *("web", "flow", "browser", "chaos"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the folders in `ORDER`, each in its own order; Apache Kafka after the embedded broker."""

    def place(item: pytest.Item) -> tuple[int, bool]:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        return ORDER.index(folder) if folder in ORDER else len(ORDER), item.get_closest_marker("kafka") is not None

    items.sort(key=place)


@pytest.fixture(scope="session")
def postgres() -> Iterator[TestPostgres]:
    """One PostgreSQL server (fsync off) for the session."""
    with TestPostgres() as server:
        yield server


@pytest.fixture
async def database(postgres: TestPostgres) -> AsyncIterator[str]:
    """The URL of a database of this test's own, migrated, empty of rows; dropped afterwards."""
    url = await postgres.fresh()
    yield url
    await postgres.drop(url)


@pytest.fixture
async def empty_database(postgres: TestPostgres) -> AsyncIterator[str]:
    """The URL of a database of this test's own without any table."""
    url = await postgres.fresh(migrated=False)
    yield url
    await postgres.drop(url)


@pytest.fixture
async def db(database: str) -> AsyncIterator[Database]:
    """The service's own pool on `database`."""
    opened = await Database.connect(database, size=4)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def broker() -> Iterator[str]:
    """The bootstrap address of one embedded broker (real TCP, in memory) for the session, without topics.

    Shared: take topic names and group ids of your own (a random part), or `TestBroker` for one alone.
    """
    one = TestBroker()
    try:
        yield one.start()
    finally:
        one.stop()


@pytest.fixture(scope="session")
def kafka() -> Iterator[str]:
    """The bootstrap address of one Apache Kafka node for the session. Mark its tests `kafka`.

    For killing and freezing, or three nodes: `tests.kafka_node.Kafka`.
    """
    if not kafka_node.available():
        pytest.skip("Apache Kafka needs java and mvn")
    with kafka_node.Kafka() as one:
        yield one.address
