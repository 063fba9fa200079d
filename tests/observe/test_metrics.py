"""Counters, gauges from a snapshot, bounded labels."""

from dataclasses import dataclass

from prometheus_client import generate_latest

from dispatch.observe.gauges import GAUGES, Snapshot
from dispatch.observe.metrics import Metrics


@dataclass
class Lag:
    topic: str
    partition: int
    messages: int
    seconds: float


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_two_processes_in_one_do_not_clash() -> None:
    one, two = Metrics("web"), Metrics("worker")
    one.fact("routed", {"outcome": "self"})
    assert value(one, "dispatch_whistles_routed_total", outcome="self") == 1
    assert value(two, "dispatch_whistles_routed_total", outcome="self") is None


def test_facts_of_the_log_are_counted() -> None:
    metrics = Metrics("worker")
    metrics.fact("raised", {"via": "form", "kind": "emergency"})
    metrics.fact("routed", {"outcome": "dispatch"})
    metrics.fact("clock.climbed", {"stage": "reported", "rung": 3})
    metrics.fact("noted", {"unit": "XF"})
    assert value(metrics, "dispatch_whistles_raised_total", via="form", kind="emergency") == 1
    assert value(metrics, "dispatch_whistles_routed_total", outcome="dispatch") == 1
    assert value(metrics, "dispatch_escalated_total", stage="reported", rung="3") == 1


def test_labels_from_outside_are_bounded() -> None:
    metrics = Metrics("web")
    for i in range(500):
        metrics.fact("raised", {"via": f"x{i}", "kind": i})
        metrics.fact("clock.climbed", {"stage": f"s{i}", "rung": i + 6})
        metrics.request("/whistles/{ref}", f"M{i}", 200 + i % 5, 0.01)
        metrics.dead_letter(f"r{i}")
    text = generate_latest(metrics.registry).decode()
    assert value(metrics, "dispatch_whistles_raised_total", via="other", kind="other") == 500
    assert text.count("dispatch_http_requests_total{") == 1
    assert text.count("dispatch_dead_letters_total{") == 1
    assert text.count("dispatch_escalated_total{") == 1


def test_the_time_in_a_stage_is_counted_when_it_ends() -> None:
    metrics = Metrics("web")
    metrics.fact("stage.ended", {"stage": "reported", "seconds": 1200.0})
    assert value(metrics, "dispatch_stage_seconds_sum", stage="reported") == 1200
    assert value(metrics, "dispatch_stage_seconds_bucket", stage="reported", le="1800.0") == 1


def test_the_relays_totals_are_read_at_each_scrape() -> None:
    metrics, sent = Metrics("worker"), [3]
    metrics.relay_counts(lambda: sent[0], lambda: 1)
    assert value(metrics, "dispatch_relay_sent_total") == 3
    sent[0] = 8
    assert value(metrics, "dispatch_relay_sent_total") == 8


def test_partitions_taken_away_are_forgotten() -> None:
    metrics = Metrics("worker")
    metrics.lag([Lag("whistles.raised", 0, 5, 1.5), Lag("whistles.raised", 1, 0, 0)])
    metrics.lag([Lag("whistles.raised", 1, 2, 0.5)])
    assert value(metrics, "dispatch_consumer_lag_messages", topic="whistles.raised", partition="0") is None
    assert value(metrics, "dispatch_consumer_lag_seconds", topic="whistles.raised", partition="1") == 0.5


def test_gauges_come_from_the_snapshot_and_say_how_old_they_are() -> None:
    now = [100.0]
    metrics = Metrics("web", monotonic=lambda: now[0])
    assert value(metrics, "dispatch_snapshot_age_seconds") is None
    metrics.show_snapshot(
        Snapshot(
            {"dispatch_queue_depth": [(["XF"], 4)], "unknown_gauge": [([], 1)], "dispatch_outbox_rows": [([], 7)]}, 2
        )
    )
    now[0] = 130.0
    assert value(metrics, "dispatch_queue_depth", unit="XF") == 4
    assert value(metrics, "dispatch_outbox_rows") == 7
    assert value(metrics, "dispatch_snapshot_age_seconds") == 32
    metrics.show_snapshot(Snapshot({"dispatch_queue_depth": [(["ZJ"], 1)]}, 0))
    assert value(metrics, "dispatch_queue_depth", unit="XF") is None
    assert "unknown_gauge" not in generate_latest(metrics.registry).decode()


def test_figures_about_whistles_say_that_nobody_is_judged_by_them() -> None:
    for name in ("dispatch_whistles", "dispatch_queue_depth", "dispatch_queue_oldest_seconds"):
        assert "不作考核依据" in GAUGES[name][0]


def test_the_age_of_a_tick_is_asked_at_the_scrape() -> None:
    metrics, age = Metrics("scheduler"), [1.0]
    metrics.watch_tick("sweep", lambda: age[0])
    metrics.tick("sweep", "done", 0.02)
    metrics.tick("sweep", "away", 0)
    age[0] = 9.0
    assert value(metrics, "dispatch_scheduler_tick_age_seconds", task="sweep") == 9
    assert value(metrics, "dispatch_scheduler_ticks_total", task="sweep", result="away") == 1
    assert value(metrics, "dispatch_scheduler_seconds_count", task="sweep") == 1
