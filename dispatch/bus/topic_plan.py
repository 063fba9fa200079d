"""How the topics on a broker differ from their declaration, and making them as declared: like a migration.

Copies are only told: moving replicas between brokers is work for whoever knows the cluster. More partitions are made
when everything is read and no worker is at work, because a key's records then go to another partition than before:
what was left on the old one could be overtaken by what comes after.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import IncompatibleBrokerVersion, KafkaError, for_code

from dispatch.bus.topics import Found, TopicsUnfit, all_found, create, declared_settings
from dispatch.bus.unread import Reader
from schemas.topics import Topic

IN_SYNC = "min.insync.replicas"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `by-hand` ones are only told, `note` ones need nothing.

    `settings`: for `settings`, all that the topic is to have of its own afterwards.
    """

    topic: Topic
    kind: Literal["create", "partitions", "settings", "by-hand", "note"]
    said: str
    settings: Mapping[str, str] = field(default_factory=dict)


def plan(wanted: Iterable[Topic], there: Mapping[str, Found], replication: int | None) -> list[Change]:
    """The differences, topic by topic. `replication`: copies where they are not the declared ones."""
    changes: list[Change] = []
    for topic in wanted:
        copies = replication or topic.replication
        one = there.get(topic.name)
        if one is None:
            changes.append(Change(topic, "create", f"create: partitions {topic.partitions}, copies {copies}"))
            continue
        if one.partitions < topic.partitions:
            changes.append(Change(topic, "partitions", f"partitions {one.partitions} → {topic.partitions}"))
        elif one.partitions > topic.partitions:
            said = f"partitions {one.partitions}, {topic.partitions} declared: they are never taken away"
            changes.append(Change(topic, "note", said))
        changes += _settings(topic, one, replication)
        if one.replication < copies:
            said = f"copies {one.replication} → {copies}: kafka-reassign-partitions.sh, or DISPATCH_KAFKA_REPLICATION"
            changes.append(Change(topic, "by-hand", said))
    return changes


def _settings(topic: Topic, there: Found, replication: int | None) -> list[Change]:
    """The settings that differ, as one change. What the broker does not show is not held against it."""
    wanted = declared_settings(topic, replication)
    told = [
        f"{name} {there.settings[name]} → {value}{_beware(name, there.settings[name], value)}"
        for name, value in wanted.items()
        if there.settings.get(name, value) != value
    ]
    own = {**there.own, **wanted}
    if IN_SYNC not in wanted and int(own.get(IN_SYNC, 1)) > there.replication:
        del own[IN_SYNC]
        told.append(f"{IN_SYNC} {there.own[IN_SYNC]} → –")
    return [Change(topic, "settings", "; ".join(told), own)] if told else []


def _beware(name: str, before: str, after: str) -> str:
    if name == "retention.ms" and (int(before) < 0 or int(after) < int(before)):
        return " (older records go)"
    if name == "cleanup.policy" and "compact" in after:
        return " (only the last record of a key stays)"
    return ""


def refusal(change: Change, readers: Sequence[Reader]) -> str | None:
    """Why a topic's partitions may not become more now, and how to drain it; None where they may."""
    here = [reader for reader in readers if reader.topic == change.topic.name]
    if unread := [reader for reader in here if reader.records]:
        who = ", ".join(f"{reader.group} {reader.records}" for reader in unread)
        return (
            f"unread: {who}. 先读完：停网页和外来来源，等 dispatch doctor 说待发 0、没有落后，停 worker，再来一次。"
            " Drain it: stop web and what sends to whistles.inbound, wait until dispatch doctor shows no outbox"
            " and no lag, stop the workers, then apply again."
        )
    if working := [reader.group for reader in here if reader.working]:
        return (
            f"at work: {', '.join(working)}. 先停 worker，改完再起（吹哨照收，存在待发里）。"
            " Stop the workers, apply, start them again; whistles are taken meanwhile and wait in the outbox."
        )
    return None


async def apply(asking: AIOKafkaAdminClient, change: Change, replication: int | None) -> None:
    """Make one change of the kinds create, partitions, settings. Raises `TopicsUnfit`, KafkaError."""
    topic = change.topic
    try:
        if change.kind == "create":
            await create(asking, [topic], replication)
            await all_found(asking, [topic])  # whoever asks next sees it
        elif change.kind == "partitions":
            await asking.create_partitions({topic.name: NewPartitions(topic.partitions)})
        elif change.kind == "settings":
            # this call replaces all own settings of a topic: those that are not ours go along
            resource = ConfigResource(ConfigResourceType.TOPIC, topic.name, dict(change.settings))
            _refused(topic, await asking.alter_configs([resource]))
    except IncompatibleBrokerVersion:
        raise TopicsUnfit(
            f"Topic {topic.name} cannot be changed on this broker: it only creates topics, as the embedded does."
        ) from None
    except KafkaError as error:
        raise TopicsUnfit(f"Topic {topic.name}: {type(error).__name__} {error}".strip()) from error


def _refused(topic: Topic, answers: Sequence[Any]) -> None:
    for answer in answers:
        for code, message, *_ in answer.resources:
            if code:
                raise TopicsUnfit(f"Topic {topic.name}: {for_code(code).__name__} {message or ''}".strip())
