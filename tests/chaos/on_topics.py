"""What stands on our topics from their beginning, read into the evidence once all is settled."""

from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer

from schemas import topics
from tests.chaos.evidence import Evidence


async def look(kafka: str, evidence: Evidence) -> None:
    """The facts on the lifecycle topic, each partition in its order; the answers there to other systems; whistles just
    raised."""
    consumer = AIOKafkaConsumer(
        topics.LIFECYCLE, topics.RAISED, topics.RAISED_URGENT, bootstrap_servers=kafka, auto_offset_reset="earliest"
    )
    await consumer.start()
    facts: list[tuple[str, int, str]] = []
    raised: list[str] = []
    try:
        while batch := await consumer.getmany(timeout_ms=1500):
            for part, records in batch.items():
                for record in records:
                    headers: dict[str, Any] = dict(record.headers)
                    body, type = orjson.loads(record.value), headers["ce_type"].decode()
                    if part.topic != topics.LIFECYCLE:
                        raised.append(body["whistle"])
                    elif not type.startswith("inbound."):
                        facts.append((body["whistle"], body["sequence"], headers["ce_id"].decode()))
                    elif evidence.inbound is not None:
                        evidence.inbound.answers.add((type, body["source_id"]))
    finally:
        await consumer.stop()
    evidence.topic, evidence.raised = facts, raised
