"""The promise under fire: N of each role, people at work, `kill -9` and SIGSTOP; then what the log says is checked."""

import asyncio
import contextlib
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from random import Random

import asyncpg
import pytest

from dispatch.bus.topics import ensure
from dispatch.clock import new_id
from dispatch.local.demo import ensure_tokens
from dispatch.local.demo import identities as _identities
from dispatch.steps.audit import audit
from dispatch.steps.load import load
from dispatch.steps.recompute import apply_policies
from dispatch.steps.rules import Rules
from dispatch.steps.service import Service
from dispatch.store.database import Database
from dispatch.store.errors import Unavailable
from dispatch.store.numbers import Numbers
from tests.chaos import checker
from tests.chaos.crowd import Crowd
from tests.chaos.district import LONGER, WAITS, hurried, longer
from tests.chaos.evidence import Evidence, read
from tests.chaos.fleet import FAKETIME, Fleet
from tests.chaos.on_topics import look
from tests.factories import DISTRICT
from tests.servers import TestBroker

#: of the short version in every test run
SEED, SECONDS = 20261123, 60.0


async def tokens_of(url: str, folder: Path) -> dict[str, str]:
    """The hurried district loaded; a token for each of the demo's identities, by seat."""
    database = await Database.connect(url, size=2)
    try:
        await load(database, hurried(folder), "chaos")
        rules = Rules(database)
        await rules.refresh()
        reference = rules.of(DISTRICT)
        listed = await ensure_tokens(database, reference, folder / "demo.json")
        seats = [seat for seat, _ in _identities(reference, await database.now())]
        return {seat: account["token"] for seat, account in zip(seats, listed, strict=True)}
    finally:
        await database.close()


_WAITING = {
    "raised": "SELECT id, version, last_at, clock_timestamp() FROM whistle_state WHERE status = 'raised' LIMIT 20",
    "outbox": "SELECT topic, count(*), min(created_at), count(parked), min(parked) FROM outbox GROUP BY 1",
    "due": """SELECT whistle, stage, unit, mark, fires_at, parked FROM whistle_clock
              WHERE fires_at < clock_timestamp() - interval '3 s' LIMIT 20""",
}


async def settled(url: str, within: float = 60.0) -> None:
    """Until nothing waits to be routed, to leave, or has been due for long."""
    connection = await asyncpg.connect(url)
    try:
        async with asyncio.timeout(within):
            while await connection.fetchval(
                """SELECT EXISTS (SELECT FROM whistle_state WHERE status = 'raised')
                   OR EXISTS (SELECT FROM outbox)
                   OR EXISTS (SELECT FROM whistle_clock WHERE fires_at < clock_timestamp() - interval '3 s')"""
            ):
                await asyncio.sleep(0.2)
    except TimeoutError:
        waiting = {what: [tuple(row) for row in await connection.fetch(sql)] for what, sql in _WAITING.items()}
        raise AssertionError(f"it does not settle: {waiting}") from None
    finally:
        await connection.close()


async def bad_row(url: str, crowd: Crowd) -> dict[str, bool]:
    """A clock whose policy cannot be read is set aside by the sweep, then mended: the whistle, and whether it was."""
    told = await crowd.alone("天沟渗水，三户漏水")
    connection = await asyncpg.connect(url)
    spoil = """UPDATE whistle_clock new SET policy = '{broken' FROM whistle_clock old WHERE new.id = old.id
               AND new.whistle = $1 AND new.stage = 'handling' RETURNING new.id, old.policy"""
    aside = "SELECT parked IS NOT NULL FROM whistle_clock WHERE id = $1"
    try:
        while (row := await connection.fetchrow(spoil, told.id)) is None:
            await asyncio.sleep(0.1)
        seen = False
        for _ in range(600):
            if seen := await connection.fetchval(aside, row["id"]):
                break
            await asyncio.sleep(0.1)
        await connection.execute("UPDATE whistle_clock SET policy = $2 WHERE id = $1", row["id"], row["policy"])
    finally:
        await connection.close()
    return {told.id: bool(seen)}


async def another_policy(url: str, folder: Path) -> None:
    """More time to report in and to close, for the open whistles too, in the middle of it all."""
    database = await Database.connect(url, size=2)
    try:
        await load(database, longer(folder / "district"), "chaos")
        service = Service(database, Rules(database), Numbers(database, "whistle", 10), new_id)
        await service.rules.refresh()
        while True:
            with contextlib.suppress(Unavailable):  # somebody frozen holds a whistle: again, from where it was
                print(f"{await apply_policies(service, DISTRICT)} clocks under another policy")
                return
    finally:
        await database.close()


async def now_of(url: str) -> datetime:
    """By the database's clock."""
    connection = await asyncpg.connect(url)
    try:
        found: datetime = await connection.fetchval("SELECT clock_timestamp()")
        return found
    finally:
        await connection.close()


class Phases:
    """How long each part took."""

    def __init__(self) -> None:
        self._last, self._said = time.monotonic(), list[str]()

    def end(self, name: str) -> None:
        now = time.monotonic()
        self._said.append(f"{name} {now - self._last:.0f} s")
        self._last = now

    def __str__(self) -> str:
        return ", ".join(self._said)


async def rage(url: str, folder: Path, seed: int, seconds: float, every: float) -> tuple[Evidence, Crowd, Fleet]:
    """The whole thing; the evidence is read while everybody still runs, once all is settled."""
    phases = Phases()
    tokens = await tokens_of(url, folder)
    broker = TestBroker()
    kafka = await asyncio.to_thread(broker.start)
    try:
        await ensure(kafka, replication=1)
        async with Fleet(folder, url, kafka) as fleet:
            phases.end("start")
            crowd, since = Crowd(fleet, tokens, seed), await now_of(url)
            async with asyncio.TaskGroup() as going:
                going.create_task(crowd.work(seconds, raising=2, acting=12))
                going.create_task(_torment(fleet, Random(seed), seconds * 0.9, every))
                spoiling = going.create_task(bad_row(url, crowd))
                await asyncio.sleep(seconds * 0.4)
                await another_policy(url, folder)
            phases.end("rage")
            until = await at_rest(url, fleet, phases)
        phases.end("stop")
        evidence = await read(url, crowd.journal, WAITS)
        evidence.since, evidence.until = since, until
        evidence.spoiled, evidence.limits = spoiling.result(), LONGER
        await look(kafka, evidence)
        phases.end("read")
        print(phases)
        return evidence, crowd, fleet
    finally:
        await asyncio.to_thread(broker.stop)


async def at_rest(url: str, fleet: Fleet, phases: Phases, within: float = 60.0) -> datetime:
    """All is settled, and what writes has stopped; the moment until which schedulers ran."""
    await settled(url, within)
    phases.end("settle")
    until = await now_of(url)
    await fleet.stop("web", "scheduler")  # who writes stops first: what a last tick wrote leaves, too
    await drained(url)
    return until


async def _torment(fleet: Fleet, dice: Random, seconds: float, every: float) -> None:
    """Clients insist: in the end everybody must be up again, or they would insist for ever."""
    await fleet.torment(dice, seconds, every)
    await fleet.whole()


async def drained(url: str, within: float = 30.0, *, routed: bool = True) -> None:
    """Until everything that was written has left and is `routed`: a last tick may have handed a whistle to another
    street. A relay must still be at work, and a handler for what is to be routed."""
    connection = await asyncpg.connect(url)
    try:
        async with asyncio.timeout(within):
            while await connection.fetchval(
                """SELECT EXISTS (SELECT FROM outbox)
                   OR $1 AND EXISTS (SELECT FROM whistle_state WHERE status = 'raised')""",
                routed,
            ):
                await asyncio.sleep(0.1)
    except TimeoutError:
        left = await connection.fetch("SELECT id, topic, parked, created_at FROM outbox ORDER BY id LIMIT 20")
        raise AssertionError(f"it does not leave: {[tuple(row) for row in left]}") from None
    finally:
        await connection.close()


async def judged(url: str, evidence: Evidence, crowd: Crowd, fleet: Fleet) -> None:
    """Nothing is violated, what the log says stands in the tables, and it was no quiet day."""
    types = Counter(fact.type for fact in evidence.log)
    reached = sum(1 for fact in evidence.log if fact.type == "clock.climbed" and fact.data["rung"] == 5)
    print(
        f"{len(crowd.journal.receipts)} receipts, {crowd.acts} acts, {len(evidence.ledger)} steps of the ladder,"
        f" {reached} to the district; killed {len(fleet.hits.killed)}, frozen {len(fleet.hits.frozen)};"
        f" clocks of the hosts {'wrong' if FAKETIME else 'right (no libfaketime)'}"
    )
    print(dict(types.most_common()))
    found = checker.check(evidence)
    for one in found:
        print(one)
        for fact in evidence.log:
            if fact.whistle == one.whistle:
                print(f"  {fact.seq} {fact.at:%H:%M:%S.%f} {fact.type} {fact.seat or ''} {fact.data}")
    database = await Database.connect(url, size=1)
    differences = [one async for one in audit(database)]
    await database.close()
    for difference in differences[:50]:
        print(difference)
    assert not found, f"{len(found)} violations: {found[0]}"
    assert not differences
    assert not crowd.wrong, crowd.wrong[:5]
    assert len(crowd.journal.receipts) > 20
    assert crowd.acts > 20
    assert types["clock.climbed"] > 50
    assert reached
    assert types["clock.recomputed"]
    assert fleet.hits.killed


@pytest.mark.timeout(300)
async def test_a_minute_of_it(database: str, tmp_path: Path) -> None:
    print(f"\nchaos: seed {SEED}, {SECONDS:.0f} s")
    await judged(database, *await rage(database, tmp_path, SEED, SECONDS, every=4.0))
