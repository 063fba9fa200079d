"""Errors a person can mend, as one line on stderr and exit code 1."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import typer

from dispatch.local.trouble import Trouble
from dispatch.settings import WrongSettings


def line_of(error: BaseException) -> str | None:
    """The one line for `error`; None when it is not of the kind a person at the terminal can mend."""
    if isinstance(error, (Trouble, WrongSettings)):
        return str(error)
    # loaded already where one of its errors can be at hand, and too heavy to load for others
    root = sys.modules.get("dispatch.bootstrap.addresses")
    if root is not None and isinstance(error, root.NotSetUp):
        return str(error)
    from dispatch.bootstrap.addresses import NotSetUp
    from dispatch.bus.embedded import NoBroker
    from dispatch.bus.topics import TopicsUnfit
    from dispatch.store.errors import Unavailable
    from dispatch.store.migrate import NotMigrated

    if isinstance(error, (NoBroker, NotMigrated, NotSetUp, TopicsUnfit)):
        return str(error)
    if isinstance(error, Unavailable):
        return f"The database cannot be reached ({error}). Start it, or mend DISPATCH_DATABASE_URL."
    if isinstance(error, OSError) and error.errno in (28, 122):
        return f"The disk is full ({error.filename or error.strerror}). Free some space, then start again."
    return None


@contextmanager
def plainly() -> Iterator[None]:
    """Say what can be mended in one line and leave with 1; a bug keeps its traceback."""
    try:
        yield
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    except Exception as error:
        line = line_of(error)
        if line is None:
            raise
        typer.echo(" ".join(line.split()), err=True)
        raise typer.Exit(1) from None


def run_role(work: Coroutine[Any, Any, None]) -> None:
    """Run a role until it is asked to stop. Asked before it serves, it breaks its start off and has ended well."""
    run(_until_asked(work))


async def _until_asked(work: Coroutine[Any, Any, None]) -> None:
    role = asyncio.ensure_future(work)
    asked = False

    def ask() -> None:
        nonlocal asked
        asked = True
        role.cancel()

    # until the role has means to finish what it holds, and listens for itself
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ask)
    try:
        await role
    except asyncio.CancelledError:
        if not asked:
            raise


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run a piece of work to its end, on uvloop where there is one."""
    if sys.platform == "win32":
        asyncio.run(work)
    else:
        import uvloop

        uvloop.run(work)
