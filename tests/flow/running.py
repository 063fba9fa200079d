"""The whole service as processes, to be shot at: `dispatch up` on a database of the test's own."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
import psutil

from dispatch.bus.embedded import free_port

ROOT = Path(__file__).parents[2]


class Running:
    """`dispatch up --demo` until the end of the block. `kill` shoots one of its processes."""

    def __init__(self, folder: Path, database_url: str, **more: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.environment = {
            **os.environ,
            "DISPATCH_DATA": str(folder),
            "DISPATCH_DATABASE_URL": database_url,
            "DISPATCH_PORT": str(self.port),
            "DISPATCH_WORKER_PORT": "0",
            "DISPATCH_SCHEDULER_PORT": "0",
            "DISPATCH_RECONCILE_GRACE_SECONDS": "3",
            **more,
        }
        self.process: subprocess.Popen[bytes] | None = None
        self.tokens: dict[tuple[str, str], str] = {}

    async def __aenter__(self) -> "Running":
        command = [sys.executable, "-m", "dispatch", "up", "--demo"]
        with (self.folder / "up.log").open("wb") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)
        await self.ready()
        for account in json.loads((self.folder / "demo.json").read_text())["accounts"]:
            self.tokens.setdefault((account["role"], account["unit"] or account["node"]), account["token"])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(self.process.wait, 40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError("dispatch up did not stop") from None

    async def ready(self, within: float = 240.0) -> None:
        """Wait until the web answers."""
        async with asyncio.timeout(within), httpx.AsyncClient() as client:
            while True:
                assert self.process is not None
                assert self.process.poll() is None, (self.folder / "up.log").read_text()[-2000:]
                try:
                    if (await client.get(f"{self.url}/readyz")).status_code == 200:
                        return
                except httpx.HTTPError:
                    pass
                await asyncio.sleep(0.05)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def there(self, name: str, *, unless: int = 0, within: float = 120.0) -> int:
        """Wait until a process of this name runs, other than `unless`; its pid."""
        async with asyncio.timeout(within):
            while (pid := self.pid(name)) in (0, unless):
                await asyncio.sleep(0.05)
            return pid

    def pid(self, name: str) -> int:
        """The process of a role (`web`, `worker`, `scheduler`) or of the `broker`; 0: there is none just now."""
        assert self.process is not None
        for child in psutil.Process(self.process.pid).children(recursive=True):
            try:
                words = child.cmdline()
            except psutil.Error:
                continue
            role = words[-1] if "dispatch" in words else "broker" if words and words[0].endswith("tansu") else ""
            if role == name:
                return child.pid
        return 0

    def kill(self, name: str) -> int:
        """`kill -9`; the pid it had."""
        pid = self.pid(name)
        assert pid, f"no process of {name}"
        os.kill(pid, signal.SIGKILL)
        return pid

    def client(self, role: str, where: str) -> httpx.AsyncClient:
        """Somebody of the demo, with their token."""
        token = self.tokens[(role, where)]
        return httpx.AsyncClient(base_url=self.url, headers={"Authorization": f"Bearer {token}"}, timeout=10)


async def insist(client: httpx.AsyncClient, path: str, body: dict[str, Any], key: str) -> dict[str, Any]:
    """Post until it is answered, with one key, as a patient client does."""
    while True:
        try:
            answer = await client.post(path, json=body, headers={"Idempotency-Key": key})
        except httpx.HTTPError:
            await asyncio.sleep(0.1)
            continue
        if answer.status_code in (200, 201):
            return dict(answer.json())
        assert answer.status_code == 503, answer.text
        await asyncio.sleep(0.1)
