"""Real servers for the tests, one of each for a whole test session."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from uuid import uuid4

import asyncpg
import psutil

from dispatch.bus import embedded
from dispatch.local.child import Child, Spec
from dispatch.local.postgres import EmbeddedPostgres
from dispatch.local.postgres_files import unprivileged
from dispatch.store.migrate import upgrade

TEMPLATE = "template_dispatch"
#: Linux's folder in memory, and what must be free there (bytes)
MEMORY, ROOM = Path("/dev/shm"), 4 << 30


def shelf(*, memory: bool) -> Path:
    """A folder for a server's files. A test's own database is 500 of them, made and removed: in memory a third of the
    time. What a killed run left there is removed by the next."""
    with suppress(OSError):
        if memory and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM:
            for left in MEMORY.glob("dispatch-pg-*-*"):
                if not psutil.pid_exists(int(left.name.split("-")[2])):
                    shutil.rmtree(left, ignore_errors=True)
            return Path(tempfile.mkdtemp(prefix=f"dispatch-pg-{os.getpid()}-", dir=MEMORY))
    return Path(tempfile.mkdtemp(prefix="dispatch-pg-"))


class TestPostgres:
    """An embedded PostgreSQL without fsync, with databases cloned from a migrated template.

    Killed, it has lost what was committed within the last moments. `settings` go before its own:
    `synchronous_commit="on"` for one that keeps whatever it said is committed. Not `memory`: its files are on disk.
    """

    __test__ = False

    def __init__(self, *, memory: bool = True, **settings: str) -> None:
        self._folder = shelf(memory=memory)
        # the account of the server must get through; the folder inside is closed
        self._folder.chmod(0o711)
        self.server = EmbeddedPostgres(
            self._folder / "postgres",
            account=unprivileged(),
            fast_and_unsafe=True,
            settings={"max_connections": "300", **settings},
        )
        self._migrated = False

    def __enter__(self) -> TestPostgres:
        self.server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def runs(self) -> bool:
        """Whether the server that was started last still runs."""
        try:
            running = psutil.Process(int((self.server.data / "postmaster.pid").read_text().split()[0]))
            if running.status() != psutil.STATUS_ZOMBIE:
                return True
            running.wait(10)  # else its lock file names a process that is still there, and no other may start
        except (OSError, ValueError, IndexError, psutil.Error):
            pass
        return False

    def kill(self) -> None:
        """`kill -9` of the server and whatever it runs; `self.server.start()` recovers what was committed."""
        running = psutil.Process(int((self.server.data / "postmaster.pid").read_text().split()[0]))
        for process in (running, *running.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        with suppress(psutil.NoSuchProcess):
            running.wait(10)

    def url(self, database: str) -> str:
        """postgresql://… of `database`."""
        return self.server.url(database)

    async def migrated(self) -> None:
        """Make the template, once."""
        if self._migrated:
            return
        await self.execute(f'CREATE DATABASE "{TEMPLATE}"')
        await upgrade(self.url(TEMPLATE))
        self._migrated = True

    async def fresh(self, *, migrated: bool = True) -> str:
        """The URL of a new database: a clone of the migrated template, or an empty one."""
        name = f"test_{uuid4().hex[:12]}"
        if migrated:
            await self.migrated()
            await self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{TEMPLATE}" STRATEGY file_copy')
        else:
            await self.execute(f'CREATE DATABASE "{name}"')
        return self.url(name)

    async def drop(self, url: str) -> None:
        """Drop the database of `url`, with whoever is still connected."""
        name = url.rsplit("/@/", 1)[-1].split("@/", 1)[-1].split("?", 1)[0]
        await self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    async def execute(self, statement: str) -> None:
        """One statement, on a connection of its own to the maintenance database."""
        connection = await asyncpg.connect(self.url("postgres"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


class TestBroker:
    """An embedded Kafka-protocol broker on a free port, without topics (`dispatch.bus.topics.ensure` makes them)."""

    __test__ = False

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="dispatch-broker-"))
        self.child: Child | None = None
        self.address = ""

    def start(self) -> str:
        """Start one (the one before is gone with all its messages); its bootstrap address, once it listens."""
        binary = embedded.executable(self._folder)
        for _ in range(5):
            port = embedded.free_port()
            self.child = Child(Spec("broker", embedded.command(binary, port), folder=self._folder, log=self.log))
            if self._listens(port):
                self.address = f"127.0.0.1:{port}"
                return self.address
            self.child.end_now(1)
        raise AssertionError(f"no broker; its log: {self.log.read_text()[-500:]}")

    def _listens(self, port: int, within: float = 10) -> bool:
        assert self.child
        until = time.monotonic() + within
        while self.child.poll() is None and time.monotonic() < until:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return True
            time.sleep(0.01)
        return False

    @property
    def log(self) -> Path:
        """What it wrote."""
        return self._folder / "log.txt"

    def kill(self) -> None:
        """`kill -9`."""
        if self.child:
            os.kill(self.child.pid, 9)
            self.child.run(5)

    def stop(self) -> None:
        """Stop it and remove its folder."""
        if self.child:
            self.child.end_now(2)
        shutil.rmtree(self._folder, ignore_errors=True)
