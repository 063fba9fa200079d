"""`dispatch up` as a process: what it starts, what it starts again, what is left when it goes."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer


class Up:
    """A supervisor with stand-ins for the roles."""

    def __init__(self, folder: Path, *more: str) -> None:
        self.folder = folder
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.local.stand_in", "up", str(folder), *more],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        said = self.read_until("READY")
        told = json.loads(said.removeprefix("READY "))
        self.pids: dict[str, int] = told["pids"]
        self.port: int = told["port"]
        self.database: str = told["database"]
        self.kafka: str = told["kafka"]
        self.handles = [psutil.Process(pid) for pid in self.pids.values()]

    def read_until(self, begins: str) -> str:
        """The next line that contains `begins`."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line)
            if begins in line:
                return line
        raise AssertionError("".join(self.lines))

    def gone(self) -> bool:
        """Whether nothing that it started runs any more."""
        return not any(handle.is_running() and handle.status() != psutil.STATUS_ZOMBIE for handle in self.handles)


def until(true: Callable[[], Any], within: float = 20) -> Any:
    """Wait until `true()`; its value."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        if value := true():
            return value
        time.sleep(0.02)
    raise AssertionError("it did not become true")


@pytest.fixture
def start(open_folder: Path) -> Iterator[Callable[..., Up]]:
    """Starts a supervisor on this test's own folder; whatever still runs at the end is killed."""
    started: list[Up] = []

    def one(*more: str) -> Up:
        started.append(Up(open_folder / "d", *more))
        return started[-1]

    yield one
    for up in started:
        up.process.kill()
        up.process.wait()
        until(up.gone)


async def test_second_start_keeps_the_data_and_ctrl_c_leaves_nothing(start: Callable[[], Up]) -> None:
    first = start()
    connection = await asyncpg.connect(first.database)
    assert await connection.fetchval("SHOW fsync") == "on"
    await connection.execute("CREATE TABLE kept AS SELECT 7 AS x")
    await connection.close()
    first.process.send_signal(signal.SIGINT)
    assert first.process.wait(20) == 0
    assert first.gone()

    second = start()
    connection = await asyncpg.connect(second.database)
    assert await connection.fetchval("SELECT x FROM kept") == 7
    await connection.close()
    second.process.send_signal(signal.SIGTERM)
    assert second.process.wait(20) == 0
    assert second.gone()
    left = {path.name for path in second.folder.iterdir()}
    assert left <= {"logs", "postgres", "secret.key", "supervisor.lock"}


async def test_killed_children_come_back_and_a_killed_supervisor_leaves_no_orphans(start: Callable[[], Up]) -> None:
    up = start()
    os.kill(up.pids["web"], signal.SIGKILL)
    up.read_until("web ended (SIGKILL)")
    until(lambda: urllib_ok(up.port))
    os.kill(up.pids["postgres"], signal.SIGKILL)
    up.read_until("postgres ended (SIGKILL)")

    async def connects() -> bool:
        try:
            await (await asyncpg.connect(up.database, timeout=2)).close()
        except (OSError, asyncpg.PostgresError):
            return False
        return True

    for _ in range(200):
        if await connects():
            break
        time.sleep(0.05)
    else:
        raise AssertionError("PostgreSQL did not come back")

    up.handles = psutil.Process(up.process.pid).children(recursive=True)
    assert len(up.handles) >= 5
    up.process.kill()
    until(up.gone)
    # what the killed one left (lock, pid files, sockets) does not stand in the way
    again = start()
    again.process.terminate()
    assert again.process.wait(20) == 0


def urllib_ok(port: int) -> bool:
    """Whether the web stand-in answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_a_dead_broker_gets_a_successor_on_a_new_port_and_a_new_worker(start: Callable[[], Up]) -> None:
    up = start()
    log = up.folder / "logs" / "worker.log"
    until(lambda: len(log.read_text().splitlines()) == 1)
    os.kill(up.pids["broker"], signal.SIGKILL)
    addresses = until(lambda: len(found := log.read_text().split("kafka ")[1:]) == 2 and found)
    assert addresses[0] != addresses[1]
    worker = psutil.Process(up.pids["web"])
    assert worker.is_running(), "the web role needs no broker and stays"
    children = psutil.Process(up.process.pid).children()
    assert sum("tansu" in child.name() for child in children) == 1


@pytest.mark.chaos
@pytest.mark.kafka
async def test_apache_kafka_comes_back_where_it_was_and_keeps_its_records(start: Callable[..., Up]) -> None:
    first = start("--kafka")
    async with AIOKafkaProducer(bootstrap_servers=first.kafka, acks="all", enable_idempotence=False) as producer:
        await producer.send_and_wait("whistles.lifecycle", b"kept", partition=0)
        os.kill(first.pids["broker"], signal.SIGKILL)
        first.read_until("kafka ended (SIGKILL)")
        await producer.send_and_wait("whistles.lifecycle", b"after", partition=0)
    children = psutil.Process(first.process.pid).children(recursive=True)
    first.process.send_signal(signal.SIGINT)
    assert first.process.wait(40) == 0
    assert not any(child.is_running() for child in children)

    second = start("--kafka")
    assert second.kafka != first.kafka
    async with AIOKafkaConsumer(
        "whistles.lifecycle", bootstrap_servers=second.kafka, auto_offset_reset="earliest"
    ) as consumer:
        async with asyncio.timeout(20):
            assert [(await consumer.getone()).value for _ in range(2)] == [b"kept", b"after"]
    second.process.send_signal(signal.SIGTERM)
    assert second.process.wait(40) == 0


def test_apache_kafka_of_our_own_beside_a_named_one_is_refused_in_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dispatch", "up", "--kafka"],
        env={**os.environ, "DISPATCH_DATA": str(tmp_path), "DISPATCH_PORT": "0", "DISPATCH_KAFKA": "127.0.0.1:9092",
             "DISPATCH_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x"},
        capture_output=True,
        text=True,
        timeout=30,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "DISPATCH_KAFKA names one already (127.0.0.1:9092). Unset it, or leave out --kafka.\n"


def test_a_second_supervisor_on_the_same_folder_is_refused_in_one_line(start: Callable[[], Up]) -> None:
    up = start()
    done = subprocess.run(
        [sys.executable, "-m", "dispatch", "up"],
        env={**os.environ, "DISPATCH_DATA": str(up.folder), "DISPATCH_PORT": "0"},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"process {up.process.pid}" in done.stderr
