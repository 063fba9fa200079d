"""What every role of the service is made of; the only package that knows everything."""

import asyncio
import signal
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog

from dispatch.bootstrap.addresses import NotSetUp, url_of
from dispatch.clock import new_id
from dispatch.observe import logs, tracing
from dispatch.observe.metrics import Metrics
from dispatch.settings import Settings
from dispatch.steps.rules import Rules
from dispatch.steps.service import Service
from dispatch.steps.snapshot import Shown
from dispatch.store.database import Database
from dispatch.store.errors import StoreError
from dispatch.store.listen import Bell
from dispatch.store.migrate import misfit, newest
from dispatch.store.numbers import Numbers
from dispatch.store.waker import Waker
from dispatch.web.probe import Check

log = structlog.get_logger(__name__)

#: how often new versions of the rules are looked for (seconds)
RULES_EVERY = 5.0


@dataclass
class Base:
    """A role's own means, and the tasks that run beside it."""

    settings: Settings
    database: Database
    service: Service
    waker: Waker
    metrics: Metrics
    shown: Shown
    revision: str
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: list[asyncio.Task[Any]] = field(default_factory=list)
    failed: str | None = None

    def run(self, name: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run beside the role; a task that dies ends the process, and the supervisor starts it again."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._done)
        self.tasks.append(task)
        return task

    async def show_snapshot(self) -> None:
        """Bring the gauges of the whole deployment up to date before a scrape."""
        await self.shown.refresh()

    def end(self) -> None:
        """At the very end: leave with an error where a task beside the role had died."""
        if self.failed:
            raise SystemExit(1)

    def _done(self, task: asyncio.Task[Any]) -> None:
        if task.cancelled() or self.stopping.is_set():
            return
        error = task.exception()
        self.failed = f"{task.get_name()} ended" + (f": {type(error).__name__}: {error}" if error else "")
        log.error("task.ended", task=task.get_name(), error=type(error).__name__ if error else None, exc_info=error)
        self.stopping.set()


@asynccontextmanager
async def base(settings: Settings, role: str) -> AsyncIterator[Base]:
    """Database, rules and service of one process; everything is closed at the end."""
    logs.configure(settings.log_level, settings.log_format, role)
    metrics = Metrics(role)
    if settings.traces != "off":
        _trace(settings.traces, role)
    database = await Database.connect(url_of(settings), size=settings.pool_size, application=f"dispatch-{role}")
    try:
        await _fits(database)
        rules = Rules(database)
        service = Service(
            database,
            rules,
            Numbers(database, "whistle", settings.number_block),
            new_id,
            channels=("robot",) if settings.wecom_webhook else ("null",),
        )
        waker, bell = Waker(), Bell(database)
        database.on_outbox, database.on_change = waker.wake, bell.ring
        database.on_fact = metrics.fact
        made = Base(settings, database, service, waker, metrics, Shown(database, metrics), newest())
        await rules.refresh()
        made.run("rules", _renew(rules))
        made.run("waker", waker.run(database))
        made.run("bell", bell.run())
        try:
            yield made
        finally:
            made.stopping.set()
            for task in made.tasks:
                task.cancel()
            await asyncio.gather(*made.tasks, return_exceptions=True)
    finally:
        await database.close()
        tracing.stop()


def _trace(kind: str, role: str) -> None:
    try:
        tracing.start(kind, role)
    except tracing.NoTracing as error:
        raise NotSetUp(str(error)) from error


async def _fits(database: Database) -> None:
    async with database.acquire() as connection:
        why = await misfit(connection, newest())
    if why is not None:
        raise NotSetUp(f"This version does not fit the database: {why}.")


def checks(made: Base) -> dict[str, Check]:
    """What every role needs to be ready."""

    async def database() -> str | None:
        async with made.database.acquire() as connection:
            await connection.fetchval("SELECT 1")
        return None

    async def rules() -> str | None:
        return None if made.service.rules.districts else "no district is loaded: dispatch load DIRECTORY"

    async def schema() -> str | None:
        async with made.database.acquire() as connection:
            return await misfit(connection, made.revision)

    return {"database": database, "schema": schema, "rules": rules}


async def _renew(rules: Rules) -> None:
    while True:
        await asyncio.sleep(RULES_EVERY)
        try:
            if await rules.refresh():
                log.info("rules.renewed", districts=len(rules.districts))
        except StoreError as error:
            log.warning("rules.not-renewed", error=type(error).__name__)


def stop_on_signals(stopping: asyncio.Event) -> None:
    """SIGTERM and Ctrl-C ask the role to finish what it holds."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)


__all__ = ["Base", "base", "stop_on_signals"]
