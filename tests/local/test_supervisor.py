"""Keepers, pauses, logs and the tether, on commands of no importance."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from dispatch.local.child import Child, Spec
from dispatch.local.supervisor import Keeper, Lock, Pause, cut_logs
from dispatch.local.trouble import Trouble


def python(code: str, **more: Path) -> Spec:
    """A child that runs `code`."""
    return Spec("child", (sys.executable, "-c", code), **more)  # type: ignore[arg-type]


def test_pauses_double_up_to_the_most_and_are_forgotten_after_calm() -> None:
    pause = Pause(first=1, most=5, calm=30)
    waits = [0.0]
    for _ in range(4):
        waits.append(pause.after(waits[-1], lived=0.1))
    assert waits[1:] == [1, 2, 4, 5]
    assert pause.after(5, lived=31) == 1


async def test_a_keeper_starts_again_with_a_fresh_spec(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    numbers = iter(range(10))
    said: list[str] = []
    again = asyncio.Event()

    def say(line: str) -> None:
        said.append(line)
        again.set()

    keeper = Keeper(
        lambda: python(f"print({next(numbers)}, flush=True); import signal; signal.pause()", log=log),
        say=say,
        pause=Pause(first=0.01),
    )
    await keeper.start()
    assert keeper.child
    first = keeper.child.pid
    keeper.kill()
    await asyncio.wait_for(again.wait(), 10)
    while keeper.child.pid == first:
        await asyncio.sleep(0.01)
    await keeper.stop()
    assert keeper.child is None
    assert keeper.restarts == 1
    assert "SIGKILL" in said[0]


async def test_a_child_that_never_gets_ready_is_trouble_with_its_last_line(tmp_path: Path) -> None:
    spec = python("import sys; sys.exit('no such thing')", log=tmp_path / "x.log")

    async def never(_: Child) -> None:
        await asyncio.Event().wait()

    with pytest.raises(Trouble, match=r"exit code 1.*no such thing"):
        await Keeper(lambda: spec, say=print, ready=never).start()


async def test_a_child_deaf_to_asking_is_killed_after_the_deadline(tmp_path: Path) -> None:
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"
    child = Child(python(deaf, log=tmp_path / "x.log"))
    while "deaf" not in (tmp_path / "x.log").read_text():
        await asyncio.sleep(0.01)
    assert await child.end(0.1) == -signal.SIGKILL


def test_the_tether_ends_a_child_whose_parent_was_killed() -> None:
    code = (
        "import sys, time; from dispatch.local.child import Child, Spec;"
        "print(Child(Spec('x', (sys.executable, '-c', 'import signal; signal.pause()'))).pid, flush=True);"
        "time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    child = psutil.Process(int(parent.stdout.readline()))
    assert child.is_running()
    parent.kill()
    parent.wait()
    # its new parent reaps it, or leaves a zombie behind in a container without an init
    gone, alive = psutil.wait_procs([child], 5)
    assert gone or all(each.status() == psutil.STATUS_ZOMBIE for each in alive)


def test_a_lock_is_given_back(tmp_path: Path) -> None:
    first = Lock(tmp_path)
    with pytest.raises(Trouble, match=f"process {os.getpid()}"):
        Lock(tmp_path)
    first.release()
    Lock(tmp_path).release()


def test_an_outgrown_log_is_cut_under_the_hands_of_its_writer(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"x" * 100)
        cut_logs(tmp_path, largest=50)
        writer.write(b"after")
    assert log.read_bytes() == b"after"
    assert (tmp_path / "web.log.old").read_bytes() == b"x" * 100
