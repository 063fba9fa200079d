"""Keep children running: each is started, watched, started again after a pause when it ends, and stopped in order."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dispatch.local.child import Child, Spec
from dispatch.local.trouble import Trouble

#: a log beyond this is cut: one older copy is kept (bytes)
LARGEST_LOG = 50_000_000


@dataclass(frozen=True, slots=True)
class Pause:
    """How long to wait before a child is started again (seconds): doubled each time, forgotten after `calm`."""

    first: float = 0.2
    most: float = 10.0
    calm: float = 30.0

    def after(self, before: float, lived: float) -> float:
        """The next pause, when the last one was `before` (0: none yet) and the child lived for `lived`."""
        return self.first if before == 0 or lived >= self.calm else min(before * 2, self.most)


async def _at_once(_child: Child) -> None:
    return


class Keeper:
    """One child kept running.

    `make` gives the spec afresh at each start, so that a new address reaches it. `ready` returns once the child can
    be used; a child that ends meanwhile is started again like any other.
    """

    def __init__(
        self,
        make: Callable[[], Spec],
        *,
        say: Callable[[str], None],
        ready: Callable[[Child], Awaitable[None]] = _at_once,
        pause: Pause | None = None,
        deadline: float = 15.0,
    ) -> None:
        """`deadline`: how long its stop may take before it is killed (seconds)."""
        self._make = make
        self._say = say
        self._ready = ready
        self._pause = pause or Pause()
        self._deadline = deadline
        self._task: asyncio.Task[None] | None = None
        self.child: Child | None = None
        self.restarts = 0

    @property
    def name(self) -> str:
        """What the child is called."""
        return self._make().name

    async def start(self, within: float = 60) -> None:
        """Start it and wait until it is ready.

        Raises `Trouble` when it ends first, or is not ready within `within` seconds; it is stopped then.
        """
        child = self.child = Child(self._make())
        ready = asyncio.ensure_future(self._ready(child))
        ended = asyncio.ensure_future(child.wait())
        try:
            await asyncio.wait({ready, ended}, timeout=within, return_when=asyncio.FIRST_COMPLETED)
            if ready.done():
                ready.result()
            if ready.done() and child.poll() is None:
                self._task = asyncio.create_task(self._keep(child), name=f"keep {child.spec.name}")
                return
        finally:
            ready.cancel()
            ended.cancel()
            if self._task is None:
                await child.end(2)
        code = child.poll()
        how = f"did not start ({_how(code)})" if ended.done() and not ended.cancelled() else "is not ready"
        raise Trouble(f"{child.spec.name} {how} within {within:.0f} s.", _look(child.spec))

    async def stop(self, deadline: float | None = None) -> None:
        """Stop it, by force after `deadline` seconds (its own by default); it stays stopped."""
        task, self._task = self._task, None
        if task:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if self.child:
            await self.child.end(self._deadline if deadline is None else deadline)
            self.child = None

    def kill(self) -> None:
        """Kill it this instant, without waiting."""
        if self.child:
            self.child.send(signal.SIGKILL)

    async def _keep(self, child: Child) -> None:
        waited = 0.0
        while True:
            code = await child.wait()
            waited = self._pause.after(waited, time.monotonic() - child.started)
            self.restarts += 1
            self._say(f"{child.spec.name} ended ({_how(code)}); starting it again in {waited:.1f} s.")
            await asyncio.sleep(waited)
            try:
                child = self.child = Child(self._make())
            except OSError as error:  # out of processes or memory: weather, not a reason to give up
                self._say(f"{child.spec.name} could not be started: {error}")


class Lock:
    """One supervisor for each data folder."""

    def __init__(self, folder: Path) -> None:
        """Take it. Raises `Trouble` when another process has it."""
        self._file = (folder / "supervisor.lock").open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.seek(0)
            holder = self._file.read().strip() or "?"
            self._file.close()
            raise Trouble(
                f"Another `dispatch up` (process {holder}) already runs on {folder}.",
                "Stop that one, or set DISPATCH_DATA to another folder (and DISPATCH_PORT to another port).",
            ) from None
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        """Give it back; the kernel does so too when we die."""
        self._file.close()


async def stop_in_order(groups: Sequence[Sequence[Keeper]]) -> None:
    """Stop group after group, each group's members side by side."""
    for group in groups:
        await asyncio.gather(*(keeper.stop() for keeper in group))


def cut_logs(folder: Path, largest: int = LARGEST_LOG) -> None:
    """Cut each log of `folder` that has outgrown `largest` bytes; what was in it stays in `<name>.old`."""
    for log in folder.glob("*.log"):
        if log.stat().st_size > largest:
            # children append to the open file: it is emptied in place, never renamed
            content = log.read_bytes()
            log.with_suffix(".log.old").write_bytes(content)
            with log.open("r+b") as same:
                same.truncate(0)


def last_line(log: Path) -> str:
    """The last line of a log that is not empty, shortened."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 4000))
            lines = file.read().decode(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1].strip()[:300] if lines else ""


def _how(code: int | None) -> str:
    if code is None:
        return "no answer"
    if code >= 0:
        return f"exit code {code}"
    with contextlib.suppress(ValueError):
        return signal.Signals(-code).name
    return f"signal {-code}"


def _look(spec: Spec) -> str:
    if spec.log is None:
        return "See its lines above."
    return f"Its last line: {last_line(spec.log) or 'none'} (all of it: {spec.log})"
