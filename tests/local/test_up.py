"""The real thing: `dispatch up --demo` on an empty folder, and again on the same."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest


@contextmanager
def up(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """`dispatch up --demo` from its banner to its end by `with`."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DISPATCH_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "dispatch", "up", "--demo"],
        env={**environment, "DISPATCH_DATA": str(folder), "DISPATCH_PORT": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said = ""
    try:
        assert process.stdout
        for line in process.stdout:
            said += line
            if "Ctrl-C stops" in line:
                break
        else:
            raise AssertionError(said)
        # which parts are embedded, and what that means for what one enters
        assert "内嵌 PostgreSQL，数据在" in said
        assert "kept there, on disk, also after a power cut" in said
        assert "内嵌 Kafka 协议代理，消息只在内存里；没派完的哨从数据库补派，不会丢" in said
        assert "its messages live in memory only, PostgreSQL keeps the truth" in said
        yield process
    finally:
        process.kill()
        process.wait()


async def whistles(folder: Path) -> int:
    """How many the embedded database holds."""
    connection = await asyncpg.connect(f"postgresql://dispatch@/dispatch?host={folder}/postgres/run")
    try:
        return int(await connection.fetchval("SELECT count(*) FROM whistle"))
    finally:
        await connection.close()


@pytest.mark.timeout(240)
async def test_two_starts_and_nothing_left_running(open_folder: Path) -> None:
    data = open_folder / "d"
    with up(data) as first:
        demo = json.loads((data / "demo.json").read_text())
        assert (data / "demo.json").stat().st_mode & 0o777 == 0o600
        roles = {account["role"] for account in demo["accounts"]}
        assert roles >= {"street-clerk", "liaison", "person-in-charge", "desk", "administrator", "auditor"}
        with urllib.request.urlopen(demo["url"] + "/readyz", timeout=5) as answer:
            assert json.load(answer)["ready"]
        seeded = await whistles(data)
        assert seeded >= 250
        children = psutil.Process(first.pid).children(recursive=True)
        first.send_signal(signal.SIGINT)
        assert first.wait(40) == 0
        assert not [child for child in children if child.is_running()]

    with up(data) as second:
        assert await whistles(data) >= seeded
        tokens = {account["token"] for account in json.loads((data / "demo.json").read_text())["accounts"]}
        assert tokens == {account["token"] for account in demo["accounts"]}, "links and scripts go on working"
        second.terminate()
        assert second.wait(40) == 0
