"""Apache Kafka 4 for the tests: one node, or a cluster of three, on free ports (what it needs: `kafka.missing`)."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from dispatch.bus.embedded import free_port
from dispatch.local import kafka
from dispatch.local.child import Child, Spec


def available() -> bool:
    """Whether this machine can run it: the tests that need it are skipped otherwise."""
    return not kafka.missing()


def fetch() -> None:
    """The jars, by Maven the first time (some 10 s)."""
    if not kafka.fetched():
        assert Child(kafka.fetching()).run(kafka.FETCH) == 0
        kafka.keep()


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

    def __init__(self, nodes: int = 1, *, settings: dict[str, str] | None = None, format: Sequence[str] = ()) -> None:
        """`settings` are added to each node's server.properties, `format` to the words that format it.

        In `settings` {port} and {controller} stand for a node's own ports.
        """
        self._folder = Path(tempfile.mkdtemp(prefix="dispatch-kafka-"))
        self._settings = settings or {}
        self._format = tuple(format)
        self.nodes = [
            _Node(number, free_port(), free_port(), self._folder / str(number)) for number in range(1, nodes + 1)
        ]

    @property
    def address(self) -> str:
        """Bootstrap servers: host:port,…"""
        return ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def start(self) -> Kafka:
        """Format and start all nodes; wait until each serves (some 5 s for one, 10 s for three)."""
        fetch()
        cluster = kafka.cluster_id()
        for node in self.nodes:
            node.folder.mkdir()
            config = node.folder / "server.properties"
            config.write_text(kafka.written(self._properties(node)))
            done = subprocess.run(
                kafka.formatting(config, cluster, *self._format), capture_output=True, text=True, timeout=60
            )
            assert done.returncode == 0, done.stdout + done.stderr
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
        controllers = {each.number: each.controller_port for each in self.nodes}
        own = kafka.properties(node.number, node.port, controllers, node.folder / "data")
        ports = {"port": node.port, "controller": node.controller_port}
        return own | {name: value.format(**ports) for name, value in self._settings.items()}

    def _run(self, node: _Node) -> None:
        command = kafka.serving(node.folder / "server.properties")
        node.child = Child(Spec(f"kafka-{node.number}", command, folder=node.folder, log=node.log))

    def _await(self, node: _Node, within: float = 120) -> None:
        until = time.monotonic() + within
        while "Kafka Server started" not in (node.log.read_text() if node.log.exists() else ""):
            assert node.child
            assert node.child.poll() is None, f"Kafka ended: {node.log.read_text()[-2000:]}"
            assert time.monotonic() < until, f"Kafka did not start: {node.log.read_text()[-2000:]}"
            time.sleep(0.05)
