"""`check` as typed: on the tests' own PostgreSQL, which gave up durability, and on brokers of both kinds."""

import asyncio

import pytest

from dispatch.bus.topics import ensure
from tests.local.test_commands_access import run


@pytest.fixture
def unsafe(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCH_DATABASE_URL", database)


@pytest.mark.usefixtures("unsafe")
def test_a_database_without_fsync_is_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPATCH_KAFKA", raising=False)
    said = run("check", code=1)
    assert "不行  fsync off → " in said
    assert "ALTER SYSTEM SET fsync = on" in said
    assert "不行  synchronous_commit off" in said
    assert "注意  内嵌代理 embedded broker" in said


@pytest.mark.kafka
@pytest.mark.usefixtures("unsafe")
def test_a_kafka_of_one_node_is_refused_unless_that_was_decided(kafka: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asyncio.run(ensure(kafka, replication=1))
    monkeypatch.setenv("DISPATCH_KAFKA", kafka)
    said = run("check", code=1)
    assert "不行  whistles.raised replication 1" in said
    assert "注意  Kafka 节点 nodes 1" in said
    monkeypatch.setenv("DISPATCH_KAFKA_REPLICATION", "1")
    monkeypatch.setenv("DISPATCH_OUTAGE_HOURS", "48")
    said = run("check", code=1)
    assert "注意  whistles.raised replication 1" in said
    assert "不行  whistles.inbound retention.ms 1 day" in said
    assert "不行  whistles.raised retention.ms" not in said


@pytest.mark.usefixtures("unsafe")
def test_the_embedded_broker_named_by_its_address_is_looked_at_too(
    broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(ensure(broker, replication=1))
    monkeypatch.setenv("DISPATCH_KAFKA", broker)
    assert "whistles.lifecycle replication 1" in run("check", code=1)
