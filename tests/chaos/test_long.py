"""`make chaos MINUTES=n SEED=s`: people, registers and another system at work while everything dies or freezes, the
database and Kafka, too; then all must add up. What each kind of fault cost is printed as a table."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest

from dispatch.bus.topics import ensure
from tests import kafka_node
from tests.chaos.crowd import Crowd
from tests.chaos.district import LONGER, WAITS
from tests.chaos.evidence import read
from tests.chaos.faults import Faults, back
from tests.chaos.fleet import ROLES, Fleet
from tests.chaos.on_topics import look
from tests.chaos.others import Others
from tests.chaos.test_chaos import Phases, another_policy, at_rest, bad_row, judged, now_of, tokens_of
from tests.kafka_node import Kafka
from tests.servers import TestBroker, TestPostgres

#: seconds between two faults
EVERY = 5.0
#: what takes a whistle from those at work and gives it back, seen in every siege
SEEN = {"transfer.accepted", "merged", "unmerged", "reopened", "left"}
#: whistles a minute that are only to be routed, beside those that people act on and that climb
THRONG = int(os.environ.get("CHAOS_THRONG", "10000"))


@asynccontextmanager
async def kafka_to_be_shot_at() -> AsyncIterator[tuple[str, Kafka | None]]:
    """Apache Kafka, CHAOS_NODES of it; without Java the embedded broker, which is left alone: it would forget."""
    if kafka_node.available():
        kafka = Kafka(int(os.environ.get("CHAOS_NODES", "1")))
        await asyncio.to_thread(kafka.start)
        try:
            yield kafka.address, kafka
        finally:
            await asyncio.to_thread(kafka.stop)
        return
    broker = TestBroker()
    try:
        yield await asyncio.to_thread(broker.start), None
    finally:
        await asyncio.to_thread(broker.stop)


class Siege:
    """One run of it."""

    def __init__(self, server: TestPostgres, url: str, folder: Path, seed: int, seconds: float) -> None:
        self._server, self._url, self._folder, self._seed, self._seconds = server, url, folder, seed, seconds
        self._stopping = asyncio.Event()
        self._spoiled: dict[str, bool] = {}

    async def run(self) -> None:
        phases = Phases()
        tokens = await tokens_of(self._url, self._folder)
        async with kafka_to_be_shot_at() as (address, kafka):
            copies = len(kafka.nodes) if kafka else 1
            await ensure(address, replication=copies, within=60)
            since = await now_of(self._url)
            async with Fleet(self._folder, self._url, address, ROLES, copies) as fleet:
                phases.end("start")
                crowd = Crowd(fleet, tokens, self._seed)
                others = Others(fleet, self._folder, address, self._seed)
                faults = Faults(fleet, crowd, self._url, self._server, kafka, Random(self._seed))
                self._spoiled = await bad_row(self._url, crowd)
                phases.end("bad row")
                async with asyncio.TaskGroup() as going:
                    going.create_task(crowd.work(self._seconds, raising=1, acting=8))
                    throng = going.create_task(crowd.throng(int(THRONG * self._seconds / 60)))
                    going.create_task(others.imports(self._stopping))
                    going.create_task(others.messages(self._stopping))
                    going.create_task(self._rage(fleet, crowd, faults))
                phases.end("rage")
                print(faults.table())
                print(f"ended by themselves, and started again: {fleet.hits.ended or 'none'}")
                until = await at_rest(self._url, fleet, phases, within=300)
            phases.end("stop")
            evidence = await read(self._url, crowd.journal, WAITS)
            evidence.since, evidence.until = since, until
            evidence.spoiled, evidence.limits = self._spoiled, LONGER
            evidence.inbound = await others.seen(self._url)
            await look(address, evidence)
        phases.end("read")
        print(phases)
        print(
            f"{throng.result():,} whistles of the throng, "
            f"{len(others.rows)} rows imported, {len(others.messages_of.sent)} messages of another system,"
            f" {len(others.messages_of.spoiled)} of them spoiled"
        )
        await judged(self._url, evidence, crowd, fleet)
        assert {fact.type for fact in evidence.log} >= SEEN
        assert await others.missing(self._url) == []
        assert others.rows
        assert others.messages_of.spoiled

    async def _rage(self, fleet: Fleet, crowd: Crowd, faults: Faults) -> None:
        began = time.monotonic()
        await asyncio.sleep(self._seconds * 0.05)
        await another_policy(self._url, self._folder)
        left = self._seconds * 0.9 - (time.monotonic() - began)
        assert left > self._seconds / 2, f"the machine is too busy: {left:.0f} s are left for faults"
        await faults.torment(left, EVERY)
        # clients insist: in the end everybody must be up again, or they would insist for ever
        await back(self._server)
        await fleet.whole()
        self._stopping.set()


@pytest.mark.chaos
@pytest.mark.timeout(0)
async def test_as_long_as_asked(tmp_path: Path) -> None:
    minutes, seed = float(os.environ.get("CHAOS_MINUTES", "10")), int(os.environ.get("CHAOS_SEED", time.time()))
    print(f"\nchaos: seed {seed}, {minutes:g} min")
    with TestPostgres(synchronous_commit="on") as server:
        url = await server.fresh()
        await Siege(server, url, tmp_path, seed, minutes * 60).run()
