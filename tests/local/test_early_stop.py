"""SIGTERM at any moment of a role's start: it ends at once and well, without a word of trouble."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg
import psutil
import pytest

from dispatch.bus.embedded import free_port
from tests.flow.running import ROOT


class Starting:
    """A role that has just been started, and what can be seen of its start from outside."""

    def __init__(self, role: str, folder: Path, database: str, kafka: str) -> None:
        self.log = folder / "role.log"
        self.port = free_port()
        port = "DISPATCH_PORT" if role == "web" else f"DISPATCH_{role.upper()}_PORT"
        given = {"DISPATCH_DATA": str(folder), "DISPATCH_DATABASE_URL": database, "DISPATCH_KAFKA": kafka}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "dispatch", role],
                cwd=ROOT,
                env={**os.environ, **given, "DISPATCH_SECRET_KEY": "early" * 10, port: str(self.port)},
                stdout=log,
                stderr=log,
            )

    def _of_proc(self, name: str) -> str:
        return Path(f"/proc/{self.process.pid}/{name}").read_text()

    def listens_to_signals(self) -> bool:
        caught = next(line for line in self._of_proc("status").splitlines() if line.startswith("SigCgt:"))
        return bool(int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1)

    def loads(self, library: str) -> bool:
        return library in self._of_proc("maps")

    def connects(self) -> bool:
        return bool(psutil.Process(self.process.pid).net_connections("unix"))

    def serves(self) -> bool:
        found = psutil.Process(self.process.pid).net_connections("tcp")
        return any(each.status == psutil.CONN_LISTEN for each in found)


#: moments of a start, in order
MOMENTS: dict[str, Callable[[Starting], bool]] = {
    "first line": Starting.listens_to_signals,
    "loading": lambda role: role.loads("pydantic_core"),
    "loop": lambda role: role.loads("uvloop"),
    "driver": lambda role: role.loads("asyncpg"),
    "connecting": Starting.connects,
    "connected": lambda role: role.loads("uuid_utils") and role.connects(),
    "serving": Starting.serves,
}


QUICK = (("worker", "loading"), ("worker", "connecting"))
#: of the worker two moments in every test run, the others in chaos: each start costs seconds
CASES = [
    pytest.param(role, moment, marks=() if (role, moment) in QUICK else pytest.mark.chaos)
    for role in ("worker", "web", "scheduler")
    for moment in MOMENTS
]


@pytest.mark.parametrize(("role", "moment"), CASES)
async def test_asked_to_stop_while_it_starts(
    role: str, moment: str, demo_url: str, broker: str, tmp_path: Path
) -> None:
    starting = Starting(role, tmp_path, demo_url, broker)
    try:
        until = time.monotonic() + 120
        while not MOMENTS[moment](starting):
            assert starting.process.poll() is None, starting.log.read_text()
            assert time.monotonic() < until, f"{moment}: {starting.log.read_text()}"
            time.sleep(0.01)
        starting.process.send_signal(signal.SIGTERM)
        code = starting.process.wait(60)
    finally:
        starting.process.kill()
    assert code == 0, starting.log.read_text()
    assert "Traceback" not in starting.log.read_text()
    connection = await asyncpg.connect(demo_url)
    try:
        left = await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    finally:
        await connection.close()
    assert left == 0
