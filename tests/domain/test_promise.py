"""A database or a topic that cannot keep the promise is refused or warned of, each with a remedy."""

from datetime import timedelta

import pytest

from dispatch.domain import promise
from dispatch.domain.promise import Kept, Verdict, cluster, database, topic

GOOD = {
    "fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "synchronous_standby_names": "",
    "data_checksums": "on", "zero_damaged_pages": "off", "ignore_checksum_failure": "off", "autovacuum": "on",
    "archive_mode": "on", "max_connections": "100", "server_encoding": "UTF8", "server_version_num": "180001",
}  # fmt: skip
DAY = timedelta(days=1)
SAFE = {"min.insync.replicas": "2", "retention.ms": "604800000", "cleanup.policy": "delete", "retention.bytes": "-1"}


def bad(verdicts: list[Verdict]) -> list[tuple[str, str]]:
    assert all(bool(one.remedy) == (one.level != "well") for one in verdicts)
    return [(one.level, one.what.split()[-1]) for one in verdicts if one.level != "well"]


@pytest.mark.parametrize(
    ("changed", "level"),
    [
        ({}, None),
        ({"fsync": "off"}, "refuse"),
        ({"full_page_writes": "off"}, "refuse"),
        ({"synchronous_commit": "off"}, "refuse"),
        ({"zero_damaged_pages": "on"}, "refuse"),
        ({"server_encoding": "SQL_ASCII"}, "refuse"),
        ({"archive_mode": "off"}, "warn"),
        ({"data_checksums": "off"}, "warn"),
        ({"max_connections": "20"}, "warn"),
        ({"synchronous_commit": "local"}, None),
        ({"synchronous_commit": "local", "synchronous_standby_names": "'b'"}, "warn"),
    ],
)
def test_a_database_is_judged_by_its_settings(changed: dict[str, str], level: str | None) -> None:
    found = bad(list(database(GOOD | changed, replica=False, pool=8)))
    assert found == ([(level, next(iter(changed)))] if level else [])


def test_an_old_one_and_a_standby_are_refused() -> None:
    found = bad(list(database(GOOD | {"server_version_num": "150004"}, replica=True, pool=8)))
    assert found == [("refuse", "PostgreSQL"), ("refuse", "pg_is_in_recovery")]


def kept(copies: int = 3, decided: bool = False, text: bool = False, **changed: str) -> Kept:
    settings = SAFE | {name.replace("_", "."): value for name, value in changed.items()}
    return Kept("t", copies, 3, 2, timedelta(days=7), decided, settings, text)


@pytest.mark.parametrize(
    ("one", "found"),
    [
        (kept(), []),
        (kept(copies=2), [("refuse", "replication"), ("warn", "min.insync.replicas")]),
        (kept(copies=1, min_insync_replicas="1"), [("refuse", "replication")]),
        (kept(copies=1, min_insync_replicas="1", decided=True), [("warn", "replication")]),
        (kept(copies=1, decided=True), [("warn", "replication"), ("refuse", "min.insync.replicas")]),
        (kept(min_insync_replicas="1"), [("refuse", "min.insync.replicas")]),
        (kept(unclean_leader_election_enable="true"), [("refuse", "unclean.leader.election.enable")]),
        (kept(retention_ms="3600000"), [("refuse", "retention.ms")]),
        (kept(retention_ms="259200000"), [("warn", "retention.ms")]),
        (kept(retention_ms="-1"), []),
        (kept(retention_ms="-1", text=True), [("warn", "retention.ms")]),
        (kept(retention_bytes="1000"), [("refuse", "retention.bytes")]),
        (kept(message_timestamp_type="CreateTime"), [("warn", "message.timestamp.type")]),
        (kept(cleanup_policy="compact"), [("refuse", "cleanup.policy")]),
    ],
)
def test_a_topic_is_judged_by_copies_and_by_how_long_it_keeps(one: Kept, found: list[tuple[str, str]]) -> None:
    assert bad(topic(one, DAY)) == found


def test_a_cluster_of_one_and_topics_that_grow_by_themselves_are_warned_of() -> None:
    assert bad(list(cluster(3, {"auto.create.topics.enable": "false"}))) == []
    assert bad(list(cluster(1, {"auto.create.topics.enable": "true"}))) == [
        ("warn", "nodes"),
        ("warn", "auto.create.topics.enable"),
    ]
    assert bad(list(cluster(3, {"offsets.topic.replication.factor": "1"}))) == [
        ("warn", "offsets.topic.replication.factor")
    ]


@pytest.mark.parametrize(
    ("places", "encrypted", "levels"),
    [
        ([None], False, []),
        (["127.0.0.1", "::1", "localhost"], False, []),
        (["10.0.0.5"], True, ["well"]),
        (["10.0.0.5"], False, ["warn"]),
        (["localhost", "kafka-1.example.org"], False, ["warn"]),
    ],
)
def test_what_goes_to_another_machine_in_the_clear_is_named(
    places: list[str | None], encrypted: bool, levels: list[str]
) -> None:
    found = list(promise.transport("Kafka", places, "TLS", encrypted=encrypted))
    assert [one.level for one in found] == levels
    assert all(one.remedy == "TLS" for one in found if one.level == "warn")
