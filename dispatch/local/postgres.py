"""Embedded PostgreSQL: the wheel's binaries, a data folder of our own, a child that dies with us."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import signal
import time
from pathlib import Path
from urllib.parse import quote

import asyncpg
import psutil

from dispatch.local.child import Account, Child, Spec
from dispatch.local.postgres_files import binaries
from dispatch.local.trouble import Trouble

SUPERUSER = "dispatch"
#: what a first start needs on disk, with room for the write-ahead log (bytes)
NEEDED = 512 * 1024 * 1024
#: the kernel's limit for a socket's path is 107 bytes, and PostgreSQL adds its own name to the folder
LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.5432") - 1

_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    "autovacuum_vacuum_insert_scale_factor": "0.05",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
    "lc_messages": "C",
}
_UNSAFE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


class EmbeddedPostgres:
    """One PostgreSQL server of our own, on a unix socket only."""

    def __init__(
        self,
        home: Path,
        *,
        account: Account | None = None,
        fast_and_unsafe: bool = False,
        settings: dict[str, str] | None = None,
    ) -> None:
        """`home` holds data and log, mode 0700. `fast_and_unsafe` (tests only) gives up durability."""
        self.home = home
        self.account = account
        self.data = home / "data"
        self.log = home / "log.txt"
        self._settings = {**_SETTINGS, **(_UNSAFE if fast_and_unsafe else {}), **(settings or {})}
        self._fast = fast_and_unsafe
        self._child: Child | None = None
        run = home / "run"
        if len(os.fsencode(run)) > LONGEST_SOCKET_FOLDER:
            run = Path("/tmp") / f"dispatch-{hashlib.sha256(os.fsencode(home)).hexdigest()[:12]}"  # nosec B108  # noqa: S108 — 0700 and ours, checked in _own
        self.socket_folder = run

    def url(self, database: str = "dispatch") -> str:
        """postgresql://… of one of its databases."""
        return f"postgresql://{SUPERUSER}@/{database}?host={quote(str(self.socket_folder))}"

    def spec(self) -> Spec:
        """How to run it in the foreground."""
        options = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        options += ["-c", f"unix_socket_directories={self.socket_folder}"]
        return Spec(
            name="postgres",
            command=(str(binaries(self.account) / "postgres"), "-D", str(self.data), *options),
            folder=self.home,
            stop=signal.SIGINT,  # "fast": ends sessions, writes a checkpoint
            orphaned=signal.SIGINT,
            account=self.account,
            log=self.log,
        )

    def prepare(self) -> bool:
        """Create folders and, once, the cluster; True if it was created now. Raises `Trouble`."""
        self._own(self.home)
        self._own(self.socket_folder)
        self._own_log()
        if (self.data / "PG_VERSION").exists():
            return False
        free = shutil.disk_usage(self.home).free
        if free < NEEDED and not self._fast:
            raise Trouble(
                f"Only {free // 2**20} MB are free where {self.home} lies, a first start needs {NEEDED // 2**20} MB.",
                "Free some space, or set DISPATCH_DATA to a folder on another disk.",
            )
        self._initdb()
        return True

    def start(self, deadline: float = 60) -> Child:
        """Prepare, start, wait until it takes connections. Raises `Trouble` with the log's last line."""
        self.prepare()
        until = time.monotonic() + deadline
        while True:
            child = Child(self.spec())
            while child.poll() is None and time.monotonic() < until:
                if self.ready(child):
                    self._child = child
                    return child
                time.sleep(0.01)
            if child.poll() is None:
                child.end_now(10)
                raise Trouble(f"PostgreSQL did not start within {deadline:.0f} s.", f"Its log: {self.log}")
            last = self._last_line()
            # the server of a supervisor that was just killed may still be writing its last checkpoint
            if "postmaster.pid" not in last or time.monotonic() > until:
                raise Trouble(f"PostgreSQL did not start: {last}", f"Its log: {self.log}")
            time.sleep(0.1)

    def ready(self, child: Child) -> bool:
        """Whether `child` takes connections (the last line of its own pid file says so)."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[0].strip() == str(child.pid) and lines[7].strip() == "ready"

    async def until_ready(self, child: Child) -> None:
        """Wait until `child` takes connections; for ever when it does not."""
        while not self.ready(child):  # noqa: ASYNC110 — its pid file gives no event
            await asyncio.sleep(0.02)

    async def settled(self, patience: float = 20) -> None:
        """Wait until the server of a supervisor that was killed has written its last checkpoint and is gone."""
        until = time.monotonic() + patience
        while time.monotonic() < until and self._running():  # noqa: ASYNC110 — not our child
            await asyncio.sleep(0.05)

    def _running(self) -> bool:
        try:
            number = int((self.data / "postmaster.pid").read_text().splitlines()[0])
            return str(self.data) in psutil.Process(number).cmdline()
        except (OSError, ValueError, IndexError, psutil.Error):
            return False

    def stop(self, deadline: float = 15) -> None:
        """Stop it, with a checkpoint if it manages within `deadline` seconds."""
        if self._child:
            self._child.end_now(deadline)
            self._child = None

    async def create(self, database: str = "dispatch") -> None:
        """Create `database` unless it is there."""
        connection = await asyncpg.connect(self.url("postgres"), timeout=10)
        try:
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database):
                await connection.execute(f'CREATE DATABASE "{database}"')
        finally:
            await asyncio.wait_for(connection.close(), 5)

    def _own(self, folder: Path) -> None:
        if not folder.exists():
            folder.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            folder.mkdir(mode=0o700)
            if self.account:
                os.chown(folder, self.account.uid, self.account.gid)
        owner = self.account.uid if self.account else os.geteuid()
        if folder.stat().st_uid != owner or folder.is_symlink():
            raise Trouble(
                f"{folder} belongs to another account.", "Start as that account, or set DISPATCH_DATA elsewhere."
            )

    def _own_log(self) -> None:
        if self.log.exists() and self.log.stat().st_size > 10_000_000:
            self.log.replace(self.log.with_suffix(".old.txt"))
        self.log.touch(mode=0o600)

    def _initdb(self) -> None:
        # made beside and renamed: a start cut short leaves nothing that looks like a cluster
        making = self.home / "data.new"
        if making.exists():
            shutil.rmtree(making)
        command = [str(binaries(self.account) / "initdb"), "-D", str(making), "-U", SUPERUSER, "-E", "UTF8"]
        command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        # the socket's folder lets nobody else in
        command += ["--auth=trust", "--no-instructions", *(["--no-sync"] if self._fast else [])]
        spec = Spec("initdb", tuple(command), folder=self.home, account=self.account, log=self.log)
        if Child(spec).run(120) != 0:
            raise Trouble(f"initdb failed: {self._last_line()}", f"Its log: {self.log}")
        making.rename(self.data)

    def _last_line(self) -> str:
        try:
            lines = self.log.read_text(errors="replace").strip().splitlines()
        except OSError:
            lines = []
        told = [line for line in lines if "FATAL" in line or "error" in line.lower()]
        return (told or lines or ["no word in its log"])[-1].strip()
