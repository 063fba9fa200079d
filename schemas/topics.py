"""The topics, declared once: what travels on each, how it is spread and how long it is kept."""

from dataclasses import dataclass
from datetime import timedelta

INBOUND = "whistles.inbound"
RAISED_URGENT = "whistles.raised.urgent"
RAISED = "whistles.raised"
LIFECYCLE = "whistles.lifecycle"

DLQ_SUFFIX = ".dlq"

#: our own consumer groups, by the topic each reads
GROUPS = {INBOUND: "dispatch-inbound", RAISED_URGENT: "dispatch-route-urgent", RAISED: "dispatch-route"}


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic. `retention` is how long a record is kept; `compacted` keeps the last record of each key instead.

    `replication` and `min_in_sync` are what a cluster should have; the embedded broker is one node and has 1.
    `gathered`: seconds in which its records are gathered for one batch, where nothing of ours waits for them.
    """

    name: str
    partitions: int
    retention: timedelta
    about: str
    compacted: bool = False
    replication: int = 3
    min_in_sync: int = 2
    max_message_bytes: int = 1_048_576
    gathered: float = 0.0

    @property
    def cleanup(self) -> str:
        """Kafka's word for what becomes of old records."""
        return "compact" if self.compacted else "delete"

    def settings(self) -> dict[str, str]:
        """As Kafka's topic configuration."""
        return {
            "cleanup.policy": self.cleanup,
            "retention.ms": str(int(self.retention.total_seconds() * 1000)),
            # nothing goes because much came
            "retention.bytes": "-1",
            "min.insync.replicas": str(self.min_in_sync),
            "max.message.bytes": str(self.max_message_bytes),
            # the broker's time, not the sender's: by a clock a year slow all would be too old to keep, by one an hour
            # fast nothing would be taken
            "message.timestamp.type": "LogAppendTime",
        }


def dlq(topic: str) -> str:
    """Where copies of a topic's dead letters go."""
    return topic + DLQ_SUFFIX


def raised(urgent: bool) -> str:
    """The topic of a whistle just raised. Only the kind at intake decides."""
    return RAISED_URGENT if urgent else RAISED


_MAIN = (
    Topic(
        INBOUND,
        6,
        timedelta(days=1),
        "Whistles from other systems. The only topic with text, so it keeps a day.",
    ),
    Topic(RAISED_URGENT, 3, timedelta(days=7), "Emergencies just raised, to be routed before all else."),
    Topic(RAISED, 12, timedelta(days=7), "Whistles just raised, to be routed."),
    Topic(
        LIFECYCLE,
        12,
        timedelta(days=30),
        "Every fact of a whistle from its routing on, in order per whistle, for other systems.",
        gathered=0.3,
    ),
)


def _dead(topic: Topic) -> Topic:
    # a copy must not outlive what the topic itself may keep: text comes in on whistles.inbound
    keep = min(topic.retention, timedelta(days=14)) if topic.name == INBOUND else timedelta(days=14)
    return Topic(dlq(topic.name), 1, keep, f"Copies of records of {topic.name} that could not be handled.")


#: every topic, by name
TOPICS: dict[str, Topic] = {
    topic.name: topic for topic in (*_MAIN, *(_dead(each) for each in _MAIN if each.name != LIFECYCLE))
}
