"""The worker: handlers of the topics, the relay under its lock, delivery of notices."""

import asyncio
import functools

import structlog

from dispatch.bootstrap.base import Base, NotSetUp, base, kafka_of, serve, stop_on_signals
from dispatch.bus import broker as bus
from dispatch.bus.lag import last_poll_age
from dispatch.bus.producer import connector
from dispatch.bus.relay import Relay
from dispatch.bus.topics import TopicsUnfit, ensure
from dispatch.settings import Settings
from dispatch.steps import inbound, raised
from handlers import on_inbound, on_raised

log = structlog.get_logger(__name__)

#: a consumer that has not polled for so long, or a relay that nobody answers, is started again with the process
SILENT = 120.0


async def run_worker(settings: Settings) -> None:
    """Run until SIGTERM; then finish the batch at work, leave the groups, let go of the lock."""
    bootstrap, client = kafka_of(settings)
    async with base(settings, "worker") as made:
        stop_on_signals(made.stopping)
        try:
            await ensure(bootstrap, client, replication=settings.kafka_replication)
        except TopicsUnfit as error:
            raise NotSetUp(str(error)) from error
        broker = bus.make_broker(bootstrap, client, name="dispatch-worker")
        broker.include_router(on_raised.router)
        broker.include_router(on_inbound.router)
        broker.context.set_global("route_step", functools.partial(raised.take, made.service))
        broker.context.set_global("inbound_step", functools.partial(inbound.take, made.service))
        relay = Relay(made.database, connector(bootstrap, client), made.waker)
        running = asyncio.create_task(relay.run(), name="relay")
        await bus.start(broker)
        made.run("watchdog", _watch(made, broker, relay))
        log.info("worker.started")
        try:
            await serve(_probe(made), settings.host, settings.worker_port, made.stopping, grace=settings.stop_seconds)
        finally:
            made.stopping.set()
            await broker.stop()
            await relay.stop()
            await asyncio.wait({running}, timeout=settings.stop_seconds)
            running.cancel()
            log.info("worker.stopped")
    if made.failed:
        raise SystemExit(made.failed)
