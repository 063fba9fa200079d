"""What `dispatch up` runs: embedded PostgreSQL and broker where no real ones are named, and the three roles."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
from pydantic import SecretStr

import dispatch
from dispatch.bus import embedded
from dispatch.bus.topics import TopicsUnfit, ensure
from dispatch.local import checks, kafka
from dispatch.local.child import Child, Spec
from dispatch.local.kafka import LocalKafka
from dispatch.local.postgres import EmbeddedPostgres
from dispatch.local.postgres_files import home_for, unprivileged
from dispatch.local.supervisor import Keeper, Lock, cut_logs, stop_in_order
from dispatch.local.trouble import Trouble
from dispatch.settings import Settings

#: how often the broker's memory is looked at (seconds)
LOOK = 2.0
#: how long the banner waits for the consumers to join (seconds)
JOINING = 15.0
#: how long a worker whose broker is gone may take to stop: it has nothing left to commit there (seconds)
WITHOUT_BROKER = 1.0


def own_command(role: str) -> tuple[str, ...]:
    """This program, as the role."""
    return (sys.executable, "-m", "dispatch", role)


class Stack:
    """Everything one `dispatch up` started. `settings` becomes what the children get."""

    def __init__(
        self,
        settings: Settings,
        say: Callable[[str], None],
        *,
        verbose: bool = False,
        real_kafka: bool = False,
        command: Callable[[str], tuple[str, ...]] = own_command,
    ) -> None:
        """`say` takes one line for the terminal; `verbose` sends the children's logs there too.

        `real_kafka`: Apache Kafka from its jars, not the embedded broker. `command` says how a role (or `prepare`)
        is started.
        """
        self._command = command
        self.folder = settings.data.resolve()
        self.settings = settings.model_copy(update={"data": self.folder})
        self.embeds_database = settings.database_url is None
        self.local_kafka: LocalKafka | None = None
        self.embeds_broker = settings.kafka is None and not real_kafka
        self._wants_kafka = real_kafka
        self.logs = None if verbose else self.folder / "logs"
        self.postgres_home: Path | None = None
        self._say = say
        self._lock: Lock | None = None
        self._postgres: Keeper | None = None
        self._broker: Child | None = None
        self._kafka: Keeper | None = None
        self._watch: list[asyncio.Task[None]] = []
        self.roles = {name: self._role(name) for name in ("web", "worker", "scheduler")}

    async def start(self) -> None:
        """Bring everything up. Raises `Trouble` and the like; call `stop` either way."""
        if self._wants_kafka and self.settings.kafka:
            raise Trouble(
                f"DISPATCH_KAFKA names one already ({self.settings.kafka}).", "Unset it, or leave out --kafka."
            )
        await self._claim()
        if self.embeds_database:
            await self._start_postgres()
        elif self.settings.database_url:
            await checks.database(self.settings.database_url.get_secret_value())
        if self.embeds_broker:
            await self._start_broker()
        elif self._wants_kafka:
            await self._start_kafka()
        await self._prepare()
        await self.roles["worker"].start()
        await self.roles["scheduler"].start()
        await self.roles["web"].start()  # last: it is waited for, and the others get ready meanwhile
        await self._joined()
        self._watch.append(asyncio.create_task(self._tidy(), name="tidy logs"))
        if self.embeds_broker:
            self._watch.append(asyncio.create_task(self._watch_broker(), name="watch broker"))

    async def stop(self) -> None:
        """Stop everything, last started first, by force where it takes too long."""
        for task in self._watch:
            task.cancel()
        await asyncio.gather(*self._watch, return_exceptions=True)
        await stop_in_order([list(self.roles.values())])
        if self._broker:
            await self._broker.end(3)
        if self._kafka:
            await self._kafka.stop()
        if self._postgres:
            await self._postgres.stop()
        if self._lock:
            self._lock.release()

    def kill(self) -> None:
        """Kill the roles and Kafka this instant; PostgreSQL still gets its checkpoint."""
        for keeper in (*self.roles.values(), *([self._kafka] if self._kafka else [])):
            keeper.kill()

    async def _claim(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if self.logs:
                self.logs.mkdir(exist_ok=True)
                cut_logs(self.logs)
            self._lock = Lock(self.folder)
        except OSError as error:
            raise Trouble(
                f"The folder {self.folder} cannot be written ({error.strerror}).", "Set DISPATCH_DATA to one that can."
            ) from None
        checks.disk(self.folder)
        await checks.claim_port(self.settings.host, self.settings.port)
        main_port = self.settings.port or embedded.free_port()
        update: dict[str, object] = {"port": main_port, "secret_key": self.settings.secret_key or self._secret()}
        taken = {main_port}
        for name in ("worker_port", "scheduler_port"):
            port = getattr(self.settings, name)
            # nobody needs these two at a certain number here: demo.json and the banner name them
            if port == 0 or port in taken or not checks.port_free("127.0.0.1", port):
                port = update[name] = embedded.free_port()
            taken.add(port)
        self.settings = self.settings.model_copy(update=update)

    def _secret(self) -> SecretStr:
        file = self.folder / "secret.key"
        if not file.exists():
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as out:
                out.write(secrets.token_urlsafe(48))
        return SecretStr(file.read_text().strip())

    async def _start_postgres(self) -> None:
        account = unprivileged(self.settings.postgres_account)
        self.postgres_home = home_for(self.folder, account)
        server = EmbeddedPostgres(self.postgres_home, account=account)
        await server.settled()
        if server.prepare():
            self._say("第一次启动：已建好内嵌数据库。First start: the embedded database is made.")
            if self.settings.demo:
                self._say("正在演出过去三十天的约 300 件，约一分钟。Living the demo's past 30 days, about a minute.")
        self._postgres = Keeper(server.spec, say=self._say, ready=server.until_ready)
        await self._postgres.start()
        await server.create()
        self.settings = self.settings.model_copy(update={"database_url": SecretStr(server.url())})

    async def _start_broker(self) -> None:
        binary = embedded.executable(self.folder / "bin")
        for attempt in (1, 2, 3):
            port = embedded.free_port()
            address = f"127.0.0.1:{port}"
            log = self.logs / "broker.log" if self.logs else None
            self._broker = Child(Spec("broker", embedded.command(binary, port), folder=self.folder, log=log))
            try:
                await embedded.listening(address)
                await ensure(address, replication=1)
                break
            except (embedded.NoBroker, TopicsUnfit):
                await self._broker.end(1)
                if attempt == 3:
                    raise
        self.settings = self.settings.model_copy(update={"kafka": address, "kafka_replication": 1})

    async def _start_kafka(self) -> None:
        """Apache Kafka on a port of its own; one that dies comes back there, with its data."""
        fetch = "" if kafka.fetched() else "，第一次要取 43 MB fetching its jars"
        self._say(f"正在起 Apache Kafka {kafka.VERSION}{fetch}…")
        node = self.local_kafka = LocalKafka(self.folder / "kafka", self.logs / "kafka.log" if self.logs else None)
        await node.prepare()
        self._kafka = Keeper(node.spec, say=self._say, ready=node.until_ready, deadline=20)
        await self._kafka.start(90)
        await ensure(node.address, replication=1, within=30)
        self.settings = self.settings.model_copy(update={"kafka": node.address, "kafka_replication": 1})

    async def _prepare(self) -> None:
        """Migrations and demo data, in a process of their own: ours stays small and can be interrupted."""
        child = Child(Spec("prepare", self._command("prepare"), env=self._environment()))
        try:
            code = await child.wait()
        finally:
            await child.end(5)
        if code != 0:
            raise Trouble("The database could not be prepared;", "the line above says why.")

    def _role(self, name: str) -> Keeper:
        def spec() -> Spec:
            log = self.logs / f"{name}.log" if self.logs else None
            return Spec(name, self._command(name), env=self._environment(), log=log)

        async def web_answers(_child: Child) -> None:
            while not await _says_yes(self.settings.reached_at, self.settings.port, "/healthz"):  # noqa: ASYNC110 — a probe
                await asyncio.sleep(0.05)

        deadline = self.settings.stop_seconds + 5  # its own limit comes first
        if name == "web":
            return Keeper(spec, say=self._say, ready=web_answers, deadline=deadline)
        return Keeper(spec, say=self._say, deadline=deadline)

    def _environment(self) -> dict[str, str]:
        """What the children get on top of our own environment."""
        given: dict[str, str] = {}
        for name in ("database_url", "kafka", "kafka_replication", "secret_key", "data", "demo", "host", "port"):
            value = getattr(self.settings, name)
            if value is not None:
                text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
                given[f"DISPATCH_{name.upper()}"] = text
        given["DISPATCH_WORKER_PORT"] = str(self.settings.worker_port)
        given["DISPATCH_SCHEDULER_PORT"] = str(self.settings.scheduler_port)
        here = str(Path(dispatch.__file__ or ".").resolve().parent.parent)
        given["PYTHONPATH"] = os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))
        return given

    async def _watch_broker(self) -> None:
        while True:
            why = await self._broker_lost()
            self._say(f"内嵌消息代理{why}，换一个新的；没派完的从数据库补派。The broker is replaced, nothing is lost.")
            alive = self._broker is not None and self._broker.poll() is None
            await self.roles["worker"].stop(None if alive else WITHOUT_BROKER)
            if self._broker:
                await self._broker.end(2)
            while True:
                try:
                    await self._start_broker()
                    await self.roles["worker"].start()
                    break
                except (embedded.NoBroker, TopicsUnfit, Trouble, OSError) as error:
                    self._say(f"{error} Trying again.")
                    await asyncio.sleep(2)

    async def _broker_lost(self) -> str:
        """Wait until the broker must be replaced; why, in Chinese."""
        broker = self._broker
        assert broker is not None
        limit = self.settings.broker_memory_mb * 2**20
        while True:
            try:
                await asyncio.wait_for(broker.wait(), LOOK)
                return "已退出"
            except TimeoutError:
                try:
                    if psutil.Process(broker.pid).memory_info().rss > limit:
                        return f"占用内存超过 {self.settings.broker_memory_mb} MB"
                except psutil.NoSuchProcess:
                    return "已退出"

    async def _joined(self) -> None:
        """The worker's consumers have joined, so that the first whistle is in its queue within a blink; or it takes
        unusually long, and goes on beside."""
        host, port = self.settings.reached_at, self.settings.worker_port
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(JOINING):
                while not await _says_yes(host, port, "/readyz"):  # noqa: ASYNC110 — a probe
                    await asyncio.sleep(0.1)

    async def _tidy(self) -> None:
        while self.logs:
            await asyncio.sleep(60)
            cut_logs(self.logs)


async def _says_yes(host: str, port: int, path: str) -> bool:
    """Whether the answer is 200."""
    try:
        reader, writer = await asyncio.wait_for(asyncio.open_connection(host, port), 2)
    except (OSError, TimeoutError):
        return False
    try:
        writer.write(f"GET {path} HTTP/1.0\r\nHost: {host}:{port}\r\n\r\n".encode())
        line = await asyncio.wait_for(reader.readline(), 2)
        return b" 200" in line
    except (OSError, TimeoutError):
        return False
    finally:
        writer.close()
