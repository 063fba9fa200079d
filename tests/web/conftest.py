"""A whole web service on a real database of the demo district."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from dispatch.local.demo_seed import seed
from tests.factories import DEMO, DISTRICT, World, demo_template, open_world
from tests.servers import TestPostgres


@pytest.fixture(scope="session")
def demo_database(postgres: TestPostgres) -> Iterator[str]:
    """The name of a database with the demo district, to be cloned."""
    name = f"demo_{uuid4().hex[:8]}"
    asyncio.run(demo_template(postgres, name))
    yield name
    asyncio.run(postgres.drop(postgres.url(name)))


@asynccontextmanager
async def copied(postgres: TestPostgres, template: str) -> AsyncIterator[str]:
    """The URL of a copy of a database, dropped afterwards."""
    name = f"test_{uuid4().hex[:12]}"
    await postgres.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
    yield postgres.url(name)
    await postgres.drop(postgres.url(name))


@pytest.fixture
async def demo_url(postgres: TestPostgres, demo_database: str) -> AsyncIterator[str]:
    """The URL of a database of this test's own with the demo district."""
    async with copied(postgres, demo_database) as url:
        yield url


@pytest.fixture(scope="session")
def lived(postgres: TestPostgres, demo_database: str) -> Iterator[str]:
    """The name of a database with the demo's 300 lives, to be cloned."""
    name = f"lived_{uuid4().hex[:8]}"
    asyncio.run(postgres.execute(f'CREATE DATABASE "{name}" TEMPLATE "{demo_database}" STRATEGY file_copy'))
    done = asyncio.run(seed(postgres.url(name), DISTRICT, DEMO / "seed.yaml"))
    assert done.whistles > 250
    yield name
    asyncio.run(postgres.drop(postgres.url(name)))


@pytest.fixture
async def lived_url(postgres: TestPostgres, lived: str) -> AsyncIterator[str]:
    """The URL of a database of this test's own with the demo's past: `dispatch up --demo` on it starts at once."""
    async with copied(postgres, lived) as url:
        yield url


@pytest.fixture
async def world(demo_url: str) -> AsyncIterator[World]:
    """The service on it."""
    made = await open_world(demo_url)
    yield made
    await made.close()
