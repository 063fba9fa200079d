"""The topics on a broker as they are declared: created where missing, refused where they do not fit."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code
from aiokafka.protocol.metadata import MetadataRequest

from schemas.topics import TOPICS, Topic

#: how a broker marks a setting that was given to the topic itself
OWN_SETTING = 1
#: the remedy for a topic that does not fit (`topic_plan`)
APPLY = "dispatch topics apply"


def make_none() -> None:
    """No client of this process makes a topic by asking about it: the broker would give it its own defaults, in the
    place of one that it lost. aiokafka asks for that always, and has no option for it."""
    MetadataRequest.__init__.__defaults__ = (None, False)


class TopicsUnfit(Exception):
    """The broker cannot be reached, or a topic on it does not fit; `str()` is one line with the remedy."""


class KafkaAway(TopicsUnfit):
    """Nobody answers: this passes, or the address is wrong."""


@dataclass(frozen=True, slots=True)
class Found:
    """A topic as the broker has it. `settings`: every one; `own`: those given to the topic itself."""

    partitions: int
    replication: int
    settings: Mapping[str, str] = field(default_factory=dict)
    own: Mapping[str, str] = field(default_factory=dict)


async def ensure(
    bootstrap: str,
    client: Mapping[str, Any] | None = None,
    *,
    replication: int | None = None,
    topics: Iterable[Topic] = TOPICS.values(),
    outage: timedelta = timedelta(0),
    within: float = 20.0,
) -> None:
    """Create missing topics and check the others. `client` holds TLS and SASL options of aiokafka.

    `replication`: copies of each partition, where it is not the declared 3 (one for a single node; then no setting
    about replicas is sent). `outage`: how long nobody may read and yet nothing be lost. Raises `TopicsUnfit`;
    `KafkaAway` where nobody answers within `within` seconds.
    """
    wanted = list(topics)
    async with admin(bootstrap, client, within) as asking:
        present = set(await asking.list_topics())
        await create(asking, [topic for topic in wanted if topic.name not in present], replication)
        there = await all_found(asking, wanted)
    for topic in wanted:
        if reason := unfit(topic, there.get(topic.name), outage):
            raise TopicsUnfit(reason)


@asynccontextmanager
async def admin(
    bootstrap: str, client: Mapping[str, Any] | None = None, within: float = 20.0
) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client for the block, which must end `within` seconds. Raises `KafkaAway`."""
    make_none()
    asking = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=8000, **(client or {}))
    try:
        async with asyncio.timeout(within):
            try:
                await asking.start()
                yield asking
            finally:
                await asking.close()
    except (KafkaError, OSError, TimeoutError) as error:
        secured = "" if not client else " and DISPATCH_KAFKA_PROTOCOL, _USERNAME, _PASSWORD, _MECHANISM, _CA"
        raise KafkaAway(
            f"Kafka at {bootstrap} does not answer ({type(error).__name__}): start it, or set DISPATCH_KAFKA{secured}."
        ) from error


def unfit(topic: Topic, there: Found | None, outage: timedelta = timedelta(0)) -> str | None:
    """Why the service cannot work with what the broker has; None where it can. One line with the remedy.

    What a broker does not show is not held against it, nor that a topic is declared shorter than an `outage` may be.
    """
    if there is None:
        return f"Topic {topic.name} is missing and may not be created here: {APPLY}, as a user that may."
    if there.partitions < topic.partitions:
        return f"Topic {topic.name} has {there.partitions} partitions, {topic.partitions} are needed: {APPLY}."
    policy = there.settings.get("cleanup.policy", topic.cleanup)
    if policy != topic.cleanup:
        return (
            f"Topic {topic.name} has cleanup.policy={policy}, which would lose records;"
            f" {topic.cleanup} is needed: {APPLY}."
        )
    largest = int(there.settings.get("max.message.bytes", topic.max_message_bytes))
    if largest < topic.max_message_bytes:
        return f"Topic {topic.name} takes records of {largest} bytes, {topic.max_message_bytes} are needed: {APPLY}."
    return _copies_unfit(topic, there) or _keeps_too_little(topic, there, outage)


def _copies_unfit(topic: Topic, there: Found) -> str | None:
    in_sync = int(there.settings.get("min.insync.replicas", topic.min_in_sync))
    if in_sync > there.replication and "min.insync.replicas" in there.settings:
        return (
            f"Topic {topic.name} has {there.replication} copies and wants {in_sync} in sync, so nothing can be written:"
            f" give it more copies, or set DISPATCH_KAFKA_REPLICATION={there.replication} and {APPLY}."
        )
    if in_sync < topic.min_in_sync and there.replication >= topic.replication > topic.min_in_sync:
        return (
            f"Topic {topic.name} has {there.replication} copies and min.insync.replicas={in_sync}, so that what one"
            f" disk alone holds counts as kept: {APPLY}, with DISPATCH_KAFKA_REPLICATION={there.replication} or unset."
        )
    return None


def _keeps_too_little(topic: Topic, there: Found, outage: timedelta) -> str | None:
    most = int(there.settings.get("retention.bytes", -1))
    if most >= 0:
        return f"Topic {topic.name} has retention.bytes={most}: when full it loses records nobody has read: {APPLY}."
    kept = int(there.settings.get("retention.ms", -1))
    needed = min(outage, topic.retention)
    if 0 <= kept < needed / timedelta(milliseconds=1):
        return (
            f"Topic {topic.name} keeps records for {timedelta(milliseconds=kept)} (retention.ms={kept}), and nobody may"
            f" read for {needed} (DISPATCH_OUTAGE_HOURS): {APPLY}."
        )
    return None


async def found(asking: AIOKafkaAdminClient, wanted: Iterable[Topic]) -> dict[str, Found]:
    """The topics of these names that the broker has. Only those that it lists are described: many a broker makes, with
    its own defaults, what it is asked about."""
    listed = set(await asking.list_topics())
    names = [topic.name for topic in wanted if topic.name in listed]
    # no name means every topic to a broker
    there = [each for each in await asking.describe_topics(names) if not each["error_code"]] if names else []
    settings = await _settings(asking, [each["topic"] for each in there])
    made = {}
    for each in there:
        name, partitions = each["topic"], each["partitions"]
        made[name] = Found(len(partitions), min(len(one["replicas"]) for one in partitions), *settings[name])
    return made


async def all_found(asking: AIOKafkaAdminClient, wanted: Sequence[Topic]) -> dict[str, Found]:
    """As `found`, when all are seen or 2 s have passed: one just created may take a moment to be seen."""
    for _ in range(20):
        there = await found(asking, wanted)
        if len(there) == len(wanted):
            break
        await asyncio.sleep(0.1)
    return there


async def _settings(asking: AIOKafkaAdminClient, names: list[str]) -> dict[str, tuple[dict[str, str], dict[str, str]]]:
    answers = await asking.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    said: dict[str, tuple[dict[str, str], dict[str, str]]] = {name: ({}, {}) for name in names}
    for answer in answers:
        for code, _text, _kind, name, entries in answer.resources:
            if code:  # not allowed to look: what cannot be read is not held against it
                continue
            for entry in entries:
                said[name][0][entry[0]] = entry[1]
                if entry[3] == OWN_SETTING:
                    said[name][1][entry[0]] = entry[1]
    return said


async def create(asking: AIOKafkaAdminClient, missing: list[Topic], replication: int | None) -> None:
    """Make these topics as declared, with so many copies. Raises `TopicsUnfit`."""
    if not missing:
        return
    answer = await asking.create_topics(
        [
            NewTopic(
                topic.name,
                topic.partitions,
                replication or topic.replication,
                topic_configs=declared_settings(topic, replication),
            )
            for topic in missing
        ]
    )
    for name, code, *_ in answer.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            raise TopicsUnfit(f"Topic {name} could not be created ({error.__name__}): create it by hand, or allow it.")


def declared_settings(topic: Topic, replication: int | None) -> dict[str, str]:
    """As Kafka's topic configuration, for topics with so many copies (None: as declared)."""
    settings = topic.settings()
    if replication is not None and replication < topic.min_in_sync:
        del settings["min.insync.replicas"]
    return settings
