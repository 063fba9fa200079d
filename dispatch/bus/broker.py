"""FastStream on Kafka with settings that lose nothing.

Its defaults (`latest`, acknowledge first) lose records; its parser decodes every header of a batch and so lets one
binary header of a foreign record block a partition for ever. Here: from the earliest offset, raw records in batches,
acknowledged by `ahead` when their effects are committed; `feed` answers for each record.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from faststream import AckPolicy
from faststream._internal.context.context_type import Context
from faststream.kafka import KafkaBroker
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from dispatch.bus import beat, unreadable
from dispatch.bus.ahead import BATCH, Ahead
from dispatch.bus.lag import PROGRESS
from dispatch.bus.topics import make_none

#: how long a stop waits for the batch at work (seconds)
GRACE = 10.0
#: FastStream sleeps so long after a look that found nothing (ms; such a look lasts for `beat.LOOK`)
LOOK_MS = 10


class Given(Context):
    """What the root gave a handler (`broker.context.set_global`), or, without a name, the message itself.

    FastStream's own `Context` is looked up in a thread each time: two of them cost a busy loop 10 ms a batch.
    """

    async def use(self, /, **kwargs: Any) -> dict[str, Any]:  # type: ignore[override]
        """The handler's arguments, with this one."""
        return super().use(**kwargs)


class _Dealt(ConsumerRebalanceListener):  # type: ignore[misc]
    """Counts how often a group dealt its partitions anew: often is a worker that comes and goes."""

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Nothing but the measuring: effects are keyed by what they are, so what is handled twice does nothing."""
        PROGRESS.forget((partition.topic, partition.partition) for partition in revoked)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        for topic in {partition.topic for partition in assigned}:
            PROGRESS.on_dealt(topic)


async def _parse(records: Any, original: Any) -> Any:
    """The batch as one message, its records untouched: FastStream's own parser sees a record without headers."""
    message = await original((replace(records[0], headers=(), value=b""),))
    message.raw_message = records
    return message


async def _identity(message: Any) -> Any:
    return message.raw_message


def reading(group: str) -> dict[str, Any]:
    """Options of a subscriber in the consumer group `group`. When it fetches, says `beat`.

    `MANUAL`: offsets are for `ahead` to commit. The waits are short so that a whistle reaches its queue within a blink.
    Who stays in a group hears with the next heartbeat that another left or came, and everybody waits for the last to
    hear: so long nothing is handled whenever a worker is restarted. The session is as short as Kafka takes one without
    being told (6 s): so long the partitions of a killed worker wait, and half as long whoever joins first at the
    embedded broker.
    """
    return {
        "group_id": group,
        "batch": True,
        "max_records": BATCH,
        "auto_offset_reset": "earliest",
        "ack_policy": AckPolicy.MANUAL,
        "batch_timeout_ms": LOOK_MS,
        "fetch_max_wait_ms": beat.WAIT_MS,
        "session_timeout_ms": 6_000,
        "heartbeat_interval_ms": 500,
        "max_poll_interval_ms": 300_000,
        "no_reply": True,
        "listener": _Dealt(),
    }


def make_broker(
    bootstrap: str, client: Mapping[str, Any] | None = None, *, logger: Any = None, name: str = "dispatch"
) -> KafkaBroker:
    """A broker for the handlers; `client` holds TLS and SASL options as aiokafka names them.

    Only consumes: what leaves goes through the outbox. Topics are made by `topics.ensure`, never by a client.
    """
    unreadable.install()
    beat.install()
    make_none()
    broker = KafkaBroker(
        bootstrap.split(","),
        client_id=name,
        request_timeout_ms=10_000,
        retry_backoff_ms=100,
        metadata_max_age_ms=30_000,
        consumer_only=True,
        allow_auto_create_topics=False,
        graceful_timeout=GRACE,
        parser=_parse,
        decoder=_identity,
        security=_security(client or {}),
        logger=logger,
    )
    broker.context.set_global("ahead", Ahead())
    return broker


async def start(broker: KafkaBroker) -> None:
    """Connect and join every subscriber's group side by side: one after another each waits its turn to join."""
    await broker.connect()
    await asyncio.gather(*(subscriber.start() for subscriber in broker.subscribers))
    broker.running = True


def ahead(broker: KafkaBroker) -> Ahead:
    """What its subscribers have read and not done yet."""
    made: Ahead = broker.context.get("ahead")
    return made


async def stop(broker: KafkaBroker) -> None:
    """Finish and commit what is in hand, then leave the groups. What takes longer than `GRACE` will come again."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(ahead(broker).drain(), GRACE)
    await broker.stop()


def consumers(broker: KafkaBroker) -> list[AIOKafkaConsumer]:
    """The clients at work, for lag and for the watchdog."""
    return [
        subscriber.consumer  # type: ignore[attr-defined]
        for subscriber in broker.subscribers
        if getattr(subscriber, "consumer", None) is not None
    ]


def _security(client: Mapping[str, Any]) -> BaseSecurity | None:
    """FastStream's own words for aiokafka's options."""
    protocol = client.get("security_protocol", "PLAINTEXT")
    if protocol == "PLAINTEXT":
        return None
    tls = {
        "ssl_context": client.get("ssl_context"),
        "use_ssl": protocol.endswith("SSL") and protocol != "SASL_PLAINTEXT",
    }
    if not protocol.startswith("SASL"):
        return BaseSecurity(**tls)
    mechanism = client.get("sasl_mechanism", "PLAIN")
    kinds = {"PLAIN": SASLPlaintext, "SCRAM-SHA-256": SASLScram256, "SCRAM-SHA-512": SASLScram512}
    if mechanism not in kinds:
        raise ValueError(f"sasl_mechanism {mechanism} is not supported: use {', '.join(kinds)}")
    return kinds[mechanism](client["sasl_plain_username"], client["sasl_plain_password"], **tls)
