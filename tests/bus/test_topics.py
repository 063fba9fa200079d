"""Topics on a broker: created as declared, refused where they do not fit."""

from datetime import timedelta
from uuid import uuid4

import pytest

from dispatch.bus.embedded import free_port
from dispatch.bus.topics import Found, TopicsUnfit, ensure, unfit
from schemas.topics import TOPICS, Topic, dlq


def declared(name: str, partitions: int) -> Topic:
    return Topic(name, partitions, timedelta(days=1), "of a test", replication=1)


async def test_missing_topics_are_created_and_present_ones_left_alone(broker: str) -> None:
    name = f"t-{uuid4().hex[:8]}"
    await ensure(broker, replication=1, topics=[declared(name, 3)])
    await ensure(broker, replication=1, topics=[declared(name, 2)])
    with pytest.raises(TopicsUnfit, match=rf"{name} has 3 partitions, 4 are needed: dispatch topics apply"):
        await ensure(broker, replication=1, topics=[declared(name, 4)])


async def test_no_broker_is_one_clear_line() -> None:
    with pytest.raises(TopicsUnfit, match=r"does not answer.*DISPATCH_KAFKA"):
        await ensure(f"127.0.0.1:{free_port()}", within=3)


@pytest.mark.parametrize(
    ("there", "said"),
    [
        (None, "is missing"),
        (Found(4, 3, {"cleanup.policy": "compact"}), "would lose records"),
        (Found(4, 1, {"min.insync.replicas": "2"}), "nothing can be written"),
        (Found(4, 3, {"max.message.bytes": "1000"}), "takes records of 1000 bytes"),
        (Found(3, 3), "has 3 partitions, 4 are needed"),
        (Found(4, 3, {"min.insync.replicas": "1"}), "min.insync.replicas=1"),
        (Found(4, 3, {"retention.bytes": "1000"}), "retention.bytes=1000"),
        (Found(4, 3, {"retention.ms": "3600000"}), "keeps records for 1:00:00 (retention.ms=3600000)"),
    ],
)
def test_a_topic_that_does_not_fit_is_named_with_the_remedy(there: Found | None, said: str) -> None:
    topic, outage = Topic("t", 4, timedelta(days=1), "test"), timedelta(days=2)
    assert said in (why := unfit(topic, there, outage) or "")
    assert "dispatch topics apply" in why
    assert unfit(topic, Found(4, 3, topic.settings()), outage) is None, "as declared it always fits"
    assert unfit(topic, Found(4, 1, {"min.insync.replicas": "1", "retention.ms": "-1"}), outage) is None
    assert unfit(topic, Found(4, 3), outage) is None, "what is not shown is not held against it"


def test_a_topic_that_is_consumed_has_a_place_for_its_dead_letters() -> None:
    for name in ("whistles.inbound", "whistles.raised", "whistles.raised.urgent"):
        assert dlq(name) in TOPICS


def test_copies_of_text_do_not_outlive_the_topic() -> None:
    assert TOPICS["whistles.inbound.dlq"].retention <= TOPICS["whistles.inbound"].retention == timedelta(days=1)
