"""The scheduler: the sweep for what is overdue in every replica; reconcile and the rest in one at a time."""

import functools
from datetime import timedelta
from pathlib import Path

import structlog

from dispatch.bootstrap.addresses import url_of
from dispatch.bootstrap.base import Base, base, checks, stop_on_signals
from dispatch.bootstrap.serving import serve, settle
from dispatch.clock import new_id
from dispatch.scheduler import Job, Run, Ticker
from dispatch.settings import Settings
from dispatch.steps import cover, escalate, letters, prune, replay, snapshot
from dispatch.steps.clock_guard import ClockGuard
from dispatch.steps.reconcile import Reconciler
from dispatch.steps.service import Service
from dispatch.store import clock_watch, clocks, locks, pairs, partitions
from dispatch.store.database import Database
from dispatch.web.probe import probe

log = structlog.get_logger(__name__)


async def run_scheduler(settings: Settings) -> None:
    """Tick until SIGTERM; then let the ticks at work end."""
    async with base(settings, "scheduler") as made:
        stop_on_signals(made.stopping)
        wanted = jobs(made)
        # a lock is held beside the work that it guards: from one pool, locks alone could take every connection
        locking = await Database.connect(url_of(settings), size=len(wanted), application="dispatch-scheduler-locks")
        ticker = Ticker(wanted, functools.partial(locks.singleton, locking), made.metrics)
        ticking = made.run("ticker", ticker.run(made.stopping, settings.stop_seconds))
        app = probe(made.metrics, {**checks(made), "ticks": ticker.ready}, [made.show_snapshot])
        settle()
        log.info("scheduler.started")
        await serve(app, settings.host, settings.scheduler_port, made.stopping, grace=settings.stop_seconds)
        await ticking
        await locking.close()
        log.info("scheduler.stopped")
    made.end()


def jobs(made: Base) -> list[Job]:
    """What is done again and again, how often, and whether by one process at a time."""
    settings, service, database, host = made.settings, made.service, made.database, _started()
    guard = ClockGuard(
        functools.partial(clock_watch.read, database),
        functools.partial(clock_watch.note, database),
        looked=functools.partial(clock_watch.looked, database, host),
        keep=functools.partial(clock_watch.keep, database, host),
        told=made.metrics.clock_jumped,
    )
    grace = timedelta(seconds=settings.reconcile_grace_seconds)
    return [
        Job("sweep", settings.sweep_seconds, lambda: escalate.sweep(service, steady=guard.steady)),
        Job("cover", settings.sweep_seconds, guard.guarded(lambda: cover.watch(service)), singleton=True),
        Job("reconcile", settings.reconcile_seconds, Reconciler(service, grace).tick, singleton=True),
        Job("retry", 10.0, _retrying(service), singleton=True),
        Job("unpark", 20.0, lambda: _unpark(database), singleton=True),
        Job("snapshot", 5.0, lambda: snapshot.take(database), singleton=True),
        Job("search", 10.0, lambda: _sort_in(database), singleton=True),
        Job("prune", 3600.0, lambda: prune.prune(database), singleton=True),
        Job("partitions", 3600.0, lambda: _partitions(database), singleton=True),
    ]


def _started() -> str:
    """This host's name for its present start; where the system has none, one of this process's own."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return str(new_id())


def _retrying(service: Service) -> Run:
    """Dead letters tried again. The first time also what was too new for whoever put it aside: a start may be an
    upgrade, and this process then has the newer version at hand."""
    upgraded = False

    async def retry() -> None:
        nonlocal upgraded
        if not upgraded:
            await replay.after_upgrade(service.database)
            upgraded = True
        await replay.retry(service.database, letters.steps(service))

    return retry


async def _unpark(database: Database) -> None:
    """What the sweep set aside is tried again, in case its cause was mended."""
    async with database.transaction() as uow:
        await clocks.unpark(uow.connection, 100)


async def _sort_in(database: Database) -> None:
    async with database.acquire() as connection:
        await pairs.sort_in(connection)


async def _partitions(database: Database) -> None:
    await partitions.ahead(database, await database.now())
