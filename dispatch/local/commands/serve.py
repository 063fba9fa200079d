"""`up`, the roles alone, `migrate`, `prepare`."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from dispatch.local.commands.plain import plainly, run, run_role
from dispatch.local.trouble import Trouble
from dispatch.observe import logs
from dispatch.settings import Settings, read, unknown

#: the commands of this module
NAMES = ("up", "web", "worker", "scheduler", "migrate", "prepare")


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command()(up)
    app.command()(web)
    app.command()(worker)
    app.command()(scheduler)
    app.command()(migrate)
    app.command(hidden=True)(prepare)


def up(
    demo: Annotated[bool, typer.Option("--demo", help="Load the demo district, offer its identities.")] = False,
    kafka: Annotated[
        bool, typer.Option("--kafka", help="Apache Kafka from its jars, not the embedded broker.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Logs of all roles here, not into files.")] = False,
) -> None:
    """Start everything on this machine: database and broker where none is named, then web, worker, scheduler."""
    with plainly():
        settings = read()
        for line in unknown():
            typer.echo(line, err=True)
        asyncio.run(_up(settings.model_copy(update={"demo": demo or settings.demo}), verbose, kafka))


def web() -> None:
    """Pages and API alone. Needs DISPATCH_DATABASE_URL, DISPATCH_KAFKA and DISPATCH_SECRET_KEY."""
    with plainly():
        settings = _alone("web")
        if settings.secret_key is None:
            raise Trouble(
                "DISPATCH_SECRET_KEY is not set.", "Make one: openssl rand -base64 48; the same for every web."
            )
        run_role(_checked(settings, _web))


def worker() -> None:
    """Handlers, relay and delivery alone. Needs DISPATCH_DATABASE_URL and DISPATCH_KAFKA."""
    with plainly():
        settings = _alone("worker")
        run_role(_checked(settings, _worker))


def scheduler() -> None:
    """The sweep for what is overdue, alone. Needs DISPATCH_DATABASE_URL and DISPATCH_KAFKA."""
    with plainly():
        settings = _alone("scheduler")
        run_role(_checked(settings, _scheduler))


def migrate() -> None:
    """Bring the schema of DISPATCH_DATABASE_URL to the newest revision."""
    with plainly():
        settings = read()
        if settings.database_url is None:
            raise Trouble(
                "DISPATCH_DATABASE_URL is not set.", "`dispatch up` migrates its embedded database by itself."
            )
        run(_checked(settings, _migrate))


def prepare() -> None:
    """What `up` runs before the roles: migrations, then the demo district in demo mode."""
    with plainly():
        run(_prepare(read()))


async def _web(settings: Settings) -> None:
    from dispatch.bootstrap.web import run_web  # here and below: heavy, and of no use before the checks

    await run_web(settings)


async def _worker(settings: Settings) -> None:
    from dispatch.bootstrap.worker import run_worker

    await run_worker(settings)


async def _scheduler(settings: Settings) -> None:
    from dispatch.bootstrap.scheduler import run_scheduler

    await run_scheduler(settings)


async def _migrate(settings: Settings) -> None:
    from dispatch.bootstrap.schema import migrate

    await migrate(settings)


async def _prepare(settings: Settings) -> None:
    logs.configure("warning", "console")  # a year of seeded steps is of no use on the terminal
    await _migrate(settings)
    if settings.demo:
        from dispatch.local import demo

        await demo.prepare(settings)


async def _checked(settings: Settings, work: Callable[[Settings], Awaitable[None]]) -> None:
    from dispatch.local import checks

    assert settings.database_url is not None
    await checks.database(settings.database_url.get_secret_value())
    await work(settings)


def _alone(role: str) -> Settings:
    settings = read()
    missing = [
        variable
        for variable, value in (("DISPATCH_DATABASE_URL", settings.database_url), ("DISPATCH_KAFKA", settings.kafka))
        if value is None
    ]
    if missing:
        raise Trouble(
            f"`dispatch {role}` alone needs {' and '.join(missing)}.",
            "Set it, or let `dispatch up` bring an embedded PostgreSQL and broker.",
        )
    return settings


async def _up(settings: Settings, verbose: bool, kafka: bool) -> None:
    from dispatch.local.banner import banner
    from dispatch.local.stack import Stack

    began = time.monotonic()
    stack = Stack(settings, typer.echo, verbose=verbose, real_kafka=kafka)
    stopping = asyncio.Event()

    def asked() -> None:
        if stopping.is_set():
            stack.kill()  # asked twice: no more patience
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, asked)
    starting = asyncio.create_task(stack.start())
    waiting = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({starting, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            typer.echo(banner(stack, time.monotonic() - began))
            await waiting
        typer.echo("正在停止……数据都在。 Stopping; the data stays.")
    finally:
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await stack.stop()
