"""Every kind of fault on a whole deployment, and how long it takes each time until whistles are taken and routed again.

They come at random and may overlap, as they do: a figure is what somebody sees who whistles the moment it happens.
"""

import asyncio
import contextlib
import signal
import statistics
from collections import defaultdict
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random
from time import monotonic
from typing import Any

import asyncpg
import psutil

from dispatch.local.trouble import Trouble
from tests.chaos.crowd import Crowd
from tests.chaos.fleet import Fleet, Member
from tests.kafka_node import Kafka
from tests.servers import TestPostgres

#: how often each comes, relative to the others
WEIGHTS = {
    "web killed": 3, "web frozen": 1,
    "worker killed": 3, "worker frozen": 2, "relay killed": 2, "relay frozen": 2,
    "scheduler killed": 2, "scheduler frozen": 1,
    "postgres killed": 2, "postgres crashed": 2, "postgres restarted": 1, "postgres frozen": 1,
    "kafka killed": 2, "kafka frozen": 1,
}  # fmt: skip
#: seconds that something frozen stays so; the longest outlast the relay's session and the consumers'
SHORTEST, LONGEST = 1.0, 14.0

Mend = Coroutine[Any, Any, None]


@dataclass(frozen=True, slots=True)
class Recovery:
    """Seconds from a fault until a whistle raised after it had its receipt, and until it was routed."""

    fault: str
    taken: float
    routed: float


class Faults:
    """`torment` a fleet, its PostgreSQL and its Kafka (None: left alone)."""

    def __init__(
        self, fleet: Fleet, crowd: Crowd, url: str, postgres: TestPostgres | None, kafka: Kafka | None, dice: Random
    ) -> None:
        self._fleet, self._crowd, self._url = fleet, crowd, url
        self._postgres, self._kafka, self._dice = postgres, kafka, dice
        self._struck: set[str] = set()
        self.recoveries: list[Recovery] = []

    async def torment(self, seconds: float, every: float) -> None:
        """For so long, a fault about every so often; at the end all is mended."""
        clock = asyncio.get_running_loop()
        until = clock.time() + seconds
        keeping = asyncio.create_task(self._fleet.keep())
        async with asyncio.TaskGroup() as going:
            while clock.time() < until:
                await asyncio.sleep(every * self._dice.uniform(0.4, 1.6))
                (fault,) = self._dice.choices(list(WEIGHTS), list(WEIGHTS.values()))
                going.create_task(self._one(fault, self._dice.uniform(0, 1)))
        keeping.cancel()

    def table(self) -> str:
        """What it took, by kind of fault."""
        kinds: dict[str, list[Recovery]] = defaultdict(list)
        for one in self.recoveries:
            kinds[one.fault].append(one)
        lines = [f"{'fault':<20}{'times':>6}{'taken after s':>18}{'routed after s':>18}"]
        for kind in sorted(kinds):
            taken, routed = ([getattr(one, what) for one in kinds[kind]] for what in ("taken", "routed"))
            lines.append(f"{kind:<20}{len(taken):>6}{_middle_and_most(taken):>18}{_middle_and_most(routed):>18}")
        return "\n".join([*lines, "(in the middle / at most; faults overlap)"])

    async def _one(self, fault: str, share: float) -> None:
        target, how = fault.split()
        async with self._struck_alone(target) as free:
            if not free:
                return
            mend = await self._strike(target, how, SHORTEST + (LONGEST - SHORTEST) * share**2)
            if mend is None:
                return
            async with asyncio.TaskGroup() as going:
                going.create_task(mend)
                going.create_task(self._measure(fault))

    @asynccontextmanager
    async def _struck_alone(self, target: str) -> AsyncIterator[bool]:
        """A server is struck by one thing at a time; of the roles there are several."""
        if target not in ("postgres", "kafka"):
            yield True
            return
        if target in self._struck:
            yield False
            return
        self._struck.add(target)
        try:
            yield True
        finally:
            self._struck.discard(target)

    async def _measure(self, fault: str) -> None:
        clock = asyncio.get_running_loop()
        began = clock.time()
        told = await self._crowd.alone("楼道消防门被锁")
        taken = clock.time() - began
        await self._crowd.routed(told)
        self.recoveries.append(Recovery(fault, taken, clock.time() - began))

    async def _strike(self, target: str, how: str, seconds: float) -> Mend | None:
        """Do it; what mends it. None: there is nobody to be struck just now."""
        if target == "postgres":
            return self._strike_postgres(self._postgres, how, seconds) if self._postgres else None
        if target == "kafka":
            return self._strike_kafka(self._kafka, how, seconds) if self._kafka else None
        member = await self._holder() if target == "relay" else self._some(target)
        if member is None or member.frozen or member.process.poll() is not None:
            return None
        if how == "killed":
            member.down = True
            self._fleet.kill(member)
            return self._restart(member, seconds / 7)
        self._fleet.freeze(member)
        return self._thaw(member, seconds)

    def _some(self, role: str) -> Member:
        return self._dice.choice([member for member in self._fleet.members if member.role == role])

    async def _holder(self) -> Member | None:
        """The worker whose relay has the lock."""
        sql = """SELECT split_part(application_name, ' ', 2)::int FROM pg_locks JOIN pg_stat_activity USING (pid)
                 WHERE locktype = 'advisory' AND granted AND application_name LIKE 'dispatch-relay %'"""
        try:
            connection = await asyncpg.connect(self._url, timeout=2)
            process = await connection.fetchval(sql, timeout=2)
            await connection.close(timeout=2)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return None
        return next((member for member in self._fleet.members if member.process.pid == process), None)

    async def _restart(self, member: Member, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._fleet.again(member)

    async def _thaw(self, member: Member, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._fleet.thaw(member)

    def _strike_kafka(self, kafka: Kafka, how: str, seconds: float) -> Mend:
        number = self._dice.randint(1, len(kafka.nodes))
        if how == "killed":
            kafka.kill(number)
        else:
            kafka.freeze(number)

        async def mend() -> None:
            await asyncio.sleep(seconds)
            if how == "killed":
                await asyncio.to_thread(kafka.restart, number)
            else:
                kafka.thaw(number)

        return mend()

    def _strike_postgres(self, server: TestPostgres, how: str, seconds: float) -> Mend:
        family = processes(server)
        if how == "killed":
            server.kill()
        elif how == "crashed":  # of one session's death the postmaster recovers by itself, and all others end
            serving = [each for each in family[1:] if "dispatch" in _words(each)]
            self._dice.choice(serving or family[:1]).kill()
        elif how == "restarted":
            family[0].send_signal(signal.SIGINT)
        else:
            send(family, signal.SIGSTOP)

        async def mend() -> None:
            await asyncio.sleep(seconds / 3)
            if how == "frozen":
                send(family, signal.SIGCONT)
            await back(server)

        return mend()


async def back(server: TestPostgres, within: float = 60.0) -> None:
    """Until it takes connections, started where it does not run; the sessions of a dead postmaster may hold its memory
    for a moment."""
    until, last = monotonic() + within, None
    while monotonic() < until:
        try:
            connection = await asyncpg.connect(server.url("postgres"), timeout=2)
            await connection.close(timeout=2)
            return
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            last = last or error
        if not server.runs():
            try:
                await asyncio.to_thread(server.server.start, 20)
            except Trouble as error:
                last = error
        await asyncio.sleep(0.05)
    raise AssertionError(f"PostgreSQL does not come back within {within:.0f} s: {last}")


def processes(server: TestPostgres) -> list[psutil.Process]:
    """The postmaster, and all that it runs."""
    postmaster = psutil.Process(int((server.server.data / "postmaster.pid").read_text().split()[0]))
    return [postmaster, *postmaster.children(recursive=True)]


def send(family: list[psutil.Process], number: signal.Signals) -> None:
    """The signal to each that is still there."""
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def _words(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""


def _middle_and_most(values: list[float]) -> str:
    return f"{statistics.median(values):.1f} / {max(values):.1f}"
