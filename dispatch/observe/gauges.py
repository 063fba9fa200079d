"""Gauges of the whole deployment, shown from a snapshot that somebody else counted."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

#: [label values], value
Sample = tuple[Sequence[str], float]

_WHISTLES = "（运行监测，不作考核依据）"

#: name → what it is, labels. Every label is a code of a loaded or closed list.
GAUGES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "dispatch_whistles": (f"Whistles by status {_WHISTLES}", ("district", "status")),
    "dispatch_queue_depth": (f"Parts standing in a unit's queue {_WHISTLES}", ("unit",)),
    "dispatch_queue_oldest_seconds": (f"Age of the oldest part in a unit's queue {_WHISTLES}", ("unit",)),
    "dispatch_desk_depth": ("Whistles waiting at the desk", ("district",)),
    "dispatch_outbox_rows": ("Outbox rows waiting (counted up to 100000)", ()),
    "dispatch_outbox_parked": ("Outbox rows the broker refuses", ()),
    "dispatch_outbox_oldest_seconds": ("Age of the oldest waiting outbox row", ()),
    "dispatch_dead_letters_waiting": ("Dead letters nobody has settled (counted up to 10000)", ("reason",)),
    "dispatch_clocks_not_taken": ("Clocks due for more than 30 s and not taken: 0 in health (up to 10000)", ()),
    "dispatch_clocks_not_taken_seconds": ("How long the first of them has been due", ()),
    "dispatch_clocks_parked": ("Clocks set aside with a reason (counted up to 10000)", ()),
    "dispatch_notices_pending": ("Notices not sent yet (counted up to 10000)", ("urgent",)),
    "dispatch_notices_oldest_seconds": ("How long the first notice has been due", ("urgent",)),
    "dispatch_notices_failed": ("Notices given up, kept for their time (counted up to 10000)", ()),
}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Values by gauge; `age` in seconds when it was read."""

    values: Mapping[str, Sequence[Sample]] = field(default_factory=dict)
    age: float = 0.0


class SnapshotGauges(Collector):
    """Shows the last snapshot; how old it is by now stands in `dispatch_snapshot_age_seconds`."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._shown: Snapshot | None = None
        self._shown_at = 0.0

    def show(self, snapshot: Snapshot) -> None:
        """Show this one from now on."""
        self._shown, self._shown_at = snapshot, self._monotonic()

    @property
    def age(self) -> float | None:
        """Seconds since the values shown were counted; None: there are none yet."""
        return self._shown.age + self._monotonic() - self._shown_at if self._shown else None

    def describe(self) -> Iterable[Metric]:
        """Nothing to reserve: no other collector uses these names."""
        return []

    def collect(self) -> Iterable[Metric]:
        """One family for each known gauge; a name this version does not know is left out."""
        if self._shown is None or self.age is None:
            return
        yield GaugeMetricFamily("dispatch_snapshot_age_seconds", "Age of the counted gauges", value=self.age)
        for name, (meaning, labels) in GAUGES.items():
            family = GaugeMetricFamily(name, meaning, labels=labels)
            for values, value in self._shown.values.get(name, ()):
                if len(values) == len(labels):
                    family.add_metric([str(each) for each in values], float(value))
            yield family


class Totals(Collector):
    """Counters that somebody else keeps, read at each scrape: name → what it is, its total."""

    def __init__(self, totals: Mapping[str, tuple[str, Callable[[], float]]]) -> None:
        self._totals = totals

    def describe(self) -> Iterable[Metric]:
        """Nothing to reserve."""
        return []

    def collect(self) -> Iterable[Metric]:
        """One family each."""
        for name, (meaning, total) in self._totals.items():
            yield CounterMetricFamily(name, meaning, value=total())
