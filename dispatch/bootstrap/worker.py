"""The worker: handlers of the topics, the relay under its lock, delivery of notices."""

import asyncio
import functools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from faststream.kafka import KafkaBroker
from starlette.applications import Starlette

from dispatch.bootstrap.base import Base, NotSetUp, base, checks, kafka_of, serve, stop_on_signals
from dispatch.bus import broker as bus
from dispatch.bus.lag import PROGRESS, lags, last_poll_age
from dispatch.bus.producer import connector
from dispatch.bus.relay import Relay
from dispatch.bus.topics import TopicsUnfit, ensure
from dispatch.notify.channel import Channel, Null
from dispatch.notify.deliver import Delivery
from dispatch.notify.robot import Robot, UnfitAddress
from dispatch.settings import Settings
from dispatch.steps import inbound, raised
from dispatch.steps.service import Service
from dispatch.store.outbox import Waker
from dispatch.web.hot import settle
from dispatch.web.probe import probe
from handlers import on_inbound, on_raised

log = structlog.get_logger(__name__)

#: a consumer that has not polled for so long, or a relay that nobody answers, ends the process: it is started anew
SILENT = 120.0
STOP_WITHIN = 15.0


@dataclass
class Working:
    """What runs while a worker works."""

    broker: KafkaBroker
    relay: Relay
    joining: asyncio.Task[None]

    def silent_for(self) -> float:
        """Seconds since the consumers last polled, or since anybody answered the relay; the longer of the two."""
        return max(last_poll_age(bus.consumers(self.broker)) or 0.0, self.relay.stalled_for())


@asynccontextmanager
async def working(
    service: Service, waker: Waker, bootstrap: str, client: Mapping[str, Any] | None = None
) -> AsyncIterator[Working]:
    """Handlers and relay at work on a broker whose topics stand; at the end what is held is finished and let go.

    The consumers join their groups meanwhile (seconds on some brokers): `joining` is done when they have.
    """
    broker = bus.make_broker(bootstrap, client, name="dispatch-worker")
    broker.include_router(on_raised.router)
    broker.include_router(on_inbound.router)
    broker.context.set_global("route_step", functools.partial(raised.take, service))
    broker.context.set_global("inbound_step", functools.partial(inbound.take, service))
    relay = Relay(service.database, connector(bootstrap, client), waker)
    relaying = asyncio.create_task(relay.run(), name="relay")
    joining = asyncio.create_task(bus.start(broker), name="join")
    try:
        yield Working(broker, relay, joining)
    finally:
        joining.cancel()
        await asyncio.wait({joining})
        await broker.stop()
        await relay.stop()
        await asyncio.wait({relaying}, timeout=STOP_WITHIN)
        relaying.cancel()


async def run_worker(settings: Settings) -> None:
    """Run until SIGTERM; then finish the batch at work, leave the groups, let go of the lock."""
    bootstrap, client = kafka_of(settings)
    async with base(settings, "worker") as made:
        stop_on_signals(made.stopping)
        try:
            await ensure(bootstrap, client, replication=settings.kafka_replication)
        except TopicsUnfit as error:
            raise NotSetUp(str(error)) from error
        delivery = _delivery(made)
        delivering = made.run("delivery", delivery.run(made.stopping))
        async with working(made.service, made.waker, bootstrap, client) as work:
            made.run("watchdog", _watch(work))
            settle()
            log.info("worker.started")
            await serve(
                _probe(made, work), settings.host, settings.worker_port, made.stopping, grace=settings.stop_seconds
            )
        await asyncio.wait({delivering}, timeout=settings.stop_seconds)
        log.info("worker.stopped")
    made.end()


def _delivery(made: Base) -> Delivery:
    """Notices go out by the robot where one is set, else they are only kept in the ledger."""
    settings = made.settings
    try:
        channel: Channel = Robot(settings.wecom_webhook.get_secret_value()) if settings.wecom_webhook else Null()
    except UnfitAddress as error:
        raise NotSetUp(f"DISPATCH_WECOM_WEBHOOK: {error}.") from error
    delivery = Delivery(
        made.database,
        [channel],
        made.service.rules.of,
        lambda number: f"{settings.url}/w/{number}",
        made.metrics,
    )
    told = made.database.on_change

    def changed(ids: list[str]) -> None:
        told(ids)
        delivery.wake()

    made.database.on_change = changed
    return delivery


def _probe(made: Base, work: Working) -> Starlette:
    async def consumers() -> str | None:
        if not work.joining.done():
            return "the consumers are joining their groups"
        return "the consumers do not poll" if work.silent_for() > SILENT / 2 else None

    async def lag() -> None:
        made.metrics.lag(await lags(bus.consumers(work.broker)))

    PROGRESS.on_batch = made.metrics.batch
    counts = work.relay.counts
    made.metrics.relay_counts(lambda: counts.sent, lambda: counts.failures + counts.parked)
    return probe(made.metrics, {**checks(made), "consumers": consumers}, [lag, made.show_snapshot])


async def _watch(work: Working) -> None:
    """A consumer may stall without a word: then the process ends and its supervisor starts another."""
    await work.joining
    while True:
        await asyncio.sleep(5)
        if work.silent_for() > SILENT:
            raise RuntimeError("nothing was polled or answered for too long")
