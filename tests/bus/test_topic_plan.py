"""The difference between declared topics and those on a broker: shown, made where it is safe, else told."""

from datetime import timedelta

import pytest

from dispatch.bus.topic_plan import plan, refusal
from dispatch.bus.topics import Found
from dispatch.bus.unread import Reader
from schemas.topics import Topic

TOPIC = Topic("t", 4, timedelta(days=1), "of a test")
FITS = TOPIC.settings()


@pytest.mark.parametrize(
    ("there", "kinds", "said"),
    [
        (None, ["create"], "partitions 4, copies 3"),
        (Found(4, 3, FITS), [], ""),
        (Found(2, 3, FITS), ["partitions"], "2 → 4"),
        (Found(6, 3, FITS), ["note"], "never taken away"),
        (Found(4, 1, FITS), ["by-hand"], "copies 1 → 3"),
        (Found(4, 3, FITS | {"retention.ms": "-1"}), ["settings"], "-1 → 86400000 (older records go)"),
        (Found(4, 3, FITS | {"retention.ms": "1000"}), ["settings"], "retention.ms 1000 → 86400000"),
        (Found(4, 3, FITS | {"cleanup.policy": "compact"}), ["settings"], "compact → delete"),
        (Found(2, 1, {"min.insync.replicas": "1"}), ["partitions", "settings", "by-hand"], "replicas 1 → 2"),
    ],
)
def test_each_difference_is_named(there: Found | None, kinds: list[str], said: str) -> None:
    changes = plan([TOPIC], {} if there is None else {"t": there}, None)
    assert [change.kind for change in changes] == kinds
    assert said in "\n".join(change.said for change in changes)


def test_settings_that_are_not_ours_go_along() -> None:
    there = Found(4, 3, {**FITS, "retention.ms": "1"}, {"retention.ms": "1", "segment.ms": "60000"})
    (change,) = plan([TOPIC], {"t": there}, None)
    assert change.settings == {**FITS, "segment.ms": "60000"}


def test_one_copy_cannot_wait_for_two() -> None:
    own = {"min.insync.replicas": "2"}
    (change,) = plan([TOPIC], {"t": Found(4, 1, {**FITS, **own}, own)}, 1)
    assert "min.insync.replicas 2 → –" in change.said
    assert "min.insync.replicas" not in change.settings


@pytest.mark.parametrize(
    ("readers", "said"),
    [
        ([Reader("t", "g", 3, False), Reader("t", "h", 0, False)], "unread: g 3."),
        ([Reader("t", "g", 0, True)], "at work: g."),
        ([Reader("t", "g", 0, False), Reader("other", "g", 9, True)], None),
    ],
)
def test_more_partitions_wait_until_all_is_read_and_nobody_works(readers: list[Reader], said: str | None) -> None:
    (change,) = plan([TOPIC], {"t": Found(2, 3, FITS)}, None)
    assert (said or "None") in str(refusal(change, readers))
