"""A child process that never outlives us: started through `tether.py`, stopped by signal, then by force."""

from __future__ import annotations

import asyncio
import os
import pwd
import signal
import subprocess  # nosec B404  # it starts what `up` consists of
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

TETHER = Path(__file__).with_name("tether.py")

#: how often an ended child is noticed (seconds)
POLL = 0.05


@dataclass(frozen=True, slots=True)
class Account:
    """A system account that a child runs as."""

    name: str
    uid: int
    gid: int


def account_named(name: str) -> Account:
    """The system account `name`. Raises KeyError when there is none."""
    entry = pwd.getpwnam(name)
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


@dataclass(frozen=True, slots=True)
class Spec:
    """How to start one child.

    `env` is added to ours. `stop` asks it to end; `orphaned` is what the kernel sends it when we are gone.
    `log` takes its output (appended); without it the child writes where we write.
    """

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    folder: Path = Path()
    stop: signal.Signals = signal.SIGTERM
    orphaned: signal.Signals = signal.SIGKILL
    account: Account | None = None
    log: Path | None = None


class Child:
    """One running process. Start it from the main thread: the kernel ties it to the thread that forked."""

    def __init__(self, spec: Spec) -> None:
        """Start it. Raises OSError when the interpreter cannot be started."""
        self.spec = spec
        self.started = time.monotonic()
        owner = f"{spec.account.uid}:{spec.account.gid}" if spec.account else "-"
        tether = [sys.executable, "-I", "-S", str(TETHER), str(os.getpid()), str(int(spec.orphaned)), owner]
        log = spec.log.open("ab") if spec.log else None
        try:
            self._process = subprocess.Popen(  # nosec B603  # noqa: S603 — commands are ours, never a visitor's
                [*tether, str(spec.folder.resolve()), *spec.command],
                env={**os.environ, **spec.env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # a session of its own: Ctrl-C reaches us alone, and we stop the children in order
                start_new_session=True,
            )
        finally:
            if log:
                log.close()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def poll(self) -> int | None:
        """Its exit code (negative: the signal that ended it), None while it runs."""
        return self._process.poll()

    def send(self, number: signal.Signals) -> None:
        """Send a signal; nothing happens when it has ended."""
        if self.poll() is None:
            self._process.send_signal(number)

    async def wait(self) -> int:
        """Wait until it ends; its exit code."""
        while (code := self.poll()) is None:  # noqa: ASYNC110 — the kernel tells no event here
            await asyncio.sleep(POLL)
        return code

    async def end(self, deadline: float) -> int:
        """Ask it to stop, after `deadline` seconds make it; its exit code."""
        self.send(self.spec.stop)
        try:
            return await asyncio.wait_for(self.wait(), deadline)
        except TimeoutError:
            self.send(signal.SIGKILL)
            return await self.wait()

    def run(self, deadline: float) -> int:
        """Let it finish by itself within `deadline` seconds, else kill it; its exit code."""
        try:
            return self._process.wait(deadline)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def end_now(self, deadline: float) -> int:
        """`end` for callers without an event loop."""
        self.send(self.spec.stop)
        return self.run(deadline)
