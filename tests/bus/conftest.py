"""A producer, and a database of the demo district for whistles whose steps are relayed."""

from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaProducer

from tests.steps.test_audit_life import ground
from tests.web.conftest import demo_database

__all__ = ["demo_database", "ground"]


@pytest.fixture
async def producer(broker: str) -> AsyncIterator[AIOKafkaProducer]:
    """To the broker of the session."""
    made = AIOKafkaProducer(bootstrap_servers=broker)
    await made.start()
    yield made
    await made.stop()
