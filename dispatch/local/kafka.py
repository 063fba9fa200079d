"""Apache Kafka 4 from its Maven jars, without a container: `dispatch up --kafka` runs one node, tests one or three.

The jars are fetched once (46 files, 43 MB) and kept for every checkout's own use in `.build/kafka`.
"""

from __future__ import annotations

import asyncio
import base64
import shutil
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

import dispatch
from dispatch.bus import embedded
from dispatch.local.child import Child, Spec
from dispatch.local.trouble import Trouble

VERSION = "4.1.1"
CACHE = Path(dispatch.__file__ or ".").resolve().parent.parent / ".build" / "kafka"
#: how long Maven may take for the jars (seconds)
FETCH = 300.0

_POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
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


def missing() -> list[str]:
    """The programs that are wanted here and are not: `java`, and `mvn` until the jars are there."""
    wanted = ["java"] if fetched() else ["java", "mvn"]
    return [program for program in wanted if not shutil.which(program)]


def fetched() -> bool:
    """Whether the jars are there."""
    return (CACHE / "complete").exists()


def fetching(log: Path | None = None) -> Spec:
    """How Maven fetches the jars; call `keep` when it ended well."""
    CACHE.mkdir(parents=True, exist_ok=True)
    (CACHE / "pom.xml").write_text(_POM)
    goal = ("dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={CACHE / 'lib'}")
    return Spec("maven", ("mvn", "-q", "-B", *goal), folder=CACHE, log=log)


def keep() -> None:
    """The jars are whole."""
    (CACHE / "log4j2.properties").write_text(_LOGGING)
    (CACHE / "complete").touch()


def program(*words: str, heap: str = "128m") -> tuple[str, ...]:
    """How to run a class of Kafka's with its arguments.

    With the quick compiler alone: a node that lives for minutes beside everything else on a small machine would spend
    more of it on compiling itself than on its records (10 % of two cores at 1,000 whistles/s).
    """
    logging = f"-Dlog4j2.configurationFile={CACHE / 'log4j2.properties'}"
    jvm = ("-XX:TieredStopAtLevel=1", "-Xms64m", f"-Xmx{heap}", logging)
    return ("java", *jvm, "-cp", f"{CACHE / 'lib'}/*", *words)


def cluster_id() -> str:
    """A new cluster's id, as Kafka's own tool makes one."""
    while (made := base64.urlsafe_b64encode(uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return made


def properties(number: int, port: int, controllers: Mapping[int, int], data: Path) -> dict[str, str]:
    """A node that is broker and controller on 127.0.0.1. `controllers`: node → controller port, of all nodes.

    The voters stand here and not in the log, so that a node may come back on other ports.
    """
    copies, in_sync = str(len(controllers)), "2" if len(controllers) > 2 else "1"
    return {
        "process.roles": "broker,controller",
        "node.id": str(number),
        "controller.quorum.voters": ",".join(f"{each}@127.0.0.1:{its}" for each, its in controllers.items()),
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controllers[number]}",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": str(data),
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
    }


def written(given: Mapping[str, str]) -> str:
    """As a server.properties."""
    return "".join(f"{name}={value}\n" for name, value in given.items())


def formatting(config: Path, cluster: str, *more: str) -> tuple[str, ...]:
    """How to prepare a node's data folder, once."""
    return program("kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(config), *more)


def serving(config: Path) -> tuple[str, ...]:
    """How to run a node in the foreground."""
    return program("kafka.Kafka", str(config), heap="384m")


class LocalKafka:
    """One node whose data stays in the folder `home`; on new ports at each start."""

    def __init__(self, home: Path, log: Path | None) -> None:
        self.home = home
        self._log = log
        self._config = home / "server.properties"
        self.port = embedded.free_port()

    @property
    def address(self) -> str:
        """Its bootstrap server."""
        return f"127.0.0.1:{self.port}"

    async def prepare(self) -> None:
        """Fetch the jars and format the data folder where that was not done yet. Raises `Trouble`."""
        if lacking := missing():
            raise Trouble(
                f"Apache Kafka needs {' and '.join(lacking)}.",
                "As root on Debian: apt-get install default-jre-headless maven; elsewhere Java 17 or newer and Maven.",
            )
        self.home.mkdir(parents=True, exist_ok=True)
        if not fetched():
            await self._run(fetching(self._log), FETCH, "The jars of Apache Kafka could not be fetched")
            keep()
        controller = embedded.free_port()
        self._config.write_text(written(properties(1, self.port, {1: controller}, self.home / "data")))
        if not (self.home / "data" / "meta.properties").exists():
            spec = Spec("kafka-format", formatting(self._config, cluster_id()), folder=self.home, log=self._log)
            await self._run(spec, 60, "The data folder of Apache Kafka could not be made")

    async def _run(self, spec: Spec, within: float, failed: str) -> None:
        child = Child(spec)
        try:
            code = await asyncio.wait_for(child.wait(), within)
        except TimeoutError:
            code = None
        finally:
            await child.end(2)
        if code != 0:
            where = f"See {spec.log}." if spec.log else "See its lines above."
            raise Trouble(f"{failed}.", where)

    def spec(self) -> Spec:
        """How to run it in the foreground."""
        return Spec("kafka", serving(self._config), folder=self.home, log=self._log)

    async def until_ready(self, _child: Child) -> None:
        """Wait until it takes connections. Raises `NoBroker`."""
        await embedded.listening(self.address, within=60)
