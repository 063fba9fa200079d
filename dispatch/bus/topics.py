"""The topics on a broker as they are declared: created where missing, refused where they do not fit."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from schemas.topics import TOPICS, Topic


class TopicsUnfit(Exception):
    """The broker cannot be reached, or a topic on it does not fit; `str()` is one line with the remedy."""


async def ensure(
    bootstrap: str,
    client: Mapping[str, Any] | None = None,
    *,
    replication: int | None = None,
    topics: Iterable[Topic] = TOPICS.values(),
    within: float = 20.0,
) -> None:
    """Create missing topics and check the others. `client` holds TLS and SASL options of aiokafka.

    `replication`: copies of each partition, where it is not the declared 3 (one for a single node; then no setting
    about replicas is sent). Raises `TopicsUnfit`.
    """
    wanted = list(topics)
    try:
        async with asyncio.timeout(within):
            there = await _present(bootstrap, client, wanted, replication)
    except (KafkaError, OSError, TimeoutError) as error:
        raise TopicsUnfit(
            f"Kafka at {bootstrap} does not answer ({type(error).__name__}): start it, or set DISPATCH_KAFKA."
        ) from error
    for topic in wanted:
        found = there.get(topic.name)
        if found is None:
            raise TopicsUnfit(
                f"Topic {topic.name} is missing and may not be created: create it with {topic.partitions} partitions."
            )
        if found < topic.partitions:
            raise TopicsUnfit(
                f"Topic {topic.name} has {found} partitions, {topic.partitions} are needed:"
                f" kafka-topics.sh --alter --topic {topic.name} --partitions {topic.partitions}"
            )


async def _present(
    bootstrap: str, client: Mapping[str, Any] | None, wanted: list[Topic], replication: int | None
) -> dict[str, int]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=8000, **(client or {}))
    try:
        await admin.start()
        there = await admin.list_topics()
        missing = [topic for topic in wanted if topic.name not in there]
        if missing:
            await _create(admin, missing, replication)
        return await _partitions(admin, [topic.name for topic in wanted])
    finally:
        await admin.close()


async def _create(admin: AIOKafkaAdminClient, missing: list[Topic], replication: int | None) -> None:
    answer = await admin.create_topics(
        [
            NewTopic(
                topic.name,
                topic.partitions,
                replication or topic.replication,
                topic_configs=_settings(topic, replication),
            )
            for topic in missing
        ]
    )
    for name, code, *_ in answer.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            raise TopicsUnfit(f"Topic {name} could not be created ({error.__name__}): create it by hand, or allow it.")


def _settings(topic: Topic, replication: int | None) -> dict[str, str]:
    settings = topic.settings()
    if replication is not None and replication < topic.min_in_sync:
        del settings["min.insync.replicas"]
    return settings


async def _partitions(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, int]:
    """Partitions by topic; a topic just created may take a moment to be seen."""
    found: dict[str, int] = {}
    for _ in range(20):
        described = await admin.describe_topics(names)
        found = {each["topic"]: len(each["partitions"]) for each in described if not each["error_code"]}
        if len(found) == len(names):
            break
        await asyncio.sleep(0.1)
    return found
