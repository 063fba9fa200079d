"""A broker of each kind with the service's topics, for the flow from whistle to queue."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from dispatch.bus.topics import ensure
from tests.servers import TestBroker
from tests.web.conftest import demo_database, demo_url, lived, lived_url, world

__all__ = ["demo_database", "demo_url", "lived", "lived_url", "topics", "world"]


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
async def topics(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """Bootstrap servers of an embedded broker of this test's own, or of the session's Apache Kafka."""
    if request.param == "kafka":
        address = request.getfixturevalue("kafka")
        await ensure(address, replication=1)
        yield address
        return
    broker = TestBroker()
    address = await asyncio.to_thread(broker.start)
    try:
        await ensure(address, replication=1)
        yield address
    finally:
        await asyncio.to_thread(broker.stop)
