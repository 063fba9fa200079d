"""The scheduler: the sweep for what is overdue in every replica; reconcile and the rest in one at a time."""

import asyncio
from datetime import timedelta

import structlog

from dispatch.bootstrap.base import base, checks, serve, stop_on_signals
from dispatch.settings import Settings
from dispatch.steps.escalate import sweep
from dispatch.steps.reconcile import reconcile
from dispatch.store.errors import StoreError
from dispatch.web.probe import probe

log = structlog.get_logger(__name__)


async def run_scheduler(settings: Settings) -> None:
    """Tick until SIGTERM."""
    async with base(settings, "scheduler") as made:
        stop_on_signals(made.stopping)

        async def ticking() -> None:
            while True:
                try:
                    await sweep(made.service)
                    await reconcile(made.service, timedelta(seconds=settings.reconcile_grace_seconds))
                except StoreError as error:
                    log.warning("tick.away", error=type(error).__name__)
                await asyncio.sleep(settings.sweep_seconds)

        made.run("ticker", ticking())
        log.info("scheduler.started")
        await serve(
            probe(made.metrics, checks(made)),
            settings.host,
            settings.scheduler_port,
            made.stopping,
            grace=settings.stop_seconds,
        )
        log.info("scheduler.stopped")
    made.end()
