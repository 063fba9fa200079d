"""Apache Kafka 4 from its Maven jars, without a container: one node, or a cluster, on free ports.

The jars are fetched once into `.build/kafka/lib` (46 files, 43 MB). Needs `java` (17 or newer) and `mvn`.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from dispatch.bus.embedded import free_port
from dispatch.local.child import Child, Spec

VERSION = "4.1.1"
CACHE = Path(__file__).resolve().parent.parent / ".build" / "kafka"

_POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>tests</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.25.4</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId><artifactId>log4j-core</artifactId><version>2.25.4</version>
    </dependency>
  </dependencies>
</project>
"""

_LOGGING = """status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d %p %c{1} %m%n
rootLogger.level = info
rootLogger.appenderRef.out.ref = out
"""


def available() -> bool:
    """Whether this machine can run it: the tests that need it are skipped otherwise."""
    return bool(shutil.which("java") and (shutil.which("mvn") or (CACHE / "complete").exists()))


def jars() -> Path:
    """The folder of the jars, fetched by Maven the first time (some 10 s)."""
    lib = CACHE / "lib"
    if not (CACHE / "complete").exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        (CACHE / "pom.xml").write_text(_POM)
        subprocess.run(
            ["mvn", "-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={lib}"],
            cwd=CACHE,
            check=True,
            timeout=300,
        )
        (CACHE / "log4j2.properties").write_text(_LOGGING)
        (CACHE / "complete").touch()
    return lib


@dataclass
class _Node:
    number: int
    port: int
    controller_port: int
    folder: Path
    child: Child | None = None

    @property
    def log(self) -> Path:
        return self.folder / "out.log"


class Kafka:
    """`nodes` brokers that are their own controllers: 1, or 3 with replication 3 and two in sync."""

    def __init__(self, nodes: int = 1, *, settings: dict[str, str] | None = None) -> None:
        """`settings` are added to each node's server.properties."""
        self._folder = Path(tempfile.mkdtemp(prefix="dispatch-kafka-"))
        self._settings = settings or {}
        self.nodes = [
            _Node(number, free_port(), free_port(), self._folder / str(number)) for number in range(1, nodes + 1)
        ]

    @property
    def address(self) -> str:
        """Bootstrap servers: host:port,…"""
        return ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def start(self) -> Kafka:
        """Format and start all nodes; wait until each serves (some 5 s for one, 10 s for three)."""
        cluster = self._java("kafka.tools.StorageTool", "random-uuid").strip().splitlines()[-1]
        for node in self.nodes:
            node.folder.mkdir()
            properties = node.folder / "server.properties"
            properties.write_text("\n".join(f"{name}={value}" for name, value in self._properties(node).items()))
            alone = ["--standalone"] if len(self.nodes) == 1 else []
            self._java("kafka.tools.StorageTool", "format", *alone, "-t", cluster, "-c", str(properties))
        for node in self.nodes:
            self._run(node)
        for node in self.nodes:
            self._await(node)
        return self

    def kill(self, number: int = 1) -> None:
        """`kill -9` of a node."""
        node = self.nodes[number - 1]
        assert node.child
        node.child.send(signal.SIGKILL)
        node.child.run(10)

    def freeze(self, number: int = 1) -> None:
        """Stop a node's process without ending it (SIGSTOP)."""
        child = self.nodes[number - 1].child
        assert child
        child.send(signal.SIGSTOP)

    def thaw(self, number: int = 1) -> None:
        """Let a frozen node go on."""
        child = self.nodes[number - 1].child
        assert child
        child.send(signal.SIGCONT)

    def restart(self, number: int = 1) -> None:
        """Start a killed node again, on its port and its data; returns when it serves."""
        node = self.nodes[number - 1]
        node.log.unlink(missing_ok=True)
        self._run(node)
        self._await(node)

    def forget(self) -> None:
        """Kill all nodes, remove their data and start them again on their ports: as after a lost disk."""
        for node in self.nodes:
            self.kill(node.number)
            shutil.rmtree(node.folder)
        self.start()

    def stop(self) -> None:
        """Kill all nodes and remove their data."""
        for node in self.nodes:
            if node.child:
                node.child.send(signal.SIGKILL)
                node.child.run(10)
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Kafka:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _properties(self, node: _Node) -> dict[str, str]:
        copies = str(len(self.nodes))
        in_sync = "2" if len(self.nodes) > 2 else "1"
        voters = (
            {"controller.quorum.bootstrap.servers": f"127.0.0.1:{node.controller_port}"}
            if len(self.nodes) == 1
            else {
                "controller.quorum.voters": ",".join(
                    f"{each.number}@127.0.0.1:{each.controller_port}" for each in self.nodes
                )
            }
        )
        return {
            "process.roles": "broker,controller",
            "node.id": str(node.number),
            **voters,
            "listeners": f"PLAINTEXT://127.0.0.1:{node.port},CONTROLLER://127.0.0.1:{node.controller_port}",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": str(node.folder / "data"),
            "auto.create.topics.enable": "false",
            "default.replication.factor": copies,
            "min.insync.replicas": in_sync,
            "offsets.topic.replication.factor": copies,
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": in_sync,
            "share.coordinator.state.topic.replication.factor": copies,
            "share.coordinator.state.topic.min.isr": in_sync,
            "group.initial.rebalance.delay.ms": "0",
            "broker.session.timeout.ms": "4000",
            **self._settings,
        }

    def _command(self, *words: str, heap: str = "128m") -> tuple[str, ...]:
        logging = f"-Dlog4j2.configurationFile={CACHE / 'log4j2.properties'}"
        return ("java", "-Xms64m", f"-Xmx{heap}", logging, "-cp", f"{jars()}/*", *words)

    def _java(self, *words: str) -> str:
        done = subprocess.run(self._command(*words), capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _run(self, node: _Node) -> None:
        command = self._command("kafka.Kafka", str(node.folder / "server.properties"), heap="384m")
        node.child = Child(Spec(f"kafka-{node.number}", command, folder=node.folder, log=node.log))

    def _await(self, node: _Node, within: float = 60) -> None:
        until = time.monotonic() + within
        while "Kafka Server started" not in (node.log.read_text() if node.log.exists() else ""):
            assert node.child
            assert node.child.poll() is None, f"Kafka ended: {node.log.read_text()[-2000:]}"
            assert time.monotonic() < until, f"Kafka did not start: {node.log.read_text()[-2000:]}"
            time.sleep(0.05)


if __name__ == "__main__":
    # by hand, or for `make run KAFKA=real`: one node until Ctrl-C, its address on the first line
    with Kafka(int(os.environ.get("NODES", "1"))) as kafka:
        print(kafka.address, flush=True)
        signal.pause()
