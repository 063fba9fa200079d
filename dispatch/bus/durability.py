"""What a broker keeps, and how safely: read for `dispatch check`."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from dispatch.bus.topics import Found, found
from dispatch.domain import promise
from dispatch.domain.promise import Kept, Verdict
from schemas.topics import DLQ_SUFFIX, INBOUND, TOPICS, Topic


async def verdicts(asking: AIOKafkaAdminClient, replication: int | None, outage: timedelta) -> list[Verdict]:
    """On the cluster and on every declared topic. `replication`: copies somebody decided on. Raises KafkaError."""
    about = await asking.describe_cluster()
    there = await found(asking, TOPICS.values())
    settings = await _settings(asking, about["brokers"])
    judged = [*promise.cluster(len(about["brokers"]), settings)]
    for topic in TOPICS.values():
        judged += _topic(topic, there.get(topic.name), replication, outage)
    return judged


def _topic(topic: Topic, there: Found | None, replication: int | None, outage: timedelta) -> Iterator[Verdict]:
    if there is None:
        yield Verdict("warn", topic.name, "没有 missing", "dispatch topics apply，或由 worker 建 or a worker makes it")
        return
    yield from promise.topic(
        Kept(
            topic.name,
            there.replication,
            topic.replication,
            topic.min_in_sync,
            topic.retention,
            replication is not None and replication <= there.replication,
            there.settings,
            topic.name in (INBOUND, INBOUND + DLQ_SUFFIX),
        ),
        outage,
    )


async def _settings(asking: AIOKafkaAdminClient, brokers: list[dict[str, Any]]) -> dict[str, str]:
    """Those of one broker; empty where it does not show them."""
    try:
        asked = ConfigResource(ConfigResourceType.BROKER, str(brokers[0]["node_id"]))
        (answer,) = await asking.describe_configs([asked])
    except KafkaError:
        return {}
    return {entry[0]: entry[1] for code, *_, entries in answer.resources if not code for entry in entries}
