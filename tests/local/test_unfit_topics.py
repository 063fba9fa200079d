"""`dispatch worker` on topics that do not fit: refused in one line with the remedy, which helps."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from aiokafka.admin import NewTopic

from dispatch.bus.topics import admin, ensure
from schemas.topics import RAISED, TOPICS
from tests import kafka_node
from tests.local.test_commands_access import run
from tests.local.test_refusals import KEY, dispatch, one_line
from tests.servers import TestBroker


def refusal(database: str, kafka: str, **more: str) -> str:
    settings = {"DATABASE_URL": database, "KAFKA": kafka, "KAFKA_REPLICATION": "1", "WORKER_PORT": "0"}
    return one_line(dispatch("worker", SECRET_KEY=KEY, **settings, **more))


def test_too_few_partitions(database: str) -> None:
    broker = TestBroker()
    try:
        asyncio.run(ensure(kafka := broker.start(), replication=1, topics=[replace(TOPICS[RAISED], partitions=1)]))
        assert f"Topic {RAISED} has 1 partitions, 12 are needed: dispatch topics apply" in refusal(database, kafka)
    finally:
        broker.stop()


async def make(kafka: str, **settings: str) -> None:
    """A topic as somebody made it by hand, the others as declared."""
    given = {name.replace("_", "."): value for name, value in settings.items()}
    async with admin(kafka) as asking:
        await asking.create_topics([NewTopic(RAISED, TOPICS[RAISED].partitions, 1, topic_configs=given)])


@pytest.mark.kafka
def test_too_short_and_too_small_a_memory(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if not kafka_node.available():
        pytest.skip("Apache Kafka needs java and mvn")
    with kafka_node.Kafka() as node:
        hour = int(timedelta(hours=1) / timedelta(milliseconds=1))
        asyncio.run(make(node.address, retention_ms=str(hour), retention_bytes="1000000"))
        line = refusal(database, node.address)
        assert f"Topic {RAISED} has retention.bytes=1000000" in line
        assert "dispatch topics apply" in line
        for name, value in {"KAFKA": node.address, "KAFKA_REPLICATION": "1"}.items():
            monkeypatch.setenv(f"DISPATCH_{name}", value)
        monkeypatch.setenv("DISPATCH_OUTAGE_HOURS", "200")
        monkeypatch.setattr("schemas.topics.TOPICS", {RAISED: replace(TOPICS[RAISED], retention=timedelta(hours=2))})
        run("topics", "apply")
        line = refusal(database, node.address, OUTAGE_HOURS="48")
        assert f"Topic {RAISED} keeps records for 2:00:00" in line
        assert "nobody may read for 2 days, 0:00:00 (DISPATCH_OUTAGE_HOURS): dispatch topics apply" in line
        monkeypatch.undo()
        for name, value in {"KAFKA": node.address, "KAFKA_REPLICATION": "1"}.items():
            monkeypatch.setenv(f"DISPATCH_{name}", value)
        run("topics", "apply")
        assert run("topics", "plan") == "主题和声明一致 as declared\n"
