"""`doctor` as typed: it names what is missing on a broker, and asking makes nothing there."""

import asyncio
from collections.abc import Iterator

import pytest

from dispatch.bus.topics import admin, ensure
from schemas.topics import RAISED, TOPICS
from tests import kafka_node
from tests.local.test_commands_access import run
from tests.servers import TestBroker


@pytest.fixture
def forgetful() -> Iterator[str]:
    """The embedded broker, which makes a topic that it is asked about."""
    one = TestBroker()
    yield one.start()
    one.stop()


@pytest.fixture
def making() -> Iterator[str]:
    """Apache Kafka as it comes: a topic that is asked about comes into being, with one partition."""
    if not kafka_node.available():
        pytest.skip("Apache Kafka needs java and mvn")
    with kafka_node.Kafka(settings={"auto.create.topics.enable": "true"}) as node:
        yield node.address


def test_the_embedded_broker_stays_as_it_was(forgetful: str, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at(forgetful, database, monkeypatch)


@pytest.mark.kafka
def test_a_kafka_that_makes_topics_stays_as_it_was(making: str, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at(making, database, monkeypatch)


def looked_at(kafka: str, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCH_DATABASE_URL", database)
    monkeypatch.setenv("DISPATCH_KAFKA", kafka)
    asyncio.run(ensure(kafka, replication=1, topics=[TOPICS[RAISED]]))
    said = run("doctor", code=1)
    for name in TOPICS:
        assert (f"Topic {name} is missing" in said) == (name != RAISED)
    assert "dispatch topics apply" in said
    assert asyncio.run(listed(kafka)) == {RAISED}
    assert "没有 missing" in run("check", code=1), "nor does anybody else who looks"
    assert "+ " in run("topics", "plan", code=1)
    assert "There is no topic" in run("restored", code=1)
    assert asyncio.run(listed(kafka)) == {RAISED}

    asyncio.run(ensure(kafka, replication=1))
    assert f"好  Kafka：{kafka}，{len(TOPICS)} 个主题 topics" in run("doctor", code=1)


async def listed(kafka: str) -> set[str]:
    async with admin(kafka) as asking:
        return {name for name in await asking.list_topics() if not name.startswith("__")}
