"""What a process counts about itself, in one registry of its own that is handed around.

Counters live in the process. Gauges about the whole deployment are not counted here: they come from the snapshot that
the scheduler keeps (`show_snapshot`), so that a scrape costs the same at a thousand whistles and at ten million; every
process shows the same ones, to be read with `max`. Labels are codes of closed lists; anything else becomes `other`.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from dispatch.observe.gauges import Snapshot, SnapshotGauges, Totals

#: figures about whistles are for running the service
NOT_ASSESSED = "（运行监测，不作考核依据）"


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


VIAS = _codes("form api open311 inbound import bulk below child seed")
KINDS = _codes("appeal enforcement emergency")
OUTCOMES = _codes("dispatch self answer relay statutory unmatched")
STAGES = _codes("dispatch reported handling verification answering ruling hold total")
REASONS = _codes("undecodable unknown-type newer-version forbidden-source rejected")
RESULTS = _codes("sent retried failed skipped postponed throttled")
RETRIES = _codes("feed dead-letter notice reconcile")
USES = _codes("unmasking export refusal")
ROLES = _codes("street-clerk liaison superior person-in-charge desk duty-officer administrator auditor")
METHODS = _codes("GET HEAD POST PUT PATCH DELETE OPTIONS")

_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
#: a minute to a month
_STAGES = (60, 300, 1800, 7200, 14_400, 86_400, 259_200, 604_800, 1_209_600, 2_592_000)
_SLOW = (0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300)


class Lag(Protocol):
    """How far one partition is behind: `seconds` since its last handled record was written, 0 when none is left."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def messages(self) -> int: ...
    @property
    def seconds(self) -> float: ...


def _one_of(value: object, known: frozenset[str]) -> str:
    return value if isinstance(value, str) and value in known else "other"


class Metrics:
    """The metric objects of one process. `role` is web, worker or scheduler."""

    def __init__(self, role: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.role = role
        self.registry = registry = CollectorRegistry()
        self._monotonic = monotonic
        #: the counters of an answer, looked up once: on the way of every request
        self._answered: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        self.gauges = SnapshotGauges(monotonic)
        registry.register(self.gauges)
        self._whistles(registry)
        self._bus(registry)
        self._outward(registry)
        self._ticker(registry)

    def _whistles(self, registry: CollectorRegistry) -> None:
        self._raised = Counter(
            "dispatch_whistles_raised", f"Whistles taken in {NOT_ASSESSED}", ["via", "kind"], registry=registry
        )
        self._routed = Counter(
            "dispatch_whistles_routed", f"Whistles routed {NOT_ASSESSED}", ["outcome"], registry=registry
        )
        self._escalated = Counter(
            "dispatch_escalated", f"Steps of the ladder {NOT_ASSESSED}", ["stage", "rung"], registry=registry
        )
        self._stages = Histogram(
            "dispatch_stage_seconds", f"From a stage's start to its answer, rests included {NOT_ASSESSED}", ["stage"],
            buckets=_STAGES, registry=registry,
        )  # fmt: skip

    def _bus(self, registry: CollectorRegistry) -> None:
        self._batches = Histogram(
            "dispatch_handler_seconds", "Time of one batch", ["topic"], buckets=_FAST, registry=registry
        )
        self._records = Counter("dispatch_handler_records", "Records handled", ["topic"], registry=registry)
        self._retries = Counter("dispatch_retries", "Things tried again", ["what"], registry=registry)
        self._dead = Counter("dispatch_dead_letters", "Records put aside", ["reason"], registry=registry)
        self._dealt = Counter(
            "dispatch_rebalances", "Times this process was dealt partitions anew", ["topic"], registry=registry
        )
        self._lag_messages = Gauge(
            "dispatch_consumer_lag_messages", "Records not handled yet", ["topic", "partition"], registry=registry
        )
        self._lag_seconds = Gauge(
            "dispatch_consumer_lag_seconds", "Age of the backlog's start", ["topic", "partition"], registry=registry
        )

    def _outward(self, registry: CollectorRegistry) -> None:
        self._notices = Counter(
            "dispatch_notices", "Notices by what became of them", ["channel", "result"], registry=registry
        )
        self._requests = Counter(
            "dispatch_http_requests", "Requests answered", ["route", "method", "status"], registry=registry
        )
        self._sensitive = Counter(
            "dispatch_sensitive_uses", "Names shown, lists taken along, requests refused, by the role that asked",
            ["use", "role"], registry=registry,
        )  # fmt: skip
        self._request_seconds = Histogram(
            "dispatch_http_seconds", "Time to the last byte", ["route"], buckets=_FAST, registry=registry
        )

    def _ticker(self, registry: CollectorRegistry) -> None:
        self._ticks = Counter("dispatch_scheduler_ticks", "Ticks ended", ["task", "result"], registry=registry)
        self._tick_seconds = Histogram(
            "dispatch_scheduler_seconds", "Time of one tick", ["task"], buckets=_SLOW, registry=registry
        )
        self._tick_age = Gauge(
            "dispatch_scheduler_tick_age_seconds", "Time since a tick of this job last ended", ["task"],
            registry=registry,
        )  # fmt: skip
        self._clock_jump = Gauge(
            "dispatch_clock_jump_seconds", "Last jump of the database's clock while climbing pauses, else 0",
            registry=registry,
        )  # fmt: skip

    # ── whistles ────────────────────────────────────────────────────────────────────────────────

    def fact(self, type: str, data: Mapping[str, object]) -> None:
        """One fact after its commit (an event of a whistle's log, a dead letter, something tried again).

        What is counted of it is counted, the rest passed over.
        """
        if type == "raised":
            self._raised.labels(_one_of(data.get("via"), VIAS), _one_of(data.get("kind"), KINDS)).inc()
        elif type == "stage.ended":
            self._stages.labels(_one_of(data.get("stage"), STAGES)).observe(float(str(data.get("seconds", 0))))
        elif type == "dead-letter":
            self.dead_letter(str(data.get("reason")))
        elif type == "retried":
            self.retried(str(data.get("what")))
        elif type == "routed":
            self._routed.labels(_one_of(data.get("outcome"), OUTCOMES)).inc()
        elif type == "clock.climbed":
            rung = data.get("rung")
            self._escalated.labels(
                _one_of(data.get("stage"), STAGES), str(rung) if rung in (1, 2, 3, 4, 5) else "other"
            ).inc()

    # ── bus ─────────────────────────────────────────────────────────────────────────────────────

    def batch(self, topic: str, records: int, seconds: float) -> None:
        """A batch of a topic (one of ours, so bounded) was handled."""
        self._batches.labels(topic).observe(seconds)
        self._records.labels(topic).inc(records)

    def dealt(self, topic: str) -> None:
        """The partitions of a topic (one of ours) were dealt anew among the workers."""
        self._dealt.labels(topic).inc()

    def retried(self, what: str, count: int = 1) -> None:
        """Something is tried again: feed, dead-letter, notice, reconcile."""
        self._retries.labels(_one_of(what, RETRIES)).inc(count)

    def dead_letter(self, reason: str, count: int = 1) -> None:
        """Records were put aside, for one of the dead letters' reasons."""
        self._dead.labels(_one_of(reason, REASONS)).inc(count)

    def relay_counts(self, sent: Callable[[], int], failed: Callable[[], int]) -> None:
        """Take the relay's own totals at each scrape."""
        self.registry.register(
            Totals(
                {
                    "dispatch_relay_sent": ("Outbox rows the broker has taken", sent),
                    "dispatch_relay_failed": ("Batches and rows the broker did not take", failed),
                }
            )
        )

    def lag(self, lags: Iterable[Lag]) -> None:
        """The partitions that this process has now; those it had before are forgotten."""
        self._lag_messages.clear()
        self._lag_seconds.clear()
        for each in lags:
            self._lag_messages.labels(each.topic, str(each.partition)).set(each.messages)
            self._lag_seconds.labels(each.topic, str(each.partition)).set(each.seconds)

    # ── outward ─────────────────────────────────────────────────────────────────────────────────

    def noticed(self, channel: str, result: str, count: int = 1) -> None:
        """Notices on a channel (one that is configured): sent, retried, failed, skipped, postponed, throttled."""
        self._notices.labels(channel, _one_of(result, RESULTS)).inc(count)

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """A request was answered; `route` is the template, never the path."""
        method = _one_of(method, METHODS)
        known = self._answered.get((route, method, status))
        if known is None:
            known = self._answered[route, method, status] = (
                self._requests.labels(route, method, f"{status // 100}xx"),
                self._request_seconds.labels(route),
            )
        known[0].inc()
        known[1].observe(seconds)

    def sensitive(self, use: str, role: str) -> None:
        """Somebody of this role was shown a name, took a list along, or was refused."""
        self._sensitive.labels(_one_of(use, USES), _one_of(role, ROLES)).inc()

    # ── ticker ──────────────────────────────────────────────────────────────────────────────────

    def watch_tick(self, job: str, age: Callable[[], float]) -> None:
        """`age` gives the seconds since the job's last tick ended, asked at each scrape."""
        self._tick_age.labels(job).set_function(age)

    def tick(self, job: str, result: str, seconds: float) -> None:
        """A tick ended: done, away (the database was), failed, elsewhere (another replica has it), waiting."""
        self._ticks.labels(job, result).inc()
        if result in ("done", "failed"):
            self._tick_seconds.labels(job).observe(seconds)

    def clock_jumped(self, seconds: float) -> None:
        """Climbing pauses because the database's clock jumped by so much; 0: it goes on."""
        self._clock_jump.set(seconds)

    # ── the whole deployment ────────────────────────────────────────────────────────────────────

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Show these gauges until newer ones come."""
        self.gauges.show(snapshot)
