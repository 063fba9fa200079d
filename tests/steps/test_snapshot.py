"""The snapshot through the real steps, and what a process shows of it."""

from datetime import UTC, datetime, timedelta

from dispatch.observe.gauges import GAUGES
from dispatch.observe.metrics import Metrics
from dispatch.steps import snapshot
from dispatch.store import snapshots
from dispatch.store.database import Database
from dispatch.store.outbox import Backlog
from dispatch.store.snapshots import Figures

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


def figures() -> Figures:
    return Figures(
        at=AT,
        statuses={("130403", "raised"): 3, ("130403", "at-desk"): 2},
        queues={"XF": (4, AT - timedelta(minutes=5)), "ZJ": (0, None)},
        outbox=Backlog(7, 1, AT - timedelta(seconds=9)),
        dead_letters={"rejected": 2},
        clocks_due=1,
        clocks_first=AT - timedelta(seconds=45),
        clocks_parked=1,
        notices={True: (1, AT - timedelta(seconds=2)), False: (0, None)},
        notices_failed=3,
    )


def test_every_gauge_has_its_figures_and_no_figure_lacks_a_gauge() -> None:
    made = snapshot.as_gauges(figures())
    assert set(made) == set(GAUGES)
    for name, samples in made.items():
        assert all(len(labels) == len(GAUGES[name][1]) for labels, _ in samples), name


async def test_what_is_kept_is_what_is_shown(db: Database) -> None:
    now = [10.0]
    metrics = Metrics("web", monotonic=lambda: now[0])
    shown = snapshot.Shown(db, metrics, monotonic=lambda: now[0])
    await shown.refresh()
    value = metrics.registry.get_sample_value
    assert value("dispatch_snapshot_age_seconds") is None

    await snapshots.keep(db, snapshot.NAME, await db.now(), snapshot.as_gauges(figures()))
    await shown.refresh()
    assert value("dispatch_snapshot_age_seconds") is None  # read a moment ago: not again
    now[0] += 6
    await shown.refresh()
    assert value("dispatch_queue_depth", {"unit": "XF"}) == 4
    assert value("dispatch_queue_oldest_seconds", {"unit": "XF"}) == 300
    assert value("dispatch_desk_depth", {"district": "130403"}) == 2
    assert value("dispatch_outbox_oldest_seconds") == 9
    assert value("dispatch_clocks_not_taken_seconds") == 45
    assert value("dispatch_notices_pending", {"urgent": "yes"}) == 1


async def test_taken_from_an_empty_database(db: Database) -> None:
    taken = await snapshot.take(db)
    assert taken.statuses == {}
    assert (await snapshot.take(db)).at >= taken.at
