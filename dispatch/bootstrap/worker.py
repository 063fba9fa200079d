"""The worker: handlers of the topics, the relay under its lock, delivery of notices."""

import asyncio
import functools
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog
from faststream.kafka import KafkaBroker
from starlette.applications import Starlette

from dispatch.bootstrap.addresses import NotSetUp, kafka_of
from dispatch.bootstrap.base import Base, base, checks, stop_on_signals
from dispatch.bootstrap.serving import serve, settle
from dispatch.bus import broker as bus
from dispatch.bus.lag import PROGRESS, lags, last_poll_age
from dispatch.bus.producer import connector
from dispatch.bus.relay import Counts, Relay
from dispatch.bus.topics import KafkaAway, TopicsUnfit, ensure
from dispatch.bus.watchdog import STALLED, Watchdog
from dispatch.notify.channel import Channel, Null
from dispatch.notify.deliver import Delivery
from dispatch.notify.robot import Robot, UnfitAddress
from dispatch.settings import Settings
from dispatch.steps import inbound, raised
from dispatch.steps.service import Service
from dispatch.store import progress
from dispatch.store.database import Database
from dispatch.store.errors import StoreError
from dispatch.store.waker import Waker
from dispatch.web.probe import probe
from handlers import on_inbound, on_raised

log = structlog.get_logger(__name__)

STOP_WITHIN = 15.0
#: how often a worker says how far it is (seconds)
SAY_EVERY = 5.0


@dataclass
class Working:
    """What runs while a worker works."""

    broker: KafkaBroker
    relay: Relay
    joining: asyncio.Task[None]
    #: ends when a handler's work ended by a mistake of ours
    broken: asyncio.Task[None]
    since: float = field(default_factory=time.monotonic)

    def silent_for(self) -> float:
        """Seconds since the consumers last polled (or began to join), or since anybody answered the relay; the
        longest of them."""
        joining = 0.0 if self.joining.done() else time.monotonic() - self.since
        return max(last_poll_age(bus.consumers(self.broker)) or 0.0, joining, self.relay.stalled_for())


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
    saying = asyncio.create_task(_say_progress(service.database, broker), name="progress")
    broken = asyncio.create_task(bus.ahead(broker).failed(), name="ahead")
    try:
        yield Working(broker, relay, joining, broken)
    finally:
        saying.cancel()
        broken.cancel()
        joining.cancel()
        await asyncio.wait({joining}, timeout=STOP_WITHIN)
        # side by side: what another worker takes over waits once, and a client that stalled and may never stop
        # does not keep the relay from letting go of its lock
        await relay.stop()
        leaving = asyncio.create_task(bus.stop(broker))
        await asyncio.wait({leaving, relaying}, timeout=STOP_WITHIN)
        leaving.cancel()
        relaying.cancel()


async def _say_progress(database: Database, broker: KafkaBroker) -> None:
    """Tell the reconciler and `doctor` how far this worker's partitions are, by the database's clock."""
    while True:
        try:
            await PROGRESS.clock.ask(database.now)
            found = await lags(bus.consumers(broker))
            await progress.say(database, [(each.topic, each.partition, each.messages, each.until) for each in found])
        except StoreError as error:
            log.debug("progress.not-said", error=type(error).__name__)
        await asyncio.sleep(SAY_EVERY)


async def run_worker(settings: Settings) -> None:
    """Run until SIGTERM; then finish the batch at work, leave the groups, let go of the lock.

    Refuses topics that do not fit. While Kafka is away it waits for it: notices are delivered meanwhile.
    """
    bootstrap, client = kafka_of(settings)
    async with base(settings, "worker") as made:
        stop_on_signals(made.stopping)
        kafka = Kafka(made, bootstrap, client)
        try:
            await kafka.stand()
        except KafkaAway as error:
            kafka.watchdog.trouble = str(error)
            log.error("kafka.trouble", error=type(error).__name__)
        except TopicsUnfit as error:
            raise NotSetUp(str(error)) from error
        delivery = _delivery(made)
        delivering = made.run("delivery", delivery.run(made.stopping))
        handling = made.run("kafka", kafka.run())
        settle()
        log.info("worker.started")
        await serve(
            _probe(made, kafka), settings.host, settings.worker_port, made.stopping, grace=settings.stop_seconds
        )
        await asyncio.wait({delivering, handling}, timeout=settings.stop_seconds)
        log.info("worker.stopped")
    made.end()


class Kafka:
    """What the worker has to do with Kafka: it waits for it, works on it, and notices when it stands still."""

    def __init__(self, made: Base, bootstrap: str, client: Mapping[str, Any]) -> None:
        self._made = made
        self._bootstrap = bootstrap
        self._client = client
        self.work: Working | None = None
        self.watchdog = Watchdog(
            lambda: self.work.silent_for() if self.work else 0.0,
            lambda: self.work.relay.counts.failures if self.work else 0,
            self.stand,
        )

    async def stand(self) -> None:
        """The topics stand, made anew where they were lost. Raises `TopicsUnfit`."""
        settings = self._made.settings
        outage = timedelta(hours=settings.outage_hours)
        await ensure(self._bootstrap, self._client, replication=settings.kafka_replication, outage=outage, within=10)

    async def run(self) -> None:
        """Until the role stops. Raises `Stalled`, and whatever made the consumers fail to join."""
        stopping = asyncio.create_task(self._made.stopping.wait())
        while self.watchdog.trouble and not stopping.done():
            await self.watchdog.look()
            await asyncio.wait({stopping}, timeout=1)
        if stopping.done():
            return
        async with working(self._made.service, self._made.waker, self._bootstrap, self._client) as self.work:
            watching = asyncio.create_task(self.watchdog.run())
            ends = {stopping, watching, self.work.broken}
            if await _first(ends | {self.work.joining}) == self.work.joining:
                await self.work.joining
                await _first(ends)
            stopping.cancel()
            if self.work.broken.done():
                await self.work.broken
        if watching.done():
            await watching
        watching.cancel()


async def _first(tasks: set[asyncio.Task[Any]]) -> asyncio.Task[Any]:
    """The task that is done first."""
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    return done.pop()


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
    made.database.on_urgent_notice = delivery.wake
    return delivery


def _probe(made: Base, kafka: Kafka) -> Starlette:
    async def consumers() -> str | None:
        if kafka.watchdog.trouble or kafka.work is None:
            return kafka.watchdog.trouble or "Kafka is being looked at"
        if not kafka.work.joining.done():
            return "the consumers are joining their groups"
        return "the consumers do not poll" if kafka.work.silent_for() > STALLED / 2 else None

    async def lag() -> None:
        made.metrics.lag(await lags(bus.consumers(kafka.work.broker)) if kafka.work else [])

    def counts() -> Counts:
        return kafka.work.relay.counts if kafka.work else Counts()

    PROGRESS.on_batch, PROGRESS.on_dealt = made.metrics.batch, made.metrics.dealt
    PROGRESS.on_retry = functools.partial(made.metrics.retried, "feed")
    made.metrics.relay_counts(lambda: counts().sent, lambda: counts().failures + counts().parked)
    return probe(made.metrics, {**checks(made), "consumers": consumers}, [lag, made.show_snapshot])
