"""The roles as plain processes, N of each, to be killed, frozen and started again."""

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import TracebackType

import httpx

from dispatch.bus.embedded import free_port

ROOT = Path(__file__).parents[2]
#: by so much the clocks of the hosts are wrong, where Debian's libfaketime is there to make them so
WRONG = ("+3d", "-2d", "+50m", "-400d", "+0", "+7d", "-1h")
FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
ROLES = ("web", "web", "worker", "worker", "worker", "scheduler", "scheduler")


@dataclass(slots=True)
class Member:
    """One process of a role; it keeps its port and its log over all its lives."""

    name: str
    role: str
    port: int
    wrong: str
    process: subprocess.Popen[bytes]
    lives: int = 1
    frozen: bool = False
    #: killed, and not yet to be started again
    down: bool = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@dataclass(slots=True)
class Hits:
    """What was done to them."""

    killed: list[str] = field(default_factory=list)
    frozen: list[str] = field(default_factory=list)
    #: who ended by itself, and how
    ended: list[str] = field(default_factory=list)


class Fleet:
    """`python -m dispatch ROLE`, for each of `roles`, until the end of the block."""

    def __init__(
        self, folder: Path, database_url: str, kafka: str, roles: tuple[str, ...] = ROLES, copies: int = 1
    ) -> None:
        self.folder = folder
        self.roles = roles
        #: what is started from now on
        self.program = "dispatch"
        self.hits = Hits()
        self.members: list[Member] = []
        self.environment = {
            **os.environ,
            "DISPATCH_DATA": str(folder),
            "DISPATCH_DATABASE_URL": database_url,
            "DISPATCH_KAFKA": kafka,
            "DISPATCH_KAFKA_REPLICATION": str(copies),
            "DISPATCH_SECRET_KEY": "chaos" * 10,
            "DISPATCH_SWEEP_SECONDS": "0.5",
            "DISPATCH_RECONCILE_SECONDS": "2",
            "DISPATCH_RECONCILE_GRACE_SECONDS": "3",
            "DISPATCH_POOL_SIZE": "4",
            "DISPATCH_LOG_LEVEL": "warning",
        }

    async def __aenter__(self) -> "Fleet":
        counts: dict[str, int] = {}
        for role in self.roles:
            counts[role] = counts.get(role, 0) + 1
            name, port = f"{role}-{counts[role]}", free_port()
            wrong = WRONG[len(self.members) % len(WRONG)]
            self.members.append(Member(name, role, port, wrong, self._start(name, role, port, wrong)))
        try:
            # all of them load at once, on a machine that may be busy with the like
            await asyncio.gather(*(self.ready(member, 300) for member in self.members))
        except BaseException:
            for member in self.members:
                member.process.kill()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop(*self.roles, loudly=error is None)

    async def stop(self, *roles: str, loudly: bool = True) -> None:
        """Stop these roles gracefully."""
        stopping = [member for member in self.members if member.role in roles]
        for member in stopping:
            self.thaw(member)
            member.process.send_signal(signal.SIGTERM)
        for member in stopping:
            try:
                await asyncio.to_thread(member.process.wait, 40)
            except subprocess.TimeoutExpired:
                member.process.kill()
                if loudly:
                    raise AssertionError(f"{member.name} did not stop") from None

    def _start(self, name: str, role: str, port: int, wrong: str) -> subprocess.Popen[bytes]:
        variable = "DISPATCH_PORT" if role == "web" else f"DISPATCH_{role.upper()}_PORT"
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", self.program, role],
                cwd=ROOT,
                env={**self.environment, **_clock(wrong), variable: str(port)},
                stdout=log,
                stderr=log,
            )

    async def ready(self, member: Member, within: float = 120.0, again: int = 0) -> None:
        """Until it says that it is. One that ends meanwhile is started `again` so often: the database may have been
        away for a last moment."""
        async with asyncio.timeout(within), httpx.AsyncClient(timeout=5) as client:
            while True:
                if (ended := member.process.poll()) is not None:
                    assert again, f"{member.name} ended ({ended}): {self.tail(member)}"
                    self.again(member)
                    again -= 1
                try:
                    if (await client.get(f"{member.url}/readyz")).status_code == 200:
                        return
                except httpx.HTTPError:
                    pass
                await asyncio.sleep(0.1)

    def tail(self, member: Member) -> str:
        """The end of what it wrote."""
        return (self.folder / f"{member.name}.log").read_text(errors="replace")[-1500:]

    def freeze(self, member: Member) -> None:
        """SIGSTOP: it holds what it holds, locks and all."""
        os.kill(member.process.pid, signal.SIGSTOP)
        member.frozen = True
        self.hits.frozen.append(member.name)

    def thaw(self, member: Member) -> None:
        if member.frozen and member.process.poll() is None:
            os.kill(member.process.pid, signal.SIGCONT)
        member.frozen = False

    def kill(self, member: Member) -> None:
        """SIGKILL, frozen or not."""
        member.process.kill()
        member.process.wait()
        member.frozen = False
        self.hits.killed.append(member.name)

    def again(self, member: Member) -> None:
        """Start it anew where it is dead."""
        member.down = False
        if member.process.poll() is not None:
            member.process = self._start(member.name, member.role, member.port, member.wrong)
            member.lives += 1

    async def keep(self) -> None:
        """Start again whoever ends by itself, as a supervisor does; until cancelled."""
        while True:
            await asyncio.sleep(0.5)
            for member in self.members:
                if not member.down and (code := member.process.poll()) is not None:
                    self.hits.ended.append(f"{member.name} ({code}): {self.tail(member)[-300:]}")
                    self.again(member)

    async def torment(self, dice: Random, seconds: float, every: float) -> None:
        """For so many seconds: about every so often one is killed or frozen for a while, then it goes on."""
        until = asyncio.get_running_loop().time() + seconds
        async with asyncio.TaskGroup() as going:
            while asyncio.get_running_loop().time() < until:
                await asyncio.sleep(every * dice.uniform(0.4, 1.6))
                going.create_task(self._hit(dice.choice(self.members), dice.random(), dice.uniform(0.1, 1.0)))

    async def _hit(self, member: Member, chance: float, share: float) -> None:
        if member.frozen or member.process.poll() is not None:
            return
        if chance < 0.65:
            self.kill(member)
            await asyncio.sleep(2 * share)
            self.again(member)
            return
        self.freeze(member)
        await asyncio.sleep(6 * share)
        if chance > 0.9:  # not every frozen one comes back
            self.kill(member)
            self.again(member)
        self.thaw(member)

    async def whole(self) -> None:
        """Everybody up again."""
        for member in self.members:
            self.thaw(member)
            self.again(member)
        await asyncio.gather(*(self.ready(member, again=3) for member in self.members))


def _clock(wrong: str) -> dict[str, str]:
    """The environment of a host whose clock is wrong; seconds pass as everywhere."""
    if FAKETIME is None:
        return {}
    once = dict.fromkeys(("FAKETIME_DONT_FAKE_MONOTONIC", "DONT_FAKE_MONOTONIC", "NO_FAKE_STAT"), "1")
    return {"LD_PRELOAD": str(FAKETIME), "FAKETIME": wrong, **once}
