"""Who has not read a topic to its end, and who is reading it: asked before its partitions become more."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    CoordinatorLoadInProgressError,
    GroupCoordinatorNotAvailableError,
    KafkaError,
    NotCoordinatorForGroupError,
)

from schemas.topics import GROUPS

#: a broker where nobody ever joined a group makes the place for their offsets first, when it is asked
NOT_YET = (GroupCoordinatorNotAvailableError, CoordinatorLoadInProgressError, NotCoordinatorForGroupError)
TRIES, BETWEEN = 50, 0.2

Got = TypeVar("Got")


@dataclass(frozen=True, slots=True)
class Reader:
    """A consumer group on a topic: records it has not read yet, and whether somebody is at work in it."""

    topic: str
    group: str
    records: int
    working: bool


async def readers(
    asking: AIOKafkaAdminClient, bootstrap: str, client: Mapping[str, Any], sizes: Mapping[str, int]
) -> list[Reader]:
    """The groups that read these topics (name → partitions): our own, and each that ever committed there.

    Raises KafkaError. What a group that never committed has not read is all that the topic holds.
    """
    parts = {name: [TopicPartition(name, number) for number in range(count)] for name, count in sizes.items()}
    begin, end = await _held(bootstrap, client, [part for each in parts.values() for part in each])
    await _settled(lambda: asking.find_coordinator(next(iter(GROUPS.values()), "dispatch")))
    there = {group for group, _kind in await _settled(asking.list_consumer_groups)}
    found = []
    for group in sorted(there | set(GROUPS.values())):
        working = group in there and await _working(asking, group)
        for name, each in parts.items():
            committed = await _settled(partial(asking.list_consumer_group_offsets, group, partitions=each))
            at = {part: known.offset for part, known in committed.items() if known.offset >= 0}
            if at or GROUPS.get(name) == group:
                left = sum(max(end[part] - max(at.get(part, 0), begin[part]), 0) for part in each)
                found.append(Reader(name, group, left, working))
    return found


async def _held(
    bootstrap: str, client: Mapping[str, Any], parts: list[TopicPartition]
) -> tuple[dict[TopicPartition, int], dict[TopicPartition, int]]:
    """Where each partition begins and ends."""
    asking = AIOKafkaConsumer(bootstrap_servers=bootstrap.split(","), enable_auto_commit=False, **client)
    await asking.start()
    try:
        return await asking.beginning_offsets(parts), await asking.end_offsets(parts)
    finally:
        await asking.stop()


async def _working(asking: AIOKafkaAdminClient, group: str) -> bool:
    """Whether the group has members. One whose coordinator does not say counts as at work."""
    try:
        (answer,) = await asking.describe_consumer_groups([group])
    except (KafkaError, ValueError):
        return True
    return any(members for _code, _name, _state, _kind, _protocol, members, *_ in answer.groups)


async def _settled(ask: Callable[[], Awaitable[Got]]) -> Got:
    """The answer, once the coordinator of the groups is there."""
    for _ in range(TRIES):
        try:
            return await ask()
        except NOT_YET:
            await asyncio.sleep(BETWEEN)
    return await ask()
